"""What goes on after a sign-in: renewing tokens, and withdrawing them at the end."""

from __future__ import annotations

from connectory.auth.backend import NewGrant, Revocation
from connectory.auth.entries import CheckedEntry
from connectory.auth.oauth.clients import OAuthClients
from connectory.auth.oauth.endpoints import Discovery
from connectory.auth.oauth.flow_state import way_to
from connectory.auth.oauth.loading import load_flows
from connectory.auth.oauth.scopes import after_refresh
from connectory.auth.oauth.way import Way
from connectory.auth.refresh import Renewed
from connectory.catalog.catalog import Catalog
from connectory.catalog.manifest import (
    AuthMethod,
    ClientCredentialsMethod,
    JwtBearerMethod,
    OAuth1Method,
    OAuth2Method,
)
from connectory.errors import BackendUnavailable, NeedsReconnect, ProviderRejected, ProviderUnavailable, SignInFailed
from connectory.net.client import OutboundClient
from connectory.settings import OAuthClient
from connectory.vault.clock import Clock
from connectory.vault.credentials import Credentials, OAuthTokens
from connectory.vault.entities import Grant
from connectory.vault.spellings import masked, spellings_of

OAUTH = (OAuth2Method, OAuth1Method, ClientCredentialsMethod, JwtBearerMethod)
TEMPORARY = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
OF_THE_CLIENT = frozenset(
    {"invalid_client", "unauthorized_client", "incorrect_client_credentials", "bad_client_secret"}
)


