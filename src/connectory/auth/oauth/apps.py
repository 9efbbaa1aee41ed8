"""OAuth apps of a workspace: what an owner registered at a provider and entered here, once for everybody."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import SecretStr

from connectory.auth.backend import AppSetup
from connectory.auth.hosts import parse_origin
from connectory.auth.members import members_of
from connectory.auth.oauth.clients import OAuthClients
from connectory.auth.oauth.describing import describe_app
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Effect, OAuth1Method, OAuth2Method
from connectory.errors import InvalidArguments, UnknownObject
from connectory.identity.principal import Principal
from connectory.identity.record import Record
from connectory.identity.rights import require_owner, require_owners_eye, require_unnarrowed
from connectory.vault.entities import StoredClient
from connectory.vault.vault import Vault

LONGEST = 2000  # characters of an id; a secret may be a key in PEM
LONGEST_SECRET = 20_000


class OAuthApps:
    """Sets, lists and removes them. Takes a principal first, as every service."""

    def __init__(self, vault: Vault, catalog: Catalog, clients: OAuthClients, record: Record) -> None:
        self._vault = vault
        self._store = vault.oauth_clients
        self._catalog = catalog
        self._clients = clients
        self._record = record

    async def put(
        self, principal: Principal, connector: str, client_id: str, secret: str | None, *, server: str = ""
    ) -> StoredClient:
        """Keep the app that a connector's family signs in with; `server`: only for this authorization server's origin.

        Raises `RoleDenied`, `PolicyDenied`, `UnknownConnector`, `InvalidArguments`.
        """
        asked = {"connector": connector, "server": server}
        async with self._record(principal, "oauth_app_set", Effect.WRITE, asked) as line:
            require_owner(principal, "set up OAuth apps")
            await require_unnarrowed(self._vault, principal, "set up OAuth apps")
            known = self._catalog.connector(connector)
            _method_of(known)
            client_id, secret = client_id.strip(), (secret or "").strip()
            if not client_id or len(client_id) > LONGEST or not client_id.isprintable() or " " in client_id:
                raise InvalidArguments("This is no client id.", hint="Copy it from the provider's page of the app.")
            if len(secret) > LONGEST_SECRET:
                raise InvalidArguments("This is no client secret.", hint="Copy it from the provider's page of the app.")
            origin = parse_origin(server).origin if server else ""
            sealed = SecretStr(secret) if secret else None
            family = known.manifest.auth_family
            app = StoredClient(principal.workspace_id, family, origin, "entered", client_id, sealed)
            await line.start()
            await self._store.put(app)
            return app

    async def all(self, principal: Principal) -> Sequence[StoredClient]:
        """Return the workspace's apps, those that were registered by themselves too. Raises `RoleDenied`."""
        require_owners_eye(principal, "see its OAuth apps")
        return await self._store.list(principal.workspace_id)

    async def remove(self, principal: Principal, connector: str, *, server: str = "") -> None:
        """Forget an app; accounts that signed in with it cannot be renewed any more.

        Raises `RoleDenied`, `PolicyDenied`, `UnknownObject`.
        """
        async with self._record(principal, "oauth_app_remove", Effect.DESTRUCTIVE, {"connector": connector}) as line:
            require_owner(principal, "remove OAuth apps")
            await require_unnarrowed(self._vault, principal, "remove OAuth apps")
            family = self._catalog.connector(connector).manifest.auth_family
            origin = parse_origin(server).origin if server else ""
            await line.start()
            if not await self._store.delete(StoredClient(principal.workspace_id, family, origin, "entered", "")):
                raise UnknownObject("OAuth app", connector)

    def setup(self, connector: str) -> AppSetup:
        """Return how a connector's app is registered. Raises `UnknownConnector`, `InvalidArguments`."""
        known = self._catalog.connector(connector)
        redirect_uri = self._clients.redirect_uri(known.manifest.auth_family)
        return describe_app(_method_of(known), redirect_uri, members_of(self._catalog, known))


def _method_of(connector: Connector) -> OAuth2Method | OAuth1Method:
    """The way to sign in that needs an app."""
    found = [method for method in connector.auth.values() if isinstance(method, OAuth2Method | OAuth1Method)]
    if not found:
        raise InvalidArguments(
            f"{connector.title} is not signed in to by an OAuth app.",
            hint=f"`connectory connect {connector.name}` connects it.",
        )
    return found[0]
