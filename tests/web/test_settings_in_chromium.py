"""Activity and settings in a real browser: nothing is blocked or too wide, and axe-core finds nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from tests.catalog.drafts import OAUTH_YAML
from tests.web.axe import needs_axe, violations
from tests.web.browsing import make_web
from tests.web.chromium import browsing, needs_chromium
from tests.web.ports import free_port, serving
from tests.web.settings import ROOT

from connectory.identity.principal import Principal
from connectory.testing.application import connect, make_principal
from connectory.testing.connectors import make_catalog, make_connector
from connectory.vault.entities import PolicyEffect, Role
from connectory.wiring import Application

pytestmark = [pytest.mark.slow, needs_chromium]
PAGES = ("", "/tokens", "/sessions", "/oauth-apps", "/oauth-apps/board", "/policy", "/connectors", "/clients")
LINES = """row => {  // where the first word of a row ends below, and of what can be done there; and both right edges
    const bottom = (node) => {
        const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT, one => one.data.trim() ? 1 : 2);
        const range = document.createRange();
        range.selectNodeContents(walker.nextNode());
        return range.getBoundingClientRect().bottom;
    };
    const deeds = [...row.lastElementChild.querySelectorAll("summary, .button")];
    return {word: bottom(row.firstElementChild), deed: bottom(deeds[0]),
            edge: row.getBoundingClientRect().right, deeds_edge: deeds.at(-1).getBoundingClientRect().right};
}"""
LONG = "a-rather-long-name-without-a-single-space-in-it-such-as-people-give-to-their-tokens"


@needs_axe
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
async def test_everybody_can_read_and_use_every_page(scheme: str, width: int) -> None:
    port, catalog = free_port(), make_catalog(make_connector(), make_connector(OAUTH_YAML))
    async with make_web({"CONNECTORY_PORT": str(port)}, catalog=catalog) as (application, app):
        ann = await make_principal(application, user=LONG)
        await make_principal(application, user="mia", role=Role.MEMBER)
        await connect(application, ann)
        await application.tokens.create(ann, LONG)
        await application.policies.add(ann, PolicyEffect.CONFIRM, ["notes_delete_*"])
        await application.oauth_apps.put(ann, "board", LONG * 3, "s3cret")
        secret = await application.web_sessions.make_link(ann, timedelta(minutes=1))
        await application.web_sessions.start_for(ann.workspace_id, ann.user_id, timedelta(hours=1))
        origin = f"http://localhost:{port}"
        screen = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
        async with serving(app, application.settings), browsing(**screen) as page:
            complaints: list[str] = []
            page.on("console", lambda message: complaints.append(message.text))
            await page.goto(f"{origin}/open/{secret}")
            for path in ("/workspaces/default/activity", *(f"{ROOT}{section}" for section in PAGES)):
                await page.goto(f"{origin}{path}")
                await page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
                assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
                assert await violations(page) == [], path
            assert complaints == []


async def test_a_question_opens_beside_the_table_and_moves_none_of_it() -> None:
    port = free_port()
    async with make_web({"CONNECTORY_PORT": str(port)}) as (application, app):
        ann = await make_principal(application)
        for name in ("mia", "ron"):
            await make_principal(application, user=name, role=Role.MEMBER)
        secret = await application.web_sessions.make_link(ann, timedelta(minutes=1))
        origin, where = f"http://localhost:{port}", "all => all.map(one => JSON.stringify(one.getBoundingClientRect()))"
        async with serving(app, application.settings), browsing(viewport={"width": 1280, "height": 800}) as page:
            await page.goto(f"{origin}/open/{secret}")
            await page.goto(f"{origin}{ROOT}")
            cells = page.locator("table :is(th, td, summary)")
            before = await cells.evaluate_all(where)
            for question in ("Change role mia", "Remove mia", "Change role ron"):
                await page.locator("summary", has_text=question).click()
                form = page.locator(".ask form:visible")
                assert await form.count() == 1, question  # the one before has closed
                row, asked = page.locator("tr", has=form), await form.bounding_box()
                of_row = await row.bounding_box()
                assert asked["y"] >= of_row["y"] + of_row["height"] - 1, question  # what it is about can be read
                assert await cells.evaluate_all(where) == before, question


async def test_a_question_closes_by_escape_by_cancel_and_by_a_click_beside_it() -> None:
    port = free_port()
    async with make_web({"CONNECTORY_PORT": str(port)}) as (application, app):
        ann = await make_principal(application)
        await make_principal(application, user="mia", role=Role.MEMBER)
        secret = await application.web_sessions.make_link(ann, timedelta(minutes=1))
        origin = f"http://localhost:{port}"
        async with serving(app, application.settings), browsing(viewport={"width": 1280, "height": 800}) as page:
            await page.goto(f"{origin}/open/{secret}")
            await page.goto(f"{origin}{ROOT}")
            question, form = page.locator("summary", has_text="Remove mia"), page.locator(".ask form:visible")
            is_focused = "summary => document.activeElement === summary"
            ways: tuple[Callable[[], Any], ...] = (
                lambda: page.keyboard.press("Escape"),
                lambda: form.get_by_role("button", name="Cancel").click(),
                lambda: page.get_by_role("heading", name="Members").click(),
            )
            for close in ways:
                await question.click()
                await form.wait_for()
                await form.get_by_role("button", name="Yes, remove them").focus()
                await close()
                await form.wait_for(state="hidden")
                assert await question.evaluate(is_focused)
            await question.click()
            await page.get_by_label("Name").click()  # where one goes on, one stays
            await form.wait_for(state="hidden")
            assert not await question.evaluate(is_focused)
            assert len(await application.workspaces.members(ann)) == 2


async def test_what_can_be_done_stands_at_the_edge_on_the_line_of_its_row() -> None:
    port, catalog = free_port(), make_catalog(make_connector(), make_connector(OAUTH_YAML))
    async with make_web({"CONNECTORY_PORT": str(port)}, catalog=catalog) as (application, app):
        ann = await make_principal(application)
        await make_principal(application, user="mia", role=Role.MEMBER)
        await application.policies.add(ann, PolicyEffect.DENY, ["notes_*"])
        secret = await application.web_sessions.make_link(ann, timedelta(minutes=1))
        origin = f"http://localhost:{port}"
        async with serving(app, application.settings), browsing(viewport={"width": 1280, "height": 800}) as page:
            await page.goto(f"{origin}/open/{secret}")
            for section in ("", "/oauth-apps", "/policy"):
                await page.goto(f"{origin}{ROOT}{section}")
                last = page.locator("tbody tr").last
                texts = await last.evaluate(LINES)
                assert abs(texts["word"] - texts["deed"]) <= 1, section
                assert abs(texts["edge"] - texts["deeds_edge"]) <= 1, section


@asynccontextmanager
async def without_scripts() -> AsyncIterator[tuple[Application, Principal, Any]]:
    """The application, an owner, and their browser, which runs no scripts and knows where the pages are."""
    port = free_port()
    async with make_web({"CONNECTORY_PORT": str(port)}) as (application, app):
        ann = await make_principal(application)
        secret = await application.web_sessions.make_link(ann, timedelta(minutes=1))
        screen = {"java_script_enabled": False, "base_url": f"http://localhost:{port}"}
        async with serving(app, application.settings), browsing(**screen) as page:
            await page.goto(f"/open/{secret}")
            yield application, ann, page


async def test_a_rule_and_a_token_are_made_by_keyboard_alone_without_scripts() -> None:
    async with without_scripts() as (application, ann, page):
        await page.goto(f"{ROOT}/policy")
        await page.get_by_label("Actions").focus()
        await page.keyboard.type("notes_*")
        await page.keyboard.press("Enter")
        await page.get_by_text("The rule holds").wait_for()
        await page.locator("summary", has_text="Remove").focus()
        await page.keyboard.press("Enter")  # opens the question
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.get_by_text("The rule is removed").wait_for()
        await page.goto(f"{ROOT}/tokens")
        await page.get_by_label("Name").focus()
        await page.keyboard.type("laptop")
        await page.keyboard.press("Enter")
        await page.get_by_text("Copy it now").wait_for()
        assert [token.name for token in await application.tokens.list(ann)] == ["laptop"]
        assert await application.policies.list(ann) == []


async def test_a_member_is_added_made_an_owner_and_removed_by_keyboard_alone_without_scripts() -> None:
    async with without_scripts() as (application, ann, page):
        await page.goto(ROOT)
        await page.get_by_label("Name").focus()
        await page.keyboard.type("Sue")
        await page.keyboard.press("Enter")
        await page.get_by_text("Sue is a member now").wait_for()
        await page.locator("summary", has_text="Change role Sue").focus()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.type("Ow")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.get_by_text("The role is changed").wait_for()
        assert [role for _, role in await application.workspaces.members(ann)] == [Role.OWNER] * 2
        await page.locator("summary", has_text="Remove Sue").focus()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.get_by_text("They are no member any more").wait_for()
        assert len(await application.workspaces.members(ann)) == 1
