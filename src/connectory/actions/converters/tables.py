"""Tables that come as columns and rows, as CSV or as pairs, made into JSON objects; and objects made smaller."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

MAX_ROWS = 50_000  # of CSV: two characters make a row, and a row becomes an object of some hundred bytes
MAX_COLUMNS = 5_000
MAX_NAME_LENGTH = 100  # characters; a name is repeated in every row


def from_table(columns: Any, rows: Any) -> Any:
    """Return one object per row. Columns are names, or objects with a `name`; null for no columns or rows.

    A short row has fewer keys, a long one `column_7` and so on; empty and repeated names are made distinct
    (`column_2`, `name_2`). A row that is no list stays as it is, and rows that are no list come back unchanged.
    """
    if columns is None or rows is None:
        return None
    if not isinstance(columns, list) or not isinstance(rows, list):
        return rows
    names = _longer(distinct(_name(column) for column in columns), rows)
    return [dict(zip(names, row, strict=False)) if isinstance(row, list) else row for row in rows]


def from_csv(value: Any) -> Any:
    """Return one object per line of CSV (RFC 4180), named by its first line; separated by comma, semicolon or tab.

    Unchanged: what is no text, what has over 50,000 lines or 5,000 columns, and what a field of over 128 KB makes
    unreadable.
    """
    if not isinstance(value, str):
        return value
    text = value.removeprefix("\ufeff")
    head = Counter(text[:10_000].lstrip().partition("\n")[0])
    delimiter = max(",;\t", key=lambda one: head[one])
    rows: list[Any] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if len(rows) > MAX_ROWS or len(row) > MAX_COLUMNS:
                return value
            if row:
                rows.append(row)
    except csv.Error:
        return value
    return from_table(rows[0], rows[1:]) if rows else []


def from_pairs(value: Any, name_key: Any, value_key: Any) -> Any:
    """Return one object of a list of pairs, `[{name_key: "a", value_key: 1}]` giving `{a: 1}`.

    A repeated name is made distinct (`a_2`); an entry without a name is left out. What is no list comes back unchanged.
    """
    if not isinstance(value, list) or not isinstance(name_key, str) or not isinstance(value_key, str):
        return value
    pairs = [one for one in value if isinstance(one, dict) and isinstance(one.get(name_key), str | int | float)]
    names = distinct(_name(pair[name_key]) for pair in pairs)
    return {name: pair.get(value_key) for name, pair in zip(names, pairs, strict=True)}


def from_trimmed(value: Any, names: Any) -> Any:
    """Return `value` without the members of these names, at any depth: what a provider repeats in every record.

    Where `names` is no list, it comes back unchanged.
    """
    if not isinstance(names, list):
        return value
    unwanted = {name for name in names if isinstance(name, str)}

    def trim(one: Any) -> Any:
        if isinstance(one, dict):
            return {name: trim(member) for name, member in one.items() if name not in unwanted}
        return [trim(item) for item in one] if isinstance(one, list) else one

    return trim(value)


def distinct(names: Iterable[str]) -> list[str]:
    """Return the names in order, each once: empty ones numbered by their place, repeated ones by a suffix."""
    wanted = [name or f"column_{at}" for at, name in enumerate(names, 1)]
    taken, used = set(wanted), set[str]()
    counts: Counter[str] = Counter()
    result = []
    for name in wanted:
        unique = name
        if name in used:
            unique = next(one for one in _numbered(name, counts) if one not in taken)
            taken.add(unique)
        used.add(unique)
        result.append(unique)
    return result


def _numbered(name: str, counts: Counter[str]) -> Iterator[str]:
    while True:  # the count goes on where it stopped, so that many equal names do not take quadratic time
        counts[name] += 1
        yield f"{name}_{counts[name] + 1}"


def _name(column: Any) -> str:
    name = column.get("name") if isinstance(column, dict) else column
    text = name.strip() if isinstance(name, str) else "" if name is None else json.dumps(name)
    return text if len(text) <= MAX_NAME_LENGTH else text[: MAX_NAME_LENGTH - 1] + "…"


def _longer(names: list[str], rows: list[Any]) -> list[str]:
    widest = max((len(row) for row in rows if isinstance(row, list)), default=0)
    return distinct([*names, *[""] * (widest - len(names))]) if widest > len(names) else names
