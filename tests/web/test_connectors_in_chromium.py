"""The pages of a member in a real browser: what its scripts do, and that our policy lets them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from tests.web.browsing import make_web
from tests.web.chromium import browsing, look, needs_chromium
from tests.web.ports import free_port, serving
from tests.web.test_connect import KINTO_YAML

from connectory.testing.application import connect, make_principal
from connectory.testing.connectors import NOTES_YAML, OPEN_YAML, make_catalog, make_connector
from connectory.testing.provider import FakeProvider, answers
from connectory.wiring import Application

FOREIGN = "<html><body><center><h1>502 Bad Gateway</h1></center></body></html>"  # of a proxy before us
pytestmark = [pytest.mark.slow, needs_chromium]

CALENDAR = NOTES_YAML.replace("name: notes\ntitle: Notes", "name: calendar\ntitle: Calendar")
SOON_MS = 20_000
EXPECTED = re.compile(  # what has gone, or is wrong, or was cut off
    r"(status of|Status Error Code) (401|404|410|413|422|429|502)\b|ERR_CONNECTION_REFUSED|"
    r"^htmx:(afterRequest|sendError),"
)


@asynccontextmanager
async def signed_in(
    provider: FakeProvider | None = None, **context: Any
) -> AsyncIterator[tuple[Application, Any, Any]]:
    """The application, somebody, and their browser at the connectors page; it complains of nothing."""
    port = free_port()
    provider = provider or FakeProvider(answers(200, [{"id": 1, "title": "First"}]))
    catalog = make_catalog(
        make_connector(), make_connector(CALENDAR), make_connector(OPEN_YAML), make_connector(KINTO_YAML)
    )
    web = make_web({"CONNECTORY_PORT": str(port)}, catalog=catalog, provider=provider)
    async with web as (application, app), serving(app, application.settings), browsing(**context) as page:
        page.set_default_timeout(SOON_MS)
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        principal = await make_principal(application)
        secret = await application.web_sessions.make_link(principal, timedelta(minutes=5))
        await page.goto(f"http://localhost:{port}/open/{secret}")
        await page.wait_for_url("**/workspaces/default/connectors")
        yield application, principal, page
        assert [text for text in complaints if not EXPECTED.search(text)] == []


async def test_typing_narrows_the_grid_and_the_focus_stays() -> None:
    async with signed_in() as (_, _, page):
        await page.get_by_label("Find a service").press_sequentially("calen")
        await page.wait_for_url(re.compile("query=calen"))  # a slow machine has asked for less before
        await page.locator("#connect-notes").wait_for(state="detached")
        assert await page.locator("#connect-calendar").is_visible()
        assert await page.evaluate("document.activeElement.id") == "query"
        assert await page.locator("#found").inner_text() == "1 service found"
        await page.get_by_label("Status").select_option("connected")
        await page.get_by_text("No service fits.").wait_for()


async def test_a_connection_that_is_made_elsewhere_appears_and_is_tried_and_let_go() -> None:
    async with signed_in() as (application, principal, page):
        await page.locator("#connect-calendar").focus()
        made = await connect(application, principal)
        row = page.locator(".connection")
        await row.wait_for()
        assert "user-s3cre" in await row.inner_text()
        assert await page.evaluate("document.activeElement.id") == "connect-calendar"
        await page.get_by_role("button", name="Test Notes").click()
        await page.locator("#said", has_text="notes/default works").wait_for()
        await row.get_by_role("link", name="Notes", exact=True).click()
        await page.locator("summary", has_text="Read").click()
        await page.get_by_role("link", name="List notes").click()
        await page.get_by_label("book").fill("b")
        await page.get_by_role("button", name="List notes").click()
        assert "title: First" in await page.locator("pre").inner_text()
        await page.get_by_role("link", name="notes/default").click()
        await page.get_by_role("link", name="Disconnect").click()
        await page.get_by_role("button", name="Yes, disconnect").click()
        await page.get_by_text("Nothing is connected yet.").wait_for()
        assert made.id not in await page.content()


async def test_the_page_of_a_connection_that_is_let_go_elsewhere_says_so() -> None:
    async with signed_in() as (application, principal, page):
        made = await connect(application, principal)
        await page.locator(".connection").get_by_role("link", name="Configure").click()
        await page.get_by_role("heading", name="Recent calls").wait_for()
        await application.auth.disconnect(principal, made.id)
        await page.get_by_text("This connection was removed.").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_key_is_typed_looked_at_and_connected_in_a_dialog_by_keyboard_on_a_narrow_screen(scheme: str) -> None:
    screen: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": 390, "height": 800}}
    provider = FakeProvider(is_revoked=True)
    async with signed_in(provider, **screen) as (_, _, page):
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        await page.locator("#connect-notes").focus()
        await page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Connect Notes")
        field = dialog.get_by_label("API key", exact=True)
        await field.wait_for()
        assert await page.title() == "Connectors – Connectory"
        await field.fill("wrong-token")
        await field.press("Enter")
        await dialog.get_by_role("alert").wait_for()
        assert await field.input_value() == "wrong-token"  # to be looked at, and put right
        provider.is_revoked = False
        await field.fill("s3cret-token")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        assert await field.get_attribute("type") == "text"
        await page.get_by_role("button", name="Hide API key").press("Enter")
        assert await field.get_attribute("type") == "password"
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        await field.press("Enter")
        await page.wait_for_url(re.compile("/connectors[?]connected="))
        await page.locator("#said", has_text="Notes is connected as user-s3cre").wait_for()
        await page.locator(".connection", has_text="user-s3cre").wait_for()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_a_dialog_that_is_closed_keeps_nothing_and_gives_the_focus_back() -> None:
    async with signed_in() as (_, _, page):
        await page.locator("#connect-notes").click()
        field = page.get_by_label("API key", exact=True)
        await field.fill("s3cret-token")
        asked: list[str] = []
        page.on("dialog", lambda question: answer(question, asked, accepts=len(asked) > 1))
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Close").click()
        assert asked == ["Discard what you typed?"] * 2
        assert await field.input_value() == "s3cret-token"
        await page.keyboard.press("Escape")
        await page.locator("#dialog-page:empty").wait_for(state="attached")  # a moment after it has closed
        assert not await page.get_by_role("dialog").is_visible()
        assert await page.evaluate("document.activeElement.id") == "connect-notes"
        await page.keyboard.press("Enter")  # the same link, still good
        assert await page.get_by_label("API key", exact=True).input_value() == ""
        await page.get_by_role("button", name="Close").click()
        await page.get_by_role("dialog").wait_for(state="hidden")
        assert page.url.endswith("/workspaces/default/connectors")
        assert len(asked) == 3  # with nothing typed nothing is asked


async def answer(question: Any, asked: list[str], *, accepts: bool) -> None:
    """Press a button of the browser's own question."""
    asked.append(question.message)
    await (question.accept() if accepts else question.dismiss())


