"""Lines of CSV (RFC 4180) that compute nothing when a spreadsheet opens them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # with which a cell begins that would compute


def csv_line(values: Iterable[object]) -> str:
    """Write one line: None is empty, a list its items with spaces between, and a formula begins with an apostrophe."""
    out = io.StringIO()
    csv.writer(out).writerow([_cell(value) for value in values])
    return out.getvalue()


def _cell(value: object) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULAS) else text
