"""Search over actions: SQLite's FTS5 in memory, ranked by bm25 (https://sqlite.org/fts5.html section 5.1.1).

What is asked is text, never query syntax: its words are quoted and joined by OR, so the best fits come first and `" OR
NEAR(` finds nothing instead of failing (attack 82).
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterable, Mapping

from connectory.catalog.connector import Action, Connector

MAX_WORDS = 24
MAX_FOUND = 100
_WORD = re.compile(r"[^\W_]+")
# What people and models say, and the word that providers' actions use. Data, not code: add a line.
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "add": ("create",), "new": ("create",), "make": ("create",), "open": ("create",), "write": ("create", "update"),
    "edit": ("update",), "change": ("update",), "modify": ("update",), "set": ("update",), "close": ("update",),
    "remove": ("delete",), "erase": ("delete",), "show": ("get", "list"),
    "read": ("get", "list"), "fetch": ("get", "list"),
    "view": ("get",), "all": ("list",), "browse": ("list",), "find": ("search", "list"), "query": ("search",),
    "look": ("search", "get"), "pr": ("pull",), "prs": ("pull",), "repo": ("repository",), "repos": ("repository",),
    "ticket": ("issue",), "bug": ("issue",), "todo": ("task",), "todos": ("task",), "reply": ("comment",),
    "mail": ("email", "message"), "invoice": ("bill",), "client": ("customer",), "buyer": ("customer",),
}  # fmt: skip
IGNORED = frozenset(
    {"a", "an", "and", "any", "are", "for", "from", "in", "is", "it", "me", "my", "of", "on", "or", "please", "that",
     "the", "this", "to", "what", "which", "with"}
)  # fmt: skip
# Weights of the columns in their order; connector and tool are not searched.
FIND = """
    SELECT tool FROM actions WHERE actions MATCH ? AND (? IS NULL OR connector = ?)
    ORDER BY bm25(actions, 0, 0, 6.0, 4.0, 3.0, 1.0), rowid LIMIT ?
"""


class ActionSearch:
    """The index over all actions, built once; usable from any thread."""

    def __init__(self, connectors: Iterable[Connector]) -> None:
        found = list(connectors)
        self._actions = {action.tool: action for connector in found for action in connector.actions.values()}
        self._lock = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.execute(
            "CREATE VIRTUAL TABLE actions USING fts5("
            "connector UNINDEXED, tool UNINDEXED, words, title, service, text, tokenize='porter unicode61')"
        )
        rows = [_row(connector, action) for connector in found for action in connector.actions.values()]
        self._database.executemany("INSERT INTO actions VALUES (?, ?, ?, ?, ?, ?)", rows)

    def find(self, query: str, *, connector: str | None, limit: int) -> list[Action]:
        """Return the best fits, best first, at most `limit` of them."""
        most = max(1, min(limit, MAX_FOUND))
        match = _match(query)
        if match is None:
            return [action for action in self._actions.values() if action.connector == connector][:most]
        with self._lock:
            rows = self._database.execute(FIND, (match, connector, connector, most)).fetchall()
        return [self._actions[tool] for (tool,) in rows]


def _row(connector: Connector, action: Action) -> tuple[str, str, str, str, str, str]:
    inputs = " ".join(action.manifest.inputs).replace("_", " ")  # their descriptions would drown what the action does
    service = f"{connector.name.replace('-', ' ')} {connector.title}"
    text = f"{action.description} {inputs} {connector.manifest.category}"
    return connector.name, action.tool, action.name.replace("_", " "), action.manifest.title, service, text


def _match(query: str) -> str | None:
    """Return the FTS5 expression for what was asked: every word, and its synonyms, as quoted text."""
    words = [word for word in _WORD.findall(query.lower()[:1_000]) if word not in IGNORED][:MAX_WORDS]
    terms = dict.fromkeys(term for word in words for term in (word, *SYNONYMS.get(word, ())))
    return " OR ".join(f'"{term}"' for term in terms) or None
