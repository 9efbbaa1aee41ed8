"""An answer is a value without our credentials in it, or an error that says the real status."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from connectory.actions.answers import MAX_DEPTH, MOST_LINES, Reading, Reply, read_answer
from connectory.actions.filling import Values
from connectory.actions.redaction import Redactor
from connectory.actions.rules import Rules
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Answer, ErrorRule
from connectory.errors import ConnectoryError
from connectory.net.client import OutboundResponse
from connectory.testing.connectors import NOTES_YAML, make_connector

KEY = 'k3y-"quoted"/1234'
RULED = make_connector(
    NOTES_YAML.replace(
        "errors:\n", "errors:\n" + "".join(
            f"  - {{when: {{body: \"error.code == '{code}'\"}}, code: {code}}}\n"
            for code in ("provider_forbidden", "provider_not_found", "provider_conflict", "provider_rejected",
                         "needs_reconnect", "rate_limited", "provider_unavailable")
        ),
    )
)  # fmt: skip


def read(status: int, body: Any, *, connector: Connector | None = None, key: str = KEY) -> Any:
    """Read an answer as JSON, or as the bytes that were given."""
    return reply(status, body, connector=connector, key=key).value


def reply(
    status: int,
    body: Any,
    *,
    connector: Connector | None = None,
    key: str = KEY,
    answer: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    rules: list[dict[str, Any]] | None = None,
    is_graphql: bool = False,
    is_read: bool = True,
    is_raw: bool = False,
) -> Reply:
    """The whole of what was read, by an answer and rules as a manifest has them."""
    used = connector or make_connector()
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = OutboundResponse(
        status, httpx2.Headers({"content-type": "application/json", **(headers or {})}), content, "https://n/"
    )
    own = [ErrorRule.model_validate(rule) for rule in rules or ()]
    redactor = Redactor(used, "token", Values({}, {}, {"token": SecretStr(key)}))
    judged = Rules(used, own, is_graphql=is_graphql, is_read=is_read)
    return read_answer(response, Reading(judged, redactor, Answer.model_validate(answer or {}), is_raw=is_raw))


def refusal(status: int, body: Any, **more: Any) -> ConnectoryError:
    with pytest.raises(ConnectoryError) as refused:
        reply(status, body, **more)
    return refused.value


@pytest.mark.parametrize(
    "said",
    [
        json.dumps({"headers": {"Authorization": f"Bearer {KEY}"}}),
        json.dumps({"headers": {"Authorization": f"Bearer {KEY}"}}).replace("/", "\\/"),
        json.dumps({f"key {KEY}": 1}),
        json.dumps({"nested": json.dumps({"key": KEY})}),
        json.dumps({"code": base64.b64encode(KEY.encode()).decode()}),
        '{"key": "' + "".join(f"\\u{ord(letter):04x}" for letter in KEY) + '"}',
    ],
)
def test_a_key_that_is_repeated_is_masked_in_values_and_in_errors(said: str) -> None:
    value = read(200, said.encode())
    error = refusal(400, b'{"message": ' + said.encode() + b"}")

    for text in (json.dumps(value), error.text):
        assert "k3y" not in text
        assert base64.b64encode(KEY.encode()).decode()[:12] not in text
        assert "***" in text


def test_a_key_of_digits_does_not_break_the_json() -> None:
    assert read(200, {"id": 1234567890, "key": "1234567890"}, key="1234567890") == {"id": 1234567890, "key": "***"}


def test_a_short_password_is_masked_in_its_header_and_in_messages_but_not_in_every_word() -> None:
    assert read(200, ["Bearer cat", "a cat"], key="cat") == ["***", "a cat"]
    assert "cat" not in refusal(422, {"message": {"wrong": "no cat"}}, key="cat").text


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("provider_forbidden", "does not allow"), ("provider_not_found", "does not know"),
        ("provider_conflict", "conflict"), ("provider_rejected", "refused the request"),
        ("rate_limited", "fewer requests"), ("provider_unavailable", "problem of its own"),
    ],
)  # fmt: skip
def test_an_error_made_by_a_rule_tells_the_status_that_came_or_none(code: str, words: str) -> None:
    for status, told in ((200, None), (418, "(418)")):
        error = refusal(status, {"error": {"code": code}}, connector=RULED)

        assert error.code == code
        assert words in error.message
        assert ("(" in error.message) == (told is not None)
        assert told is None or told in error.message


@pytest.mark.parametrize(
    ("status", "code"), [(403, "provider_forbidden"), (404, "provider_not_found"), (410, "provider_not_found")]
)
def test_the_status_is_the_real_one(status: int, code: str) -> None:
    error = refusal(status, {})

    assert error.code == code
    assert f"({status})" in error.message


def test_what_is_nested_too_deeply_is_an_error_of_the_provider() -> None:
    fits, deeper = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, b"[" * 300 + b"]" * 300

    assert read(200, fits)
    assert refusal(200, deeper).code == "unexpected_response"
    assert refusal(400, b'{"message": ' + deeper + b"}").code == "provider_rejected"


def test_json_lines_are_a_list_of_their_values() -> None:
    lines = b'{"a": 1}\r\n\n  \n{"a": 2}\n[3]'

    assert reply(200, lines, answer={"as": "json_lines"}).value == [{"a": 1}, {"a": 2}, [3]]
    assert reply(200, lines, answer={"as": "json_lines", "items": "[?a]", "item": "a"}).value == [1, 2]
    assert reply(200, lines, answer={"as": "json_lines", "when": "a", "item": "{b: a}"}).value == [{"b": 1}, {"b": 2}]
    assert refusal(200, b'{"a": 1}\nno json', answer={"as": "json_lines"}).code == "unexpected_response"


def test_attack_107_json_lines_are_bounded() -> None:
    assert len(reply(200, b"1\n" * MOST_LINES, answer={"as": "json_lines"}).value) == MOST_LINES
    assert refusal(200, b"1\n" * (MOST_LINES + 1), answer={"as": "json_lines"}).code == "response_too_large"


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("", "héllo €".encode()), ("; charset=utf-16-le", "héllo €".encode("utf-16-le")),
        ('; Charset="windows-1252"', "héllo €".encode("cp1252")), ("; charset=no-such", "héllo €".encode()),
        ("; charset=zlib", "héllo €".encode()), ("; charset=punycode", "héllo €".encode()),
    ],
)  # fmt: skip
def test_a_text_is_read_in_its_charset(charset: str, body: bytes) -> None:
    headers = {"content-type": f"text/plain{charset}"}

    assert reply(200, body, answer={"as": "text"}, headers=headers).value == "héllo €"


def test_a_text_stays_one_even_where_it_is_json() -> None:
    assert reply(200, b'{"a": 1}', answer={"as": "text"}).value == '{"a": 1}'


def test_what_json_cannot_hold_is_replaced() -> None:
    value = read(200, b'{"\\ud800": ["a\\udfffb", "\\ud83d\\ude00", NaN, -Infinity]}')

    assert value == {"\ufffd": ["a\ufffdb", "\U0001f600", None, None]}


def test_attack_107_an_object_with_a_million_keys_is_read_like_any_other() -> None:
    body = b"{" + b",".join(b'"%d":0' % number for number in range(1_000_000)) + b"}"

    assert reply(200, body, answer={"item": '{last: "999999"}'}).value == {"last": 0}


def test_a_projection_that_does_not_fit_is_an_error_of_the_provider() -> None:
    assert refusal(200, {"a": 1}, answer={"item": "sort(a)"}).code == "unexpected_response"
    assert refusal(200, {"a": 1}, answer={"items": "a"}).code == "unexpected_response"
    assert reply(200, {"a": 1}, answer={"items": "a", "item": "sort(a)"}, is_raw=True).value == {"a": 1}


def test_a_write_whose_answer_cannot_be_read_may_have_been_done() -> None:
    assert "look first" in refusal(200, b"<html>", is_read=False).hint
    assert "look first" not in refusal(200, b"<html>").hint


@pytest.mark.parametrize("status", [300, 301, 304, 307])
def test_a_redirect_that_was_not_followed_is_no_answer(status: int) -> None:
    assert refusal(status, b"").code == "unexpected_response"
