"""A real `connectory serve`, a real authorization server, and a person between them with a browser without scripts."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from tests.attacks.outside import Outside
from tests.auth.oauth.acme import ACME_YAML
from tests.e2e.programs import Forms, Install, link_in
from tests.oauth_servers.oidc import SECRET, OidcServer, confidential_client, oidc_server
from tests.oauth_servers.pages import sign_in
from tests.web.ports import free_port

BUTTON = re.compile(r'<a class="button" href="([^"]+)"')


@dataclass(frozen=True)
class RealSignIn:
    """The process from outside, and the server that it signs in to."""

    outside: Outside
    server: OidcServer

    @property
    def install(self) -> Install:
        return self.outside.install

    def link(self, **how: Any) -> str:
        """What the agent's `connect` gives out."""
        return link_in(self.outside.call("connect", connector="acme", **how).text)

    def leave(self, browser: httpx2.Client, link: str, *scopes: str) -> str:
        """Fill the connect page; return the provider's address on the page that follows."""
        page = browser.get(link)
        action, fields = next(form for form in Forms(page.text).forms if form[1].get("method") == "oauth")
        ticked = {f"scope.{one}": "yes" for one in scopes}
        typed = {**fields, "value.server": self.server.issuer, **ticked}
        return address_in(browser.post(str(page.url.join(action)), data=typed))

    def connect(self, login: str = "alice", *scopes: str, **how: Any) -> str:
        """Sign somebody in to the end; return the callback that did it."""
        with browsing_plainly() as browser:
            back = sign_in_as(login, self.leave(browser, self.link(**how), *scopes))
            done = browser.get(back)
            assert done.status_code == 303, done.text
            assert done.headers["location"].endswith("/done"), browser.get(done.headers["location"]).text
            return back


def sign_in_as(login: str, address: str) -> str:
    """Sign in on the server's pages; return the callback."""
    return asyncio.run(sign_in(address, login=login))


@contextmanager
def browsing_plainly() -> Iterator[httpx2.Client]:
    """A browser with cookies, that follows no redirect by itself."""
    with httpx2.Client(trust_env=False, timeout=30, base_url="http://localhost") as browser:
        yield browser


def address_in(answer: httpx2.Response) -> str:
    """Where the page that leaves for the provider leads."""
    found = BUTTON.search(answer.text)
    assert found, answer.text
    return html.unescape(found[1])


@contextmanager
def real_sign_in(folder: Path, **server_options: Any) -> Iterator[RealSignIn]:
    """Start both; the address of the server is allowed, as an operator would."""
    port = free_port()
    with oidc_server(
        confidential_client(f"http://localhost:{port}/api/auth/callback/acme"), **server_options
    ) as server:
        manifests = folder / "manifests"
        manifests.mkdir()
        (manifests / "acme.yaml").write_text(ACME_YAML, encoding="utf-8")
        extra = {
            "CONNECTORY_MANIFESTS": str(manifests),
            "CONNECTORY_ALLOW_HOSTS": urlsplit(server.issuer).netloc,
            "CONNECTORY_CONNECT_WAIT_S": "0",
            "ACME_CLIENT_ID": "connectory",
            "ACME_CLIENT_SECRET": SECRET,
        }
        install = Install(folder, port, extra)
        with install.serving() as process:
            yield RealSignIn(Outside(install, process.pid, install.token()), server)
