"""The table of clients that were seen at work names the versions that the tests run."""

from __future__ import annotations

import json
import re

from tests.clients.driving import HERE
from tests.e2e.programs import ROOT

HEADING = "## What each was seen to do"


def pinned() -> dict[str, str]:
    """The version of each client that a test drives, by its name in its registry."""
    found: dict[str, str] = {}
    for path in HERE.glob("*/package.json"):
        found |= json.loads(path.read_text(encoding="utf-8"))["dependencies"]
    for path in HERE.glob("requirements/*.in"):
        wished = path.read_text(encoding="utf-8")
        for name, version in re.findall(r"^([\w-]+)(?:\[\w+\])?==(\S+)$", wished, re.MULTILINE):
            locked = path.with_suffix(".txt").read_text(encoding="utf-8")
            assert re.search(rf"^{name}=={re.escape(version)} ", locked, re.MULTILINE), f"{path.name}: run `make lock`"
            found[name] = version
    return found


def test_the_table_names_every_client_with_its_version() -> None:
    page = (ROOT / "docs/clients.md").read_text(encoding="utf-8")
    section = page.split(HEADING)[1].split("\n## ")[0]
    told = dict(re.findall(r"^\| [^|]*`([^`]+)` ([\d.]+) \|", section, re.MULTILINE))

    assert len(told) > 8
    assert told == pinned()
