"""Answers to what is no JSON-RPC message, in the words of JSON-RPC 2.0 section 5.1.

The SDK drops such a line of stdio without a word, and whoever sent it waits for ever; over HTTP it answers with the
report of its own checks, which names its classes and repeats what was sent.
"""

from __future__ import annotations

import mcp_types as t
from pydantic import ValidationError
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

NOT_JSON = "Parse error: this cannot be read as JSON in UTF-8."
NOT_A_MESSAGE = (
    "Invalid request: this is not one JSON-RPC 2.0 request, notification or response. Batches are not taken."
)
REPORT = b'"message":"Validation error: '  # how the SDK's transport begins it, in both modes of sessions


def refusal_of(failure: Exception) -> t.JSONRPCError | None:
    """Return the answer to a line that failed the SDK's check, or None where the line is blank."""
    mistakes = failure.errors(include_url=False) if isinstance(failure, ValidationError) else []
    if not mistakes or mistakes[0]["type"] == "json_invalid":
        is_blank = bool(mistakes) and not str(mistakes[0]["input"]).strip()
        return None if is_blank else _error(t.PARSE_ERROR, NOT_JSON)
    # the check tries every kind of message: one of them misses a field, and its report holds the whole
    wholes = [one["input"] for one in mistakes if one["type"] == "missing" and len(one["loc"]) == 2]
    return _error(t.INVALID_REQUEST, NOT_A_MESSAGE, _id_of(wholes[0]) if wholes else None)


def _id_of(message: object) -> t.RequestId | None:
    """The id of what was meant as a request. That of a broken response is ours: to the client it names another call."""
    if not isinstance(message, dict) or "method" not in message:
        return None
    sent = message.get("id")
    return sent if isinstance(sent, int | str) and not isinstance(sent, bool) else None


def _error(code: int, words: str, request_id: t.RequestId | None = None) -> t.JSONRPCError:
    return t.JSONRPCError(jsonrpc="2.0", id=request_id, error=t.ErrorData(code=code, message=words))


def in_plain_words(scope: Scope, receive: Receive, send: Send) -> Send:
    """Return a `send` that puts our words in the place of the SDK's report, and passes on all else."""
    held: Message | None = None

    async def send_on(message: Message) -> None:
        nonlocal held
        if message["type"] == "http.response.start" and message["status"] == 400:
            held = message
            return
        if held is not None:
            if REPORT in message.get("body", b""):
                refusal = _error(t.INVALID_REQUEST, NOT_A_MESSAGE).model_dump(exclude_unset=True)
                await JSONResponse(refusal, 400)(scope, receive, send)
                return
            await send(held)
            held = None
        await send(message)

    return send_on
