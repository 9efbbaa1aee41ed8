"""What converters decode and headers are cut to shows no credential that was not to be seen before (attack 91)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from tests.actions.calling import KEY, Caller, gives, in_turn

from connectory.actions.http import HEADER_CHARACTERS
from connectory.actions.raw import RawRequest
from connectory.catalog.trees import ANSWER_FUNCTIONS

SAID = f"Authorization: Bearer {KEY}!"
CODED = base64.b64encode(SAID.encode()).decode()
MAIL = f"From: a@b.example\r\nSubject: key\r\nContent-Transfer-Encoding: base64\r\n\r\n{CODED}\r\n"
ODD = KEY.replace("-", "\\u002d")  # as JSON may write it
# Answers that hold the credential in no spelling that could be searched for, and how a manifest reads each of them.
READ: dict[str, tuple[str, Any]] = {
    "from_base64": ("from_base64(t)", CODED),
    "from_base64url": ("from_base64url(t)", CODED.rstrip("=")),
    "from_json_text": ("from_json_text(t)", f'{{"{ODD}": ["{ODD}"]}}'),
    "from_html": ("from_html(t)", f"<p>{KEY.replace('-', '&#45;')} and s3cret<b>-token</b></p>"),
    "from_csv": ("from_csv(t)", f'a,"{KEY[:4]}"{KEY[4:]}\n1,2'),
    "from_mime_message": ("from_mime_message(t)", base64.urlsafe_b64encode(MAIL.encode()).decode()),
    "from_mime_parts": (
        "from_mime_parts(t)",
        {"mimeType": "text/plain", "headers": [], "body": {"data": base64.urlsafe_b64encode(SAID.encode()).decode()}},
    ),
    "from_atlassian_document": (
        "from_atlassian_document(t)",
        {"type": "paragraph", "content": [{"type": "text", "text": text} for text in ("s3cret", "-token")]},
    ),
    "from_notion_properties": (
        "from_notion_properties(t)",
        {"Key": {"type": "title", "title": [{"plain_text": "s3cret"}, {"plain_text": "-token"}]}},
    ),
}
CANNOT = {  # decode nothing
    "from_unix_seconds", "from_unix_milliseconds", "from_table", "from_pairs", "from_trimmed", "from_last_segment",
}  # fmt: skip
EXPRESSIONS = pytest.mark.parametrize(("read", "said"), READ.values(), ids=READ)
VERIFIED = "verify: {request: {get: /who}, account: {id: id, name: '%s'}, scopes: {body: '%s'}, facts: {f: '%s'}}"


def test_every_converter_is_thought_of() -> None:
    assert READ.keys() | CANNOT == ANSWER_FUNCTIONS.keys()


@EXPRESSIONS
async def test_what_an_object_or_an_item_is_projected_to_is_clean(read: str, said: Any) -> None:
    for answer, body in (('item: "{of: %s}"', {"t": said}), ('items: "@", item: "{of: %s}"', [{"t": said}] * 2)):
        caller = Caller(f"request: {{get: /things}}\nanswer: {{{answer % read}}}", in_turn(gives(body)))

        value = (await caller.call()).value

        assert "***" in json.dumps(value)
        assert KEY not in json.dumps(value)


@EXPRESSIONS
@pytest.mark.parametrize("raw", [False, True])
async def test_items_that_are_found_by_converting_are_clean(read: str, said: Any, raw: bool) -> None:
    pages = "pages: {style: page, max_size: 50}\n"
    answer = f'request: {{get: /things, query: {{p: "{{cursor}}"}}}}\n{pages}answer: {{items: "[{read}]"}}'

    value = (await Caller(answer, in_turn(gives({"t": said}))).call(50, raw=raw)).value

    assert "***" in json.dumps(value)
    assert KEY not in json.dumps(value)


@EXPRESSIONS
async def test_what_items_are_expanded_with_is_clean(read: str, said: Any) -> None:
    expand = f'expand: {{request: {{get: "/things/{{each.id}}"}}, item: "{{of: {read}}}", into: more}}'
    caller = Caller(
        f'request: {{get: /things}}\nanswer: {{items: "@", {expand}}}', in_turn(gives([{"id": 1}]), gives({"t": said}))
    )

    value = (await caller.call()).value

    assert "***" in json.dumps(value)
    assert KEY not in json.dumps(value)


@EXPRESSIONS
async def test_what_a_verify_call_tells_is_clean(read: str, said: Any) -> None:
    text = f"to_string({read})"
    caller = Caller("request: {get: /things}", in_turn(gives({"id": 1, "t": said})), VERIFIED % ((text,) * 3))

    verified = await caller.verify()

    assert "***" in str(verified.account_name)
    assert KEY not in f"{verified.account_name} {verified.scopes} {verified.facts}"


async def test_scopes_that_a_header_tells_are_clean() -> None:
    top = "verify: {request: {get: /who}, account: {id: id, name: id}, scopes: {header: X-Scopes}}"
    caller = Caller("request: {get: /things}", in_turn(gives({"id": 1}, headers={"X-Scopes": f"repo, {KEY}"})), top)

    assert (await caller.verify()).scopes == ("***", "repo")


@pytest.mark.parametrize("part", ["name", "media_type"])
async def test_the_name_and_type_of_a_file_inside_an_answer_are_clean(part: str) -> None:
    said = base64.b64encode(f"x/{KEY}".encode()).decode()
    answer = f"answer: {{as: file, content: {{data: d, {part}: from_base64(t)}}}}"
    caller = Caller(f"request: {{get: /things}}\n{answer}", in_turn(gives({"d": CODED, "t": said})))

    file = (await caller.call()).file

    assert file is not None
    assert KEY not in f"{file.name} {file.media_type} {file.data!r}"


async def test_a_credential_across_the_end_of_a_long_header_is_masked_before_that_is_cut() -> None:
    location = "/x".ljust(HEADER_CHARACTERS - len(KEY) + 1, "x") + KEY
    caller = Caller("request: {get: /things}", in_turn(gives({}, headers={"Location": location})))

    outcome = await caller.executor.send_raw(caller.target, RawRequest("GET", "/things"))

    assert KEY[:6] not in outcome.headers["location"]
