"""Lists are followed by every style of pages, to their end, and no further than the provider's own server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from tests.actions.calling import KEY, ORIGIN, Caller, gives, in_turn, rows

from connectory.actions.executor import Outcome
from connectory.errors import ConnectoryError, HostRefused, InvalidCursor, UnexpectedResponse

LIST = "answer: {items: items}\nrequest: {get: /things, query: {per: '{limit}', at: '{cursor}'}}\n"
BARE = "answer: {items: items}\nrequest: {get: /things, query: {at: '{cursor}'}}\n"
URL = f"{ORIGIN}/v1/things?at="


def serving(*pages: list[dict[str, Any]], more: Callable[[int], tuple[Any, dict[str, str]]]) -> Any:
    """A provider of pages; `more(number)` gives what its answer says beside the items, in the body and the headers."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        at = request.url.params.get("at", "0")
        number = int(at) if at.isdigit() else 0
        body, headers = more(number)
        return gives({"items": pages[number] if number < len(pages) else [], **body}, headers=headers)

    return answer


def link(url: str, extra: str = "") -> dict[str, str]:
    return {"link": f'<{url}>; rel="next"{extra}'}


STYLES: dict[str, tuple[str, Callable[[int], tuple[Any, dict[str, str]]]]] = {
    "link": ("pages: link_header", lambda n: ({}, link(f"{URL}{n + 1}") if n < 2 else {})),
    "relative link": ("pages: link_header", lambda n: ({}, link(f"?at={n + 1}") if n < 2 else {})),
    "link when": (
        "pages: {style: link_header, when: \"results == 'true'\"}",
        lambda n: ({}, link(f"{URL}{n + 1}", f'; results="{"true" if n < 2 else "false"}"')),
    ),
    "several relations": (
        "pages: link_header",
        lambda n: ({}, {"link": f'<{URL}0>; rel="first", <{URL}{n + 1}>; rel="next last"'} if n < 2 else {}),
    ),
    "a link beside one in another script": (
        "pages: link_header",
        lambda n: ({}, {"link": f'<{URL}{n + 1}>; rel="next"; title="größer"'} if n < 2 else {}),
    ),
    "header": (
        "pages: {style: next_url_header, header: X-Next}",
        lambda n: ({}, {"x-next": f"{URL}{n + 1}"} if n < 2 else {"x-next": ""}),
    ),
    "address in the body": (
        "pages: {style: next_url, body: paging.next}",
        lambda n: ({"paging": {"next": f"{URL}{n + 1}" if n < 2 else None}}, {}),
    ),
    "path in the body": (
        "pages: {style: next_url, body: next}",
        lambda n: ({"next": f"/v1/things?at={n + 1}" if n < 2 else ""}, {}),
    ),
    "path from the base": (
        "pages: {style: next_url, body: next}",
        lambda n: ({"next": f"/things?at={n + 1}"} if n < 2 else {}, {}),
    ),
    "cursor": ("pages: {style: cursor, body: next}", lambda n: ({"next": str(n + 1) if n < 2 else ""}, {})),
    "cursor with more": (
        "pages: {style: cursor, body: next, more: more}",
        lambda n: ({"next": n + 1, "more": n < 2}, {}),
    ),
    "cursor in an address": (
        "pages: {style: cursor, body: next, parameter: after}",
        lambda n: ({"next": f"/elsewhere/things?limit=2&after={n + 1}"} if n < 2 else {}, {}),
    ),
    "page with more": ("pages: {style: page, first: 0, more: more}", lambda n: ({"more": n < 2}, {})),
    "page with total": (
        "pages: {style: page, first: 0, total_header: X-Pages}",
        lambda _: ({}, {"x-pages": "3"}),
    ),
    "page in a header": (
        "pages: {style: page, first: 0, next_header: X-Next-Page}",
        lambda n: ({}, {"x-next-page": str(n + 1) if n < 2 else ""}),
    ),
}


