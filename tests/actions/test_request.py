"""Requests are built from a manifest and values, and no value leaves the place it was meant for."""

import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from tests.net.provider import ask, making_client, serving

from connectory.actions.addresses import is_below
from connectory.actions.files import File
from connectory.actions.filling import Values
from connectory.actions.raw import RawRequest, check_raw, prepare_raw
from connectory.actions.request import PreparedRequest, prepare, preview, server_base, with_credentials
from connectory.actions.scalars import as_text
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import IdempotencyKey, Manifest, Request
from connectory.errors import BadInput, InvalidArguments, InvalidPath, MissingScope, SecretInChat
from connectory.net.address import HostRule
from connectory.net.headers import check_headers
from connectory.net.url import parse_url
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


SHOP_YAML = """
format: 1
name: shop
title: Shop
description: Sell things.
category: e-commerce
docs: https://shop.example/docs
servers:
  api: "https://{connection.shop}.shop.example/v1"
  files: https://files.shop.example
  own: "{connection.own}/api"
headers: {Accept: application/json, X-Api-Version: "1"}
auth:
  key:
    method: fields
    fields:
      shop: {title: Shop, pattern: "[a-z0-9-]{1,30}"}
      own: {title: Server, kind: origin}
      bot: {title: Bot token, kind: secret}
      user: {title: User token, kind: secret, required: false}
      code: {title: Code, kind: secret, required: false}
    headers: {Authorization: "Bearer {credential.bot}"}
    by_server:
      files: {query: {key: "{credential.bot}"}}
      own: {basic: {username: "{connection.shop}", password: "{credential.bot}"}}
    by_credential:
      user: {headers: {authorization: "Bearer {credential.user}"}, query: {code: "{credential.code}"}}
verify: {request: {get: /me}, account: {id: id, name: name}}
idempotency: {header: Idempotency-Key}
tasks: [Sell a thing.]
actions: {}
"""
SHOP = Manifest.model_validate(yaml.safe_load(SHOP_YAML))
SECRETS = {"bot": SecretStr("b0t-s3cret"), "user": SecretStr("us3r-s3cret"), "code": SecretStr("c0de")}
FACTS = {"shop": "acme", "own": "https://own.example:8443"}


def shop(**changes: Any) -> Connector:
    return Connector("shop", SHOP.model_copy(update=changes), {})


def request_of(**spec: Any) -> Request:
    return Request.model_validate(spec)


def built(spec: dict[str, Any], inputs: dict[str, Any] | None = None, **asked: Any) -> PreparedRequest:
    secrets = asked.pop("secrets", SECRETS)
    connector = asked.pop("connector", shop())
    return prepare(connector, "key", request_of(**spec), Values(inputs or {}, FACTS, secrets), **asked)


@pytest.mark.parametrize(
    ("server", "url", "authorization"),
    [
        (None, "https://acme.shop.example/v1/x", "Bearer b0t-s3cret"),
        ("api", "https://acme.shop.example/v1/x", "Bearer b0t-s3cret"),
        ("files", "https://files.shop.example/x?key=b0t-s3cret", None),
        ("own", "https://own.example:8443/api/x", "Basic YWNtZTpiMHQtczNjcmV0"),
    ],
)
def test_the_credential_goes_where_the_method_says_for_each_server(
    server: str | None, url: str, authorization: str | None
) -> None:
    request = built({"get": "/x", **({"server": server} if server else {})})

    assert (request.url, request.headers.get("Authorization")) == (url, authorization)


def test_an_action_may_name_the_credential_it_uses() -> None:
    request = built({"get": "/x", "server": "files"}, credential="user")

    assert request.headers["authorization"] == "Bearer us3r-s3cret"
    assert request.url == "https://files.shop.example/x?code=c0de"


