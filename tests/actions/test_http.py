"""Calls by the `http` executor: pages, empty answers, values in their places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from tests.actions.calling import KEY, ORIGIN, Caller, gives, in_turn

from connectory.actions.raw import RawRequest
from connectory.errors import ConnectoryError
from connectory.gateway.results import Result
from connectory.testing.application import connect, make_application, make_principal, make_settings
from connectory.testing.provider import FakeProvider, answers

Page = tuple[int, Any, str]  # status, body, what it names as its next page
KEYED = "idempotency: {header: Idempotency-Key}"
NEXT = "https://api.notes.example/v1/books/b/notes?page="


def paging(pages: Callable[[str], Page]) -> FakeProvider:
    """A provider that answers by page number; the first one is ''."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        status, body, following = pages(request.url.params.get("page", ""))
        return answers(status, body, {"link": f'<{following}>; rel="next"'} if following else {})(request)

    return FakeProvider(answer)


def rows(*ids: int) -> list[dict[str, Any]]:
    return [{"id": number, "title": "t"} for number in ids]


async def call(
    provider: FakeProvider, tool: str = "notes_list_notes", timeout_s: str = "50", **arguments: Any
) -> Result:
    async with make_application(provider, settings=make_settings(CONNECTORY_CALL_TIMEOUT_S=timeout_s)) as application:
        principal = await make_principal(application)
        await connect(application, principal)
        return await application.gateway.call_action(principal, tool, {"book": "b", **arguments})


async def test_pages_that_lead_back_are_noticed_and_what_came_is_given() -> None:
    pages = {"": (200, rows(1), NEXT + "2"), "2": (200, rows(2), NEXT + "3"), "3": (200, rows(3), NEXT + "2")}
    provider = paging(pages.__getitem__)

    result = await call(provider, limit=100)

    assert [row["id"] for row in result.value] == [1, 2, 3]
    assert "names a page again" in result.text
    assert result.next_cursor is None
    assert len(provider.requests) == 3


@pytest.mark.parametrize("status", [429, 500, 404])
async def test_a_page_that_fails_does_not_take_back_what_came(status: int) -> None:
    pages = {"": (200, rows(1), NEXT + "2"), "2": (status, {"message": "s3cret-token is tired"}, "")}

    result = await call(paging(pages.__getitem__), limit=100)

    assert [row["id"] for row in result.value] == [1]
    assert "The next page failed: Notes" in result.text
    assert "s3cret-token" not in result.text
    assert result.next_cursor


async def test_a_page_with_a_refused_sign_in_is_an_error() -> None:
    pages = {"": (200, rows(1), NEXT + "2"), "2": (401, {}, "")}

    with pytest.raises(ConnectoryError):
        await call(paging(pages.__getitem__), limit=100)


async def test_a_provider_that_ignores_the_page_size_loses_no_items() -> None:
    pages = {"": (200, rows(*range(40)), NEXT + "2")}

    result = await call(paging(pages.__getitem__), limit=10)

    assert len(result.value) == 40
    assert result.next_cursor


async def test_a_next_page_with_the_usual_port_written_out_is_followed() -> None:
    pages = {"": (200, rows(1), NEXT.replace("example/", "example:443/") + "2"), "2": (200, rows(2), "")}

    assert [row["id"] for row in (await call(paging(pages.__getitem__), limit=100)).value] == [1, 2]


async def test_a_list_without_content_is_an_empty_list() -> None:
    result = await call(FakeProvider(answers(204)))

    assert result.value == []
    assert "0 items" in result.text


async def test_a_whole_number_goes_as_one() -> None:
    provider = FakeProvider(answers(201, {}))

    await call(provider, "notes_create_note", title="T", priority=5.0)
    await call(provider, "notes_delete_note", id=1e22)

    assert provider.requests[0].content == b'{"title":"T","meta":{"priority":5}}'
    assert provider.requests[1].url.path.endswith("/10000000000000000000000")


async def test_headers_that_a_raw_request_is_told_are_masked() -> None:
    provider = FakeProvider(answers(201, {}, {"location": "/v1/things?key=s3cret-token"}))
    async with make_application(provider) as application:
        principal = await make_principal(application)
        await connect(application, principal)

        result = await application.gateway.request(principal, "notes/default", RawRequest("POST", "/things", body={}))

    assert "location: " in result.text
    assert "s3cret-token" not in result.text


PREVIEWED = (
    "request: {get: '/things/{id}', query: {per: '{limit}', at: '{cursor}'}}\ninputs: {id: {type: string}}\n"
    "answer: {items: items}\npages: "
)


async def test_a_preview_is_the_request_without_the_credentials_and_nothing_is_sent() -> None:
    caller = Caller("request: {post: /things, body: {a: '{a}'}}\neffect: write", in_turn(gives({})), KEYED)

    shown = (await caller.preview(a=[1])).value

    assert shown["method"] == "POST"
    assert shown["url"] == f"{ORIGIN}/v1/things"
    assert shown["body"] == {"a": [1]}
    assert shown["headers"]["Idempotency-Key"]
    assert KEY not in str(shown)
    assert "authorization" not in {name.lower() for name in shown["headers"]}
    assert not caller.sent


async def test_a_preview_shows_the_page_that_was_asked_for() -> None:
    counted = Caller(f"{PREVIEWED}{{style: offset, max_size: 20}}", in_turn(gives({})))
    named = Caller(f"{PREVIEWED}link_header", in_turn(gives({})))

    first = await counted.preview(limit=10, id="7")
    later = await counted.preview(limit=10, page="10", id="7")
    address = await named.preview(page=f"{ORIGIN}/v1/things/7?at=2", id="7")

    assert first.value["url"] == f"{ORIGIN}/v1/things/7?per=10"
    assert later.value["url"] == f"{ORIGIN}/v1/things/7?per=10&at=10"
    assert address.value["url"] == f"{ORIGIN}/v1/things/7?at=2"


async def test_raw_gives_the_whole_answer_unprojected() -> None:
    lines = "request: {get: /things}\nanswer: {items: items, item: '{name: name}'}"
    caller = Caller(lines, in_turn(gives({"items": [{"id": 1, "name": "a"}], "total": 1})))

    assert (await caller.call()).value == [{"name": "a"}]
    assert (await caller.call(raw=True)).value == {"items": [{"id": 1, "name": "a"}], "total": 1}
