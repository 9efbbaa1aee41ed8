"""Contrast of the colours that stand on each other (WCAG 2.2, 1.4.3 and 1.4.11), in both schemes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import connectory.web

SHEET = (Path(connectory.web.__file__).parent / "static" / "style.css").read_text(encoding="utf-8")
TEXT, EDGE = 4.5, 3.0
PAIRS = [
    ("text", "page", TEXT), ("text", "card", TEXT), ("muted", "page", TEXT), ("muted", "card", TEXT),
    ("text", "code-back", TEXT), ("accent", "card", TEXT), ("on-accent", "accent", TEXT),
    ("on-accent", "accent-hover", TEXT), ("danger", "danger-back", TEXT), ("card", "danger", TEXT),
    ("card", "danger-hover", TEXT), ("warn", "warn-back", TEXT), ("good", "good-back", TEXT),
    ("danger", "card", TEXT), ("input-line", "card", EDGE), ("accent", "page", EDGE),
]  # fmt: skip


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


LIGHT = colours(SHEET.split("@media (prefers-color-scheme: dark)")[0])
DARK = colours(SHEET.split("@media (prefers-color-scheme: dark)")[1].split("}")[0])


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_can_be_read(scheme: dict[str, str], front: str, back: str, least: float) -> None:
    lighter, darker = sorted((luminance(scheme[front]), luminance(scheme[back])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= least


def test_both_schemes_name_the_same_colours() -> None:
    assert LIGHT.keys() == DARK.keys()
