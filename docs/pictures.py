"""Takes the pictures of `docs/pictures` (`make pictures`): a real server in a throw-away folder, the demo connected."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from tests.e2e.programs import Install
from tests.web.chromium import browsing

FOLDER = Path(__file__).parent / "pictures"
SIZE = {"width": 1280, "height": 860}


async def take(page: Any, name: str) -> None:
    """Save what is seen now."""
    await page.wait_for_load_state("networkidle") if "workspaces" not in page.url else await page.wait_for_timeout(500)
    await page.screenshot(path=FOLDER / f"{name}.png")


async def main() -> None:
    """Go through the pages as a person does."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        install = Install(Path(folder))
        for alias in ("default", "work"):
            install.run("connect", "demo", "--alias", alias)
        for _ in range(2):
            install.run("call", "demo_list_tasks", "-c", "demo/default")
        install.run("call", "demo_create_task", "-a", "title=Show the pages", "-c", "demo/work")
        with install.serving():
            link = install.run("open", "--no-browser").stdout.split()[0]
            async with browsing(viewport=SIZE) as page:
                await page.goto(link)
                await take(page, "connectors")
                home = page.url.rpartition("/")[0]
                configure = await page.get_by_role("link", name="Configure").first.get_attribute("href")
                await page.get_by_role("button", name="Connect GitHub").click()
                await take(page, "connect")
                await page.goto(install.url + configure)
                await take(page, "connection")
                await page.goto(f"{install.url}{configure}/try?action=demo_list_tasks")
                await page.locator("main form").last.evaluate("form => form.requestSubmit()")
                await page.locator("main pre").first.wait_for()
                await take(page, "try")
                await page.goto(f"{home}/activity")
                await take(page, "activity")
                await page.emulate_media(color_scheme="dark")
                await page.goto(f"{home}/settings/policy")
                await take(page, "rules-dark")


if __name__ == "__main__":
    asyncio.run(main())
