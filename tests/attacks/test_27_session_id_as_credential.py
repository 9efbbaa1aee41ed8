"""27, and 26 without sessions: a stateless server gives out no id, and none opens anything, whoever made it up."""

from __future__ import annotations

import json
import secrets

import pytest
from tests.attacks.outside import Outside

pytestmark = pytest.mark.slow
LIST = {"name": "list_connections", "arguments": {}}
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}


def ids() -> list[str]:
    return ["1", "x" * 500, secrets.token_hex(16), "default", "../../x"]


def test_attack_27_no_session_id_is_given_out_that_could_be_taken(outside: Outside) -> None:
    modern = outside.post("tools/list", {}, Authorization=f"Bearer {outside.token}")
    headers = {
        "Authorization": f"Bearer {outside.token}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE}
    legacy = outside.send("POST", "/mcp", headers, json.dumps(body))
    for answer in (modern, legacy):
        assert answer.status == 200
        assert "mcp-session-id" not in answer.headers
    assert "serverInfo" in legacy.body


def test_attack_27_an_id_without_a_token_is_401_at_once(outside: Outside) -> None:
    bare = outside.post("tools/call", {"name": "list_connections", "arguments": {}})
    for made_up in ids():
        answer = outside.post("tools/call", LIST, Mcp_Session_Id=made_up)
        assert (answer.status, answer.body) == (401, bare.body)
        for method in ("GET", "DELETE"):
            assert outside.send(method, "/mcp", {"Mcp-Session-Id": made_up, "Accept": "*/*"}).status == 401
    assert outside.send("GET", "/sse", {"Accept": "*/*"}).status == 401
    messages = f"/sse/messages?session_id={secrets.token_hex(16)}"
    assert outside.send("POST", messages, {"Content-Type": "application/json"}, "{}").status == 401


def test_attack_27_a_revoked_token_stops_at_the_very_next_request(outside: Outside) -> None:
    token = outside.install.token("leaked")
    good = outside.post("tools/call", LIST, Authorization=f"Bearer {token}")
    assert good.status == 200
    assert "echo/default" in good.said.text

    assert outside.install.run("token", "revoke", token[:12]).returncode == 0

    for session in ({}, {"Mcp_Session_Id": secrets.token_hex(16)}):
        refused = outside.post("tools/call", LIST, Authorization=f"Bearer {token}", **session)
        assert refused.status == 401
        assert "echo" not in refused.body
    assert token[8:] not in outside.log


def test_attack_26_another_s_session_id_lends_nothing_to_a_token_of_one_s_own(outside: Outside) -> None:
    assert outside.install.run("user", "create", "uma").returncode == 0
    uma = outside.install.token("uma's", "--user", "uma")
    alone = outside.post("tools/call", LIST, Authorization=f"Bearer {uma}").said
    assert "Nothing is connected" in alone.text
    for made_up in ids():
        answer = outside.post("tools/call", LIST, Authorization=f"Bearer {uma}", Mcp_Session_Id=made_up)
        assert answer.said == alone
        assert "mcp-session-id" not in answer.headers
