"""A manifest that is not kept, tried in a real browser against a real server: seen by axe-core, and without scripts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cli.provider import KEY, Provider, provider
from tests.web.axe import needs_axe, violations
from tests.web.browsing import make_web
from tests.web.chromium import browsing, needs_chromium
from tests.web.ports import free_port, serving
from tests.web.settings import DRAFT, ROOT

from connectory.identity.principal import local_principal
from connectory.wiring import Application

pytestmark = [pytest.mark.slow, needs_chromium]


@asynccontextmanager
async def checked(folder: Path, **screen: Any) -> AsyncIterator[tuple[Application, Any, Provider]]:
    """A browser in which a draft has been checked, and the server that it is about."""
    port = free_port()
    environment = {"CONNECTORY_PORT": str(port), "CONNECTORY_DATA_DIR": str(folder)}
    with provider() as acme:
        async with make_web(environment) as (application, app):
            me = await local_principal(application.vault)
            secret = await application.web_sessions.make_link(me, timedelta(minutes=1))
            origin = f"http://localhost:{port}"
            async with serving(app, application.settings), browsing(**screen) as page:
                await page.goto(f"{origin}/open/{secret}")
                await page.goto(f"{origin}{ROOT}/connectors")
                await page.get_by_label("or its text").fill(DRAFT)
                await page.get_by_role("button", name="Check it").click()
                await page.get_by_role("heading", name="Acme is good").wait_for()
                yield application, page, acme


@needs_axe
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
async def test_everybody_can_read_and_use_the_page(tmp_path: Path, scheme: str, width: int) -> None:
    screen = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    async with checked(tmp_path, **screen) as (_, page, acme):
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        for name, following in (("Try it", "Try Acme"), ("List things", "How to sign in"), ("List things", "3. What")):
            if name == "List things":
                await page.get_by_label("Server", exact=True).fill(acme.origin)
                await page.get_by_label("Key", exact=True).fill(KEY)
            if following.startswith("3."):
                await page.get_by_label("I mean it").check()
            await page.get_by_role("button", name=name, exact=True).click()
            await page.get_by_role("heading", name=following).wait_for()
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, following
            assert await violations(page) == [], following
        assert complaints == []
        assert acme.requests == ["/me", "/things"]


async def test_a_draft_is_tried_by_keyboard_alone_without_scripts_and_then_kept(tmp_path: Path) -> None:
    async with checked(tmp_path, java_script_enabled=False) as (application, page, acme):
        await page.get_by_role("button", name="Try it").press("Enter")
        await page.get_by_label("Action").select_option("draft_delete_thing")
        await page.get_by_role("button", name="Choose").press("Enter")
        await page.get_by_label("Server", exact=True).fill(acme.origin)
        await page.get_by_label("id", exact=True).fill("7")
        await page.get_by_role("button", name="Only show").press("Enter")  # nothing secret is typed yet
        await page.get_by_label("on this machine").press("Space")
        await page.get_by_role("button", name="Only show").press("Enter")
        await page.get_by_text(f"DELETE {acme.origin}/things/7").wait_for()
        assert acme.requests == []
        await page.get_by_label("Key", exact=True).fill(KEY)
        await page.get_by_label("Yes, I mean it").press("Space")
        await page.get_by_label("Key", exact=True).press("Enter")
        await page.get_by_role("heading", name="3. What an agent gets").wait_for()
        assert acme.requests == ["/me", "/things/7"]
        assert await page.get_by_label("Key", exact=True).input_value() == ""
        assert "draft" not in application.catalog.connectors
        await page.get_by_role("button", name="Keep it").press("Enter")
        await page.get_by_text("The connector is kept").wait_for()
        assert application.catalog.connector("draft").actions.keys() == {"list_things", "delete_thing"}
