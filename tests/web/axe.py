"""axe-core over a page in Chromium: what some people could not read or use (WCAG 2.2 A and AA)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

AXE = Path(".test-tools/axe/axe.min.js")
needs_axe = pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: `make test` installs it by npm")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def violations(page: Any) -> list[str]:
    """Every violation of a page as it stands: rule, what it is about, and where."""
    await page.evaluate(await asyncio.to_thread(AXE.read_text, encoding="utf-8"))
    found = await page.evaluate("(rules) => axe.run(document, {runOnly: rules})", RULES)
    return [
        f"{one['impact']} {one['id']}: {one['help']}: {node['html'][:120]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
