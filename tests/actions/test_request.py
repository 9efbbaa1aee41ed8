"""Requests are built from a manifest and values, and no value leaves the place it was meant for."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from connectory.actions.filling import Values
from connectory.actions.request import PreparedRequest, prepare
from connectory.errors import InvalidArguments, InvalidPath
from connectory.testing.connectors import NOTES_YAML, make_connector

NOTES = make_connector()


def prepared(action: str, inputs: dict[str, Any], connector: Any = NOTES) -> PreparedRequest:
    values = Values(inputs, {}, {"token": SecretStr("s3cret")})
    return prepare(connector, "token", connector.actions[action].manifest.request, values)


def test_inputs_stand_where_the_manifest_puts_them() -> None:
    request = prepared("list_notes", {"book": "a/b c", "state": "open", "tags": ["x", "y&z"], "limit": 25})

    assert request.url == "https://api.notes.example/v1/books/a%2Fb%20c/notes?state=open&tag=x&tag=y%26z&per_page=25"


def test_an_absent_optional_input_prunes_its_key() -> None:
    request = prepared("create_note", {"book": "b", "title": "T", "pinned": False})

    assert json.loads(request.body or b"") == {"title": "T", "pinned": False}


def test_a_leaf_that_is_one_placeholder_keeps_its_type() -> None:
    request = prepared("create_note", {"book": "b", "title": "007", "priority": 3})

    assert json.loads(request.body or b"") == {"title": "007", "meta": {"priority": 3}}


def test_the_credential_goes_where_the_manifest_says_and_into_no_repr() -> None:
    request = prepared("delete_note", {"book": "b", "id": 1})

    assert request.headers["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in repr(request)


def test_braces_in_a_value_are_not_filled_again() -> None:
    request = prepared("create_note", {"book": "{credential.token}", "title": "{credential.token}"})

    assert "s3cret" not in request.url
    assert json.loads(request.body or b"")["title"] == "{credential.token}"


def test_a_form_body_is_encoded_once_and_never_filled_twice() -> None:
    flat = NOTES_YAML.replace("meta: {priority:", "priority: ").replace('"{priority}"}}}', '"{priority}"}}')
    form = make_connector(flat.replace("request: {post:", "request: {encoding: form, post:"))

    request = prepared("create_note", {"book": "b", "title": "{credential.token}&x=1", "pinned": True}, form)

    assert request.body == b"title=%7Bcredential.token%7D%26x%3D1&pinned=true"


def test_several_segments_are_declared_by_a_plus() -> None:
    assert prepared("read_file", {"book": "b", "path": "docs/a b.md"}).url.endswith("/files/docs/a%20b.md")


@pytest.mark.parametrize("path", ["../x", "a/../b", "a//b", "/a", "a/", ".", "a\nb"])
def test_several_segments_still_cannot_climb(path: str) -> None:
    with pytest.raises(InvalidPath):
        prepared("read_file", {"book": "b", "path": path})


def test_a_missing_path_value_is_named() -> None:
    with pytest.raises(InvalidPath, match="'book' is needed"):
        prepared("list_notes", {})


def test_a_header_value_cannot_break_the_line() -> None:
    connector = make_connector(NOTES_YAML.replace("request: {post:", 'request: {headers: {X-Title: "{title}"}, post:'))

    with pytest.raises(InvalidArguments, match="X-Title"):
        prepared("create_note", {"book": "b", "title": "x\r\nX-Evil: 1"}, connector)
