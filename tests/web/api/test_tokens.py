"""API tokens by REST: shown once, revoked at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.web.api.calling import make_world, problem
from tests.web.browsing import make_token

from connectory.testing.application import make_principal
from connectory.vault.entities import Role


async def test_a_token_is_shown_once_and_works() -> None:
    async with make_world() as world:
        made = await world.post("/tokens", {"name": "laptop", "readOnly": True, "expiresInDays": 7})
        secret = made.pop("token")
        assert secret.startswith(made["prefix"])
        assert datetime.fromisoformat(made["expiresAt"]) - datetime.fromisoformat(made["createdAt"]) > timedelta(6.9)
        listed = await world.get("/tokens", token=secret)
        assert secret not in str(listed)
        assert made["id"] in [one["id"] for one in listed]
        problem(await world.call("POST", "/tokens", json={"name": "more"}, token=secret), 403)


async def test_a_revoked_token_opens_nothing_and_is_named_by_id_prefix_or_itself() -> None:
    async with make_world() as world:
        for named_by in ("id", "prefix", "token"):
            made = await world.post("/tokens", {"name": "laptop"})
            answer = await world.call("DELETE", f"/tokens/{made[named_by]}")
            assert (answer.status_code, answer.json()) == (200, {"success": True})
            problem(await world.call("GET", "/tokens", token=made["token"]), 401)
        answer = await world.call("DELETE", f"/tokens/cny_{'x' * 43}")
        problem(answer, 404)
        assert "x" * 43 not in answer.text


async def test_owners_make_tokens_for_members_and_members_for_themselves() -> None:
    async with make_world() as world:
        mia = await make_principal(world.application, "default", "mia", Role.MEMBER)
        token = await make_token(world.application, mia)
        for_mia = await world.post("/tokens", {"name": "hers", "user": "mia"})
        assert for_mia["userId"] == mia.user_id
        own = await world.post("/tokens", {"name": "own"}, token=token)
        assert own["userId"] == mia.user_id
        problem(await world.call("POST", "/tokens", json={"name": "x", "user": "ann"}, token=token), 403)
        assert {one["userId"] for one in await world.get("/tokens", token=token)} == {mia.user_id}


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "x", "expiresInDays": 0}, {"name": "x", "expiresInDays": 10**9},
     {"name": "x", "expiresInDays": "7"}, {"name": "x", "readOnly": "yes"}],
)  # fmt: skip
async def test_what_is_no_token_is_refused(body: dict[str, Any]) -> None:
    async with make_world() as world:
        problem(await world.call("POST", "/tokens", json=body), 422)
        assert len(await world.get("/tokens")) == 1


async def test_half_a_character_is_no_name() -> None:
    async with make_world() as world:
        headers = {"Authorization": f"Bearer {world.token}", "Content-Type": "application/json"}
        answer = await world.call("POST", "/tokens", content=b'{"name": "\\ud83d"}', headers=headers)
        problem(answer, 422)
