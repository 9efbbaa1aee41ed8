"""The pages of a member in a real browser: what its scripts do, and that our policy lets them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from tests.web.browsing import make_web
from tests.web.chromium import browsing, needs_chromium
from tests.web.ports import free_port, serving

from connectory.testing.application import connect, make_principal
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.testing.provider import FakeProvider, answers
from connectory.wiring import Application

pytestmark = [pytest.mark.slow, needs_chromium]

CALENDAR = NOTES_YAML.replace("name: notes\ntitle: Notes", "name: calendar\ntitle: Calendar")
SOON_MS = 20_000


@asynccontextmanager
async def signed_in(**context: Any) -> AsyncIterator[tuple[Application, Any, Any]]:
    """The application, somebody, and their browser at the connectors page; it complains of nothing."""
    port = free_port()
    provider = FakeProvider(answers(200, [{"id": 1, "title": "First"}]))
    catalog = make_catalog(make_connector(), make_connector(CALENDAR))
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
        assert [text for text in complaints if "404" not in text and "401" not in text] == []  # what has gone


async def test_typing_narrows_the_grid_and_the_focus_stays() -> None:
    async with signed_in() as (_, _, page):
        await page.get_by_label("Find a service").press_sequentially("calen")
        await page.locator("#connect-notes").wait_for(state="detached")
        assert await page.locator("#connect-calendar").is_visible()
        assert await page.evaluate("document.activeElement.id") == "query"
        assert await page.locator("#found").inner_text() == "1 service found"
        assert "query=calen" in page.url
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
        await page.get_by_text("There is no connection").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_key_is_typed_looked_at_and_connected_by_keyboard_on_a_narrow_screen(scheme: str) -> None:
    screen: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": 390, "height": 800}}
    async with signed_in(**screen) as (_, _, page):
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        await page.locator("#connect-notes").focus()
        await page.keyboard.press("Enter")
        field = page.get_by_label("API key", exact=True)
        await field.fill("s3cret-token")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        assert await field.get_attribute("type") == "text"
        await page.get_by_role("button", name="Hide API key").press("Enter")
        assert await field.get_attribute("type") == "password"
        await field.press("Enter")
        await page.wait_for_url(re.compile("/done$"))
        await page.get_by_role("link", name="Back to all connectors").click()
        await page.locator(".connection", has_text="user-s3cre").wait_for()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
