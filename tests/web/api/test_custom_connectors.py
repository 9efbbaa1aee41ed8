"""Custom connectors by REST: checked, kept, used at once, removed."""

from __future__ import annotations

from pathlib import Path

from tests.web.api.calling import KEY, make_world, problem

from connectory.testing.connectors import NOTES_YAML, make_catalog

MEMOS = NOTES_YAML.replace("name: notes", "name: memos")


async def test_a_manifest_is_checked_kept_connected_and_removed(tmp_path: Path) -> None:
    folder = {"CONNECTORY_DATA_DIR": str(tmp_path)}
    async with make_world(environment=folder, catalog=make_catalog()) as world:
        checked = await world.post("/custom-connectors", {"manifest": MEMOS, "checkOnly": True})
        assert (checked["name"], checked["kept"], checked["problems"]) == ("memos", False, [])
        assert await world.get("/custom-connectors") == []

        kept = await world.post("/custom-connectors", {"manifest": MEMOS})
        assert (kept["name"], kept["kept"]) == ("memos", True)
        [listed] = await world.get("/custom-connectors")
        assert listed == {"name": "memos", "file": "memos.yaml", "manifest": MEMOS, "problems": []}

        made = await world.post("/connectors/connect", {"provider": "memos", "config": {"apiKey": KEY}})
        assert problem(await world.call("DELETE", "/custom-connectors/memos"), 422)["detail"]
        await world.call("DELETE", f"/connectors/{made['connectionId']}")
        removed = await world.call("DELETE", "/custom-connectors/memos")
        assert (removed.status_code, removed.json()) == (200, {"success": True})
        problem(await world.call("DELETE", "/custom-connectors/memos"), 404)


async def test_a_bad_manifest_is_not_kept_and_all_that_is_wrong_is_told(tmp_path: Path) -> None:
    async with make_world(environment={"CONNECTORY_DATA_DIR": str(tmp_path)}) as world:
        checked = await world.post("/custom-connectors", {"manifest": "format: 1\n", "checkOnly": True})
        assert (checked["name"], checked["kept"]) == (None, False)
        assert any("'name' is missing" in problem for problem in checked["problems"])
        refused = await world.call("POST", "/custom-connectors", json={"manifest": "format: 1\n"})
        assert "'name' is missing" in problem(refused, 422)["detail"]
        assert await world.get("/custom-connectors") == []


async def test_a_token_that_a_rule_concerns_keeps_and_removes_none_but_looks(tmp_path: Path) -> None:
    async with make_world(environment={"CONNECTORY_DATA_DIR": str(tmp_path)}, catalog=make_catalog()) as world:
        await world.post("/custom-connectors", {"manifest": MEMOS})
        await world.post("/policies", {"effect": "deny", "patterns": ["memos_*"]})
        for method, path, body in (
            ("POST", "/custom-connectors", {"manifest": MEMOS}),
            ("DELETE", "/custom-connectors/memos", None),
        ):
            assert problem(await world.call(method, path, json=body), 403)["code"] == "policy_denied"
        assert [one["name"] for one in await world.get("/custom-connectors")] == ["memos"]


async def test_one_that_is_connected_is_not_led_elsewhere(tmp_path: Path) -> None:
    async with make_world(environment={"CONNECTORY_DATA_DIR": str(tmp_path)}, catalog=make_catalog()) as world:
        await world.post("/custom-connectors", {"manifest": MEMOS})
        await world.post("/connectors/connect", {"provider": "memos", "config": {"apiKey": KEY}})
        evil = MEMOS.replace("https://api.notes.example", "https://evil.example")
        refused = problem(await world.call("POST", "/custom-connectors", json={"manifest": evil}), 422)
        assert "https://evil.example" in refused["detail"]
        assert [one["manifest"] for one in await world.get("/custom-connectors")] == [MEMOS]
