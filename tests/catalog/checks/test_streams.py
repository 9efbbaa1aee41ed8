"""A stream reads an action that lists, by inputs it has, and knows its rows by members that they have."""

from __future__ import annotations

from typing import Any

import pytest
from tests.catalog.making import ABSENT, problems_of
from tests.catalog.rich import RICH

from connectory.catalog.checks.expressions import first_fields, members_of

ORDERS = "streams/orders"
LINES = "streams/lines"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ((f"{ORDERS}/action", "serach"), "orders.action: There is no action 'serach'. Did you mean 'search'?"),
        ((f"{ORDERS}/action", "create"), "orders.action: The action 'create' is no read."),
        ((f"{ORDERS}/action", "graph"), "orders.action: The action 'graph' is no list: it has no `answer.items`."),
        ((f"{ORDERS}/arguments", {"nam": "a"}), "orders.arguments.nam: The action has no input 'nam'. Did you mean"),
        ((f"{ORDERS}/arguments", {"field": "A"}), "orders.arguments.field: This does not fit the input's schema"),
        ((f"{ORDERS}/arguments", {"words": "a"}), "orders.arguments.words: This does not fit the input's schema"),
        ((f"{ORDERS}/arguments/name", "a"), "orders.arguments.name: 'name' is given by `cursor` too."),
        ((f"{LINES}/arguments", {"name": "a"}), "lines.arguments.name: 'name' is given by `for_each` too."),
        ((f"{LINES}/cursor/input", "name"), "lines.for_each.arguments.name: 'name' is given by `cursor` too."),
        ((f"{ORDERS}/key", ["idd"]), "orders.key[0]: The projected item has no member 'idd'. Did you mean 'id'?"),
        ((f"{ORDERS}/key", ["id", "id"]), "orders.key[1]: 'id' stands here twice."),
        ((f"{ORDERS}/key", []), "orders.key: "),
        (("streams/all/key", ["anything"]), None),  # its projection names no members
        (("actions/search/answer/item", "x || {id: id, at: at}"), None),
        (
            ("actions/search/answer/item", "{at: at}"),
            "orders.key[0]: The projected item has no member 'id'. Its members",
        ),
        ((f"{ORDERS}/cursor/member", "updated"), "orders.cursor.member: The projected item has no member 'updated'."),
        ((f"{ORDERS}/cursor/input", "since"), "orders.cursor.input: The action has no input 'since'."),
        (("actions/search/inputs/name/required", True), "orders.cursor.input: The input 'name' is required."),
        ((f"{ORDERS}/cursor/input", ABSENT), "orders.cursor.input: Without `input` the list must come newest first"),
        ((f"{ORDERS}/cursor", {"member": "at", "order": "descending"}), None),
        ((f"{ORDERS}/cursor", {"input": "name"}), "orders.cursor: Needs exactly one of member, token"),
        ((f"{ORDERS}/cursor/expired", {"status": [410]}), "orders.cursor.expired: Only a token has `expired`"),
        ((f"{LINES}/cursor/order", "ascending"), "lines.cursor.order: Only a member has an `order`"),
        ((f"{LINES}/cursor/token", "next["), "lines.cursor.token: This is no JMESPath expression"),
        ((f"{LINES}/cursor/input", ABSENT), "lines.cursor.input: A token needs the `input` that takes it"),
        ((f"{LINES}/cursor/expired/status", [41]), "lines.cursor.expired.status[0]: 41 is no HTTP status."),
        ((f"{LINES}/for_each/stream", "order"), "lines.for_each.stream: There is no stream 'order'. Did you mean"),
        ((f"{LINES}/for_each/stream", "lines"), "lines.for_each.stream: These streams wait for each other."),
        (
            (f"{ORDERS}/for_each", {"stream": "lines", "arguments": {"owner": "id"}}),
            "orders.for_each.stream: These streams wait for each other.",
        ),
        (
            (f"{LINES}/for_each/arguments", {"name": "i"}),
            "lines.for_each.arguments.name: The projected item has no mem",
        ),
        ((f"{LINES}/for_each/arguments", {"nam": "id"}), "lines.for_each.arguments.nam: The action has no input 'nam'"),
        ((f"{ORDERS}/deletions", {"by": "mark", "when": "gone"}), "deletions.when: The projected item has no member"),
        ((f"{ORDERS}/deletions", {"by": "mark", "when": "!"}), "orders.deletions.when: This is no JMESPath expression"),
        ((f"{ORDERS}/deletions", "full_read"), None),
        (
            (f"{ORDERS}/deletions", "fullread"),
            "orders.deletions: This should be a mapping of keys. Write `deletions",
        ),
        (
            (ORDERS, {**RICH["streams"]["orders"], "deletions": "full_read", "schedule": {}}),
            "orders.deletions: Everything is read only once",
        ),
        (("streams/all/schedule", {"full_every_hours": 5}), "all.schedule.full_every_hours: It says nothing here."),
        ((f"{ORDERS}/one/action", "get_orders"), "orders.one.action: There is no action 'get_orders'. Did you mean"),
        ((f"{ORDERS}/one/action", "list_all"), "orders.one.action: It gives no one row."),
        ((f"{ORDERS}/one/action", "change"), "orders.one.action: It gives no one row."),
        ((f"{ORDERS}/one/arguments", {"idd": "id"}), "orders.one.arguments.idd: The action has no input 'idd'."),
        ((f"{ORDERS}/one/arguments", {"idd": "id"}), "orders.one.arguments: Nothing gives its input 'id'."),
        ((f"{ORDERS}/one/arguments", {"id": "at"}), "orders.one.arguments.id: 'at' is no member of `key`."),
        (
            ("actions/get_order/answer/item", "{id: id}"),
            "orders.one.action: Its item has not all that the list's has. '",
        ),
        ((f"{LINES}/deletions/action", "upload"), "lines.deletions.action: The action 'upload' is no read."),
        ((f"{LINES}/deletions/key", ["id"]), "lines.deletions.key: It is another key than the stream's."),
        ((f"{LINES}/deletions/key", ["id", "x"]), "lines.deletions.key[1]: The projected item has no member 'x'."),
        ((f"{LINES}/deletions/arguments", {"x": 1}), "lines.deletions.arguments.x: The action has no input 'x'."),
        ((f"{LINES}/deletions/input", "x"), "lines.deletions.input: The action has no input 'x'."),
        ((f"{ORDERS}/schedule/every_minutes", 0), "orders.schedule.every_minutes: "),
    ],
)
def test_a_stream_that_cannot_be_read_is_told(change: tuple[str, Any], says: str | None) -> None:
    found = problems_of(change, base=RICH)

    assert (found == []) if says is None else any(says in problem for problem in found), found


