"""The grid as a function of what there is and what is connected."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.auth.making import SUITE

from connectory.auth.connections import Found
from connectory.auth.ways import Ways
from connectory.catalog.connector import Connector
from connectory.catalog.nango import AtNango, connectors_of
from connectory.testing.connectors import NOTES_YAML, make_connector
from connectory.vault.entities import Connection, ConnectionId, Grant, GrantId, GrantStatus, WorkspaceId
from connectory.web.connectors_view import CardView, Status, Wanted, read_wanted, view_grid

CALENDAR = NOTES_YAML.replace("name: notes\ntitle: Notes", "name: calendar\ntitle: Calendar").replace(
    "category: productivity", "category: crm"
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHOP = AtNango("my-shop", "shop", "My Shop", "https://api.shop.example")


def ways_of(*connectors: Connector, here: bool = True, after_setup: bool = False) -> dict[str, Ways]:
    return {
        one.name: Ways(one, tuple(one.auth) if here else (), tuple(one.auth) if after_setup else (), ())
        for one in connectors
    }


def connected(connector: str, status: GrantStatus = GrantStatus.ACTIVE) -> Found:
    workspace, grant = WorkspaceId("ws_1"), GrantId(f"gr_{connector}")
    row = Connection(ConnectionId(f"cn_{connector}"), workspace, "us_1", connector, "default", grant, (), NOW)
    return row, Grant(
        grant, workspace, "direct", connector, "token", connector, None, None, b"", {}, (), None, status, 1
    )


def card_of(ways: dict[str, Ways], *found: Found, served: list[str] | None = None, name: str = "notes") -> CardView:
    groups = view_grid(ways, found, (), served, Wanted(), slug="default")
    return next(card for group in groups for card in group.cards if card.name == name)


def test_the_groups_stand_in_the_order_of_the_categories_and_nango_s_own_come_last() -> None:
    ways = ways_of(*connectors_of([SHOP], ()).values(), make_connector(), make_connector(CALENDAR))
    groups = view_grid(ways, (), (), None, Wanted(), slug="default")
    assert [(group.title, [card.title for card in group.cards]) for group in groups] == [
        ("Productivity", ["Notes"]),
        ("CRM", ["Calendar"]),
        ("Through Nango", ["My Shop"]),
    ]


@pytest.mark.parametrize(
    ("here", "after_setup", "served", "status", "words", "can_connect"),
    [
        (True, False, None, Status.NOT_CONNECTED, "Not connected", True),
        (False, True, None, Status.NOT_SET_UP, "Needs an OAuth app first", True),
        (False, False, None, Status.NOT_SET_UP, "Not set up here", False),
        (True, False, ["other"], Status.NOT_SET_UP, "Not by this method", False),
        (True, False, ["notes"], Status.NOT_CONNECTED, "Not connected", True),
    ],
)
def test_a_card_says_whether_its_connector_can_be_connected(
    here: bool, after_setup: bool, served: list[str] | None, status: Status, words: str, can_connect: bool
) -> None:
    card = card_of(ways_of(make_connector(), here=here, after_setup=after_setup), served=served)
    assert (card.status, card.state.text, card.can_connect) == (status, words, can_connect)


def test_a_card_says_how_its_connections_are() -> None:
    ways = ways_of(make_connector())
    good, bad = connected("notes"), connected("notes", GrantStatus.NEEDS_RECONNECT)
    assert card_of(ways, good).state.text == "Connected"
    assert card_of(ways, good, good).state.text == "2 accounts connected"
    assert card_of(ways, good, bad).status is Status.ATTENTION


def test_a_bundle_is_connected_with_its_last_part() -> None:
    ways = ways_of(*SUITE)
    parts = ways["suite"].connector.manifest.includes
    assert card_of(ways, connected(parts[0]), name="suite").status is Status.NOT_CONNECTED
    assert card_of(ways, *map(connected, parts), name="suite").status is Status.CONNECTED


def test_what_is_unknown_in_an_address_is_no_filter() -> None:
    given = {"query": "  a \n b ", "category": "nope", "status": "nope", "backend": "nope"}
    assert read_wanted(given) == Wanted(query="a b")
    assert len(read_wanted({"query": "x" * 1000}).query) == 100
