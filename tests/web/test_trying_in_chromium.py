"""Trying an action, a question and a rename in a real browser: what is seen and focused first, and the way back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from tests.web.axe import needs_axe, violations
from tests.web.browsing import make_web
from tests.web.chromium import browsing, needs_chromium
from tests.web.ports import free_port, serving

from connectory.testing.application import connect, make_principal
from connectory.testing.provider import FakeProvider, answers
from connectory.vault.entities import PolicyEffect

pytestmark = [pytest.mark.slow, needs_chromium]
SOON_MS = 20_000
EXPECTED = re.compile("status of 422")  # the page that says what is wrong
PHONE = {"width": 390, "height": 700}
MANY = [{"id": one, "title": "A note " * 8} for one in range(200)]
HOW_FAR = "() => [document.querySelector('#outcome').getBoundingClientRect().bottom, innerHeight]"
CUT = "all => all.filter(one => one.scrollHeight > one.clientHeight + 1).length"


@asynccontextmanager
async def on_the_pages(rule: PolicyEffect | None = None, **context: Any) -> AsyncIterator[tuple[Any, str]]:
    """A browser that is signed in, and the address of its one connection."""
    port, provider = free_port(), FakeProvider(answers(200, MANY))
    async with make_web({"CONNECTORY_PORT": str(port)}, provider=provider) as (application, app):
        ann = await make_principal(application)
        made = await connect(application, ann)
        if rule is not None:
            await application.policies.add(ann, rule, ["notes_create_note"])
        secret = await application.web_sessions.make_link(ann, timedelta(minutes=1))
        async with serving(app, application.settings), browsing(viewport=PHONE, **context) as page:
            complaints: list[str] = []
            page.set_default_timeout(SOON_MS)
            page.on("console", lambda message: complaints.append(message.text))
            await page.goto(f"http://localhost:{port}/open/{secret}")
            yield page, f"http://localhost:{port}/workspaces/default/connections/{made.id}"
        assert [text for text in complaints if not EXPECTED.search(text)] == []


@pytest.mark.parametrize("has_scripts", [True, False])
async def test_what_came_of_a_try_is_what_one_sees(*, has_scripts: bool) -> None:
    async with on_the_pages(java_script_enabled=has_scripts) as (page, address):
        await page.goto(f"{address}/try?action=notes_list_notes")
        await page.locator("#input-book").fill("home")
        await page.get_by_role("button", name="List notes").click()
        await page.wait_for_selector("#outcome")
        text = await page.inner_text("main")
        assert (
            text.index("Done: “List notes”.") < text.index("What your assistant reads of it") < text.index("Once more")
        )
        if has_scripts:
            bottom, height = await page.evaluate(HOW_FAR)
            assert 0 < bottom < height
            assert await page.evaluate("document.activeElement.id") == "outcome"


async def test_back_after_a_try_sends_nothing_again() -> None:
    async with on_the_pages() as (page, address):
        await page.goto(f"{address}/try?action=notes_list_notes")
        await page.locator("#input-book").fill("home")
        await page.get_by_role("button", name="List notes").click()
        await page.wait_for_selector("#outcome")
        await page.goto(address)
        answers_seen = []
        page.on("response", lambda response: answers_seen.append(response.request.method))
        await page.go_back()
        await page.wait_for_selector("#input-book")
        assert "POST" not in answers_seen
        assert "try?action=notes_list_notes" in page.url


async def test_a_rejected_name_is_where_one_types_and_back_is_the_page() -> None:
    async with on_the_pages() as (page, address):
        await page.goto(address)
        await page.get_by_label("New name of the account here").fill("x" * 40)
        await page.get_by_role("button", name="Rename").click()
        await page.wait_for_selector("#alias-problem")
        assert page.url == address
        assert await page.evaluate("document.activeElement.id") == "alias"
        assert await page.input_value("#alias") == "x" * 40
        await page.goto(f"{address}/disconnect")
        await page.go_back()
        assert page.url == address
        await page.goto(f"{address}/rename")
        assert page.url == address


@pytest.mark.parametrize("has_scripts", [True, False])
async def test_a_person_says_yes_to_all_that_they_typed_and_sends_it_by_one_press(*, has_scripts: bool) -> None:
    async with on_the_pages(PolicyEffect.CONFIRM, java_script_enabled=has_scripts) as (page, address):
        await page.goto(f"{address}/try?action=notes_create_note")
        await page.locator("#input-book").fill("line by line " * 120)
        await page.locator("#input-title").fill("t")
        await page.get_by_label("Yes, I mean it").check()
        await page.get_by_role("button", name="Create a note").click()
        await page.get_by_role("link", name="Look at the call and decide").click()
        await page.wait_for_url("**/confirm/*")
        assert "line by line " * 119 in await page.inner_text(".arguments")
        if has_scripts:
            assert await page.locator(".arguments dd").evaluate_all(CUT) == 0  # nothing is below an inner edge
        await page.get_by_role("button", name="Yes, do exactly this once").click()
        await page.get_by_role("link", name="Back to “Create a note”").click()
        await page.get_by_role("button", name="Create a note").click()
        await page.get_by_text("Done: “Create a note”.").wait_for()
        assert not await page.get_by_label("Yes, I mean it").is_checked()


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_read_what_came_of_it(scheme: str) -> None:
    async with on_the_pages(PolicyEffect.CONFIRM, color_scheme=scheme) as (page, address):
        await page.goto(f"{address}/try?action=notes_list_notes")
        await page.locator("#input-book").fill("home")
        await page.locator("#input-limit").fill("many")
        await page.get_by_role("button", name="List notes").click()
        await page.wait_for_selector("#input-limit-problem")
        assert await violations(page) == []
        await page.locator("#input-limit").fill("5")
        await page.get_by_role("button", name="List notes").click()
        await page.wait_for_selector("#result")
        assert await violations(page) == []
        await page.goto(address)
        await page.get_by_label("New name of the account here").fill("Not good")
        await page.get_by_role("button", name="Rename").click()
        await page.wait_for_selector("#alias-problem")
        assert await violations(page) == []
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"]