@pytest.mark.parametrize("secrets", [{"bot": SECRETS["bot"]}, {"bot": SECRETS["bot"], "user": SECRETS["user"]}, {}])
@pytest.mark.parametrize("name", ["user", "nobody"])
def test_a_named_credential_that_is_absent_asks_for_a_further_sign_in(name: str, secrets: dict[str, SecretStr]) -> None:
    with pytest.raises(MissingScope, match=f"Shop, '{name}'") as refusal:
        built({"get": "/x"}, secrets=secrets, credential=name)

    assert name in refusal.value.hint
    assert "s3cret" not in refusal.value.text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://files.shop.example/x?page=2", "https://files.shop.example/x?page=2&key=b0t-s3cret"),
        ("https://files.shop.example/x?key=old&page=%32", "https://files.shop.example/x?page=%32&key=b0t-s3cret"),
        ("https://files.shop.example/x?%6Bey=old&key=&a", "https://files.shop.example/x?a&key=b0t-s3cret"),
        ("https://files.shop.example/x?a=1#top", "https://files.shop.example/x?a=1&key=b0t-s3cret"),
    ],
)
def test_a_credential_replaces_what_the_next_pages_address_holds_of_it(old: str, new: str) -> None:
    page = PreparedRequest("GET", old, {}, None, "https://files.shop.example")

    assert with_credentials(shop(), "key", page, Values({}, FACTS, SECRETS), server="files").url == new


def test_headers_meet_whatever_their_case_and_the_credential_wins() -> None:
    request = built({"get": "/x", "headers": {"x-api-version": "2", "AUTHORIZATION": "Bearer mine"}})

    assert sorted(name.lower() for name in request.headers) == ["accept", "authorization", "x-api-version"]
    assert {name.lower(): value for name, value in request.headers.items()} == {
        "accept": "application/json",
        "authorization": "Bearer b0t-s3cret",
        "x-api-version": "2",
    }


@pytest.mark.parametrize(
    ("place", "spec", "where"),
    [
        ({"header": "idempotency-key"}, {"post": "/x", "headers": {"Idempotency-Key": "mine"}}, "header"),
        ({"query": "requestid"}, {"post": "/x", "query": {"requestid": "mine", "a": "1"}}, "query"),
        ({"body": "key"}, {"post": "/x", "body": {"a": 1, "key": "mine"}}, "body"),
        ({"body": "key"}, {"post": "/x"}, "body"),
    ],
)
def test_the_key_of_the_call_stands_once_in_its_place(place: dict[str, str], spec: dict[str, Any], where: str) -> None:
    connector = shop(idempotency=IdempotencyKey(**place))
    with_key, without = (built(spec, connector=connector, key=key) for key in ("k-1", None))

    found = {
        "header": [value for name, value in with_key.headers.items() if name.lower() == "idempotency-key"],
        "query": parse_qs(urlsplit(with_key.url).query).get("requestid", []),
        "body": [json.loads(with_key.body or b"{}").get("key")],
    }
    assert found[where] == ["k-1"]
    assert "k-1" not in f"{without.url} {without.headers} {without.body!r}"


def test_the_key_of_the_call_is_a_variable_beside_the_others() -> None:
    document = "mutation ($key: String!, $a: Int) { pay(a: $a) @idempotent(key: $key) { id } }"
    spec = {"post": "/graphql", "graphql": document, "variables": {"a": 1}}
    connector = shop(idempotency=IdempotencyKey(variable="key"))

    with_key, without = (built(spec, connector=connector, key=key) for key in ("k-1", None))

    assert json.loads(with_key.body or b"") == {"query": document, "variables": {"a": 1, "key": "k-1"}}
    assert json.loads(without.body or b"")["variables"] == {"a": 1}


def test_a_body_that_is_no_object_cannot_take_the_key() -> None:
    with pytest.raises(InvalidArguments, match="the key"):
        built({"post": "/x", "body": ["a"]}, connector=shop(idempotency=IdempotencyKey(body="key")), key="k")


def test_a_graphql_request_is_its_document_and_pruned_variables() -> None:
    document = "query Q($first: Int) { shop }"
    spec = {"post": "/graphql", "graphql": document, "variables": {"first": "{n}", "input": {"a": "{none}"}}}
    request, bare = built(spec, {"n": 5.0}), built(spec)

    assert json.loads(request.body or b"") == {"query": document, "variables": {"first": 5}}
    assert json.loads(bare.body or b"") == {"query": document, "variables": {}}
    assert request.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("spec", "body"),
    [
        ({"post": "/x"}, None),
        ({"post": "/x", "body": "{none}"}, None),
        ({"post": "/x", "body": "{none}", "encoding": "raw", "content_type": "text/plain"}, None),
        ({"post": "/x", "body": {"a": "{none}"}}, b"{}"),
        ({"post": "/x", "body": ["{none}"]}, b"[]"),
        ({"post": "/x", "body": {"a": "{none}"}, "encoding": "form"}, b""),
    ],
)
def test_without_a_body_there_is_no_content_type(spec: dict[str, Any], body: bytes | None) -> None:
    request = built(spec)

    assert request.body == body
    assert ("Content-Type" in request.headers) is (body is not None)


