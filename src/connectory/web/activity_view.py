"""What was done, in words: the rows of a page. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from connectory.catalog.catalog import Catalog
from connectory.identity.activity import ActivityFilter, ActivityLine
from connectory.web.confirm import visible
from connectory.web.meanings import meaning_of
from connectory.web.states import DOINGS, OUTCOMES, Moment, Word, moment_of, took

PERIODS: Mapping[str, tuple[str, timedelta]] = {
    "1h": ("Last hour", timedelta(hours=1)),
    "24h": ("Last 24 hours", timedelta(hours=24)),
    "7d": ("Last 7 days", timedelta(days=7)),
    "30d": ("Last 30 days", timedelta(days=30)),
}
EFFECTS: Mapping[str, str] = {"read": "reads", "write": "writes", "destructive": "deletes or overwrites"}
MOST_CHARACTERS = 120  # of a text of the caller's


@dataclass(frozen=True, slots=True)
class Filters:
    """What the form above the table says; empty: all."""

    user: str = ""
    action: str = ""
    connection: str = ""
    outcome: str = ""
    since: str = ""

    @property
    def is_set(self) -> bool:
        """Whether anything is filtered."""
        return self != Filters()

    def query(self, **more: str) -> str:
        """The same as the query of an address, `?` and all; empty for nothing."""
        own = {"user": self.user, "action": self.action, "connection": self.connection, "outcome": self.outcome}
        given = {name: value for name, value in {**own, "since": self.since, **more}.items() if value}
        return f"?{urlencode(given)}" if given else ""

    def wanted(self, now: datetime) -> ActivityFilter:
        """The same, as the service takes it."""
        since = PERIODS.get(self.since)
        return {
            "user": self.user,
            "action": self.action,
            "connection": self.connection,
            "outcome": self.outcome,
            "since": now - since[1] if since else None,
        }


@dataclass(frozen=True, slots=True)
class RowView:
    """One line of the table."""

    at: Moment | None
    who: str
    what: str
    action: str
    effect: str
    connection_id: str | None
    service: str  # its title
    connection: str
    is_visible: bool  # the connection has a page for whoever looks
    outcome: Word
    code: str
    why: str  # what the code means
    took: str


def read_filters(query: QueryParams) -> Filters:
    """Return the filters of an address; a period that there is not means none."""
    names = ("user", "action", "connection", "outcome", "since")
    filters = Filters(**{name: query.get(name, "").strip()[:200] for name in names})
    return filters if filters.since in PERIODS else replace(filters, since="")


def view_row(told: ActivityLine, catalog: Catalog, now: datetime) -> RowView:
    """Return a line as a person reads it."""
    line = told.line
    action, connector = catalog.actions.get(line.action), catalog.connectors.get(line.connector or "")
    title = action.manifest.title if action is not None else DOINGS.get(line.action)
    name = visible(line.action[:MOST_CHARACTERS])
    return RowView(
        at=moment_of(line.at, now),
        who=told.user or "Somebody who has left",
        what=title or name,
        action=name if title else "",
        effect=EFFECTS.get(line.effect, ""),
        connection_id=line.connection_id,
        service=connector.title if connector is not None else line.connector or "",
        connection=told.connection or ("not yours, or gone" if line.connection_id else ""),
        is_visible=told.connection is not None,
        outcome=OUTCOMES[line.outcome],
        code=line.code or "",
        why=meaning_of(line.code),
        took=took(line.duration_ms),
    )


def called_so(words: str, catalog: Catalog) -> list[str]:
    """Return the names of what the table calls by this title: actions of several services may share one."""
    if not words:  # nothing is called that, and the page looks for itself whenever something is done
        return []
    titles = {**DOINGS, **{name: action.manifest.title for name, action in catalog.actions.items()}}
    return sorted(name for name, title in titles.items() if title.casefold() == words.casefold())


def files_of(slug: str, wanted: ActivityFilter) -> Mapping[str, str]:
    """Return the addresses at which the API gives all lines that fit as a file, by its kind."""
    given = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in wanted.items() if value
    }
    return {kind: f"/api/workspace/{slug}/audit?{urlencode({'format': kind, **given})}" for kind in ("csv", "ndjson")}
