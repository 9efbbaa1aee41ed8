"""40. A secret offered in chat: refused by the real process with the way that is safe, and written nowhere."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest
from tests.attacks.outside import Outside
from tests.attacks.planted import files_with, found_in

pytestmark = pytest.mark.slow
RAW = {"connection": "echo/default", "method": "GET", "path": "/things/fine"}
OFFERS: list[tuple[str, dict[str, Any], str]] = [
    ("connect", {"connector": "echo", "api_key": "SECRET"}, "secret_in_chat"),
    ("connect", {"connector": "echo", "password": "SECRET", "username": "pat"}, "secret_in_chat"),
    ("connect", {"connector": "echo", "credentials": {"token": "SECRET"}}, "secret_in_chat"),
    ("connect", {"connector": "echo", "Access-Token": "SECRET"}, "secret_in_chat"),
    ("connect", {"connector": "echo", "value": "SECRET"}, "invalid_arguments"),
    ("call_action", {"action": "echo_get_thing", "arguments": {"way": "fine"}, "token": "SECRET"}, "secret_in_chat"),
    ("call_action", {"action": "echo_get_thing", "arguments": {"way": "fine", "token": "SECRET"}}, "invalid_arguments"),
    ("echo_get_thing", {"way": "fine", "api_key": "SECRET"}, "invalid_arguments"),
    *(
        ("request", {**RAW, "headers": {name: "SECRET"}}, "secret_in_chat")
        for name in (
            "Authorization", "AUTHORIZATION", "authorization", "Cookie", "X-Api-Key", "x-api-key",
            "Proxy-Authorization", "X-Auth-Token", "X-Echo-Key", "x-echo-key", "Private-Token",
        )
    ),
    ("request", {**RAW, "authorization": "SECRET"}, "secret_in_chat"),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "arguments", "code"), OFFERS)
def test_attack_40_a_secret_in_a_call_is_refused_audited_and_written_nowhere(
    outside: Outside, tool: str, arguments: dict[str, Any], code: str
) -> None:
    secret = f"sk_live_{secrets.token_hex(16)}"
    offered = json.loads(json.dumps(arguments).replace("SECRET", secret))
    heard = len(outside.echo.heard)

    said = outside.call(tool, **offered)

    assert said.failed
    assert said.text.startswith(f"{code}: "), said.text
    assert secret not in said.text
    if code == "secret_in_chat":
        assert "connect" in said.text
    assert len(outside.echo.heard) == heard
    assert found_in([secret], outside.log) == set()
    assert files_with([secret], outside.install.folder / "data") == set()


def test_attack_40_each_refusal_is_one_audit_line_with_names_and_no_values(outside: Outside) -> None:
    secret = f"sk_live_{secrets.token_hex(16)}"

    def lines() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(outside.install.run("audit", "--json", "--limit", "10000").stdout)
        return found

    before = {line["id"] for line in lines()}
    for tool, arguments, _ in OFFERS:
        outside.call(tool, **json.loads(json.dumps(arguments).replace("SECRET", secret)))
    outside.call("list_connections", connector="nope")  # waits until the group of lines is committed
    new = [line for line in lines() if line["id"] not in before]
    assert len(new) == len(OFFERS)
    assert {line["outcome"] for line in new} == {"refused"}
    assert sorted(line["code"] for line in new) == sorted(code for _, _, code in OFFERS)
    assert any("api_key" in line["argument_names"] for line in new)
    assert secret not in json.dumps(new)
