"""Attack 43, by REST: whose token it is decides. Any other workspace, however it is spelt or smuggled in, is 404."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.web.api.calling import KEY, World, make_world, problem
from tests.web.browsing import make_token

from connectory.testing.application import connect, make_principal

MINE, THEIRS = "default", "theirs"
ODD = (
    f"{MINE}%2f..%2f{THEIRS}", f"{MINE}%2F..%2F{THEIRS}", f"{THEIRS}%00", f"{MINE}%2f{THEIRS}", f"%2e%2e%2f{THEIRS}",
    f"..%2f{THEIRS}", f"{THEIRS}%20", THEIRS.upper(), f"{MINE};{THEIRS}", f"{MINE}%5C..%5C{THEIRS}", f"{THEIRS}.",
    f"{MINE},{THEIRS}", "*", "%25", "%2a", f"{MINE}%0a", f"{MINE}%23", f"{MINE}?", "ws_" + "a" * 26,
)  # fmt: skip
PATHS = (
    "connectors",
    "connectors/available",
    "actions",
    "tokens",
    "policies",
    "oauth-apps",
    "audit",
    "custom-connectors",
)


@asynccontextmanager
async def two_workspaces() -> AsyncIterator[tuple[World, str]]:
    """Mine, with a token of mine alone; and theirs, with a connection and a token."""
    async with make_world() as world:
        eve = await make_principal(world.application, THEIRS, "eve")
        theirs = await connect(world.application, eve)
        yield world, theirs.id
        assert [row.id for row, _ in await world.application.auth.list_connections(eve)] == [theirs.id]
        assert (await world.application.auth.get_connection(eve, theirs.id)).alias == "default"


@pytest.mark.parametrize("path", PATHS)
async def test_their_workspace_is_as_unknown_as_none(path: str) -> None:
    async with two_workspaces() as (world, _):
        theirs = problem(await world.call("GET", f"/api/workspace/{THEIRS}/{path}"), 404)
        none = problem(await world.call("GET", f"/api/workspace/nobody/{path}"), 404)
        assert theirs == {**none, "detail": none["detail"].replace("nobody", THEIRS)}


@pytest.mark.parametrize("slug", ODD)
async def test_no_spelling_of_a_slug_reaches_another_workspace(slug: str) -> None:
    async with two_workspaces() as (world, _):
        for path in PATHS:
            answer = await world.call("GET", f"/api/workspace/{slug}/{path}")
            assert answer.status_code == 404, (slug, path)


async def test_their_objects_are_unknown_in_mine() -> None:
    async with two_workspaces() as (world, theirs):
        eve = await make_principal(world.application, THEIRS, "eva")
        token = (await world.application.tokens.create(eve, "hers"))[0].id
        for method, path, body in (
            ("GET", f"/connectors/{theirs}", None),
            ("PATCH", f"/connectors/{theirs}", {"alias": "mine-now"}),
            ("DELETE", f"/connectors/{theirs}", None),
            ("POST", f"/connectors/{theirs}/verify", None),
            ("POST", f"/connectors/{theirs}/refresh", None),
            ("POST", f"/connectors/{theirs}/reconnect", None),
            ("POST", f"/connectors/{theirs}/sync", None),
            ("DELETE", f"/tokens/{token}", None),
        ):
            problem(await world.call(method, path, json=body), 404)
        await world.connected()
        call = {"arguments": {"book": "b"}, "connection": theirs}
        problem(await world.call("POST", "/actions/notes_list_notes", json=call), 404)
        assert await world.get(f"/audit?connection={theirs}") == {"lines": [], "nextCursor": None}


async def test_a_workspace_in_body_query_or_header_is_not_looked_at() -> None:
    async with two_workspaces() as (world, _):
        for name in ("workspace", "workspaceId", "slug"):
            body = {"provider": "notes", "config": {"apiKey": KEY}, name: THEIRS}
            problem(await world.call("POST", "/connectors/connect", json=body), 422)
            assert await world.get(f"/connectors?{name}={THEIRS}") == []
        headers = {
            "Authorization": f"Bearer {world.token}",
            "X-Workspace": THEIRS,
            "X-Original-URL": "/",
            "X-Slug": THEIRS,
        }
        assert (await world.call("GET", "/connectors", headers=headers)).json() == []
        problem(
            await world.call("GET", f"/api/workspace/{THEIRS}/connectors", headers={**headers, "X-Slug": MINE}), 404
        )


async def test_each_token_sees_its_own_workspace_under_its_own_slug() -> None:
    async with two_workspaces() as (world, theirs):
        hers = await make_token(world.application, await make_principal(world.application, THEIRS, "eva"))
        assert await world.get(f"/api/workspace/{THEIRS}/connectors", token=hers) == []  # eve's, not eva's
        problem(await world.call("GET", f"/api/workspace/{MINE}/connectors", token=hers), 404)
        problem(await world.call("GET", f"/connectors/{theirs}"), 404)
