"""Attack 91, in the places of format 1: what a provider repeats of our key does not come out by a way beside answers.

A Link header repeats the query that it was asked with, the key included; `dry_run` shows the address of a next page.
"""

from __future__ import annotations

import json

import httpx2
import pytest
from tests.actions.calling import Caller, gives, rows

from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.testing.provider import FakeProvider

KEY = "s3cret-token"
IN_HEADER = 'headers: {Authorization: "Bearer {credential.token}"}'
IN_QUERY = NOTES_YAML.replace(IN_HEADER, 'query: {api_key: "{credential.token}"}')
NEXT = "https://api.notes.example/v1/books/b/notes?page=2"
STYLES = {
    "link_header": ("pages: {style: link_header, max_size: 1}", {"link": '<URL>; rel="next"'}),
    "next_url_header": ("pages: {style: next_url_header, header: x-next, max_size: 1}", {"x-next": "URL"}),
    "next_url": ("pages: {style: next_url, body: 'next', max_size: 1}", {}),
}


def repeating(style: str, asked: list[str]) -> FakeProvider:
    """Pages that lead on by an address with the key in its query, as it came."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        key = request.url.params["api_key"]
        url = f"{NEXT}&api_key={key}"
        headers = {name: value.replace("URL", url) for name, value in STYLES[style][1].items()}
        return gives({"rows": rows(len(asked)), "next": url}, 200, headers)

    return FakeProvider(answer)


@pytest.mark.parametrize("style", STYLES)
async def test_attack_91_no_next_page_shows_the_key_that_its_address_repeats(style: str) -> None:
    asked: list[str] = []
    yaml = IN_QUERY.replace("pages: {style: link_header, max_size: 100}", STYLES[style][0])
    yaml = yaml.replace('items: "@"', "items: rows")
    provider = repeating(style, asked)
    async with make_application(provider, catalog=make_catalog(make_connector(yaml))) as application:
        principal = await make_principal(application)
        await connect(application, principal, token=KEY)
        call = application.gateway.call_action
        asked.clear()
        first = await call(principal, "notes_list_notes", {"book": "b", "limit": 1})
        again = {"book": "b", "limit": 1, "cursor": first.next_cursor}
        shown = await call(principal, "notes_list_notes", {**again, "dry_run": True})
        raw = await call(principal, "notes_list_notes", {**again, "raw": True})

    assert f"{NEXT.rpartition('?')[0]}?" in shown.text
    for result in (first, shown, raw):
        assert KEY not in f"{result.text} {json.dumps(result.value)}"
    assert len(asked) == 2
    assert all(httpx2.URL(url).params.get_list("api_key") == [KEY] for url in asked)  # it is still sent, once


async def test_attack_91_a_file_of_a_provider_that_repeats_us_holds_no_key() -> None:
    caller = Caller(
        "request: {get: /things}\nanswer: {as: file}",
        lambda request: httpx2.Response(
            200,
            content=f"you sent {request.headers['authorization']}".encode(),
            headers={"content-type": "text/plain", "content-disposition": f"attachment; filename={KEY}.txt"},
        ),
    )
    outcome = await caller.call()

    assert outcome.file is not None
    assert KEY not in f"{outcome.file.data!r} {outcome.file.name} {outcome.note}"


async def test_attack_91_a_note_about_a_detail_holds_no_key() -> None:
    action = 'request: {get: /things}\nanswer: {items: "@", expand: {request: {get: "/things/{each.id}"}}}'

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/things"):
            return gives(rows(1, 2))
        return gives({"message": f"no: {request.headers['authorization']} {request.url}"}, 404)

    outcome = await Caller(action, answer).call()

    assert "could not be read" in outcome.note
    assert KEY not in outcome.note


async def test_attack_91_a_preview_knows_no_key_wherever_it_is_placed() -> None:
    async with make_application(catalog=make_catalog(make_connector(IN_QUERY))) as application:
        principal = await make_principal(application)
        await connect(application, principal, token=KEY)
        arguments = {"book": "b", "title": "t", "dry_run": True}
        shown = await application.gateway.call_action(principal, "notes_create_note", arguments)
    assert KEY not in f"{shown.text} {shown.value}"
    assert "api_key" not in shown.text
