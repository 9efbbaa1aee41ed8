"""JupyterHub, a REST API whose OAuth is plain 2.0: no refresh token, no `iss`, no revocation, secrets in the body.

A token that has expired is refused with 403, not 401. The proxy that it stands behind comes from npm.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.programs import ROOT, stop, wait_until_up
from tests.oauth_servers.pages import PASSWORD
from tests.web.ports import free_port

JUPYTERHUB = ROOT / ".test-tools/jupyterhub/bin/jupyterhub"
PROXY = ROOT / ".test-tools/oauth-servers/node_modules/.bin/configurable-http-proxy"
CLIENT_ID = "service-gw"  # it must begin with "service-"
SCOPES = ("access:services!service=gw", "list:users", "read:users")


@dataclass(frozen=True)
class Hub:
    """A running JupyterHub with one OAuth client. Anybody may sign in with `PASSWORD`; "admin" may list users."""

    origin: str
    client_id: str
    client_secret: str
    password: str = PASSWORD
    scopes: tuple[str, ...] = SCOPES  # a person's token has those of them that the person holds

    @property
    def authorization_endpoint(self) -> str:
        """Where a person is sent."""
        return f"{self.origin}/hub/api/oauth2/authorize"

    @property
    def token_endpoint(self) -> str:
        """Where a code becomes a token; client id and secret go in the body."""
        return f"{self.origin}/hub/api/oauth2/token"

    @property
    def api(self) -> str:
        """The base of the REST API, e.g. of `/users`."""
        return f"{self.origin}/hub/api"


@contextmanager
def jupyterhub(redirect_uri: str, *, token_ttl_s: int = 3600) -> Iterator[Hub]:
    """Start JupyterHub on free loopback ports (2.5 s), and stop it after. Skips the test where it is not installed."""
    if not JUPYTERHUB.exists():
        pytest.skip("PyPI's jupyterhub is not installed; make test installs it")
    if not PROXY.exists() or shutil.which("node") is None:
        pytest.skip("npm's configurable-http-proxy is not installed; make test installs it")
    hub = Hub(f"http://127.0.0.1:{free_port()}", CLIENT_ID, secrets.token_hex(32))
    with tempfile.TemporaryDirectory(prefix="hub-") as name:
        folder = Path(name)
        config = folder / "jupyterhub_config.py"
        config.write_text(_config(hub, redirect_uri, token_ttl_s, folder), encoding="utf-8")
        with (folder / "log").open("w") as log:
            process = subprocess.Popen([str(JUPYTERHUB), "-f", str(config)], stdout=log, stderr=log, cwd=folder)
            try:
                wait_until_up(f"{hub.api}/", process)
                yield hub
            finally:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(30)  # it ends its proxy first, which nobody else would
                stop(process)


def _config(hub: Hub, redirect_uri: str, token_ttl_s: int, folder: Path) -> str:
    service = {
        "name": "gw",
        "api_token": hub.client_secret,
        "oauth_client_id": hub.client_id,
        "oauth_redirect_uri": redirect_uri,
        "oauth_client_allowed_scopes": list(hub.scopes),
    }
    settings: dict[str, Any] = {
        "JupyterHub.bind_url": hub.origin,
        "JupyterHub.hub_bind_url": f"http://127.0.0.1:{free_port()}",
        "ConfigurableHTTPProxy.api_url": f"http://127.0.0.1:{free_port()}",
        "ConfigurableHTTPProxy.command": [str(PROXY)],
        "JupyterHub.db_url": f"sqlite:///{folder / 'hub.sqlite'}",
        "JupyterHub.cookie_secret_file": str(folder / "cookie_secret"),
        "JupyterHub.authenticator_class": "dummy",
        "DummyAuthenticator.password": hub.password,
        "Authenticator.allow_all": True,
        "Authenticator.admin_users": {"admin"},
        "JupyterHub.spawner_class": "simple",
        "JupyterHub.oauth_token_expires_in": token_ttl_s,
        "JupyterHub.services": [service],
        "JupyterHub.load_roles": [{"name": "user", "scopes": ["self", SCOPES[0]]}],
    }
    return "".join(f"c.{name} = {value!r}\n" for name, value in settings.items())
