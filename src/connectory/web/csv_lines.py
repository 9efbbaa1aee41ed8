"""Lines of CSV (RFC 4180) that compute nothing when a spreadsheet opens them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

FORMULAS = "=+\\-@＝＋－＠"  # with which a cell begins that would compute
BEGINNING = re.compile(rf"\A(?=[{FORMULAS}\t\r\n])")
BEHIND = re.compile(rf'(?<![;\s"])([;\s"]++)(?=[{FORMULAS}])')  # what may stand between the end of a cell and a formula
SPLITTING = frozenset(";\t\r\n")  # many spreadsheets split at these, and heed no quotes then


def csv_line(values: Iterable[object]) -> str:
    """Write one line: None is empty, a list its items with spaces between; before a formula stands an apostrophe."""
    out = io.StringIO()
    csv.writer(out).writerow([_cell(value) for value in values])
    return out.getvalue()


def _cell(value: object) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return BEHIND.sub(_harmless, BEGINNING.sub("'", text))


def _harmless(between: re.Match[str]) -> str:
    return f"{between[1]}'" if SPLITTING.intersection(between[1]) else between[1]
