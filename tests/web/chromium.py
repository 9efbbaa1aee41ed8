"""The machine's own Chromium, without a window; tests that need it are skipped by name where there is none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
needs_chromium = pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no /usr/bin/chromium")
LOOKED_AT = """(is_looked_at) => {
    Object.defineProperty(document, 'hidden', {get: () => !is_looked_at, configurable: true});
    document.dispatchEvent(new Event('visibilitychange')); }"""


@asynccontextmanager
async def browsing(*arguments: str, **context: Any) -> AsyncIterator[Any]:
    """A fresh page of a fresh browser."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage", *arguments]
        )
        try:
            yield await (await browser.new_context(**context)).new_page()
        finally:
            await browser.close()


async def look(page: Any, *, is_looked_at: bool) -> None:
    """A window without a screen shows all its tabs at once: say which is looked at."""
    await page.evaluate(LOOKED_AT, is_looked_at)
