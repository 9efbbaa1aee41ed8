"""Real browsers at the face as `serve` serves it, and at two servers on loopback: the provider's and an attacker's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from tests.attacks.lying_server import LyingServer
from tests.attacks.signing_in import P_YAML, Scene, scene
from tests.web.chromium import browsing
from tests.web.ports import free_port, serving

from connectory.identity.principal import Principal
from connectory.settings import Settings
from connectory.testing.application import make_principal

SIGN_IN = "Sign in with Pea"
EVIL = "evil.example"
FLEET = {"CONNECTORY_TRUSTED_HOSTS": "connect.example"}  # a host that is not this machine's: then people sign in
TYPED_YAML = P_YAML.replace('https://p.example"', '{connection.server}"').replace(
    "    scopes: {read", "    fields: {server: {title: Server, kind: origin}}\n    scopes: {read"
)


@dataclass
class Browsers:
    """The scene, and one browser; each person has a context of it, with cookies of their own."""

    scene: Scene
    port: int
    first: Any  # a page
    complaints: list[str] = field(default_factory=list)

    async def person(self) -> Any:
        """A new person's page."""
        page = await (await self.first.context.browser.new_context()).new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("dialog", self._alarm)
        return page

    async def fill(self, page: Any, link: str) -> None:
        """Fill the connect page and leave for the provider."""
        await page.goto(link)
        await page.get_by_label("Server").fill(self.scene.server.origin)
        await page.get_by_role("button", name=SIGN_IN).click()

    async def paste_token(self, page: Any, token: str) -> None:
        """Sign in to the page that stands in the way, in fleet mode."""
        await page.locator("input[name=token]").fill(token)
        async with page.expect_navigation():
            await page.keyboard.press("Enter")

    async def _alarm(self, dialog: Any) -> None:
        self.complaints.append(f"a script ran: {dialog.message}")
        await dialog.dismiss()


@asynccontextmanager
async def browsers(*arguments: str, environment: Mapping[str, str] | None = None) -> AsyncIterator[Browsers]:
    """Serve all three and start the browser. `evil.example` is the attacker's, on loopback too."""
    port, theirs, evils = free_port(), free_port(), free_port()
    server, evil = LyingServer(f"http://127.0.0.1:{theirs}"), LyingServer(f"http://{EVIL}:{evils}")
    settings = {
        "CONNECTORY_PORT": str(port),
        "CONNECTORY_ALLOW_HOSTS": f"127.0.0.1:{theirs}",
        **(environment or {}),
    }
    rules = f"--host-resolver-rules=MAP *.{EVIL} 127.0.0.1, MAP {EVIL} 127.0.0.1"
    async with AsyncExitStack() as stack:
        s = await stack.enter_async_context(scene(TYPED_YAML, server=server, evil=evil, environment=settings))
        for app, on in ((_running_already(s.face.app), port), (server, theirs), (evil, evils)):
            await stack.enter_async_context(serving(app, Settings.model_validate({"port": on})))
        first = await stack.enter_async_context(browsing(rules, *arguments))
        yield Browsers(s, port, first)


def _running_already(app: ASGIApp) -> ASGIApp:
    """Its lifespan began with the scene, and cannot begin twice."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)

    return serve


async def another(s: Scene, user: str, workspace: str) -> tuple[Principal, str]:
    """Somebody else, with a token of their own."""
    other = await make_principal(s.face.application, workspace, user)
    return other, await s.face.token_of(other)
