"""Attack 43, on the pages: the workspace in an address opens nothing; who is signed in decides, else it is 404."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from starlette.routing import Route
from tests.web.browsing import FLEET, Browser, make_token, make_web, open_signed_in, sign_in

from connectory.testing.application import connect, make_principal
from connectory.testing.provider import FakeProvider
from connectory.vault.entities import Connection
from connectory.wiring import Application

MINE, THEIRS = "mine", "theirs"
ODD = (
    f"{MINE}%2f..%2f{THEIRS}", f"{MINE}%2F..%2F{THEIRS}", f"{THEIRS}%00", f"{MINE}/../{THEIRS}", f"{MINE}%2f{THEIRS}",
    f"%2e%2e%2f{THEIRS}", f"..%2f{THEIRS}", f"{THEIRS}%20", THEIRS.upper(), f"{MINE};{THEIRS}", f"{MINE}\\..\\{THEIRS}",
    f"{THEIRS}.", f"{MINE},{THEIRS}", "*", "%25", "ws_" + "a" * 26,
)  # fmt: skip


@dataclass
class Scene:
    """Somebody of one workspace, signed in; and a connection in another."""

    application: Application
    browser: Browser
    provider: FakeProvider
    theirs: Connection
    csrf: str
    addresses: list[tuple[str, str]]  # method and path with `{slug}`

    async def ask(self, method: str, path: str) -> tuple[int, str]:
        if method == "GET":
            answer = await self.browser.client.get(path, headers={"Accept": "text/html"})
        else:
            fields = {"csrf": self.csrf, "connector": "notes", "alias": "evil", "meant": "yes", "value.book": "b"}
            answer = await self.browser.post(path, fields)
        return answer.status_code, answer.text


@asynccontextmanager
async def make_scene() -> AsyncIterator[Scene]:
    provider = FakeProvider()
    async with make_web(provider=provider) as (application, app), Browser(app) as browser:
        me = await make_principal(application, MINE, "ann")
        them = await make_principal(application, THEIRS, "bob")
        theirs = await connect(application, them, token="their-secret")
        page = await open_signed_in(application, browser, me, f"/workspaces/{MINE}/connectors")
        assert page.status == 200
        paths = [
            (method, route.path.replace("{connector}", "notes").replace("{connection}", theirs.id))
            for route in app.routes
            if isinstance(route, Route) and route.path.startswith("/workspaces/")
            for method in (route.methods or set()) - {"HEAD"}
        ]
        yield Scene(application, browser, provider, theirs, page.forms[0].fields["csrf"], paths)


async def test_attack_43_another_s_workspace_is_as_unknown_as_none_on_every_page() -> None:
    async with make_scene() as scene:
        assert len(scene.addresses) >= 14
        before = await scene.application.vault.workspaces.revision(scene.theirs.workspace_id)
        for method, path in scene.addresses:
            said = []
            for slug in (THEIRS, "no-such-one"):
                status, text = await scene.ask(method, path.replace("{slug}", slug))
                said.append((status, text.replace(slug, "SLUG")))
            assert said[0] == said[1], (method, path)
            assert said[0][0] == 404, (method, path)
            assert "Bob" not in said[0][1]
        assert scene.provider.requests == []
        assert await scene.application.vault.workspaces.revision(scene.theirs.workspace_id) == before


async def test_attack_43_another_s_connection_is_not_reached_through_one_s_own_workspace() -> None:
    async with make_scene() as scene:
        for method, path in scene.addresses:
            if scene.theirs.id in path:
                status, text = await scene.ask(method, path.replace("{slug}", MINE))
                assert status == 404, (method, path)
                assert "their-" not in text


@pytest.mark.parametrize("slug", ODD)
async def test_attack_43_a_slug_that_is_none_opens_nothing(slug: str) -> None:
    async with make_scene() as scene:
        for method, path in scene.addresses:
            status, text = await scene.ask(method, path.replace("{slug}", slug))
            assert status in (404, 405), (method, path)
            assert "their-" not in text


async def test_attack_43_a_token_of_one_workspace_opens_no_other_of_the_same_person() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        me = await make_principal(application, MINE, "ann")
        other = await application.vault.workspaces.create(THEIRS, "Theirs", owner=me.user_id)
        page = await sign_in(browser, f"/workspaces/{MINE}/connectors", await make_token(application, me))
        assert page.status == 200
        assert other.name not in page.text
        assert (await browser.open(f"/workspaces/{THEIRS}/connectors")).status == 404