def test_a_preview_has_all_but_the_credentials() -> None:
    file = File(b"%PDF", "application/pdf", "../a.pdf")
    spec = {"post": "/x/{id}", "server": "files", "query": {"a": "{a}"}, "encoding": "multipart"}
    values = Values({"id": "i/1", "a": "b c", "f": file}, FACTS, SECRETS)

    shown = preview(shop(), request_of(**spec, body={"file": "{f}", "n": "{id}"}), values, key="k-1")

    assert (shown.method, shown.url) == ("POST", "https://files.shop.example/x/i%2F1?a=b+c")
    assert shown.headers == {
        "Accept": "application/json",
        "X-Api-Version": "1",
        "Content-Type": "multipart/form-data",
        "Idempotency-Key": "k-1",
    }
    assert shown.body == {"file": {"file": "a.pdf", "media_type": "application/pdf", "bytes": 4}, "n": "i/1"}
    assert "s3cret" not in repr(shown)


@pytest.mark.parametrize(
    ("spec", "body"),
    [
        ({"get": "/x"}, None),
        ({"post": "/x", "body": "{text}", "encoding": "raw", "content_type": "text/csv"}, "a,b"),
        ({"post": "/x", "body": {"a": "{text}"}, "encoding": "form"}, {"a": "a,b"}),
        ({"post": "/x", "graphql": "{ shop }"}, {"query": "{ shop }", "variables": {}}),
    ],
)
def test_a_preview_shows_the_body_as_a_person_reads_it(spec: dict[str, Any], body: Any) -> None:
    assert preview(shop(), request_of(**spec), Values({"text": "a,b"}, FACTS)).body == body


def test_a_preview_shows_no_credential_wherever_a_manifest_names_one() -> None:
    spec = request_of(post="/x", query={"k": "{credential.bot}"}, body={"a": 1, "b": "{credential.bot}"})

    assert "s3cret" not in repr(preview(shop(), spec, Values({}, FACTS, SECRETS)))


def test_a_preview_refuses_what_could_not_be_sent() -> None:
    with pytest.raises(InvalidArguments):
        preview(shop(), request_of(post="/x", body={"a": "{x}"}, encoding="form"), Values({"x": {"b": 1}}, FACTS))


ESCAPES = [
    "evil.example/", "x.shop.example@evil.example", "evil.example#", "evil.example?", "x\n", "acme\r\nX: 1",
    "evil.example\\", "evil.example:1", "", ".", "..", "a/b", "a%2fb", "ä",
]  # fmt: skip


@pytest.mark.parametrize("fact", ESCAPES)
def test_attack_14_a_fact_is_one_part_of_the_host_and_never_another_host(fact: str) -> None:
    with pytest.raises(InvalidPath):
        server_base(shop(), "api", Values({}, {**FACTS, "shop": fact}))


@pytest.mark.parametrize(
    "fact",
    ["https://own.example/path", "https://own.example?x=", "https://own.example#", "https://u@own.example",
     "ftp://own.example", "own.example", "", "https://own.example\n"],
)  # fmt: skip
def test_attack_14_an_origin_is_an_origin_and_nothing_more(fact: str) -> None:
    with pytest.raises(InvalidPath):
        server_base(shop(), "own", Values({}, {**FACTS, "own": fact}))


def test_an_origin_may_end_in_a_slash() -> None:
    assert server_base(shop(), "own", Values({}, {**FACTS, "own": "https://own.example/"})) == "https://own.example/api"


def test_an_unknown_server_is_named_with_those_there_are() -> None:
    with pytest.raises(InvalidPath, match="no server 'x'") as refusal:
        server_base(shop(), "x", Values({}, FACTS))

    assert "api, files, own" in refusal.value.hint


ANY = st.text(max_size=30) | st.sampled_from(["..", ".", "a/../b", "%2e%2e", "x?y#z", "//evil.example", "\r\nX: 1"])


