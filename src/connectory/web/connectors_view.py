"""What the connectors page shows, as plain values: the connected services, and the grid of all there are. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connectory.auth.connections import Found, describe_account
from connectory.auth.ways import Ways
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Category
from connectory.spelling import nearest
from connectory.vault.entities import ConnectionId, GrantId, GrantStatus
from connectory.web.logos import logo_url
from connectory.web.offered import Offered
from connectory.web.states import Moment, Word, health_of, method_of, moment_of

BACKENDS = {
    "auto": "Best that is set up",
    "nango": "Nango",
    "builtin": "OAuth of this server",
    "direct": "Keys and passwords",
}
AUTO = "auto"
NUMBER = re.compile(r"([0-9]{1,9})", re.ASCII)
CATEGORIES = {
    Category.ECOMMERCE: "E-commerce",
    Category.PRODUCTIVITY: "Productivity",
    Category.CRM: "CRM",
    Category.DEVELOPMENT: "Development",
    Category.ANALYTICS: "Analytics",
    Category.DATABASES: "Databases",
    Category.AI: "AI",
    Category.COMMUNICATION: "Communication",
    Category.OTHER: "Other",
}
THROUGH_NANGO = "Through Nango"
MOST_QUERY = 100  # characters


class Status(StrEnum):
    """What can be filtered by."""

    CONNECTED = "connected"
    ATTENTION = "attention"
    NOT_CONNECTED = "not-connected"
    NOT_SET_UP = "not-set-up"


STATUSES = {
    Status.CONNECTED: Word("Connected", "good"),
    Status.ATTENTION: Word("Needs attention", "bad"),
    Status.NOT_CONNECTED: Word("Not connected", "off"),
    Status.NOT_SET_UP: Word("Not set up here", "warn"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: nothing that is unknown, so that it can stand in a page and an address again."""

    query: str = ""
    category: Category | None = None
    status: Status | None = None
    backend: str = AUTO

    @property
    def is_everything(self) -> bool:
        """Whether no filter narrows the grid."""
        return not self.query and self.category is None and self.status is None


@dataclass(frozen=True, slots=True)
class ConnectedView:
    """One connection, as a row."""

    id: str
    connector: str
    title: str
    name: str
    logo: str | None
    account: str
    method: str
    health: Word
    last_used: Moment | None
    is_shared: bool
    is_known: bool  # whether there still is such a connector
    may_reconnect: bool
    may_disconnect: bool
    may_rename: bool


@dataclass(frozen=True, slots=True)
class CardView:
    """One connector, as a card."""

    name: str
    title: str
    description: str
    logo: str | None
    status: Status
    state: Word
    can_connect: bool


@dataclass(frozen=True, slots=True)
class GroupView:
    """The cards of one category."""

    id: str
    title: str
    cards: tuple[CardView, ...]


def read_wanted(given: Mapping[str, str]) -> Wanted:
    """Read what is looked for from an address; what is unknown there is no filter."""
    category, status, backend = given.get("category", ""), given.get("status", ""), given.get("backend", "")
    return Wanted(
        query=" ".join(given.get("query", "")[:MOST_QUERY].split()),
        category=Category(category) if category in set(Category) else None,
        status=Status(status) if status in set(Status) else None,
        backend=backend if backend in BACKENDS else AUTO,
    )


def view_connected(
    found: Iterable[Found],
    connectors: Mapping[str, Connector],
    unreadable: Collection[GrantId],
    last_used: Mapping[ConnectionId, datetime],
    offered: Offered,
    *,
    slug: str,
    now: datetime,
) -> tuple[ConnectedView, ...]:
    """Return the rows, those that need somebody first."""
    rows = [
        ConnectedView(
            id=row.id,
            connector=row.connector,
            title=connectors[row.connector].title if row.connector in connectors else row.connector,
            name=row.name,
            logo=logo_url(slug, connectors.get(row.connector)),
            account=describe_account(grant),
            method=method_of(connectors.get(row.connector), grant),
            health=health_of(grant, is_unreadable=grant.id in unreadable),
            last_used=moment_of(last_used.get(row.id), now),
            is_shared=row.is_shared,
            is_known=row.connector in connectors,
            may_reconnect=row.connector in connectors and offered.connect(shared=row.is_shared),
            may_disconnect=offered.disconnect(shared=row.is_shared),
            may_rename=offered.rename(shared=row.is_shared),
        )
        for row, grant in found
    ]
    return tuple(sorted(rows, key=lambda row: (row.health.tone != "bad", row.title.casefold(), _as_counted(row.name))))


