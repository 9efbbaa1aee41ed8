"""Takes the pictures of `docs/pictures` (`make pictures`): a real server in a throw-away folder, the demo connected."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from tests.e2e.programs import ROOT, Install
from tests.web.chromium import browsing

FOLDER = Path(__file__).parent / "pictures"
SIZE, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 780}
SETTINGS = ("tokens", "sessions", "oauth-apps", "oauth-apps/github", "connectors")  # "clients" says where this one is


async def take(page: Any, name: str) -> None:
    """Save what is seen now."""
    await page.wait_for_load_state("networkidle") if "workspaces" not in page.url else await page.wait_for_timeout(500)
    await page.screenshot(path=FOLDER / f"{name}.png")


async def main() -> None:
    """Go through the pages as a person does."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        install = Install(Path(folder), extra={"CONNECTORY_MANIFESTS": ""})
        for alias in ("default", "work"):
            install.run("connect", "demo", "--alias", alias)
        for _ in range(2):
            install.run("call", "demo_list_tasks", "-c", "demo/default")
        install.run("call", "demo_create_task", "-a", "title=Show the pages", "-c", "demo/work")
        own = Path(folder) / "data" / "manifests"
        own.mkdir()
        (own / "kinto.yaml").write_bytes((ROOT / "examples" / "kinto.yaml").read_bytes())
        with install.serving():
            link = install.run("open", "--no-browser").stdout.split()[0]
            async with browsing(viewport=SIZE) as page:
                await page.goto(f"{install.url}/signin")
                await take(page, "signin")
                await page.goto(link)
                await of_members(page, install.url, page.url.rpartition("/")[0])


async def of_members(page: Any, origin: str, home: str) -> None:
    """The pages of who is signed in."""
    await take(page, "connectors")
    configure = await page.get_by_role("link", name="Configure").first.get_attribute("href")
    await page.get_by_role("button", name="Connect GitHub").click()
    await page.get_by_role("dialog").wait_for()
    await take(page, "connect")
    await page.goto(f"{home}/connectors/stripe")
    await page.get_by_role("button", name="Connect Stripe", exact=True).click()
    await page.get_by_label("Restricted key", exact=True).fill("pk_live_not_the_right_one")
    await page.keyboard.press("Enter")
    await page.get_by_role("alert").first.wait_for()
    await take(page, "connect-mistake")
    await page.goto(f"{home}/connectors/demo")
    await page.get_by_label("Name of the account here").fill("play")
    for _ in range(2):
        await page.get_by_role("button", name="Connect Demo", exact=True).click()
    await page.get_by_text("Demo is connected").wait_for()
    await take(page, "connected")
    await page.goto(origin + configure)
    await take(page, "connection")
    await page.goto(f"{origin}{configure}/try?action=demo_list_tasks")
    await page.get_by_role("button", name="List tasks", exact=True).click()
    await page.locator("main pre").first.wait_for()
    await take(page, "try")
    for name in ("activity", "settings", *(f"settings/{one}" for one in SETTINGS)):
        await page.goto(f"{home}/{name}")
        await take(page, name.replace("/", "-"))
    await page.emulate_media(color_scheme="dark")
    await page.goto(f"{home}/settings/policy")
    await take(page, "rules-dark")
    await page.set_viewport_size(PHONE)
    await page.goto(f"{home}/connectors")
    await take(page, "phone-dark")


if __name__ == "__main__":
    asyncio.run(main())
