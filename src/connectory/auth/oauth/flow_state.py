"""What a sign-in under way must know again when the person is back, as it is sealed in its row (design 5.6)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from connectory.auth.oauth.way import Way
from connectory.net.address import HostRule
from connectory.net.client import OutboundClient
from connectory.vault.entities import OAuthFlow


class Leaving(BaseModel):
    """A person who has left for the provider's page: which client, server and account form it was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["code", "device", "oauth1"]
    connector: str  # whose `auth` it is
    method: str
    client_id: str
    redirect_uri: str
    token_url: str
    issuer: str | None = None
    needs_iss: bool = False
    resource: str | None = None
    scopes: tuple[str, ...] = ()
    facts: dict[str, str] = {}
    typed_origin: str | None = None
    private_confirmed: bool = False
    verifier: str = ""  # of PKCE (RFC 7636)
    code: str = ""  # device code (RFC 8628), or OAuth 1.0a's temporary token
    secret: str = ""  # of that token
    interval_s: float = 5.0
    user_code: str = ""
    verification_uri: str = ""

    def way(self, client: OutboundClient) -> Way:
        """How the servers of this sign-in are reached."""
        return way_to(client, self.typed_origin, private_confirmed=self.private_confirmed)


def way_to(client: OutboundClient, typed_origin: str | None, *, private_confirmed: bool) -> Way:
    """Return how servers are reached after this origin was typed."""
    return Way(client, HostRule(typed_origin, private_confirmed) if typed_origin is not None else None)


def read_leaving(flow: OAuthFlow) -> Leaving:
    """Return the state of a sign-in that has left."""
    return Leaving.model_validate_json(flow.body)