async def test_on_a_wide_screen_the_first_field_has_the_focus_and_tab_stays_in_the_dialog() -> None:
    async with signed_in() as (_, _, page):
        await page.locator("#connect-notes").click()
        await page.get_by_role("dialog").wait_for()
        assert await page.evaluate("document.activeElement.name") == "value.token"


async def test_another_s_page_is_no_answer_of_ours_in_the_dialog() -> None:
    async with signed_in() as (_, _, page):
        await page.route("**/connect", lambda route: route.fulfill(status=502, body=FOREIGN, content_type="text/html"))
        await page.locator("#connect-notes").click()
        dialog = page.get_by_role("dialog", name="Connect Notes")
        await dialog.get_by_role("alert").get_by_text("The server did not answer.").wait_for()
        await page.unroute("**/connect")
        await dialog.get_by_role("button", name="Try again").click()
        await dialog.get_by_label("API key", exact=True).wait_for()


async def test_a_server_that_is_away_is_said_in_the_dialog_and_what_was_typed_stays() -> None:
    async with signed_in() as (_, _, page):
        await page.route("**/connect", lambda route: route.abort("connectionrefused"))
        await page.locator("#connect-notes").click()
        dialog = page.get_by_role("dialog", name="Connect Notes")
        await dialog.get_by_role("alert").get_by_text("The server did not answer.").wait_for()
        await page.unroute("**/connect")
        await dialog.get_by_role("button", name="Try again").click()
        field = dialog.get_by_label("API key", exact=True)
        await field.fill("s3cret-token")
        assert not await dialog.get_by_role("alert").is_visible()
        await page.route("**/connect/**", lambda route: route.abort("connectionrefused"))
        await page.keyboard.press("Enter")
        await dialog.get_by_role("alert").wait_for()
        assert await field.input_value() == "s3cret-token"
        await page.unroute("**/connect/**")
        await page.route(
            "**/connect/**", lambda route: route.fulfill(status=413, body=FOREIGN, content_type="text/html")
        )
        await field.press("Enter")
        await dialog.get_by_role("alert").get_by_text("The server did not answer.").wait_for()
        assert not await dialog.get_by_role("button", name="Try again").is_visible()  # the form has a button of its own


