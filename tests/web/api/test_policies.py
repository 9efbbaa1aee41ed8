"""Policies by REST: whoever may set them, and what they then do."""

from __future__ import annotations

from typing import Any

import pytest
from tests.web.api.calling import HOME, make_world, problem
from tests.web.browsing import Browser, make_token, open_signed_in

from connectory.testing.application import make_principal
from connectory.vault.entities import Role


async def test_owners_add_list_and_remove_rules() -> None:
    async with make_world() as world, Browser(world.app) as browser:
        added = await world.post("/policies", {"effect": "deny", "patterns": ["notes_delete_*", "x"]})
        assert [(one["effect"], one["pattern"], one["userId"], one["tokenId"]) for one in added] == [
            ("deny", "notes_delete_*", None, None), ("deny", "x", None, None)
        ]  # fmt: skip
        assert await world.get("/policies") == added
        page = await open_signed_in(world.application, browser, world.owner, "/workspaces/default/connectors")
        headers = {"X-CSRF-Token": page.forms[0].fields["csrf"]}
        for rule in added:
            answer = await browser.client.delete(f"{HOME}/policies/{rule['id']}", headers=headers)
            assert (answer.status_code, answer.json()) == (200, {"success": True})
        assert await world.get("/policies") == []
        problem(await world.call("DELETE", f"/policies/{added[0]['id']}"), 404)


async def test_an_agent_with_an_owners_token_does_not_take_away_the_rules_that_hold_it() -> None:
    async with make_world() as world:
        mia = await make_principal(world.application, "default", "mia", Role.MEMBER)
        [holding] = await world.post("/policies", {"effect": "allow", "patterns": ["notes_list_*"]})
        [of_mia] = await world.post("/policies", {"effect": "deny", "user": mia.user_id})

        refused = problem(await world.call("DELETE", f"/policies/{holding['id']}"), 403)
        assert refused["code"] == "policy_denied"
        assert "connectory open" in refused["hint"]
        problem(await world.call("POST", "/policies", json={"effect": "allow"}), 403)
        assert await world.get("/policies") == [holding, of_mia]
        assert (await world.call("DELETE", f"/policies/{of_mia['id']}")).status_code == 200


async def test_a_rule_may_be_for_one_user_or_one_token() -> None:
    async with make_world() as world:
        mia = await make_principal(world.application, "default", "mia", Role.MEMBER)
        token = await world.post("/tokens", {"name": "narrow"})
        [for_mia] = await world.post("/policies", {"effect": "read_only", "user": "mia"})
        [for_token] = await world.post("/policies", {"effect": "read_only", "token": token["prefix"]})
        assert (for_mia["userId"], for_mia["pattern"]) == (mia.user_id, "*")
        assert for_token["tokenId"] == token["id"]


async def test_members_narrow_what_is_theirs_and_widen_nothing() -> None:
    async with make_world() as world:
        token = await make_token(
            world.application, await make_principal(world.application, "default", "mia", Role.MEMBER)
        )
        [own] = await world.post("/policies", {"effect": "deny", "user": "mia", "patterns": ["a"]}, token=token)
        await world.post("/policies", {"effect": "deny", "user": "ann", "patterns": ["b"]})
        assert await world.get("/policies", token=token) == [own]
        for body in ({"effect": "deny"}, {"effect": "deny", "user": "ann"}):
            problem(await world.call("POST", "/policies", json=body, token=token), 403)
        problem(await world.call("DELETE", f"/policies/{own['id']}", token=token), 403)


@pytest.mark.parametrize(
    "body",
    [{}, {"effect": "maybe"}, {"effect": "deny", "patterns": []}, {"effect": "deny", "patterns": ["A B"]},
     {"effect": "deny", "patterns": "x"}, {"effect": "deny", "user": "ann", "token": "tk_x"}],
)  # fmt: skip
async def test_what_is_no_rule_is_refused(body: dict[str, Any]) -> None:
    async with make_world() as world:
        problem(await world.call("POST", "/policies", json=body), 422)
        assert await world.get("/policies") == []
