"""25. Token in the query: an address stands in logs, histories and Referer; a token there opens nothing."""

from __future__ import annotations

import pytest
from tests.attacks.outside import Outside

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["access_token", "token", "api_key", "authorization", "Authorization", "bearer"])
@pytest.mark.parametrize("method", ["tools/list", "tools/call"])
def test_attack_25_a_token_in_the_address_is_401_and_in_no_log(outside: Outside, name: str, method: str) -> None:
    params = {"name": "list_connections", "arguments": {}} if method == "tools/call" else {}
    bare = outside.post(method, params)
    for query in (f"{name}={outside.token}", f"{name}=Bearer%20{outside.token}", f"x=1&{name}={outside.token}"):
        answer = outside.post(method, params, f"/mcp?{query}")
        assert answer.status == 401
        assert answer.headers["www-authenticate"].lower().startswith("bearer")
        assert answer.body == bare.body
    assert outside.post(method, params, Authorization=f"Bearer {outside.token}").status == 200
    assert "POST /mcp 401" in outside.log
    assert outside.token not in outside.log
    assert outside.token[:-8] not in outside.log
    assert outside.token[8:] not in outside.log


def test_attack_25_a_token_in_the_path_or_body_is_no_token_and_in_no_log(outside: Outside) -> None:
    for path in (f"/mcp/{outside.token}", f"/{outside.token}", f"/connect/{outside.token}", f"/mcp;{outside.token}"):
        assert outside.post("tools/list", {}, path).status in (404, 405)
    assert outside.post("tools/list", {"access_token": outside.token}).status == 401
    assert outside.token[8:] not in outside.log
