"""Open pages in a real browser hear of what happens elsewhere, and hold no connection that nobody looks at."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.web.browsing import make_web
from tests.web.chromium import browsing, look, needs_chromium
from tests.web.ports import free_port, serving
from tests.web.test_connectors_in_chromium import FOREIGN, signed_in

from connectory.testing.application import connect, make_principal

pytestmark = [pytest.mark.slow, needs_chromium]

TABS = 8  # more than the connections that a browser opens to one server


async def test_any_number_of_tabs_can_be_open_and_the_one_that_is_looked_at_is_live() -> None:
    async with signed_in() as (application, principal, page):
        await look(page, is_looked_at=False)
        for _ in range(TABS - 1):
            tab = await page.context.new_page()
            await tab.goto(page.url)
            await tab.get_by_role("heading", name="Connected services").wait_for()
            await look(tab, is_looked_at=False)
        await look(tab, is_looked_at=True)

        await connect(application, principal)

        await tab.locator(".connection").wait_for()
        assert await page.locator(".connection").count() == 0
        await look(page, is_looked_at=True)
        await page.locator(".connection").wait_for()


async def test_a_call_appears_on_the_activity_page_and_among_a_connection_s_calls() -> None:
    async with signed_in() as (application, principal, page):
        made = await connect(application, principal)
        activity = await page.context.new_page()
        await activity.goto(page.url.replace("connectors", "activity"))
        await page.goto(page.url.replace("connectors", f"connections/{made.id}"))

        await application.gateway.call_action(principal, "notes_list_notes", {"book": "b"})

        await activity.get_by_text("notes_list_notes").wait_for()
        await page.locator("table.calls").get_by_text("List notes").wait_for()


async def test_who_is_signed_out_elsewhere_is_asked_to_sign_in_at_once() -> None:
    async with signed_in() as (application, _, page):
        (cookie,) = [one for one in await page.context.cookies() if one["name"] == "connectory-session"]
        await application.web_sessions.end(cookie["value"])

        await page.get_by_text("You were signed out meanwhile. Sign in to go on.").wait_for()


async def test_a_page_that_shows_nothing_live_asks_for_no_events() -> None:
    async with signed_in() as (_, __, page):
        asked: list[str] = []
        settings = page.url.replace("connectors", "settings/tokens")
        await page.goto("about:blank")  # the page that is left may still be asking
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(settings)
        await page.wait_for_timeout(300)
        assert [url for url in asked if "/events" in url] == []


async def test_a_server_that_is_away_is_said_until_it_is_back_and_nothing_typed_is_lost() -> None:
    port = free_port()
    async with make_web({"CONNECTORY_PORT": str(port)}) as (application, app), browsing() as page:
        async with serving(app, application.settings):
            secret = await application.web_sessions.make_link(await make_principal(application), timedelta(minutes=5))
            await page.goto(f"http://localhost:{port}/open/{secret}")
            await page.locator("#connect-notes").wait_for()
        said = page.get_by_role("status").get_by_text("The server does not answer. Trying again…")
        await said.wait_for()  # by the stream of events alone

        await page.get_by_label("Find a service").fill("nothing like it")
        await page.wait_for_function("document.querySelector('.htmx-request') === null")
        assert await page.locator("#connect-notes").is_visible()
        async with serving(app, application.settings):
            await page.get_by_text("No service fits.").wait_for()
            assert await said.count() == 0
            await page.get_by_label("Find a service").fill("")
            await page.locator("#connect-notes").wait_for()


async def test_a_proxy_that_finds_no_server_is_no_answer_and_the_page_lives_on_afterwards() -> None:
    async with signed_in() as (application, principal, page):
        await page.route("**/*", lambda route: route.fulfill(status=502, body=FOREIGN, content_type="text/html"))
        await page.get_by_label("Find a service").fill("calen")
        said = page.get_by_role("status").get_by_text("The server does not answer. Trying again…")
        await said.wait_for()
        await page.unroute("**/*")
        await page.locator("#connect-notes").wait_for(state="detached")
        assert await said.count() == 0
        await page.get_by_label("Find a service").fill("")
        await connect(application, principal)
        await page.locator(".connection").wait_for()


async def test_a_search_that_finds_no_server_says_so_and_goes_on_by_itself() -> None:
    async with signed_in() as (_, __, page):
        await page.route("**/connectors?*", lambda route: route.abort("connectionrefused"))
        await page.get_by_label("Find a service").fill("calen")
        said = page.get_by_role("status").get_by_text("The server does not answer. Trying again…")
        await said.wait_for()
        await page.unroute("**/connectors?*")
        await page.locator("#connect-notes").wait_for(state="detached")
        assert await said.count() == 0
