"""Quote values for the query languages of providers (design 4.1, `catalog/trees.py`): each becomes one literal.

What a language's documentation gives no way to write is refused, never guessed: a literal that ends early would let an
input write the rest of the query. Wildcards of comparisons (`%`, `_`, `*`) keep their meaning: they are the agent's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectory.actions.scalars import as_text, is_single
from connectory.errors import InvalidArguments

BARE = re.compile(r"[A-Za-z0-9_.:+-]{1,128}")  # identifiers, dates and times: nothing that ends a word of a query


@dataclass(frozen=True, slots=True)
class Language:
    """How a language writes texts and lists. Characters of `refused` cannot stand in a text of it."""

    title: str
    mark: str
    escapes: Mapping[str, str]
    refused: str = ""
    has_lists: bool = True
    _table: dict[int, str] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._table.update(str.maketrans(dict(self.escapes)))

    def quote(self, text: str) -> str:
        """Return `text` as a literal; whether it may be one is asked before."""
        return f"{self.mark}{text.translate(self._table)}{self.mark}"


_BY_BACKSLASH = {"\\": "\\\\", "'": "\\'"}
_BY_BACKSLASH_DOUBLE = {"\\": "\\\\", '"': '\\"'}
LANGUAGES: Mapping[str, Language] = {
    # https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm
    "soql": Language("SOQL", "'", _BY_BACKSLASH),
    # Zoho's "Kaizen 171: FAQs on COQL API" doubles the quote; nothing says what a backslash does.
    "coql": Language("COQL", "'", {"'": "''"}, refused="\\"),
    # https://support.atlassian.com/jira-software-cloud/docs/search-syntax-for-text-fields/ ; quoted, a reserved word is
    # a text like any other.
    "jql": Language("JQL", '"', _BY_BACKSLASH_DOUBLE),
    # https://developer.atlassian.com/cloud/confluence/advanced-searching-using-cql/
    "cql": Language("CQL", '"', _BY_BACKSLASH_DOUBLE),
    # https://developers.google.com/workspace/drive/api/guides/search-files
    "drive": Language("Drive's query language", "'", _BY_BACKSLASH, has_lists=False),
    # https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html, section 5.1.1.6.1
    "odata": Language("OData", "'", {"'": "''"}),
    # https://docs.stripe.com/search#search-query-language says how a quote is escaped, not how a backslash is.
    "stripe_search": Language("Stripe's search", '"', {'"': '\\"'}, refused="\\", has_lists=False),
    # https://docs.github.com/search-github/getting-started-with-searching-on-github/understanding-the-search-syntax :
    # only code search has escapes.
    "github_search": Language("GitHub's search", '"', {}, refused='"\\', has_lists=False),
    # https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries
    "quickbooks": Language("QuickBooks' query language", "'", _BY_BACKSLASH),
}


def quote_value(language: str, value: Any, name: str) -> str:
    """Return `value` as a literal: a text in quotes, a number or boolean as it is, a list in parentheses.

    Raises `InvalidArguments`, naming the input `name`, on what the language cannot write.
    """
    spoken = LANGUAGES[language]
    if not isinstance(value, list):
        return _literal(spoken, value, name)
    if not spoken.has_lists:
        raise InvalidArguments(f"'{name}' is a list, which {spoken.title} has not.", hint="Give one value.")
    return f"({', '.join(_literal(spoken, item, name) for item in _not_empty(value, name))})"


def bare_text(value: Any, name: str) -> str:
    """Return `value` as it stands unquoted in a query: an identifier, a date, or a list of these with commas.

    Raises `InvalidArguments` on whatever could be more than that.
    """
    items = _not_empty(value, name) if isinstance(value, list) else [value]
    texts = [as_text(item) if is_single(item) else "" for item in items]
    if not all(BARE.fullmatch(text) for text in texts):
        raise InvalidArguments(
            f"'{name}' stands unquoted in a query, where only a name, number, date or time can stand.",
            hint="Use 1 to 128 letters, digits and the characters _ . : + -, e.g. Created_Time or 2026-01-31.",
        )
    return ", ".join(texts)


def _literal(language: Language, value: Any, name: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return as_text(value)
    if not isinstance(value, str):
        raise InvalidArguments(
            f"'{name}' stands in a query of {language.title}, which takes no object, null or file there.",
            hint="Give a text, a number or a boolean.",
        )
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in value):
        raise InvalidArguments(
            f"'{name}' holds a line break or another control character, which no query takes.",
            hint="Write it on one line, without tabs.",
        )
    if any(character in value for character in language.refused):
        characters = " or ".join(language.refused)
        raise InvalidArguments(
            f"'{name}' holds {characters}, which {language.title} cannot search for.",
            hint="Leave that character out, and search for what stands around it.",
        )
    return language.quote(value)


def _not_empty(values: list[Any], name: str) -> list[Any]:
    """An empty list matches nothing, and a query without it would match everything."""
    if not values:
        raise InvalidArguments(f"'{name}' is an empty list.", hint="Give at least one value, or leave it out.")
    return values
