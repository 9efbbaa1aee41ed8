"""oidc-provider, a certified authorization server (https://github.com/panva/node-oidc-provider), on loopback.

What it does is the real thing; beside it `node/as.mjs` counts, delays and fails requests. `/me` is its protected
resource. `tests.oauth_servers.pages` signs people in.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import httpx2
import pytest
from tests.e2e.programs import ROOT, stop, wait_until_up
from tests.web.ports import free_port

INSTALLED = ROOT / ".test-tools/oauth-servers"
SERVER = Path(__file__).parent / "node/as.mjs"
SECRET = "a-secret-of-this-test-that-is-long-enough"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
ClientAuth = Literal["client_secret_post", "client_secret_basic", "private_key_jwt"]
ClientMetadata = Mapping[str, Any]  # RFC 7591 section 2


@dataclass(frozen=True)
class Tally:
    """How often token requests of one grant type came to something, and how often to an error."""

    ok: int = 0
    error: int = 0


@dataclass(frozen=True)
class Counts:
    """The token requests since the start by grant type, and the revocations and registrations that succeeded.

    A request counts once the server has decided it, even if its answer is still held back.
    """

    authorization_code: Tally
    refresh_token: Tally
    device_code: Tally
    client_credentials: Tally
    other: Tally  # of a grant type that is unknown or missing
    revocation: int
    registration: int


@dataclass(frozen=True)
class SeenRequest:
    """A request that the server has received. This one is for tests alone: the secrets stand in it."""

    path: str
    headers: tuple[str, ...]  # the names, in lower case
    auth_method: Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
    body: Mapping[str, Any]  # the form's fields, or for `/reg` the JSON document
    status: int | None = None  # of the answer, once it is decided
    reason: str | None = None  # why a grant was refused: the answers say little more than `invalid_grant`


@dataclass(frozen=True)
class OidcServer:
    """A running server; everything it knows goes with it. The methods are quick, and may be called in a loop too."""

    port: int
    log: Path = field(repr=False)

    @property
    def issuer(self) -> str:
        """The issuer, which is also the server's origin."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def metadata(self) -> dict[str, Any]:
        """The server's own description of itself (RFC 8414)."""
        found: dict[str, Any] = self._ask("/.well-known/oauth-authorization-server")
        return found

    def counts(self) -> Counts:
        """Count what has happened since the start."""
        found = self._ask("/_control/counts")
        values: dict[str, Any] = {name: Tally(**one) if isinstance(one, dict) else one for name, one in found.items()}
        return Counts(**values)

    def requests(self, path: str = "/token") -> list[SeenRequest]:
        """The requests received so far, oldest first: `/token`, `/token/revocation`, `/device/auth` or `/reg`."""
        found = [SeenRequest(**{**one, "headers": tuple(one["headers"])}) for one in self._ask("/_control/requests")]
        return [request for request in found if request.path == path]

    def delay(self, token_ms: int) -> None:
        """Hold back every later answer of `/token`: what it says is decided, and a rotated token spent, before."""
        self._tell("/_control/delay", {"token_ms": token_ms})

    def fail(self, status: int, times: int = 1, *, error: str | None = None) -> None:
        """Answer the next token requests with `status` and no body, or only `error` in it; nothing is spent."""
        self._tell("/_control/fail", {"token_status": status, "times": times, "error": error})

    def _ask(self, path: str) -> Any:
        # Without certificates to load, which none of this needs, a request takes 2 ms instead of 40.
        return httpx2.get(f"{self.issuer}{path}", trust_env=False, verify=False, timeout=60).raise_for_status().json()

    def _tell(self, path: str, wish: Mapping[str, Any]) -> None:
        httpx2.post(f"{self.issuer}{path}", json=wish, trust_env=False, verify=False, timeout=60).raise_for_status()


@contextmanager
def oidc_server(
    *clients: ClientMetadata,
    access_token_ttl_s: int = 3600,
    refresh_token_ttl_s: int = 86400,
    device_code_ttl_s: int = 600,
    rotate: bool = True,
    require_pkce: bool = True,
    port: int | None = None,
    groups: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Iterator[OidcServer]:
    """Start the server on a free loopback port, or on `port`, which makes a second start a restart; stop it after.

    Without `require_pkce` only public clients must use it. `groups`: of whom, told for the scope of that name. Skips
    the test where the server is not installed.
    """
    if not (INSTALLED / "node_modules/oidc-provider").is_dir() or shutil.which("node") is None:
        pytest.skip("npm's oidc-provider is not installed; make test installs it")
    chosen = port or free_port()
    settings = {
        "port": chosen,
        "clients": clients,
        "ttl": {
            "AccessToken": access_token_ttl_s,
            "ClientCredentials": access_token_ttl_s,
            "RefreshToken": refresh_token_ttl_s,
            "DeviceCode": device_code_ttl_s,
        },
        "rotate": rotate,
        "require_pkce": require_pkce,
        "groups": dict(groups),
    }
    with tempfile.TemporaryDirectory(prefix="oidc-") as folder:
        server = OidcServer(chosen, Path(folder) / "log")
        with server.log.open("w") as log:
            command = ["node", str(SERVER), json.dumps(settings)]
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=INSTALLED)
            try:
                wait_until_up(f"{server.issuer}/.well-known/openid-configuration", process)
                yield server
            finally:
                stop(process)


def confidential_client(
    redirect_uri: str,
    *,
    client_id: str = "connectory",
    secret: str = SECRET,
    auth: ClientAuth = "client_secret_post",
    jwks: Mapping[str, Any] | None = None,
    grant_types: Sequence[str] = ("authorization_code", "refresh_token"),
) -> ClientMetadata:
    """A web application that has a secret or, for `private_key_jwt`, the public keys `jwks`."""
    proof = {"jwks": jwks} if auth == "private_key_jwt" else {"client_secret": secret}
    return {
        "client_id": client_id,
        "redirect_uris": [redirect_uri],
        "grant_types": list(grant_types),
        "response_types": ["code"],
        "token_endpoint_auth_method": auth,
        **proof,
    }


def public_client(redirect_uri: str, *, client_id: str = "connectory-public") -> ClientMetadata:
    """An application without a secret; a loopback address fits with any port (RFC 8252 section 7.3)."""
    return {
        "client_id": client_id,
        "application_type": "native",
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }


def machine_client(
    *, client_id: str = "connectory-machine", secret: str = SECRET, auth: ClientAuth = "client_secret_post"
) -> ClientMetadata:
    """A program that acts for itself (RFC 6749 section 4.4); it may have the scopes `read` and `write`."""
    return {
        "client_id": client_id,
        "client_secret": secret,
        "redirect_uris": [],
        "response_types": [],
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": auth,
    }


def device_client(*, client_id: str = "connectory-device") -> ClientMetadata:
    """A program without a browser and without a secret (RFC 8628)."""
    return {
        "client_id": client_id,
        "redirect_uris": [],
        "response_types": [],
        "grant_types": [DEVICE_CODE, "refresh_token"],
        "token_endpoint_auth_method": "none",
    }
