"""The audit by REST: in pages, filtered, and as files."""

from __future__ import annotations

import csv
import io
import json

import pytest
from tests.web.api.calling import make_world, problem
from tests.web.browsing import make_token

from connectory.testing.application import make_principal
from connectory.vault.entities import Role


async def test_pages_go_on_where_the_last_one_ended_whatever_comes_in_between() -> None:
    async with make_world() as world:
        for number in range(5):
            await world.post("/tokens", {"name": f"token {number}"})
        whole = await world.audited("limit=5")
        first = await world.get("/audit?limit=2")
        await world.post("/tokens", {"name": "later"})
        await world.application.audit.flush()
        second = await world.get(f"/audit?limit=2&cursor={first['nextCursor']}")
        last = await world.get(f"/audit?limit=2&cursor={second['nextCursor']}")
        assert (first["lines"] + second["lines"] + last["lines"])[:5] == whole


async def test_lines_are_chosen_by_who_did_what_when_and_with_what_outcome() -> None:
    async with make_world() as world:
        mia = await make_token(
            world.application, await make_principal(world.application, "default", "mia", Role.MEMBER)
        )
        await world.post("/policies", {"effect": "deny", "patterns": ["x"]}, headers=None)
        await world.call("POST", "/policies", json={"effect": "deny"}, token=mia)
        assert [line["user"] for line in await world.audited("action=policy_*")] == ["mia", "ann"]
        assert [line["user"] for line in await world.audited("action=policy_set&outcome=refused")] == ["mia"]
        assert [line["user"] for line in await world.audited("action=policy_set&user=ann")] == ["ann"]
        assert await world.audited("since=2100-01-01T00:00:00Z") == []
        assert await world.audited("until=2001-01-01T00:00:00%2B02:00") == []
        own = await world.get("/audit?action=policy_set", token=mia)
        assert [line["user"] for line in own["lines"]] == ["mia"]
        problem(await world.call("GET", "/audit?user=ann", token=mia), 403)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "outcome=maybe", "since=yesterday", "since=2026-01-01T00:00:00", "cursor=x", "format=xml",
     "since=0001-01-01T00:00:00%2B14:00", "until=9999-12-31T23:59:59-14:00", f"action={'x' * 300}"],
)  # fmt: skip
async def test_what_is_no_filter_is_refused(query: str) -> None:
    async with make_world() as world:
        problem(await world.call("GET", f"/audit?{query}"), 422)


async def test_all_lines_that_fit_come_as_a_file() -> None:
    async with make_world() as world:
        for number in range(3):
            await world.post("/tokens", {"name": f"token {number}"})
        lines = await world.audited("action=token_create")

        ndjson = await world.call("GET", "/audit?format=ndjson&action=token_create&limit=1")
        table = await world.call("GET", "/audit?format=csv&action=token_create")

        assert ndjson.headers["content-type"].startswith("application/x-ndjson")
        assert ndjson.headers["content-disposition"] == 'attachment; filename="audit-default.ndjson"'
        assert [json.loads(line) for line in ndjson.text.splitlines()] == lines
        rows = list(csv.DictReader(io.StringIO(table.text)))
        assert table.headers["content-type"].startswith("text/csv")
        assert [row["id"] for row in rows] == [line["id"] for line in lines]
        assert set(rows[0]) == set(lines[0])
        problem(await world.call("GET", "/audit?format=csv&user=nobody"), 404)


async def test_no_cell_of_a_file_is_a_formula() -> None:
    async with make_world() as world:
        await world.call("POST", '/actions/=HYPERLINK("evil")', json={})
        await world.application.audit.flush()
        table = await world.call("GET", "/audit?format=csv")
        [row] = [row for row in csv.DictReader(io.StringIO(table.text)) if "HYPERLINK" in row["action"]]
        assert row["action"] == '\'=HYPERLINK("evil")'
