"""How failures look: problems of RFC 9457 throughout, which repeat nothing of what was sent."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import NoReturn

import httpx2
import pytest
from tests.web.api.calling import HOME, ORIGIN, World, make_world, problem
from tests.web.browsing import services_of

from connectory.errors import DatabaseLocked
from connectory.identity.policies import Policies
from connectory.identity.principal import Principal
from connectory.vault.vault import Vault
from connectory.web.app import create_web_app

SECRET = "sk_live_1234567890abcdef"  # it must not come back


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/tokens", {"name": {"deep": SECRET}}),
        ("POST", "/tokens", {"name": "x", SECRET: 1}),
        ("POST", "/tokens", {"name": "x", "user": SECRET}),
        ("POST", "/connectors/connect", {"provider": SECRET}),
        ("POST", "/connectors/connect", {"provider": "notes", "authMethod": SECRET}),
        ("POST", "/connectors/connect", {"provider": "notes", "config": {"apiKey": [SECRET]}}),
        ("POST", "/connectors/connect", {"provider": "notes", "config": {"customFields": {SECRET: 7}}}),
        ("POST", "/connectors/connect", {"provider": "notes", "config": {"apiKey": SECRET, "method": "none"}}),
        ("POST", "/connectors/connect", {"provider": "notes", "metadata": {"alias": SECRET}}),
        ("POST", "/policies", {"effect": SECRET}),
        ("POST", "/policies", {"effect": "deny", "user": SECRET}),
        ("PUT", "/oauth-apps/signed", {"clientId": "x", "clientSecret": 7, "server": SECRET}),
        ("PUT", f"/oauth-apps/{SECRET}", {"clientId": "x"}),
        ("GET", f"/audit?limit={SECRET}", None),
        ("GET", f"/audit?user={SECRET}", None),
        ("GET", f"/connectors/{SECRET}", None),
        ("GET", f"/actions?connector={SECRET}", None),
        ("DELETE", f"/policies/{SECRET}", None),
    ],
)
async def test_what_was_sent_is_not_repeated(method: str, path: str, body: object) -> None:
    async with make_world() as world:
        answer = await world.call(method, path, json=body)
        assert answer.status_code in (404, 409, 422)
        assert SECRET not in answer.text
        assert problem(answer, answer.status_code)["detail"]


@pytest.mark.parametrize(
    "content", [b"{", b'{"name": "sk_live_1234567890abcdef"', b"[]", b"7", b'"x"', b"\xff", b"null"]
)
async def test_what_is_no_object_is_refused(content: bytes) -> None:
    async with make_world() as world:
        headers = {"Authorization": f"Bearer {world.token}", "Content-Type": "application/json"}
        answer = await world.call("POST", "/tokens", content=content, headers=headers)
        assert answer.status_code in (400, 422)
        assert "sk_live" not in answer.text
        problem(answer, answer.status_code)


async def test_a_hint_names_an_address_and_no_agents_tool() -> None:
    async with make_world() as world:
        unknown = problem(await world.call("GET", "/connectors/cn_none"), 404)
        assert unknown["hint"] == "`GET connectors` shows yours."


async def test_where_json_ends_to_be_some_is_said() -> None:
    async with make_world() as world:
        headers = {"Authorization": f"Bearer {world.token}", "Content-Type": "application/json"}
        answer = await world.call("POST", "/tokens", content=b'{"name": }', headers=headers)
        assert problem(answer, 422)["problems"] == [{"field": "body", "message": "This is no JSON from character 9 on"}]


async def test_a_deep_body_is_refused_and_a_large_one_not_even_read() -> None:
    async with make_world() as world:
        headers = {"Authorization": f"Bearer {world.token}", "Content-Type": "application/json"}
        deep = await world.call("POST", "/tokens", content=b"[" * 100_000, headers=headers)
        problem(deep, deep.status_code)
        assert deep.status_code < 500
        large = await world.call("POST", "/tokens", content=b" " * 2_097_153, headers=headers)
        assert problem(large, 413)["code"] == "http_413"


async def test_where_something_is_wrong_is_said_for_each_member() -> None:
    async with make_world() as world:
        said = problem(await world.call("POST", "/policies", json={"effect": "no", "patterns": ["a", 7]}), 422)
        assert [one["field"] for one in said["problems"]] == ["body.effect", "body.patterns.1"]


async def test_unknown_addresses_and_methods_are_problems_too() -> None:
    async with make_world() as world:
        assert problem(await world.call("GET", "/nowhere"), 404)["code"] == "http_404"
        assert problem(await world.call("GET", "/api/nowhere"), 404)["code"] == "http_404"
        assert problem(await world.call("GET", "/api"), 404)["code"] == "http_404"
        wrong = await world.call("PUT", "/tokens")
        assert problem(wrong, 405)["code"] == "http_405"
        assert "GET" in wrong.headers["allow"]


class FailingPolicies(Policies):
    """Fails as it is told to."""

    def __init__(self, vault: Vault, error: Exception) -> None:
        super().__init__(vault)
        self._error = error

    async def list(self, principal: Principal) -> NoReturn:
        del principal
        raise self._error


async def ask_failing(world: World, error: Exception) -> httpx2.Response:
    services = services_of(world.application)
    app = create_web_app(replace(services, policies=FailingPolicies(services.vault, error)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ORIGIN) as client:
        return await client.get(f"{HOME}/policies", headers={"Authorization": f"Bearer {world.token}"})


async def test_an_unexpected_error_shows_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    async with make_world() as world:
        with caplog.at_level(logging.ERROR, logger="connectory.web"):
            answer = await ask_failing(world, RuntimeError(f"the secret {SECRET}"))
        said = problem(answer, 500)
        assert (said["code"], said["detail"]) == ("http_500", "Something went wrong on our side.")
        assert SECRET not in answer.text
        assert SECRET in caplog.text  # for the operator
        assert "content-security-policy" in answer.headers


async def test_whoever_runs_the_server_must_mend_what_is_a_503() -> None:
    async with make_world() as world:
        answer = await ask_failing(world, DatabaseLocked("It is locked.", hint="Wait.", retry_after_s=2.5))
        said = problem(answer, 503)
        assert (said["code"], said["detail"], said["hint"]) == ("database_locked", "It is locked.", "Wait.")
        assert answer.headers["retry-after"] == "3"


async def test_no_answer_may_be_kept_by_a_cache() -> None:
    async with make_world() as world:
        for answer in (await world.call("GET", "/tokens"), await world.call("GET", "/tokens", headers={})):
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["vary"] == "Cookie, Authorization"
            assert str(answer.request.url).endswith(f"{HOME}/tokens")
