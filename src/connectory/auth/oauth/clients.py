"""Which OAuth client a sign-in uses (RFC 6749 section 2.2): the workspace's own, the server's, or one made for it.

Those of a workspace are entered on the connect page or by `connectory oauth-app set`; those of the whole server stand
in `<FAMILY>_CLIENT_ID` and `<FAMILY>_CLIENT_SECRET`. Where neither is and the authorization server lets clients
register themselves, one is registered (RFC 7591), or our metadata document is the client id.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import SecretStr

from connectory.auth.oauth.endpoints import Endpoints
from connectory.auth.oauth.way import MAX_ANSWER_BYTES, TIMEOUT_S, Way
from connectory.errors import SignInFailed
from connectory.net.client import OutboundRequest
from connectory.net.url import origin_of
from connectory.settings import OAuthClient, Settings
from connectory.vault.entities import StoredClient, WorkspaceId
from connectory.vault.vault import Vault

CALLBACK = "/api/auth/callback"
CLIENT_DOCUMENT = "/oauth/client"
CLIENT_NAME = "Connectory"
GRANT_TYPES = ("authorization_code", "refresh_token")


class OAuthClients:
    """Finds, registers and forgets clients."""

    def __init__(self, vault: Vault, settings: Settings) -> None:
        self._store = vault.oauth_clients
        self._settings = settings

    def redirect_uri(self, family: str) -> str:
        """Return where the provider sends the person back to; `APP_URL` alone decides (attack 12)."""
        return f"{self._settings.origin}{CALLBACK}/{family}"

    async def families(self, workspace_id: WorkspaceId) -> frozenset[str]:
        """Return the families that have a client in this workspace."""
        return await self._store.families(workspace_id) | self._settings.oauth_clients.keys()

    async def find(self, workspace_id: WorkspaceId, family: str, server: str) -> OAuthClient | None:
        """Return the client for an authorization server: its own first, then the family's, then the settings'."""
        stored = await self._store.of_family(workspace_id, family)
        for wanted in (server, ""):
            for one in stored:
                if one.server == wanted and not self._is_outdated(one):
                    return _client(one)
        return self._settings.oauth_clients.get(family)

    async def with_id(
        self, workspace_id: WorkspaceId, family: str, client_id: str | None, *, server: str = ""
    ) -> OAuthClient | None:
        """Return the client that tokens were given to; None where it is not known any more.

        Of those that are entered with one id for several servers it is the one for `server`: Zoho's data centres have
        a secret each.
        """
        same = [one for one in await self._store.of_family(workspace_id, family) if one.client_id == client_id]
        if same:
            return _client(min(same, key=lambda one: (one.server != server, one.server != "")))
        known = self._settings.oauth_clients.get(family)
        if known is not None and known.client_id == client_id:
            return known
        is_document = client_id == self._document(family)
        return OAuthClient(client_id=client_id) if client_id is not None and is_document else None

    async def make(self, workspace_id: WorkspaceId, family: str, endpoints: Endpoints, way: Way) -> OAuthClient | None:
        """Return a client that needs nobody's hand, None where the server offers none.

        Raises `SignInFailed` where it refuses, leaves of `ProviderError` and `Refused`.
        """
        document = self._document(family)
        if endpoints.takes_document and document is not None:
            return OAuthClient(client_id=document)
        if endpoints.registration is None:
            return None
        made = await self._register(workspace_id, family, endpoints, way)
        await self._store.put(made)
        return _client(made)

    async def forget_registered(self, workspace_id: WorkspaceId, family: str, client_id: str) -> None:
        """Forget a client of our own making that its server does not know any more; the next sign-in makes another."""
        for one in await self._store.of_family(workspace_id, family):
            if one.client_id == client_id and one.source == "registered":
                await self._store.delete(one)

    def document(self, family: str) -> dict[str, Any] | None:
        """Return the client metadata document that its own address, the client id, leads to."""
        client_id = self._document(family)
        return None if client_id is None else {"client_id": client_id, **self._metadata(family)}

    async def _register(self, workspace_id: WorkspaceId, family: str, endpoints: Endpoints, way: Way) -> StoredClient:
        assert endpoints.registration is not None, "the caller has looked"
        request = OutboundRequest(
            "POST",
            endpoints.registration,
            {"Content-Type": "application/json", "Accept": "application/json"},
            json.dumps(self._metadata(family)).encode(),
            (way.rule(origin_of(endpoints.registration)),),
            TIMEOUT_S,
            follow_redirects=False,
            max_bytes=MAX_ANSWER_BYTES,
        )
        answer = await way.client.send(request)
        client_id, secret = _registered(answer.status, answer.body, endpoints)
        redirect_uri = self.redirect_uri(family)
        server = endpoints.server
        return StoredClient(workspace_id, family, server, "registered", client_id, secret, redirect_uri)

    def _metadata(self, family: str) -> dict[str, Any]:
        """What we say of ourselves (RFC 7591 section 2): a public client, since anybody can register this name."""
        return {
            "client_name": CLIENT_NAME,
            "redirect_uris": [self.redirect_uri(family)],
            "grant_types": list(GRANT_TYPES),
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "application_type": "web" if self._settings.origin.startswith("https://") else "native",
        }

    def _document(self, family: str) -> str | None:
        """The address of our metadata document, where the internet can reach it."""
        origin = self._settings.origin
        return f"{origin}{CLIENT_DOCUMENT}/{family}" if origin.startswith("https://") else None

    def _is_outdated(self, client: StoredClient) -> bool:
        return client.source == "registered" and client.redirect_uri != self.redirect_uri(client.family)


def _client(stored: StoredClient) -> OAuthClient:
    return OAuthClient(client_id=stored.client_id, client_secret=stored.client_secret)


def _registered(status: int, body: bytes, endpoints: Endpoints) -> tuple[str, SecretStr | None]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    client_id = said.get("client_id") if isinstance(said, dict) else None
    if status not in (200, 201) or not isinstance(client_id, str) or not _is_plain(client_id):
        raise SignInFailed(
            f"{endpoints.server} did not let this server register itself (status {status}).",
            hint="Register an OAuth app there by hand, and enter it with `connectory oauth-app set`.",
        )
    secret = said.get("client_secret") if isinstance(said, dict) else None
    return client_id, SecretStr(secret) if isinstance(secret, str) and secret else None


def _is_plain(client_id: str) -> bool:
    return client_id.isprintable() and 0 < len(client_id) <= 2000
