"""The pages as a person uses them: the real process, real services, Chromium with and without scripts, keys alone."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.auth.oauth.acme import ACME_YAML
from tests.e2e.programs import Install, Kinto
from tests.oauth_servers.oidc import SECRET, OidcServer, confidential_client, oidc_server
from tests.web.axe import needs_axe, violations
from tests.web.chromium import browsing, needs_chromium

pytestmark = needs_chromium
WIDTHS, SCHEMES = (1280, 390), ("light", "dark")
SOON_MS = 20_000


@asynccontextmanager
async def at_the_pages(install: Install, **how: Any) -> AsyncIterator[tuple[Any, str]]:
    """A browser that came in by the link of `connectory open`, at the connectors page; its address."""
    with install.serving():
        shown = install.run("open", "--no-browser")
        assert shown.returncode == 0, shown.stderr
        async with browsing(**how) as page:
            page.set_default_timeout(SOON_MS)
            page.complaints = []
            page.on("console", lambda message: page.complaints.append((message.location["url"], message.text)))
            await page.goto(shown.stdout.split()[0])
            yield page, f"{install.url}/workspaces/default"
            ours = [text for url, text in page.complaints if url.startswith(install.url)]
            assert [text for text in ours if "422" not in text and "404" not in text] == []


async def search_for(page: Any, text: str, *, has_scripts: bool) -> None:
    """Type what is looked for; without scripts the button sends it."""
    await page.get_by_label("Find a service").fill(text)
    if not has_scripts:
        await page.get_by_role("button", name="Search").click()
    await page.get_by_role("heading", name="Shopify").wait_for(state="detached")


@pytest.mark.parametrize("has_scripts", [True, False])
async def test_a_service_is_found_connected_tried_and_let_go(
    install: Install, kinto: Kinto, has_scripts: bool, tmp_path: Path
) -> None:
    name, password = f"bea{secrets.token_hex(3)}", secrets.token_urlsafe(12)
    kinto.create_account(name, password)
    async with at_the_pages(install, java_script_enabled=has_scripts) as (page, home):
        await search_for(page, "kint", has_scripts=has_scripts)
        await page.get_by_role("button", name="Connect Kinto").click()
        await page.get_by_label("Server").fill(kinto.url)
        await page.get_by_label("User name").fill(name)
        await page.get_by_label("Password", exact=True).fill("not the password")
        await page.keyboard.press("Enter")
        await page.get_by_role("alert").first.wait_for()
        await page.get_by_label("Password", exact=True).fill(password)
        await page.get_by_role("checkbox", name="This address is on this machine").check()
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{home}/connectors?connected=*")
        await page.get_by_text("Kinto is connected as").wait_for()
        assert password not in await page.content()
        await page.get_by_role("link", name="Configure Kinto, kinto/default").wait_for()
        await page.screenshot(path=tmp_path / "connected.png", full_page=True)

        await page.get_by_role("link", name="Configure").click()
        await page.get_by_text("Create and change").first.click()
        await page.get_by_role("link", name="Create a bucket").click()
        bucket = f"b{secrets.token_hex(4)}"
        await page.get_by_label("bucket").first.fill(bucket)
        await page.screenshot(path=tmp_path / "try.png", full_page=True)
        await page.get_by_role("checkbox").first.check()
        await page.get_by_role("button", name="Create a bucket").click()
        await page.locator("pre").first.wait_for()
        assert bucket in await page.inner_text("main")
        await page.screenshot(path=tmp_path / "result.png", full_page=True)

        await page.goto(f"{home}/connectors")
        await page.get_by_role("link", name="Disconnect").click()
        await page.get_by_role("button", name="Disconnect").click()
        await page.get_by_text("Nothing is connected yet.").wait_for()  # else leaving could stop the form on its way
        await page.goto(f"{home}/connectors")
        assert await page.get_by_role("link", name="kinto/default").count() == 0


@pytest.fixture
def oidc(install: Install) -> Iterator[tuple[Install, OidcServer]]:
    with oidc_server(confidential_client(f"{install.url}/api/auth/callback/acme")) as server:
        folder = install.folder / "manifests"
        folder.mkdir()
        (folder / "acme.yaml").write_text(ACME_YAML, encoding="utf-8")
        settings = {"CONNECTORY_MANIFESTS": str(folder), "ACME_CLIENT_ID": "connectory", "ACME_CLIENT_SECRET": SECRET}
        yield replace(install, extra=settings), server


async def test_a_sign_in_at_the_provider_leads_back_and_another_window_sees_it_by_itself(
    oidc: tuple[Install, OidcServer],
) -> None:
    install, server = oidc
    async with at_the_pages(install) as (page, home):
        await page.goto(f"{home}/connectors")
        other = await page.context.new_page()
        await other.goto(f"{home}/connectors?query=acme")
        appears = other.get_by_role("link", name="Configure Acme, acme/default")
        assert await appears.count() == 0

        await search_for(page, "acme", has_scripts=True)
        await page.get_by_role("button", name="Connect Acme").click()
        await page.get_by_label("Server").fill(server.issuer)
        await page.keyboard.press("Enter")
        await page.get_by_role("checkbox", name="This address is on this machine").check()
        await page.get_by_role("button", name="Sign in with").click()
        await page.locator("input[name=login]").fill("alice")
        await page.locator("input[name=password]").fill("x")
        await page.locator("button[type=submit]").click()
        await page.locator("input[name=prompt][value=consent]").wait_for(state="attached")
        await page.locator("button[type=submit]").click()

        await appears.wait_for()  # nobody has touched this window
        await page.wait_for_url(f"{home}/connectors?connected=*")  # where it began
        await page.get_by_text("Acme is connected as alice@example.test").wait_for()


async def test_the_demo_is_connected_with_the_keyboard_alone(install: Install) -> None:
    async with at_the_pages(install) as (page, home):
        await page.goto(f"{home}/connectors?query=demo")
        await tab_to(page, "Connect Demo")
        await page.keyboard.press("Enter")
        await page.get_by_text("Demo is connected").first.wait_for()
        await tab_to(page, "Connect GitHub")
        await page.keyboard.press("Enter")
        await page.get_by_role("dialog", name="Connect GitHub").wait_for()
        for key in ("Tab", "Shift+Tab", "Shift+Tab"):  # it stays in the dialog
            await page.keyboard.press(key)
            assert await page.evaluate("document.activeElement.closest('dialog') !== null")
        await page.keyboard.press("Escape")
        await page.get_by_role("dialog").wait_for(state="hidden")


async def tab_to(page: Any, name: str) -> None:
    """Press Tab until the button or link of that name has the focus; whatever had it must have shown so."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(
            """() => { const e = document.activeElement;
            return [e.getAttribute('aria-label') || e.textContent.trim(), getComputedStyle(e).outlineStyle]; }"""
        )
        assert focused[1] != "none", focused
        if focused[0] == name:
            return
    raise AssertionError(f"no way to {name} by Tab")


