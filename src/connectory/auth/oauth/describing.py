"""How the built-in backend's ways to sign in are shown, and what must be set up at the provider first. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from urllib.parse import quote

from connectory.auth.backend import AppSetup, MethodForm
from connectory.auth.oauth import scopes
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import (
    ClientCredentialsMethod,
    JwtBearerMethod,
    OAuth1Method,
    OAuth2Method,
)

NO_LOCALHOST = (
    "The provider takes no redirect address that begins with http://, as this server's does. Serve it under an https"
    " address (APP_URL), or sign in another way."
)
TITLES = {
    "oauth2": "Sign in in the browser",
    "oauth1": "Sign in in the browser",
    "client_credentials": "OAuth client",
    "jwt_bearer": "Service account",
}
OAuthMethod = OAuth2Method | OAuth1Method | ClientCredentialsMethod | JwtBearerMethod


def describe_method(
    name: str, method: OAuthMethod, members: Sequence[Connector], asked: Collection[str] | None
) -> MethodForm:
    """Return a way to sign in, as a form; `asked`: the scopes that the agent wants, else the usual ones are ticked."""
    leaves = isinstance(method, OAuth2Method | OAuth1Method)
    can, wanted = dict[str, str](), set[str]()
    if isinstance(method, OAuth2Method):
        can = scopes.offered(method, members)
        wanted = scopes.needed(members) | (scopes.usual(method, members) if asked is None else set(asked))
    ticked = frozenset(scope for scope in can if scope in wanted)
    title = method.title or TITLES[method.method]
    return MethodForm(name, title, method.help, method.docs, method.fields, leaves, can, ticked)


def describe_setup(method: OAuthMethod, redirect_uri: str, members: Sequence[Connector]) -> AppSetup | None:
    """Return what must be registered first; None where nothing must: the authorization server lets us do it."""
    if not isinstance(method, OAuth2Method | OAuth1Method):
        return None
    registers_itself = isinstance(method, OAuth2Method) and bool(method.issuer or method.resource)
    return None if registers_itself and method.register_app is None else describe_app(method, redirect_uri, members)


def describe_app(method: OAuth2Method | OAuth1Method, redirect_uri: str, members: Sequence[Connector]) -> AppSetup:
    """Return how an app for a way to sign in is registered, the provider's page filled in where it can be."""
    wanted = scopes.to_ask(method, members, None, ()) if isinstance(method, OAuth2Method) else ()
    is_public = isinstance(method, OAuth2Method) and method.client_authentication == "none"
    app = method.register_app
    if app is None:
        return AppSetup(None, (), redirect_uri, wanted, "", needs_secret=not is_public)
    separator = method.scope_separator if isinstance(method, OAuth2Method) else " "
    filled = app.url.replace("{redirect_uri}", quote(redirect_uri, safe=""))
    filled = filled.replace("{scopes}", quote(separator.join(wanted), safe=""))
    problem = "" if app.localhost or not redirect_uri.startswith("http://") else NO_LOCALHOST
    return AppSetup(filled, tuple(app.steps), redirect_uri, wanted, app.without, not is_public, problem)
