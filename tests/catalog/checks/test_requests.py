"""A request's body fits its encoding, and files go only where files can."""

from __future__ import annotations

from typing import Any

import pytest
from tests.catalog.making import ABSENT, problems_of
from tests.catalog.rich import RICH

UPLOAD = "actions/upload/request"
PUT = "actions/put_file/request"
SEND = "actions/send/request"
SEARCH = "actions/search/request"
CREATE = "actions/create/request"
FILES = {"type": "array", "required": True, "description": "Files.", "items": {"type": "file"}}
RAW = {"put": "/files/{id}", "encoding": "raw", "body": "Text: {id}"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ((f"{SEARCH}/post", "/{owner.id}"), "inputs.owner: 'owner' stands in the path, so it must be given."),
        ((f"{UPLOAD}/encoding", "json"), "upload.request.body.file: The file {file} cannot stand here."),
        ((f"{UPLOAD}/encoding", "form_brackets"), "upload.request.body.file: The file {file} cannot stand here."),
        (
            (f"{UPLOAD}/body/name", "{name} of {file}"),
            "body.name: {file} is of type file, which cannot stand inside a text",
        ),
        ((f"{UPLOAD}/query", {"f": "{more}"}), "query.f: The file {more} cannot stand here."),
        ((f"{UPLOAD}/headers", {"X-F": "{file}"}), "X-F: {file} is of type file, which cannot stand inside a text"),
        ((f"{UPLOAD}/body/name", {"convert": "json_text", "of": "{file}"}), None),
        ((f"{SEND}/body/0/content/raw/convert", "json_text"), None),
        ((f"{UPLOAD}/body", ["{file}"]), "upload.request.body: A body in multipart is a mapping of names."),
        ((f"{UPLOAD}/body", "{name}"), "upload.request.body: A body in multipart is a mapping of names."),
        ((f"{UPLOAD}/content_type", "image/png"), "content_type: A body in multipart is of a type multipart/..."),
        ((f"{UPLOAD}/content_type", "{name}/png"), "content_type: '{name}/png' is no media type."),
        (
            (f"{CREATE}/body", ["{lines}", "{note}", "{html}"]),
            "create.request.body: A body in form_brackets is a mapping",
        ),
        ((f"{CREATE}/encoding", "form"), "create.request.body.lines"),
        ((f"{PUT}/body", {"a": "{file}"}), "put_file.request.body: A raw body is one text or one file."),
        ((PUT, RAW), "put_file.request.content_type: A raw text says what it is."),
        ((f"{SEND}/body", {"content": "{file}"}), "send.request.body: A body in multipart_related is a list of parts."),
        ((f"{SEND}/body/1", "x"), "send.request.body[1]: A part is a mapping of `content` and `content_type`."),
        ((f"{SEND}/body/1/content", ABSENT), "send.request.body[1].content: 'content' is missing."),
        ((f"{SEND}/body/1/contnt", "x"), "body[1].contnt: 'contnt' is no key of a part. Did you mean 'content'"),
        ((f"{SEND}/body/1/content_type", 5), "body[1].content_type: This should be text."),
        ((f"{SEND}/body/1/content_type", "text"), "body[1].content_type: 'text' is no media type."),
        ((f"{SEND}/body/1/content_type", "{too}"), "body[1].content_type: {too} is no input."),
        (
            ("actions/get_file/request/encoding", "form"),
            "get_file.request.encoding: `encoding` says how the body is written",
        ),
        (("actions/get_file/request/content_type", "a/b"), "content_type: `content_type` says how the body is written"),
        (("actions/get_file/request/variables", {"a": 1}), "variables: `variables` are those of `graphql`"),
        (("actions/get_file/request/body", {"a": 1}), "get_file.request.body: A GET has no body."),
        ((f"{SEARCH}/query/who", "{owner}"), "query.who: A query parameter cannot hold {owner}"),
        ((f"{SEARCH}/query/who", {"id": "{owner.id}"}), "query.who: A query parameter is a text or a list of texts."),
        ((f"{SEARCH}/query/who", [["x"]]), "query.who[0]: A query parameter is a text or a list of texts."),
        ((f"{SEARCH}/query/who", {"when": "{name}", "of": {"a": 1}}), "query.who.of: A query parameter is a text"),
        ((f"{SEARCH}/post", "/{limit}"), "search.request.post: {limit} is not at hand here."),
        ((f"{SEARCH}/post", "/{cursor}"), "search.request.post: {cursor} is not at hand here."),
        (
            ("actions/create/request/post", "/{idempotency_key}"),
            "create.request.post: {idempotency_key} is not at hand",
        ),
        ((f"{SEARCH}/post", "/{words}"), "search.request.post: {words} is of type array"),
        ((f"{SEARCH}/post", "/{name}"), "inputs.name: 'name' stands in the path, so it must be given."),
        (
            (f"{SEARCH}/post", "/{connection.locale}/{connection.sit}"),
            "{connection.sit} is no fact that can stand here.",
        ),
        ((f"{CREATE}/headers", {"idempotency-key": "1"}), "Header idempotency-key is set by `idempotency`."),
        ((f"{CREATE}/server", "fils"), "create.request.server: There is no server 'fils'. Did you mean 'files'?"),
        (
            (f"{UPLOAD}/body/name", {"meta": "{name}", "scan": "{file}"}),
            "name.scan: The file {file} cannot stand here.",
        ),
        ((f"{UPLOAD}/body/more", {"each": "{more}", "of": {"file": "{each}"}}), "more.of.file: The file {each} cannot"),
        ((f"{UPLOAD}/body/more", ["{more}"]), "more[0]: The file {more} cannot stand here. Only one file can: make"),
        ((f"{UPLOAD}/body/more", {"join": ",", "of": "{more}"}), "more.of: The file {more} cannot stand here."),
        ((f"{UPLOAD}/body", {"each": "{more}", "of": "{each}"}), "upload.request.body: A body in multipart is a map"),
        ((f"{SEND}/body/0/content", {"file": "{file}"}), "body[0].content.file: The file {file} cannot stand here."),
        ((f"{SEND}/body/0/content", ["{file}"]), "body[0].content[0]: The file {file} cannot stand here. A file is a"),
        ((f"{PUT}/body", {"when": "{id}", "of": {"a": "{file}"}}), "put_file.request.body.of: A raw body is one text"),
        ((f"{PUT}/body", ["{file}"]), "put_file.request.body: A raw body is one text or one file."),
        (("actions/put_file/inputs/file", FILES), "put_file.request.body: The file {file} cannot stand here. Only one"),
        (("actions/put_file/inputs/file", FILES), "put_file.request.body: A raw body is one text or one file."),
        ((f"{SEND}/body/2/content", {"convert": "base64", "of": {"a": "{file}"}}), "of.a: The file {file} cannot"),
        (
            (CREATE, {"post": "/x", "encoding": "form", "body": {"merge": "{further}", "of": {"a": {"b": "{note}"}}}}),
            "create.request.body.of.a: A form's value is a text or a list of texts.",
        ),
        ((f"{SEARCH}/query/who", {"merge": "{owner}", "of": {}}), "query.who: A query parameter is a text or a list"),
        (("actions/get_file/inputs/id/nullable", True), "inputs.id: 'id' stands in the path, so it must be given."),
    ],
)
def test_what_an_encoding_or_place_cannot_hold_is_told(change: tuple[str, Any], says: str | None) -> None:
    found = problems_of(change, base=RICH)

    assert any((says or "The file {file} cannot stand here.") in problem for problem in found), found