class Renewal:
    """Gets new tokens for a stored grant, and withdraws them."""

    def __init__(
        self, catalog: Catalog, clients: OAuthClients, discovery: Discovery, client: OutboundClient, now: Clock
    ) -> None:
        self._catalog = catalog
        self._clients = clients
        self._discovery = discovery
        self._client = client
        self._now = now

    async def by_typing(
        self,
        method: ClientCredentialsMethod | JwtBearerMethod,
        name: str,
        checked: CheckedEntry,
        asked: tuple[str, ...],
        way: Way,
    ) -> NewGrant:
        """Get the first tokens with what the person typed. Raises `SignInFailed`, leaves of `ProviderError`, ..."""
        from connectory.auth.oauth import typed
        from connectory.auth.oauth.callback import refused
        from connectory.auth.oauth.facts import from_token
        from connectory.auth.oauth.token_endpoint import TokenRefused

        try:
            got = await typed.ask(method, checked.facts, checked.secrets, asked, way, self._now)
        except TokenRefused as error:
            raise refused("The provider", error.code, error.said) from None
        origin = way.typed.origin if way.typed is not None and way.typed.private_confirmed else None
        tokens = got.tokens.model_copy(update={"entered": dict(checked.secrets), "private_origin": origin})
        typed_here = spellings_of(one.get_secret_value() for one in checked.secrets.values())
        told = masked(got.answer, sorted(typed_here, key=len, reverse=True))
        facts = {**checked.facts, **from_token(method, told)}
        scopes = asked if got.scopes is None else got.scopes
        return NewGrant(name, tokens, facts, (), scopes, tokens.expires_at, private_confirmed=origin is not None)

    async def renew(self, grant: Grant, credentials: Credentials) -> Renewed:
        """Ask for new tokens.

        Raises `NeedsReconnect` where the provider refuses for good (RFC 6749 section 5.2, invalid_grant), other errors
        where it may work later, or once whoever runs the server has mended something.
        """
        await load_flows()
        from connectory.auth.oauth.token_endpoint import TokenRefused

        method = self._method(grant)
        assert isinstance(credentials, OAuthTokens), "the refresher has looked"
        try:
            if isinstance(method, OAuth2Method):
                return await self._by_refresh_token(grant, method, credentials)
            if isinstance(method, ClientCredentialsMethod | JwtBearerMethod):
                return await self._by_entered(grant, method, credentials)
        except TokenRefused as error:
            raise await self._refusal(grant, method, error.code, error.said) from None
        raise _gone(grant)

    async def revoke(self, grant: Grant, credentials: Credentials) -> Revocation:
        """Withdraw the tokens."""
        await load_flows()
        from connectory.auth.oauth import revocation

        method = self._method(grant)
        if not isinstance(method, OAuth2Method) or not isinstance(credentials, OAuthTokens):
            return Revocation.NOT_SUPPORTED
        way = self._way(grant, method, credentials)
        endpoints = await self._discovery.find(method, grant.facts, way)
        client = await self._client_of(grant, endpoints.server)
        return await revocation.revoke(method, endpoints.revoke, client, credentials, grant.facts, way)

    async def _by_refresh_token(self, grant: Grant, method: OAuth2Method, tokens: OAuthTokens) -> Renewed:
        from connectory.auth.oauth import code_flow
        from connectory.auth.oauth.token_endpoint import TokenEndpoint

        assert tokens.refresh_token is not None, "the refresher has looked"
        way = self._way(grant, method, tokens)
        endpoints = await self._discovery.find(method, grant.facts, way)
        client = await self._client_of(grant, endpoints.server)
        parameters = {"refresh_token": tokens.refresh_token.get_secret_value()}
        if method.refresh_repeats_redirect_uri:
            parameters["redirect_uri"] = self._clients.redirect_uri(grant.family)
        got = await code_flow.ask_tokens(
            TokenEndpoint(method, client, endpoints.refresh, way, self._now),
            "refresh_token",
            parameters,
            grant.facts,
            endpoints.resource,
            old_refresh=tokens.refresh_token,
        )
        kept = {"private_origin": tokens.private_origin, "further": {**tokens.further, **got.tokens.further}}
        renewed = got.tokens.model_copy(update=kept)
        return Renewed(renewed, renewed.expires_at, scopes=after_refresh(grant.scopes, got.scopes))

    async def _by_entered(
        self, grant: Grant, method: ClientCredentialsMethod | JwtBearerMethod, tokens: OAuthTokens
    ) -> Renewed:
        from connectory.auth.oauth import typed

        way = self._way(grant, method, tokens)
        asked = tuple(scope for scope in method.scopes if scope in grant.scopes)  # what was granted may be named more
        got = await typed.ask(method, grant.facts, tokens.entered, asked, way, self._now)
        kept = {"private_origin": tokens.private_origin, "entered": tokens.entered}
        renewed = got.tokens.model_copy(update=kept)
        return Renewed(renewed, renewed.expires_at, scopes=got.scopes)

    async def _refusal(self, grant: Grant, method: AuthMethod, code: str, said: str) -> Exception:
        """What a refused refresh means: only some refusals are about the grant itself."""
        ending = {"invalid_grant", *(method.token_answer.refused if isinstance(method, OAuth2Method) else ())}
        if code in ending:
            return NeedsReconnect(
                f"{grant.family} has ended the stored sign-in ({code}).", hint="The person must sign in again."
            )
        if code in OF_THE_CLIENT:
            if grant.client_id is not None:
                await self._clients.forget_registered(grant.workspace_id, grant.family, grant.client_id)
            return BackendUnavailable(
                f"{grant.family} does not accept this server's OAuth app ({code}).",
                hint="Whoever runs the server must enter its id and secret again: `connectory oauth-app set`.",
            )
        if code in TEMPORARY:
            return ProviderUnavailable(f"{grant.family} could not renew the sign-in now ({code}).", hint="Try again.")
        told = f": {said}" if said else ""
        return ProviderRejected(f"{grant.family} did not renew the sign-in ({code}{told}).", hint="Connect it again.")

    def _method(self, grant: Grant) -> AuthMethod:
        connector = self._catalog.connectors.get(grant.connector)
        method = connector.auth.get(grant.method) if connector is not None else None
        if method is None:
            raise _gone(grant)
        return method

    async def _client_of(self, grant: Grant, server: str) -> OAuthClient:
        client = await self._clients.with_id(grant.workspace_id, grant.family, grant.client_id, server=server)
        if client is None:
            raise BackendUnavailable(
                f"The OAuth app that {grant.family} was signed in with is not set up here any more.",
                hint="Enter it again with `connectory oauth-app set`, or connect the account again.",
            )
        return client

    def _way(
        self, grant: Grant, method: OAuth2Method | ClientCredentialsMethod | JwtBearerMethod, tokens: OAuthTokens
    ) -> Way:
        """How its servers are reached: as the person has typed them, in a private network if they said so."""
        typed = next((grant.facts.get(name) for name, field in method.fields.items() if field.is_origin), None)
        return way_to(self._client, typed, private_confirmed=typed is not None and typed == tokens.private_origin)


def _gone(grant: Grant) -> SignInFailed:
    return SignInFailed(
        f"The way in which {grant.family} was signed in to does not exist any more.", hint="Connect it again."
    )