async def test_an_address_without_the_cursor_ends_in_an_error() -> None:
    pages = "pages: {style: cursor, body: next, parameter: after}"
    caller = Caller(BARE + pages, serving(rows(1), more=lambda _: ({"next": "/elsewhere?limit=2"}, {})))

    with pytest.raises(UnexpectedResponse, match="no 'after'"):
        await caller.call()


@pytest.mark.parametrize("style", STYLES)
async def test_a_list_is_followed_to_its_end(style: str) -> None:
    pages, more = STYLES[style]
    caller = Caller(BARE + pages, serving(rows(1), rows(2), rows(3), rows(99), more=more))

    outcome = await caller.call()

    assert outcome.value == rows(1, 2, 3)
    assert outcome.next_page is None
    assert not outcome.note
    assert len(caller.sent) == 3
    assert all(request.headers["authorization"] == f"Bearer {KEY}" for request in caller.sent)


@pytest.mark.parametrize("style", STYLES)
async def test_a_call_ends_at_its_limit_and_the_next_one_goes_on_from_there(style: str) -> None:
    pages, more = STYLES[style]
    caller = Caller(BARE + pages, serving(rows(1), rows(2), rows(3), more=more))

    first = await caller.call(limit=2)
    assert first.value == rows(1, 2)
    assert first.next_page is not None
    second = await caller.call(limit=2, page=first.next_page)

    assert second.value == rows(3)
    assert second.next_page is None


def by_offset(count: int, /, **beside: Any) -> Any:
    def answer(request: httpx2.Request) -> httpx2.Response:
        offset, size = int(request.url.params.get("at", 0)), int(request.url.params.get("per", 2))
        ids = range(offset, min(offset + size, count))
        more = {"more": offset + size < count} if "more" in beside else {}
        return gives({"items": rows(*ids), **beside, **more})

    return answer


@pytest.mark.parametrize(
    ("pages", "beside", "asked"),
    [
        ("{style: offset, total: total}", {"total": 4}, 2),
        ("{style: offset, total: total}", {"total": "4"}, 2),
        ("{style: offset, more: more}", {"more": True}, 2),
        ("{style: offset}", {}, 3),  # nothing says that it is over, but an empty page
        ("{style: offset, total: total}", {"total": "many"}, 3),
    ],
)
async def test_offsets_count_the_items_that_came(pages: str, beside: dict[str, Any], asked: int) -> None:
    caller = Caller(f"{BARE}pages: {pages}", by_offset(4, **beside))

    outcome = await caller.call(limit=10)

    assert outcome.value == rows(0, 1, 2, 3)
    assert [request.url.params.get("at") for request in caller.sent] == [None, "2", "4"][:asked]
    assert outcome.next_page is None


@pytest.mark.parametrize("style", ["page", "offset"])
async def test_a_page_shorter_than_what_was_asked_for_is_the_last_one(style: str) -> None:
    caller = Caller(f"{LIST}pages: {{style: {style}, max_size: 10}}", in_turn(gives({"items": rows(*range(7))})))

    assert (await caller.call(limit=10)).next_page is None
    assert len(caller.sent) == 1


@pytest.mark.parametrize(
    ("pages", "query", "sent"),
    [
        ("{style: page, first: 1}", "{per: '{limit}', at: '{cursor}'}", [None, "2"]),
        ("{style: offset, max_size: 2}", "{per: '{limit}', at: '{cursor}'}", [None, "2"]),
        ("{style: last_id, max_size: 2}", "{per: '{limit}', at: '{cursor}'}", [None, "2"]),
        ("{style: last_id, more: more}", "{at: '{cursor}'}", [None, "2"]),
    ],
)
async def test_pages_are_counted_by_all_that_came_and_not_by_what_is_kept(
    pages: str, query: str, sent: list[str | None]
) -> None:
    lines = f"answer: {{items: items, when: good}}\nrequest: {{get: /things, query: {query}}}\npages: {pages}"
    first = {"items": [{"id": 1, "good": True}, {"id": 2}], "more": True}
    caller = Caller(lines, in_turn(gives(first), gives({"items": [{"id": 3, "good": True}], "more": False})))

    outcome = await caller.call(limit=2)

    assert [item["id"] for item in outcome.value] == [1]
    assert outcome.next_page is not None
    rest = await caller.call(limit=2, page=outcome.next_page)
    assert [item["id"] for item in rest.value] == [3]
    assert rest.next_page is None
    assert [request.url.params.get("at") for request in caller.sent] == sent


