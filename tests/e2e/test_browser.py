"""The main way once in a real browser: a person opens the link, fills the page, and the agent goes on."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from tests.e2e.programs import Install, Kinto, items_of, link_in, say
from tests.web.chromium import browsing, needs_chromium


@needs_chromium
@pytest.mark.parametrize("has_scripts", [True, False])
async def test_a_person_connects_in_chromium_and_the_agent_goes_on(
    install: Install, kinto: Kinto, tmp_path: Path, has_scripts: bool
) -> None:
    name, password, bucket = f"bea{secrets.token_hex(3)}", secrets.token_urlsafe(12), f"b{secrets.token_hex(4)}"
    kinto.create_account(name, password)
    async with install.over_stdio("auto") as client, browsing(java_script_enabled=has_scripts) as page:
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        link = link_in(await say(client, "connect", connector="kinto"))
        await page.goto(link)
        assert "local" in await page.inner_text("main")  # who asks
        await page.screenshot(path=tmp_path / "form.png", full_page=True)

        await page.get_by_label("Server").fill(kinto.url)
        await page.get_by_label("User name").fill(name)
        await page.get_by_label("Password", exact=True).fill("not the password")
        await page.keyboard.press("Enter")
        await page.get_by_role("alert").first.wait_for()
        first = await page.content()
        assert "not the password" not in first
        await page.screenshot(path=tmp_path / "question.png", full_page=True)
        await page.get_by_label("Password", exact=True).fill(password)
        await page.get_by_role("checkbox").check()
        await page.keyboard.press("Enter")

        await page.wait_for_url(f"{link}/done")
        done = await page.inner_text("main")
        await page.screenshot(path=tmp_path / "done.png", full_page=True)
        assert name in done
        assert "kinto/default" in done
        assert "Ask now" in done
        assert "Add a record to the collection articles." in done
        assert password not in await page.content()
        assert [text for text in complaints if "422" not in text] == []  # the form shown again says so by its status
        assert "Connected: Kinto as kinto/default" in await say(client, "connect", connector="kinto")
        await say(client, "kinto_create_bucket", bucket=bucket)
        assert bucket in [one["id"] for one in items_of(await say(client, "kinto_list_buckets"))]
