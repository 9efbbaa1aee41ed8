"""Texts of bodies that are kept and shown: none holds half a character, or one that nobody sees."""

from __future__ import annotations

import json

import pytest
from tests.web.api.calling import make_world, problem

BODIES = {
    "a token's name": ("/tokens", '{"name": "%s"}'),
    "an alias": ("/connectors/connect", '{"provider": "notes", "metadata": {"alias": "%s"}}'),
    "a scope": ("/connectors/connect", '{"provider": "signed", "config": {"scopes": ["%s"]}}'),
    "a rule": ("/policies", '{"effect": "deny", "patterns": ["%s"]}'),
    "an app's id": ("/oauth-apps/signed", '{"clientId": "%s"}'),
    "an app's server": ("/oauth-apps/signed", '{"clientId": "id", "server": "%s"}'),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("text", ["\ud800", "a\0", "\u202ea"])
async def test_a_text_that_cannot_be_shown_is_refused_and_not_repeated(name: str, text: str) -> None:
    path, body = BODIES[name]
    method = "PUT" if path.startswith("/oauth-apps") else "POST"
    async with make_world() as world:
        headers = {"Authorization": f"Bearer {world.token}", "Content-Type": "application/json"}
        content = body % json.dumps(text)[1:-1]
        said = problem(await world.call(method, path, content=content, headers=headers), 422)
        [found] = said["problems"]
        assert "cannot be seen" in found["message"] or "unable to parse raw data" in found["message"]  # pydantic's own
        for listed in ("/tokens", "/connectors", "/policies"):
            assert (await world.call("GET", listed)).status_code == 200