@given(book=ANY | st.integers() | st.booleans(), tags=st.lists(ANY, max_size=3), state=ANY, token=ANY)
def test_any_inputs_stay_inside_the_host_and_the_declared_segments(
    book: str | int | bool, tags: list[str], state: str, token: str
) -> None:
    """Only what the schema's types allow comes here; what cannot be sent is refused, and nothing else happens."""
    spec = {
        "put": "/books/{book}/notes",
        "query": {"state": "{state}", "tag": "{tags}", "q": {"quote": "jql", "of": "x = {state}"}},
        "headers": {"X-Book": "{token}"},
        "body": {"book": "{book}"},
    }
    try:
        request = built(spec, {"book": book, "tags": tags, "state": state, "token": token})
    except BadInput:
        return

    url = parse_url(request.url)
    path, _, query = url.target.partition("?")
    assert HostRule("https://acme.shop.example").origin == url.origin
    assert request.url.startswith(f"{request.base}/")
    segments = path.split("/")
    assert segments == ["", "v1", "books", segments[3], "notes"]
    assert unquote(segments[3]) == as_text(book)
    assert parse_qs(query, keep_blank_values=True).get("tag", []) == tags
    assert set(parse_qs(query, keep_blank_values=True)) <= {"state", "tag", "q"}
    assert check_headers(request.headers) == request.headers


@given(path=st.lists(ANY, min_size=1, max_size=4))
def test_several_segments_stay_below_the_literal_ones(path: list[str]) -> None:
    try:
        request = built({"get": "/files/{+path}"}, {"path": "/".join(path)})
    except BadInput:
        return

    target = parse_url(request.url).target
    assert target.startswith("/v1/files/")
    assert unquote(target) == "/v1/files/" + "/".join(path)
    assert is_below(request.url, request.base)


@pytest.mark.parametrize("value", ["x\r\nX-Evil: 1", "x\nX-Evil: 1", "x\r\n\r\nGET /evil HTTP/1.1\r\n", "x\x85y"])
async def test_attack_62_no_place_of_a_request_adds_a_header_on_the_wire(value: str) -> None:
    """A header or path refuses it; every other place sends it as data of one request."""
    async with serving() as provider, making_client(allow_hosts=[provider.host_port]) as client:
        facts = {**FACTS, "own": provider.origin}
        sendable: list[dict[str, Any]] = [
            {"post": "/x", "query": {"a": "{x}", "b": ["{x}"]}},
            {"post": "/x", "body": {"a": "{x}"}},
            {"post": "/x", "body": {"a": "{x}"}, "encoding": "form"},
            {"post": "/x", "body": {"a": {"b": "{x}"}}, "encoding": "form_brackets"},
            {"post": "/x", "body": {"a": "{x}"}, "encoding": "multipart"},
            {"post": "/x", "body": [{"content": "{x}"}], "encoding": "multipart_related"},
            {"post": "/x", "body": "{x}", "encoding": "raw", "content_type": "text/plain"},
            {"post": "/x", "graphql": "{ a }", "variables": {"a": "{x}"}},
        ]
        for spec in sendable:
            values = Values({"x": value}, facts, SECRETS)
            sent = prepare(shop(), "key", request_of(**spec, server="own"), values)
            await client.send(ask(sent.url, provider.origin, method="POST", headers=sent.headers, body=sent.body))
            assert "x-evil" not in provider.last.headers
            assert provider.last.target.startswith("/api/x")
            assert provider.last.body == (sent.body or b"")
        assert len(provider.requests) == len(sendable)

        for header in ("X-A", "User-Agent", "Cookie"):
            refused = request_of(get="/x", headers={header: "app {x}"}, server="own")
            with pytest.raises(InvalidArguments):
                prepare(shop(), "key", refused, Values({"x": value}, facts, SECRETS))
        assert len(provider.requests) == len(sendable)


def test_a_raw_request_carries_the_servers_own_credential_and_none_of_another() -> None:
    values = Values({}, FACTS, SECRETS)

    assert prepare_raw(RawRequest("GET", "/x", "files"), shop(), "key", values).url.endswith("/x?key=b0t-s3cret")
    for raw in (
        RawRequest("GET", "/x", query={"code": "x"}),  # of `by_name`
        RawRequest("GET", "/x", query={"KEY": "x"}),  # of `by_server`
        RawRequest("GET", "/x", headers={"Authorization": "x"}),
    ):
        with pytest.raises(SecretInChat):
            check_raw(raw, shop())


@pytest.mark.parametrize("value", [{"a": 1}, [{"a": 1}], [["a"]]])
def test_a_raw_query_holds_single_values(value: Any) -> None:
    with pytest.raises(BadInput, match="A query value"):
        prepare_raw(RawRequest("GET", "/x", query={"a": value}), shop(), "key", Values({}, FACTS, SECRETS))
