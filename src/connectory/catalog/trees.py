"""What may stand in a body, a query or variables beside plain YAML: six forms, each a mapping with `of` (design 4.2).

    each: "{lines}"           of: TREE   the tree once for each element; `{each}` and `{each.price}` are the element
    join: " AND "             of: TREES  the texts that are there, joined; `before` and `after` stand around them
    quote: soql               of: TEXT   a text of a query language, each value quoted as that language wants it
    convert: mime_message     of: TREE   the value, put through a converter or several in turn
    when: "{email}"           of: TREE   the tree, where that value was given
    merge: "{properties}"     of: TREE   the mapping, and beside its own the members of that object

A form is absent where what it is made of is absent, and prunes its key like any absent input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

FormName = Literal["each", "join", "quote", "convert", "when", "merge"]
FORMS: tuple[FormName, ...] = ("each", "join", "quote", "convert", "when", "merge")
EXTRAS: Mapping[FormName, frozenset[str]] = {
    "each": frozenset(),
    "join": frozenset({"before", "after"}),
    "quote": frozenset({"bare"}),
    "convert": frozenset(),
    "when": frozenset(),
    "merge": frozenset(),
}
# Query languages by name; `actions/quoting.py` knows how each quotes.
QUERY_LANGUAGES = ("soql", "coql", "jql", "cql", "drive", "odata", "stripe_search", "github_search", "quickbooks")
# Converters by name, and the number of arguments of those that answers use; `actions/converters/` has them.
CONVERTERS = (
    "base64", "base64url", "json_text", "unix_seconds", "unix_milliseconds", "atlassian_document", "mime_message",
    "html", "notion_rich_text", "utc_without_zone",
)  # fmt: skip
ANSWER_FUNCTIONS: Mapping[str, int] = {
    "from_base64": 1,
    "from_base64url": 1,
    "from_json_text": 1,
    "from_last_segment": 1,
    "from_unix_seconds": 1,
    "from_unix_milliseconds": 1,
    "from_atlassian_document": 1,
    "from_mime_message": 1,
    "from_mime_parts": 1,
    "from_html": 1,
    "from_notion_properties": 1,
    "from_table": 2,
    "from_csv": 1,
    "from_pairs": 3,
    "from_trimmed": 2,
}


@dataclass(frozen=True, slots=True)
class Form:
    """One form: its name, what stands under that name, its tree, and its further keys."""

    name: FormName
    argument: Any
    of: Any
    extras: Mapping[str, Any] = field(default_factory=dict)


def form_of(tree: object) -> Form | None:
    """Return the form that `tree` is, or None: a mapping with `of`, one form's name, and only its extras."""
    if not isinstance(tree, Mapping) or "of" not in tree:
        return None
    names = [name for name in FORMS if name in tree]
    if len(names) != 1:
        return None
    extras = {key: value for key, value in tree.items() if key not in ("of", names[0])}
    if not extras.keys() <= EXTRAS[names[0]]:
        return None
    return Form(names[0], tree[names[0]], tree["of"], extras)