def test_the_details_of_items_are_members_of_a_record_too() -> None:
    named = ("actions/list_all/answer/item", "{id: id}")

    assert problems_of(named, ("streams/all/key", ["id", "lines"]), base=RICH) == []
    assert "no member 'line'" in problems_of(named, ("streams/all/key", ["id", "line"]), base=RICH)[0]


@pytest.mark.parametrize(
    ("expression", "members"),
    [
        ("{a: b.c, d: e}", {"a", "d"}),
        ("x.y | {a: b}", {"a"}),
        ("x && {a: b}", {"a"}),
        ("@", None),
        ("merge({a: a}, properties)", None),
        ("{a: ", None),
    ],
)
def test_the_members_of_a_projection_are_known_where_it_names_them(expression: str, members: set[str] | None) -> None:
    assert members_of(expression) == members


@pytest.mark.parametrize(
    ("expression", "fields"),
    [
        ("a.b == 'x' && !c && contains(d, 'q')", {"a", "c", "d"}),
        ("a[?b].c", {"a"}),
        ("sort_by(a, &b)", {"a"}),
        ("a[0].b | c", {"a"}),
        ("!", set()),
    ],
)
def test_what_an_expression_looks_at_first_is_known(expression: str, fields: set[str]) -> None:
    assert first_fields(expression) == fields