def _as_counted(name: str) -> list[tuple[int, str]]:
    """What puts shop-2 before shop-10."""
    parts = NUMBER.split(name)  # text and number in turn
    return [(int(part), "") if at % 2 else (0, part) for at, part in enumerate(parts)]


def fitting(
    rows: Iterable[ConnectedView], connectors: Mapping[str, Connector], wanted: Wanted
) -> tuple[ConnectedView, ...]:
    """Return the rows that fit: whoever looks for something must not pass all the others to get there."""
    words = wanted.query.casefold().split()
    return tuple(row for row in rows if _fits(row, connectors.get(row.connector), wanted, words))


def view_grid(
    ways: Mapping[str, Ways],
    found: Iterable[Found],
    unreadable: Collection[GrantId],
    served: Collection[str] | None,
    wanted: Wanted,
    *,
    slug: str,
) -> tuple[GroupView, ...]:
    """Return the groups of those that fit, none of them empty.

    `served` are the connectors that can be connected by the backend which was chosen; None: by whichever.
    """
    health: dict[str, list[bool]] = {}
    for row, grant in found:
        is_well = grant.status is GrantStatus.ACTIVE and grant.id not in unreadable
        health.setdefault(row.connector, []).append(is_well)
    words = wanted.query.casefold().split()
    groups: dict[str, list[CardView]] = {}
    for name, way in ways.items():
        of_parts = [health.get(part, []) for part in way.connector.manifest.includes or [name]]
        is_whole = all(of_parts)  # a bundle is connected with its last part
        card = _card(way, [one for part in of_parts for one in part] if is_whole else [], served, slug)
        is_wanted = wanted.status in (None, card.status) and wanted.category in (None, way.connector.manifest.category)
        if is_wanted and all(word in _haystack(way.connector) for word in words):
            groups.setdefault(group_of(way.connector), []).append(card)
    titles = [*CATEGORIES.values(), THROUGH_NANGO]
    return tuple(
        GroupView(f"group-{at}", title, tuple(sorted(groups[title], key=lambda card: card.title.casefold())))
        for at, title in enumerate(titles)
        if title in groups
    )


def near_titles(query: str, connectors: Mapping[str, Connector]) -> tuple[str, ...]:
    """Return the titles of connectors that somebody may have meant who has found nothing."""
    return tuple(connectors[name].title for name in nearest(query, connectors))


def group_of(connector: Connector) -> str:
    """Under which heading a connector stands."""
    return THROUGH_NANGO if connector.integration is not None else CATEGORIES[connector.manifest.category]


def _fits(row: ConnectedView, connector: Connector | None, wanted: Wanted, words: Iterable[str]) -> bool:
    status = Status.ATTENTION if row.health.tone == "bad" else Status.CONNECTED
    category = connector.manifest.category if connector is not None else None
    text = f"{row.title} {row.name} {row.account} {_haystack(connector) if connector is not None else ''}".casefold()
    return (
        wanted.status in (None, status) and wanted.category in (None, category) and all(word in text for word in words)
    )


def _card(way: Ways, health: Sequence[bool], served: Collection[str] | None, slug: str) -> CardView:
    connector = way.connector
    is_served = served is None or connector.name in served
    if health:
        status = Status.CONNECTED if all(health) else Status.ATTENTION
    else:
        status = Status.NOT_CONNECTED if way.here and is_served else Status.NOT_SET_UP
    return CardView(
        name=connector.name,
        title=connector.title,
        description=connector.manifest.description,
        logo=logo_url(slug, connector),
        status=status,
        state=_state(way, status, len(health), is_served=is_served),
        can_connect=way.is_possible and is_served,
    )


def _state(way: Ways, status: Status, count: int, *, is_served: bool) -> Word:
    """The status in words that say a little more where there is more to say."""
    word = STATUSES[status]
    if status is Status.CONNECTED and count > 1:
        return Word(f"{count} accounts connected", word.tone)
    if status is Status.NOT_SET_UP and not is_served and way.is_possible:
        return Word("Not by this method", word.tone)
    if status is Status.NOT_SET_UP and way.after_setup:
        return Word("Needs an OAuth app first", word.tone)
    return word


def _haystack(connector: Connector) -> str:
    manifest = connector.manifest
    words = (connector.name, connector.title, group_of(connector), manifest.category.value, manifest.description)
    return " ".join((*words, *manifest.tasks)).casefold()
