"""How the ways to sign in through Nango are shown, and what its page is told of them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from connectory.auth.backend import MethodForm
from connectory.auth.nango.credentials import asked_here, told_there
from connectory.auth.nango.models import SessionDefaults
from connectory.auth.oauth import scopes
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import AuthMethod, OAuth2Method

TITLES = {
    "api_key": "API key",
    "basic": "User name and password",
    "fields": "Credentials",
    "oauth2": "Sign in in the browser",
    "oauth1": "Sign in in the browser",
    "client_credentials": "OAuth client",
    "jwt_bearer": "Service account",
}
THROUGH = "Nango"
SCOPES_THERE = "oauth_scopes_override"  # of the connection's configuration: in place of the integration's own scopes
USER_SCOPES_HERE = "user_scope"  # of the authorization request, at Slack, to which alone Nango's `user_scopes` belong


def describe(name: str, method: AuthMethod, members: Sequence[Connector], asked: Collection[str] | None) -> MethodForm:
    """Return a way to sign in, as a form; `asked`: the scopes that the agent wants, else the usual ones are ticked."""
    can, wanted = dict[str, str](), set[str]()
    if isinstance(method, OAuth2Method):
        can = scopes.offered(method, members)
        wanted = scopes.needed(members) | (scopes.usual(method, members) if asked is None else set(asked))
    return MethodForm(
        method=name,
        title=method.title or TITLES.get(method.method, "Sign in"),
        help=method.help,
        docs=method.docs,
        fields=asked_here(method),
        leaves=True,
        scopes=can,
        ticked=frozenset(scope for scope in can if scope in wanted),
        through=THROUGH,
    )


def scopes_to_ask(
    method: AuthMethod, members: Sequence[Connector], ticked: Collection[str] | None, granted: Collection[str]
) -> tuple[str, ...]:
    """Return the scopes to ask for; none where the way to sign in has none."""
    return scopes.to_ask(method, members, ticked, granted) if isinstance(method, OAuth2Method) else ()


def told_to_page(method: AuthMethod, facts: Mapping[str, str], wanted: Sequence[str]) -> SessionDefaults:
    """Return what Nango's page is to take as given: what was typed here, and the scopes."""
    config = told_there(method, facts)
    if wanted:
        config[SCOPES_THERE] = ",".join(wanted)
    of_user = method.authorize_parameters.get(USER_SCOPES_HERE, "") if isinstance(method, OAuth2Method) else ""
    return SessionDefaults(user_scopes=tuple(of_user.replace(",", " ").split()), connection_config=config)
