"""Requests that come before an action's own: what they give stands in what follows, and none is sent in vain."""

from __future__ import annotations

from typing import Any

import pytest
from tests.actions.calling import ORIGIN, Caller, gives, in_turn

from connectory.actions.files import File
from connectory.errors import ProviderRejected, ProviderUnavailable, UnexpectedResponse

UPLOAD = """
effect: write
inputs: {file: {type: file}, title: {type: string}}
steps:
  - request: {get: /uploads, query: {length: "{file.size}", name: "{file.name}"}}
    keep: {address: upload.url, id: upload.id}
  - request: {post: "{steps.address}", encoding: raw, body: "{file}"}
    as: text
request: {post: "/files/{steps.id}", body: {title: "{title}", files: [{id: "{steps.id}"}]}}
"""
FILE = File(b"12345", "text/plain", "a.txt")
PLACE = f"{ORIGIN}/v1/put/7?t=1"


def ready(address: Any = PLACE) -> Any:
    return gives({"upload": {"url": address, "id": 7}})


async def test_each_request_has_what_those_before_it_gave() -> None:
    caller = Caller(UPLOAD, in_turn(ready(), gives(b"OK - 5"), gives({"done": True})))

    outcome = await caller.call(file=FILE, title="A")

    assert outcome.value == {"done": True}
    asked, put, last = caller.sent
    assert (asked.method, str(asked.url)) == ("GET", f"{ORIGIN}/v1/uploads?length=5&name=a.txt")
    assert (put.method, str(put.url), put.content) == ("POST", PLACE, b"12345")
    assert (last.url.path, last.content) == ("/v1/files/7", b'{"title":"A","files":[{"id":7}]}')


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/v1/put", f"{ORIGIN}/v2/put", f"{ORIGIN}/v1/../admin", "https://a@api.notes.example/v1/x", 7],
)
async def test_an_address_elsewhere_gets_nothing(address: Any) -> None:
    caller = Caller(UPLOAD, in_turn(ready(address), gives({})))

    with pytest.raises(UnexpectedResponse, match="outside of its own server"):
        await caller.call(file=FILE)

    assert len(caller.sent) == 1


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ((gives({"message": "too large"}, 400),), ProviderRejected),
        ((gives({"upload": {"url": PLACE}}),), UnexpectedResponse),  # without its id
        ((ready(), gives(b"no", 500)), ProviderUnavailable),
    ],
)
async def test_where_a_step_fails_nothing_further_is_sent(answers: Any, error: type[Exception]) -> None:
    caller = Caller(UPLOAD, in_turn(*answers))

    with pytest.raises(error):
        await caller.call(file=FILE)

    assert {request.url.path for request in caller.sent} <= {"/v1/uploads", "/v1/put/7"}


async def test_of_a_write_only_the_steps_that_read_are_repeated() -> None:
    caller = Caller(UPLOAD, in_turn(gives({}, 503), ready(), gives(b"later", 503)))

    with pytest.raises(ProviderUnavailable):
        await caller.call(file=FILE)

    assert [request.url.path for request in caller.sent] == ["/v1/uploads", "/v1/uploads", "/v1/put/7"]


async def test_a_file_may_be_fetched_from_the_address_that_a_step_gives() -> None:
    fetch = """
inputs: {id: {type: string}}
steps: [{request: {get: "/files/{id}"}, keep: {address: url, name: name}}]
request: {get: "{steps.address}"}
answer: {as: file, file_name: "{steps.name}"}
"""
    plain = gives(b"words", headers={"content-type": "text/plain"})
    caller = Caller(fetch, in_turn(gives({"url": PLACE, "name": "notes.txt"}), plain))

    outcome = await caller.call(id="7")

    assert outcome.file == File(b"words", "text/plain", "notes.txt")


async def test_a_dry_run_shows_the_first_request() -> None:
    caller = Caller(UPLOAD, in_turn(gives({})))

    shown = (await caller.preview(file=FILE)).value

    assert (shown["method"], shown["url"]) == ("GET", f"{ORIGIN}/v1/uploads?length=5&name=a.txt")
    assert caller.sent == []
