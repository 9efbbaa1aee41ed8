"""Attack 71: what is of a person stays in no cache, a token shown once is nowhere a moment later."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from starlette.routing import Route
from tests.web.browsing import Browser, make_web, open_signed_in
from tests.web.chromium import browsing, needs_chromium
from tests.web.ports import free_port, serving

from connectory.testing.application import connect, make_principal

SECRET = re.compile(r"cny_[A-Za-z0-9_-]{43}")
ROOT = "/workspaces/default"
STREAM = f"{ROOT}/events"  # never ends; its header is set by hand
KEPT = "max-age"


def varies(header: str) -> set[str]:
    return {name.strip().lower() for name in header.split(",")}


async def test_attack_71_no_page_of_a_persons_is_kept_by_a_cache_whatever_it_answers() -> None:
    async with make_web() as (application, app), Browser(app) as browser, Browser(app) as stranger:
        ann = await make_principal(application)
        connection = await connect(application, ann)
        link = application.auth.link_url(await application.auth.connect(ann, "notes", alias="more"))
        await open_signed_in(application, browser, ann)
        given = {"slug": "default", "connection": connection.id, "connector": "notes", "family": "notes"}
        own = [one.path for one in app.routes if isinstance(one, Route) and "GET" in (one.methods or ())]
        paths = [path.format_map({**dict.fromkeys(re.findall(r"{(\w+)}", path), "x"), **given}) for path in own]
        paths = [path for path in paths if not path.startswith(("/static/", STREAM))]
        further = [link.removeprefix(browser.origin), f"{ROOT}/nowhere", "/nowhere", f"{ROOT}/settings/oauth-apps/x"]
        for path in [*paths, *further]:
            for who in (browser, stranger):
                answer = await who.client.get(path, headers={"Accept": "text/html"})
                if "logo" in path and answer.status_code == 200:
                    assert "private" in answer.headers["cache-control"]  # a picture of the catalog's
                    continue
                assert answer.headers["cache-control"] == "no-store", path
                assert {"cookie", "authorization"} <= varies(answer.headers["vary"]), path
        assert len(paths) > 20


@pytest.mark.parametrize("ending", ["/x.css", "%2Fx.css", ";x.css", ".css", "/%2e%2e/x.js", "%00.css", "%0Ax.css"])
async def test_attack_71_a_page_is_not_served_under_a_name_that_a_cache_would_keep(ending: str) -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        ann = await make_principal(application, user="ann-of-the-page")
        await open_signed_in(application, browser, ann)
        for page in ("connectors", "activity", "settings", "settings/tokens", "settings/clients", "settings/policy"):
            answer = await browser.client.get(f"{ROOT}/{page}{ending}")
            assert answer.status_code == 404
            assert "ann-of-the-page" not in answer.text
            assert answer.headers["cache-control"] == "no-store"


async def test_attack_71_static_files_alone_are_kept_and_are_of_nobody() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        page = await open_signed_in(application, browser, await make_principal(application), f"{ROOT}/settings")
        for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.html):
            answer = await browser.client.get(address)
            assert KEPT in answer.headers["cache-control"]
            assert "set-cookie" not in answer.headers


async def go_back(page: Any) -> None:
    """Press Back. A page that would have to be sent again is none: the browser then shows one of its own."""
    from playwright.async_api import Error

    with suppress(Error):
        await page.go_back()


async def steady(page: Any) -> str:
    """What the browser shows once it shows it."""
    from playwright.async_api import Error

    for _ in range(100):
        with suppress(Error):  # it is still on its way
            await page.wait_for_load_state()
            return str(await page.content())
        await asyncio.sleep(0.05)
    raise AssertionError("the page never came to rest")


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize("has_scripts", [True, False])
async def test_attack_71_a_token_is_gone_after_a_reload_and_by_back_and_so_is_all_after_signing_out(
    has_scripts: bool,
) -> None:
    port = free_port()
    async with make_web({"CONNECTORY_PORT": str(port)}) as (application, app):
        ann = await make_principal(application, user="ann-of-the-page")
        secret = await application.web_sessions.make_link(ann, timedelta(minutes=1))
        origin = f"http://localhost:{port}"
        async with serving(app, application.settings), browsing(java_script_enabled=has_scripts) as page:
            await page.goto(f"{origin}/open/{secret}")
            for way in ("reload", "back"):
                await page.goto(f"{origin}{ROOT}/settings/tokens")
                await page.get_by_label("Name").fill(way)
                await page.get_by_role("button", name="Make the token").click()
                await page.get_by_text("Copy it now").wait_for()
                (token,) = set(SECRET.findall(await page.content()))
                assert token not in page.url
                if way == "reload":
                    await page.reload()
                else:
                    await page.goto(f"{origin}{ROOT}/activity")
                    await go_back(page)
                assert not SECRET.search(await steady(page))
            assert len(await application.tokens.list(ann)) == 2  # sending it again has made none
            await page.goto(f"{origin}{ROOT}/settings")
            assert "ann-of-the-page" in await page.content()
            await page.get_by_role("button", name="Sign out").click()
            await page.wait_for_url(f"{origin}/signin")
            await go_back(page)
            assert "ann-of-the-page" not in await steady(page)
