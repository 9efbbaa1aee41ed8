"""Attack 68, by REST: another site's page cannot make a browser that is signed in change anything through the API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.web.api.calling import HOME, KEY, ORIGIN, World, make_world, problem
from tests.web.browsing import Browser, open_signed_in

from connectory.testing.application import make_principal

CHANGES = (
    ("POST", "connectors/connect", {"provider": "notes", "config": {"apiKey": KEY}, "metadata": {"alias": "evil"}}),
    ("PATCH", "connectors/{connection}", {"alias": "evil"}),
    ("DELETE", "connectors/{connection}", None),
    ("POST", "connectors/{connection}/reconnect", None),
    ("POST", "actions/notes_create_note", {"arguments": {"book": "b", "title": "t"}}),
    ("POST", "policies", {"effect": "allow"}),
    ("DELETE", "policies/{policy}", None),
    ("POST", "tokens", {"name": "evil"}),
    ("DELETE", "tokens/{token}", None),
    ("PUT", "oauth-apps/signed", {"clientId": "evil"}),
    ("DELETE", "oauth-apps/signed", None),
    ("POST", "custom-connectors", {"manifest": "x"}),
    ("DELETE", "custom-connectors/x", None),
)


class Scene:
    """Somebody signed in in a browser, with something of each kind to lose."""

    def __init__(self, world: World, browser: Browser, csrf: str, names: dict[str, str]) -> None:
        self.world, self.browser, self.csrf, self.names = world, browser, csrf, names

    async def state(self) -> list[object]:
        paths = ("/connectors", "/policies", "/tokens", "/oauth-apps", "/custom-connectors")
        found = [await self.world.get(path) for path in paths]
        return [[{**one, "lastUsedAt": None} for one in listed] for listed in found]

    def path(self, path: str) -> str:
        return f"{HOME}/{path.format(**self.names)}"


@asynccontextmanager
async def signed_in() -> AsyncIterator[Scene]:
    async with make_world() as world, Browser(world.app) as browser:
        names = {
            "connection": await world.connected(),
            "policy": (await world.post("/policies", {"effect": "deny", "patterns": ["x"]}))[0]["id"],
            "token": (await world.post("/tokens", {"name": "of mine"}))["id"],
        }
        page = await open_signed_in(world.application, browser, world.owner, "/workspaces/default/connectors")
        yield Scene(world, browser, page.forms[0].fields["csrf"], names)


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", None]
)
async def test_what_a_form_can_send_changes_nothing(kind: str | None) -> None:
    async with signed_in() as scene:
        before = await scene.state()
        for origin in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {}):
            for _, path, _body in CHANGES:
                headers = {**origin, **({"Content-Type": kind} if kind else {})}
                content = f"csrf={scene.csrf}&_method=DELETE".encode()
                answer = await scene.browser.client.post(scene.path(path), content=content, headers=headers)
                assert answer.status_code in (403, 404, 405, 415), path
        assert await scene.state() == before


async def test_a_change_needs_the_header_of_this_very_session() -> None:
    async with signed_in() as scene, Browser(scene.world.app) as other:
        eve = await make_principal(scene.world.application, "other", "eve")
        theirs = await open_signed_in(scene.world.application, other, eve, "/workspaces/other/connectors")
        foreign = theirs.forms[0].fields["csrf"]
        assert foreign != scene.csrf
        before = await scene.state()
        for method, path, body in CHANGES:
            for headers in (
                {},
                {"X-CSRF-Token": foreign},
                {"X-CSRF-Token": ""},
                {"X-CSRF-Token": "ü"},
                {"X-CSRF": scene.csrf},
            ):
                raw = [(name.encode(), value.encode()) for name, value in headers.items()]
                answer = await scene.browser.client.request(method, scene.path(path), json=body, headers=raw)
                assert problem(answer, 403)["code"] == "refused", path
        assert await scene.state() == before


async def test_no_get_changes_anything_whatever_it_says() -> None:
    async with signed_in() as scene:
        before = await scene.state()
        for method, path, _body in CHANGES:
            headers = {"X-HTTP-Method-Override": method, "X-CSRF-Token": scene.csrf}
            answer = await scene.browser.client.get(f"{scene.path(path)}?_method={method}", headers=headers)
            assert answer.status_code in (200, 404, 405), path
        assert await scene.state() == before


async def test_a_bearer_call_ignores_the_cookie() -> None:
    async with signed_in() as scene:
        reader = (await scene.world.application.tokens.create(scene.world.owner, "reader", read_only=True))[1]
        before = await scene.state()
        for method, path, body in CHANGES:
            headers = {"Authorization": f"Bearer {reader}", "X-CSRF-Token": scene.csrf, "Origin": ORIGIN}
            answer = await scene.browser.client.request(method, scene.path(path), json=body, headers=headers)
            assert problem(answer, 403)["code"] == "policy_denied", path
            nobody = {**headers, "Authorization": "Bearer cny_nobody"}
            problem(await scene.browser.client.request(method, scene.path(path), json=body, headers=nobody), 401)
        assert await scene.state() == before


async def test_a_page_of_ours_may_do_all_that() -> None:
    async with signed_in() as scene:
        headers = {"X-CSRF-Token": scene.csrf, "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
        answer = await scene.browser.client.post(f"{HOME}/tokens", json={"name": "good"}, headers=headers)
        assert answer.status_code == 201
