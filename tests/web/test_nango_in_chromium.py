"""Signing in anew through Nango, in the dialog of the connectors page: the page that waits there goes on by itself."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from tests.auth.nango.scene import scene
from tests.web.browsing import services_of
from tests.web.chromium import browsing, needs_chromium
from tests.web.ports import free_port, serving

from connectory.web.app import create_web_app

pytestmark = [pytest.mark.slow, needs_chromium]


async def test_a_sign_in_at_nango_s_page_is_waited_for_in_the_dialog() -> None:
    port = free_port()
    async with scene(CONNECTORY_PORT=str(port)) as s:
        made = await s.connected()
        app = create_web_app(services_of(s.application))
        async with serving(app, s.application.settings), browsing() as page:
            secret = await s.application.web_sessions.make_link(s.ann, timedelta(minutes=5))
            await page.goto(f"http://localhost:{port}/open/{secret}")
            await page.get_by_role("button", name="Reconnect").click()
            dialog = page.get_by_role("dialog")
            await dialog.get_by_role("button", name="Sign in with Notes").click()
            leads = dialog.get_by_role("link", name="Open Nango’s page")
            address = await leads.get_attribute("href")
            await leads.focus()
            looks = [await page.wait_for_event("response", lambda one: "/waiting" in one.url) for _ in range(2)]
            assert [one.status for one in looks] == [200, 200]
            assert await page.evaluate("document.activeElement.id") == "open-page"  # whoever reads there is left alone

            await s.sign_in(address)
            s.clock.pass_by(seconds=6)

            await page.wait_for_url(re.compile(f"/connectors[?]connected={made.id}"))
            await page.locator("#said", has_text="Notes is connected as user-alice").wait_for()
