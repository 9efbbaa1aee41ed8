"""What is no JSON-RPC message is answered in JSON-RPC's words, with the id of whoever waits, and of nobody else."""

from __future__ import annotations

import json
from typing import Any

import mcp_types as t
import pytest
from pydantic import ValidationError
from starlette.types import Message, Scope, Send
from tests.attacks.sessions import make_house

from connectory.mcp.malformed import in_plain_words, refusal_of
from connectory.testing.application import make_principal

SCOPE: Scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": []}


def refusal_to(line: str) -> t.JSONRPCError | None:
    with pytest.raises(ValidationError) as failure:
        t.jsonrpc_message_adapter.validate_json(line, by_name=False)
    return refusal_of(failure.value)


@pytest.mark.parametrize(
    ("line", "code", "request_id"),
    [
        ("{", t.PARSE_ERROR, None),
        ('{"jsonrpc":"2.0","id":3,"method":"x"', t.PARSE_ERROR, None),
        ("[]", t.INVALID_REQUEST, None),
        ("7", t.INVALID_REQUEST, None),
        ('{"id":3,"method":"x"}', t.INVALID_REQUEST, 3),
        ('{"id":"a","method":"x"}', t.INVALID_REQUEST, "a"),
        ('{"jsonrpc":"2.0","id":3,"method":"x","params":[]}', t.INVALID_REQUEST, 3),
        ('{"id":true,"method":"x"}', t.INVALID_REQUEST, None),
        ('{"id":{"method":3},"method":"x"}', t.INVALID_REQUEST, None),
        ('{"jsonrpc":"2.0","id":3,"result":7}', t.INVALID_REQUEST, None),
        ('{"jsonrpc":"2.0","id":3,"error":{"id":4,"method":"x"}}', t.INVALID_REQUEST, None),
        ('{"jsonrpc":"2.0","id":3,"method":7,"result":7,"error":7}', t.INVALID_REQUEST, None),
    ],
)
def test_each_has_its_code_and_its_id(line: str, code: int, request_id: t.RequestId | None) -> None:
    refusal = refusal_to(line)
    assert refusal is not None
    assert (refusal.error.code, refusal.id) == (code, request_id)
    assert '"id":' in refusal.model_dump_json(exclude_unset=True)


@pytest.mark.parametrize("line", ["", " ", "\n", "\t\r\n"])
def test_a_blank_line_is_nothing_to_answer(line: str) -> None:
    assert refusal_to(line) is None


def test_a_failure_of_another_kind_is_a_line_that_could_not_be_read() -> None:
    refusal = refusal_of(RecursionError())
    assert refusal is not None
    assert refusal.error.code == t.PARSE_ERROR


async def receive() -> Message:
    raise AssertionError("nothing is read")


async def passed_on(status: int, *bodies: bytes) -> list[Message]:
    """What comes out where an answer of `bodies` goes in."""
    sent: list[Message] = []

    async def keep(message: Message) -> None:
        sent.append(message)

    send: Send = in_plain_words(SCOPE, receive, keep)
    await send({"type": "http.response.start", "status": status, "headers": [(b"x", b"y")]})
    for number, body in enumerate(bodies):
        await send({"type": "http.response.body", "body": body, "more_body": number < len(bodies) - 1})
    return sent


REPORT = (
    b'{"jsonrpc":"2.0","id":null,"error":{"code":-32602,"message":"Validation error: 4 for union[JSONRPCRequest]"}}'
)


@pytest.mark.parametrize(("status", "bodies"), [(400, [b"no"]), (400, [b"a", b"b"]), (200, [REPORT]), (202, [b""])])
async def test_every_other_answer_passes_as_it_is(status: int, bodies: list[bytes]) -> None:
    start, *rest = await passed_on(status, *bodies)
    assert (start["status"], start["headers"]) == (status, [(b"x", b"y")])
    assert [message["body"] for message in rest] == bodies


async def test_a_report_of_the_checks_becomes_plain_words() -> None:
    start, body = await passed_on(400, REPORT)
    assert start["status"] == 400
    answer: dict[str, Any] = json.loads(body["body"])
    assert (answer["id"], answer["error"]["code"]) == (None, t.INVALID_REQUEST)
    assert "JSONRPC" not in json.dumps(answer)


async def test_the_sdk_s_own_report_is_met_at_both_addresses() -> None:
    async with make_house() as house:
        token = await house.token_of(await make_principal(house.application))
        for path in ("/mcp", "/sse"):
            headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
            answer = await house.client.post(path, json={"id": 3, "method": "ping"}, headers=headers)
            assert answer.status_code == 400
            assert answer.json()["error"]["code"] == t.INVALID_REQUEST
            assert "pydantic" not in answer.text