async def test_details_are_asked_for_what_is_kept_alone_and_raw_keeps_all() -> None:
    lines = (
        "answer: {items: items, when: good, item: '{id: id}', expand: {request: {get: '/things/{each.id}'}, into: x}}\n"
        "request: {get: /things}"
    )
    items = {"items": [{"id": 1}, {"id": 2, "good": True}]}
    caller = Caller(lines, in_turn(gives(items), gives({"name": "B"}), gives(items)))

    assert (await caller.call()).value == [{"id": 2, "x": {"name": "B"}}]
    assert caller.sent[1].url.path.endswith("/things/2")
    assert (await caller.call(raw=True)).value == items


async def test_the_last_id_is_that_of_the_raw_item() -> None:
    lines = (
        "answer: {items: data, item: '{name: name}'}\nrequest: {get: /things, query: {after: '{cursor}'}}\n"
        "pages: {style: last_id, more: has_more}"
    )
    pages = [
        {"data": [{"id": "a", "name": "A"}, {"id": "b&c", "name": "B"}], "has_more": True},
        {"data": [{"id": "d", "name": "D"}], "has_more": False},
    ]
    caller = Caller(lines, in_turn(*map(gives, pages)))

    assert (await caller.call()).value == [{"name": "A"}, {"name": "B"}, {"name": "D"}]
    assert caller.sent[1].url.params["after"] == "b&c"


async def test_a_cursor_goes_back_in_the_body_with_its_type() -> None:
    lines = (
        "answer: {items: items}\nrequest: {post: /search, body: {limit: '{limit}', after: '{cursor}'}}\n"
        "pages: {style: cursor, body: next}"
    )
    caller = Caller(lines, in_turn(gives({"items": rows(1), "next": 20}), gives({"items": rows(2), "next": None})))

    await caller.call(limit=30)

    assert [json.loads(request.content) for request in caller.sent] == [{"limit": 30}, {"limit": 30, "after": 20}]


async def test_a_graphql_cursor_goes_into_the_variables() -> None:
    lines = (
        "answer: {items: data.things.nodes}\n"
        "request: {post: /graphql, graphql: 'query($n: Int, $after: String) { things(n: $n, after: $after) { id } }',"
        " variables: {n: '{limit}', after: '{cursor}'}}\n"
        "pages: {style: cursor, body: data.things.page.end, more: data.things.page.more}"
    )

    def page(number: int, more: bool) -> Any:
        return {"data": {"things": {"nodes": rows(number), "page": {"end": f"c{number}", "more": more}}}}

    caller = Caller(lines, in_turn(gives(page(1, more=True)), gives(page(2, more=False))))

    assert (await caller.call(limit=5)).value == rows(1, 2)
    assert [json.loads(request.content)["variables"] for request in caller.sent] == [{"n": 5}, {"n": 5, "after": "c1"}]


@pytest.mark.parametrize(
    ("pages", "answer"),
    [
        ("{style: cursor, body: next}", gives({"items": rows(1), "next": "same"})),
        ("{style: next_url, body: next}", gives({"items": rows(1), "next": f"{ORIGIN}/v1/things?at=same"})),
        ("link_header", gives({"items": rows(1)}, headers=link(f"{ORIGIN}/v1/things?at=same"))),
        ("{style: last_id, more: more}", gives({"items": rows(1), "more": True})),
    ],
)
async def test_attack_107_an_endless_list_ends_where_it_repeats_itself(pages: str, answer: httpx2.Response) -> None:
    caller = Caller(f"{BARE}pages: {pages}", in_turn(answer))

    outcome = await caller.call(limit=200)
    again = await caller.call(limit=200, page=json.dumps("same") if "cursor" in pages else None)

    assert outcome.value == rows(1, 1)
    assert "names a page again" in outcome.note
    assert outcome.next_page is None
    assert "names a page again" in again.note
    assert len(caller.sent) <= 4


