"""The connectors page with sixty connectors in Chromium, and beside it the very same bytes as files."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from tests.e2e.programs import Install, stop, wait_until_up
from tests.web.chromium import browsing
from tests.web.ports import free_port

from benchmarks.subjects import Group
from connectory.catalog.catalog import packaged_folder
from connectory.catalog.yaml_document import read_document

CONNECTORS = 60
HOME = "/workspaces/default/connectors"
FIRST_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"


@asynccontextmanager
async def page_groups(provider: str) -> AsyncIterator[list[Group]]:
    """First contentful paint with nothing cached, by the browser's own clock (W3C Paint Timing)."""
    del provider
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="connectory-bench-")))
        manifests, files = folder / "manifests", folder / "files"
        await asyncio.to_thread(_write, manifests)
        install = Install(folder, extra={"CONNECTORY_MANIFESTS": str(manifests)})
        stack.enter_context(install.serving())
        page = await stack.enter_async_context(browsing())
        await page.goto(install.run("open", "--no-browser").stdout.split()[0])
        cookies = await page.context.cookies()
        await asyncio.to_thread(_save, install.url, {one["name"]: one["value"] for one in cookies}, files)
        port = free_port()
        server = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(files)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(stop, server)
        await asyncio.to_thread(wait_until_up, f"http://127.0.0.1:{port}/index.html", server)

        async def ours() -> float:
            return await _painted(page, install.url + HOME, cookies)

        async def floor() -> float:
            return await _painted(page, f"http://127.0.0.1:{port}/index.html", [])

        yield [Group("first paint, 60 connectors", ours, floor)]


async def _painted(first: Any, url: str, cookies: list[Any]) -> float:
    """Seconds until something is painted, in a browser context that has cached nothing."""
    context = await first.context.browser.new_context()
    try:
        await context.add_cookies(cookies)
        page = await context.new_page()
        await page.goto(url)
        await page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length > 0")
        return float(await page.evaluate(FIRST_PAINT)) / 1000
    finally:
        await context.close()


def _write(folder: Path) -> None:
    """As many copies of packaged connectors as are missing to sixty, each under a name of its own."""
    folder.mkdir()
    packaged = sorted(packaged_folder().glob("*.yaml"))
    trees = [tree for path in packaged if "family" not in (tree := read_document(path.read_bytes()).value)]
    whole = [tree for tree in trees if "includes" not in tree]
    for number in range(CONNECTORS - len(packaged)):
        tree = whole[number % len(whole)]
        name = f"{tree['name'][:8]}-{number}"  # with the longest of its actions' names, 40 characters at most
        copy = {**tree, "name": name, "title": f"{tree['title']} {number}"}
        (folder / f"{name}.yaml").write_text(json.dumps(copy, ensure_ascii=False), encoding="utf-8")


def _save(origin: str, cookies: dict[str, str], folder: Path) -> None:
    """Keep the page, and all that it loads, as files."""
    with httpx2.Client(base_url=origin, cookies=cookies, trust_env=False) as client:
        page = client.get(HOME, headers={"Accept": "text/html"})
        shown = page.text.count('<li class="service">')
        assert shown == CONNECTORS, (page.status_code, shown)
        still = re.sub(r'<script src="/static/live.js[^>]*></script>', "", page.text).encode()  # files tell no news
        found = re.findall(r'(?:src|href)="(/(?:static|workspaces/default/logos)/[^"?]*)[^"]*"', page.text)
        for address in {"/index.html", *found}:
            path = folder / address.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(still if address == "/index.html" else client.get(address).content)