def test_a_member_in_a_path_is_required_of_its_object() -> None:
    required = ("actions/search/inputs/owner/required", True)

    found = problems_of((f"{SEARCH}/post", "/{owner.id}"), required, base=RICH)

    told = "{owner.id} stands in the path, so it must be given. Make the member required too."
    assert f"actions.search.inputs.owner: {told}" in found


@pytest.mark.parametrize(
    "change",
    [
        (f"{UPLOAD}/content_type", "multipart/mixed"),
        (f"{UPLOAD}/body/more", {"each": "{more}", "of": "{each}"}),
        (f"{UPLOAD}/body/file", {"when": "{name}", "of": "{file}"}),
        (f"{UPLOAD}/body/file", ["{file}"]),
        (f"{UPLOAD}/body", {"when": "{more}", "of": {"file": "{file}", "more": "{more}", "name": "{name}"}}),
        (f"{PUT}/body", {"when": "{id}", "of": "{file}"}),
        (f"{SEND}/body/1/content", {"convert": "mime_message", "of": {"to": "{to}", "attachments": ["{file}"]}}),
        (f"{SEND}/body/1/content_type", "{to}"),
        (PUT, {**RAW, "content_type": "text/plain; charset=utf-8", "body": {"convert": "base64", "of": "{file} "[:6]},
               "headers": {"X-Id": "{id}"}}),
        (f"{SEARCH}/query/who", {"convert": "json_text", "of": "{owner}"}),
        ("actions/get_file/inputs/id", {"type": "string", "default": "x", "description": "A text."}),
    ],
)  # fmt: skip
def test_what_fits_is_left_alone(change: tuple[str, Any]) -> None:
    assert problems_of(change, base=RICH) == []