async def test_attack_107_a_list_without_end_stops_at_what_one_call_may_hold() -> None:
    def endless(request: httpx2.Request) -> httpx2.Response:
        at = int(request.url.params.get("at", 0)) + 1
        return gives({"items": [{"id": at, "text": "x" * 1000}], "next": at})

    caller = Caller(f"{BARE}pages: {{style: cursor, body: next}}", endless, most=5_000)
    outcome = await caller.call(limit=200)

    assert len(outcome.value) == 5
    assert outcome.next_page == "5"


ELSEWHERE = ["https://evil.example/v1/things", "//evil.example/v1", f"{ORIGIN}/v2/things", f"{ORIGIN}/v1/../admin",
             f"{ORIGIN}/v1/%2e%2e/admin", "http://api.notes.example/v1/x", "https://api.notes.example@evil.example/v1",
             "\\\\evil.example/v1", "https://[::1", "javascript:alert(1)"]  # fmt: skip


@pytest.mark.parametrize("url", ELSEWHERE)
@pytest.mark.parametrize(
    "style", ["{style: next_url, body: next}", "{style: next_url_header, header: X-Next}", "link_header"]
)
async def test_attack_64_no_style_follows_an_address_elsewhere(style: str, url: str) -> None:
    answer = gives({"items": rows(1), "next": url}, headers={"x-next": url, **link(url)})
    caller = Caller(f"{BARE}pages: {style}", in_turn(answer))

    with pytest.raises(HostRefused):
        await caller.call()

    assert len(caller.sent) == 1


async def test_attack_64_an_address_that_is_given_back_is_checked_again() -> None:
    caller = Caller(f"{BARE}pages: link_header", in_turn(gives({"items": []})))

    with pytest.raises(InvalidCursor):
        await caller.call(page="https://evil.example/v1/things")

    assert not caller.sent


@pytest.mark.parametrize("page", ["", "no json", "[1]", "true", "null", '"text"', "1.5"])
async def test_a_page_that_is_no_number_is_no_cursor_of_a_counted_list(page: str) -> None:
    caller = Caller(f"{BARE}pages: offset", in_turn(gives({"items": []})))

    with pytest.raises(InvalidCursor):
        await caller.call(page=page)


@pytest.mark.parametrize("found", [[1], {"a": 1}, True, "x" * 10_000])
async def test_what_can_be_no_cursor_is_refused(found: Any) -> None:
    caller = Caller(f"{BARE}pages: {{style: cursor, body: next}}", in_turn(gives({"items": rows(1), "next": found})))

    with pytest.raises(UnexpectedResponse):
        await caller.call()


async def test_raw_follows_the_pages_and_projects_nothing() -> None:
    lines = (
        "answer: {items: items, item: '{name: name}', expand: {request: {get: '/things/{each.id}'}}}\n"
        "request: {get: /things, query: {at: '{cursor}'}}\npages: {style: cursor, body: next}"
    )
    caller = Caller(lines, in_turn(gives({"items": rows(1), "next": "n"}), gives({"items": rows(2)})))

    assert (await caller.call(raw=True)).value == rows(1, 2)
    assert len(caller.sent) == 2


async def test_raw_shows_what_came_in_place_of_a_list() -> None:
    caller = Caller(f"{BARE}pages: {{style: cursor, body: next}}", in_turn(gives({"odd": 1})))

    with pytest.raises(ConnectoryError, match="without the list"):
        await caller.call()
    outcome: Outcome = await caller.call(raw=True)

    assert outcome.value == {"odd": 1}
    assert not outcome.is_list
