"""Attack 40 at the MCP face: whatever argument a key is pasted into, no answer says it again."""

from __future__ import annotations

from typing import Any

import pytest
from tests.mcp.test_tools import call, client_of

from connectory.gateway.offered_keys import looks_like_key
from connectory.testing.application import connect, make_application, make_principal

KEY = "sk_live_51H8xAbCdEf"
LONG = "a9f8e7d6c5b4a39281706f5e4d3c2b1a"  # random-looking, of no known shape


@pytest.mark.parametrize("secret", [KEY, "ghp_0123456789abcdefABCDEF0123456789abcd", "Bearer abcdef123456", LONG])
@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("connect", {"connector": "notes", "api_key": "SECRET"}),
        ("connect", {"connector": "notes", "alias": "SECRET!"}),
        ("connect", {"connector": "notes", "backend": "SECRET"}),
        ("connect", {"connector": "notes", "shared": "SECRET"}),
        ("connect", {"connector": "notes", "scopes": "SECRET"}),
        ("search_actions", {"query": "x", "limit": "SECRET"}),
        ("notes_create_note", {"book": "b", "title": "t", "pinned": "SECRET"}),
        ("notes_create_note", {"book": "b", "title": "SECRET" * 60}),
        ("notes_list_notes", {"book": "b", "state": "SECRET"}),
        ("notes_list_notes", {"book": "b", "tags": ["x", 5, "SECRET"]}),
        ("call_action", {"action": "notes_list_notes", "arguments": "SECRET"}),
    ],
)
async def test_attack_40_a_value_that_may_be_a_key_is_not_repeated(
    tool: str, arguments: dict[str, Any], secret: str
) -> None:
    async with make_application() as application:
        principal = await make_principal(application)
        await connect(application, principal)
        async with client_of(application, principal, "auto") as client:
            text, failed = await call(client, tool, **_with(arguments, secret))

    assert failed
    assert secret not in text


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("connect", {"connector": "SECRET"}),
        ("disconnect", {"connection": "SECRET"}),
        ("list_connectors", {"category": "SECRET"}),
        ("call_action", {"action": "SECRET"}),
        ("read_result", {"result": "SECRET"}),
        ("request", {"connection": "notes/default", "method": "GET", "path": "SECRET"}),
        ("notes_list_notes", {"book": "b", "connection": "SECRET"}),
    ],
)
async def test_attack_40_nor_is_a_name_that_looks_like_a_key(tool: str, arguments: dict[str, Any]) -> None:
    async with make_application() as application:
        principal = await make_principal(application)
        await connect(application, principal)
        async with client_of(application, principal, "auto") as client:
            text, failed = await call(client, tool, **_with(arguments, KEY))

    assert failed
    assert KEY not in text
    assert "the value given" in text


@pytest.mark.parametrize("text", ["notes/default", "skip_this", "task", "open", "rs_abc234", "cn_4kq2abcd", "eye"])
def test_everyday_words_are_no_keys(text: str) -> None:
    assert not looks_like_key(text)


def _with(value: Any, secret: str) -> Any:
    if isinstance(value, dict):
        return {name: _with(item, secret) for name, item in value.items()}
    if isinstance(value, list):
        return [_with(item, secret) for item in value]
    return value.replace("SECRET", secret) if isinstance(value, str) else value