async def test_a_key_outlives_a_refusal_and_a_question_about_an_address() -> None:
    async with signed_in() as (_, _, page):
        await page.locator("#connect-kinto").click()
        dialog = page.get_by_role("dialog", name="Connect Kinto")
        password = dialog.get_by_label("Password", exact=True)
        await password.fill("s3cret")
        await dialog.get_by_label("User name").fill("ann")
        await dialog.get_by_label("Server", exact=True).fill("localhost:8888")
        refusal = "<main><h1>Too many</h1><p>Too many requests.</p><p>Wait a minute.</p><p><a href='/'>x</a></p></main>"
        await page.route("**/connect/**", lambda route: route.fulfill(status=429, body=refusal))
        await password.press("Enter")
        await dialog.get_by_text("Too many requests. Wait a minute.").wait_for()
        assert await password.input_value() == "s3cret"
        await page.unroute("**/connect/**")
        await password.press("Enter")
        await dialog.get_by_text("This address is in a private network.").wait_for()
        assert await password.input_value() == "s3cret"
        assert await dialog.get_by_label("Server", exact=True).input_value() == "https://localhost:8888"


async def test_whoever_is_signed_out_meanwhile_sees_no_form_in_the_dialog() -> None:
    async with signed_in() as (application, _, page):
        (cookie,) = [one for one in await page.context.cookies() if one["name"] == "connectory-session"]
        await look(page, is_looked_at=False)  # else its stream of events says so first
        await application.web_sessions.end(cookie["value"])
        await page.locator("#connect-notes").click()
        await page.get_by_text("You were signed out; nothing was done. Sign in, then repeat it.").wait_for()
        assert await page.locator("input[name=next]").first.input_value() == "/workspaces/default/connectors"
        assert await page.get_by_role("dialog").count() == 0


async def test_the_button_says_that_a_key_is_being_checked() -> None:
    async with signed_in() as (_, _, page):
        may_go_on = asyncio.Event()

        async def hold(route: Any) -> None:
            await may_go_on.wait()
            await route.continue_()

        await page.locator("#connect-notes").click()
        await page.get_by_label("API key", exact=True).fill("s3cret-token")
        await page.route("**/connect/**", hold)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Checking…").wait_for()
        for _ in range(2):
            await page.keyboard.press("Escape")
            await page.get_by_role("dialog").get_by_text("still being checked").wait_for()
        may_go_on.set()
        await page.locator("#said", has_text="Notes is connected").wait_for()


async def test_a_sign_in_is_renewed_in_the_dialog_of_the_connection_s_page() -> None:
    async with signed_in() as (application, principal, page):
        made = await connect(application, principal)
        await page.locator(".connection").get_by_role("link", name="Configure").click()
        await page.get_by_role("button", name="Reconnect").click()
        await page.get_by_role("dialog", name="Renew the sign-in of Notes").wait_for()
        await page.get_by_label("API key", exact=True).fill("s3cret-token")
        await page.keyboard.press("Enter")
        await page.wait_for_url(re.compile(f"/connectors[?]connected={made.id}"))


async def test_what_asks_for_nothing_is_connected_by_one_click() -> None:
    async with signed_in() as (_, _, page):
        await page.locator("#connect-open").click()
        await page.locator("#said", has_text="Open is connected").wait_for()
        await page.locator(".connection", has_text="Open").wait_for()
        assert await page.get_by_role("dialog").count() == 0


async def test_times_are_told_by_the_clock_of_whoever_looks() -> None:
    async with signed_in(timezone_id="Asia/Tokyo", locale="en-GB") as (application, principal, page):
        made = await connect(application, principal)
        row = page.locator(".connection")
        await row.wait_for()
        await page.get_by_role("link", name="Configure").click()
        since = page.locator("dt", has_text="Connected").locator("xpath=..").locator("time")
        expected = made.created_at + timedelta(hours=9)
        assert f"{expected:%H:%M}" in await since.get_attribute("title")