OF_MEMBERS = [
    "connectors", "connectors?query=nothing-fits", "connectors/github", "activity", "settings", "settings/tokens",
    "settings/oauth-apps", "settings/oauth-apps/github", "settings/policy", "settings/connectors", "settings/clients",
]  # fmt: skip


@needs_axe
async def test_every_page_can_be_read_by_everybody_at_every_size(install: Install, tmp_path: Path) -> None:
    install.run("connect", "demo")
    install.run("call", "demo_list_tasks")
    async with at_the_pages(install) as (page, home):
        configure = await page.get_by_role("link", name="Configure").first.get_attribute("href")
        of_connection = install.url + configure
        await page.get_by_role("button", name="Connect GitHub").click()
        dialog = page.get_by_role("dialog", name="Connect GitHub")
        await dialog.wait_for()
        in_dialog = [one async for one in looks(page, tmp_path, "dialog")]
        assert in_dialog == []
        connecting = f"{install.url}{await dialog.locator('form').first.get_attribute('action')}"
        await page.goto(f"{home}/connectors/demo")
        await page.get_by_label("Name of the account here").fill("second")
        await page.get_by_role("button", name="Connect Demo", exact=True).click()
        await page.context.clear_cookies(name=re.compile("connectory-back-"))  # as who came from a chat
        await page.get_by_role("button", name="Connect Demo", exact=True).click()
        await page.get_by_role("heading", name="Demo is connected").wait_for()
        found = await everywhere(
            page,
            tmp_path,
            *(f"{home}/{name}" for name in OF_MEMBERS),
            *(of_connection, f"{of_connection}/try?action=demo_create_task", f"{of_connection}/disconnect"),
            *(connecting, page.url, f"{install.url}/signin", f"{install.url}/nowhere"),
        )
        assert found == []


@needs_axe
async def test_the_pages_of_who_is_not_signed_in_can_be_read_by_everybody(install: Install, tmp_path: Path) -> None:
    with install.serving():
        async with browsing() as page:
            addresses = ("", "/signin", "/workspaces/default/connectors", "/open/spent", "/connect/spent")
            assert await everywhere(page, tmp_path, *(f"{install.url}{one}" for one in addresses)) == []


async def everywhere(page: Any, folder: Path, *addresses: str) -> list[str]:
    """What axe-core finds at each address, wide and narrow, light and dark; and what is wider than the window."""
    found: list[str] = []
    for number, address in enumerate(addresses):
        found += [f"{address} {one}" async for one in looks(page, folder, str(number), address)]
    return found


async def looks(page: Any, folder: Path, name: str, address: str | None = None) -> AsyncIterator[str]:
    """The same of one address, opened anew each time; without one of the page as it stands."""
    for width in WIDTHS:
        for scheme in SCHEMES:
            await page.set_viewport_size({"width": width, "height": 900})
            await page.emulate_media(color_scheme=scheme)
            if address is not None:
                await page.goto(address)
            for one in await violations(page):
                yield f"{scheme} {width}: {one}"
            if await page.evaluate("() => document.documentElement.scrollWidth") > width:
                yield f"{scheme} {width}: wider than the window"
            await page.screenshot(path=folder / f"{name}-{scheme}-{width}.png", full_page=True)
