"""A list whose items are bare gets their details: a few at once, bounded, and what fails stays bare."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from tests.actions.calling import KEY, Caller, gives, rows

from connectory.actions.expanding import AT_ONCE, MOST_REQUESTS
from connectory.errors import ProviderUnauthorized

LIST = "request: {get: /things, query: {per: '{limit}'}}\n"
EXPAND = "expand: {request: {get: '/things/{each.id}'}, item: '{id: id, text: text}'}"


def details(count: int, **odd: httpx2.Response) -> Any:
    """Lists `count` bare items; gives each one's text, or what `odd` has for its id (`_7`)."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        last = request.url.path.rpartition("/")[2]
        if last == "things":
            return gives({"items": rows(*range(count))})
        found = odd.get(f"_{last}")
        return found if found is not None else gives({"id": int(last), "text": f"text {last}", "more": 1})

    return answer


async def test_what_comes_takes_the_place_of_the_item_in_its_order() -> None:
    caller = Caller(f"{LIST}answer: {{items: items, {EXPAND}}}", details(9))

    outcome = await caller.call()

    assert outcome.value == [{"id": number, "text": f"text {number}"} for number in range(9)]
    assert not outcome.note


async def test_what_comes_can_be_a_member_of_the_projected_item() -> None:
    lines = f"{LIST}answer: {{items: items, item: '{{number: id}}', {EXPAND.replace('item:', 'into: detail, item:')}}}"
    caller = Caller(lines, details(1))

    assert (await caller.call()).value == [{"number": 0, "detail": {"id": 0, "text": "text 0"}}]


async def test_only_items_for_which_it_is_true_are_asked_for() -> None:
    caller = Caller(f"{LIST}answer: {{items: items, {EXPAND[:-1]}, when: 'id > `6`'}}}}", details(9))

    outcome = await caller.call()

    assert [request.url.path for request in caller.sent] == ["/v1/things", "/v1/things/7", "/v1/things/8"]
    assert outcome.value[0] == {"id": 0}


async def test_what_cannot_be_read_stays_bare_and_is_told() -> None:
    odd = {"_2": gives({"message": f"no {KEY} here"}, 404), "_3": gives(b"<html>")}
    caller = Caller(f"{LIST}answer: {{items: items, {EXPAND}}}", details(5, **odd))

    outcome = await caller.call()

    assert outcome.value[2:4] == [{"id": 2}, {"id": 3}]
    assert outcome.value[4] == {"id": 4, "text": "text 4"}
    assert outcome.note.startswith("2 of 5 could not be read: ")
    assert KEY not in outcome.note


async def test_what_has_more_than_came_is_told() -> None:
    caller = Caller(f"{LIST}answer: {{items: items, {EXPAND[:-1]}, more: 'more && id > `2`'}}}}", details(5))

    assert (await caller.call()).note == "2 of 5 have more than came: only their first page is shown."


async def test_an_item_without_what_the_request_needs_stays_bare() -> None:
    bare = gives({"items": [{"name": "x"}, "text", None]})
    caller = Caller(f"{LIST}answer: {{items: items, {EXPAND}}}", lambda _: bare)

    outcome = await caller.call()

    assert outcome.value == [{"name": "x"}, "text", None]
    assert "3 of 3 could not be read" in outcome.note
    assert len(caller.sent) == 1


@pytest.mark.parametrize("each", ["../admin", "a/b", "..", "", "a?b", "\ud800"])
async def test_attack_60_an_id_of_the_provider_stays_in_its_segment(each: str) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return gives({"items": [{"id": each}]}) if request.url.path.endswith("/things") else gives({})

    caller = Caller(f"{LIST}answer: {{items: items, {EXPAND}}}", answer)
    await caller.call()

    for request in caller.sent[1:]:
        assert request.url.raw_path.startswith(b"/v1/things/")
        assert request.url.raw_path.count(b"/") == 3
        assert request.url.raw_path.rpartition(b"/")[2] not in (b"", b".", b"..")


async def test_a_call_asks_for_a_bounded_number_and_says_what_it_left() -> None:
    caller = Caller(f"{LIST}answer: {{items: items, {EXPAND}}}", details(MOST_REQUESTS + 20))

    outcome = await caller.call(limit=200)

    assert len(caller.sent) == 1 + MOST_REQUESTS
    assert outcome.value[-1] == {"id": MOST_REQUESTS + 19}
    assert f"20 of {MOST_REQUESTS + 20} were not asked for" in outcome.note


async def test_all_that_comes_counts_against_the_memory_that_an_answer_may_take() -> None:
    heavy = {f"_{number}": gives({"id": number, "text": "x" * 2000}) for number in range(50)}
    caller = Caller(f"{LIST}answer: {{items: items, {EXPAND}}}", details(50, **heavy), most=10_000)

    outcome = await caller.call()

    assert len(caller.sent) <= 1 + 5 + AT_ONCE
    assert "too large together" in outcome.note


async def test_a_provider_that_wants_fewer_requests_is_left_alone() -> None:
    limited = gives({}, 429, {"retry-after": "3600"})
    caller = Caller(f"{LIST}answer: {{items: items, {EXPAND}}}", details(50, _0=limited))

    outcome = await caller.call()

    assert len(caller.sent) <= 1 + 2 * AT_ONCE
    assert "wants fewer requests" in outcome.note


async def test_a_refused_sign_in_is_an_error_of_the_call() -> None:
    caller = Caller(f"{LIST}answer: {{items: items, {EXPAND}}}", details(5, _1=gives({}, 401)))

    with pytest.raises(ProviderUnauthorized):
        await caller.call()


async def test_levels_are_read_as_deep_as_the_manifest_says() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.removeprefix("/v1/blocks/")
        return gives({"items": [{"id": f"{path}{number}", "nested": number == 0} for number in range(2)]})

    lines = (
        "request: {get: /blocks/p}\nanswer: {items: items, item: '{id: id}', expand: {"
        "request: {get: '/blocks/{each.id}'}, when: nested, items: items, item: '{id: id}', into: children, depth: 2}}"
    )
    caller = Caller(lines, answer)

    assert (await caller.call()).value == [
        {
            "id": "p0",
            "children": [{"id": "p00", "children": [{"id": "p000"}, {"id": "p001"}]}, {"id": "p01"}],
        },
        {"id": "p1"},
    ]


class Slow(httpx2.AsyncBaseTransport):
    """Counts how many requests are under way at once; details never come."""

    def __init__(self, *, ends: bool) -> None:
        self.under_way = self.most = 0
        self._all_at_once = asyncio.Event()
        self._ends = ends

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/things"):
            return gives({"items": rows(*range(12))})
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        if self.under_way == AT_ONCE:
            self._all_at_once.set()
        await self._all_at_once.wait()
        await asyncio.sleep(0.001 if self._ends else 60)
        self.under_way -= 1
        return gives({"id": 1})


@pytest.mark.parametrize("ends", [True, False])
async def test_a_few_are_asked_for_at_once_and_none_outlasts_the_call(ends: bool) -> None:
    caller = Caller(f"{LIST}answer: {{items: items, {EXPAND}}}", lambda _: gives({}), timeout_s=50 if ends else 1.0)
    slow = Slow(ends=ends)
    caller.mount(slow)

    async with asyncio.timeout(40):
        outcome = await caller.call()

    assert slow.most == AT_ONCE
    assert len(outcome.value) == 12
    assert bool(outcome.note) is not ends
