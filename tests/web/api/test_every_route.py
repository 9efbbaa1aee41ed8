"""Every route of the description, tried by everybody who may not, or may not do it all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from tests.web.api.calling import HOME, KEY, World, make_world, problem
from tests.web.browsing import make_token

from connectory.testing.application import make_principal
from connectory.testing.provider import FakeProvider
from connectory.vault.entities import Role
from connectory.vault.tables import metadata
from connectory.web.visitors import SESSION_LASTS

BODIES = {
    "connect": {"provider": "notes", "config": {"apiKey": KEY}, "metadata": {"alias": "new"}},
    "change_connection": {"alias": "renamed", "labels": {"customer": "c-1"}},
    "call_action": {"arguments": {"book": "b", "title": "t"}},
    "add_policies": {"effect": "deny", "patterns": ["x_*"]},
    "create_token": {"name": "new"},
    "set_oauth_app": {"clientId": "id-of-an-app"},
    "put_custom_connector": {"manifest": "format: 1", "checkOnly": True},
}
QUERIES = {"search_actions": {"query": "note"}}
SAFE_POSTS = {"verify_connection"}  # it asks the provider, and nothing is changed
OWNERS_READ = {"list_oauth_apps", "list_custom_connectors"}
COOKIE = "connectory-session"


@dataclass(frozen=True)
class Route:
    """One operation, with what a good request of it holds."""

    name: str
    method: str
    path: str

    @property
    def is_safe(self) -> bool:
        return self.method == "GET"

    async def send(self, world: World, **who: Any) -> httpx2.Response:
        return await world.call(
            self.method, self.path, json=BODIES.get(self.name), params=QUERIES.get(self.name), **who
        )


@asynccontextmanager
async def every_route() -> AsyncIterator[tuple[World, list[Route], FakeProvider]]:
    """A workspace in which every route has something to act on."""
    provider = FakeProvider()
    async with make_world(provider) as world:
        policies = await world.post("/policies", {"effect": "deny", "patterns": ["nothing_*"]})
        token = await world.post("/tokens", {"name": "of no use"})
        names = {
            "slug": "default",
            "connectionId": await world.connected(shared=True),
            "action": "notes_create_note",
            "connector": "signed",
            "policyId": policies[0]["id"],
            "tokenId": token["id"],
            "name": "mine",
        }
        document = await world.get("/api/openapi.json")
        yield world, list(routes_of(document, names)), provider


def routes_of(document: dict[str, Any], names: dict[str, str]) -> Iterator[Route]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert ("requestBody" in operation) == (operation["operationId"] in BODIES), operation["operationId"]
            yield Route(operation["operationId"], method.upper(), path.format(**names))


async def rows_of(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """All that is stored, but for what was tried and when a token was used."""
    found = {}
    for table in metadata.sorted_tables:
        columns = [column for column in table.c if column.name != "last_used_at"]
        if table.name != "audit":
            found[table.name] = [tuple(row) for row in await world.application.vault.database.rows(sa.select(*columns))]
    return found


async def test_all_routes_of_the_issue_are_there() -> None:
    async with every_route() as (_, routes, _provider):
        found = {f"{route.method} {route.name}" for route in routes}
    assert len(found) == len(routes) == 26


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": f"Bearer cny_{'x' * 43}"},
        {"Authorization": f"Bearer cny_{'x' * 5000}"},
        {"Authorization": "Basic YW5uOnBhc3N3b3Jk"},
        {"Cookie": f"{COOKIE}={'x' * 43}", "X-CSRF-Token": "x"},
    ],
    ids=str,
)
async def test_nobody_comes_in_without_a_valid_token(headers: dict[str, str]) -> None:
    async with every_route() as (world, routes, provider):
        before = await rows_of(world)
        for route in routes:
            answer = await route.send(world, headers=headers)
            assert problem(answer, 401)["code"] == "unauthenticated", route
            assert answer.headers["www-authenticate"] == "Bearer"
        assert await rows_of(world) == before
        assert provider.requests == []


async def test_a_token_does_not_reach_into_another_workspace() -> None:
    async with every_route() as (world, routes, provider):
        stranger = await make_token(world.application, await make_principal(world.application, "other", "eve"))
        before = await rows_of(world)
        for route in routes:
            foreign = problem(await route.send(world, token=stranger), 404)
            nowhere = Route(route.name, route.method, route.path.replace(HOME, "/api/workspace/nowhere"))
            missing = problem(await nowhere.send(world, token=stranger), 404)
            assert foreign["detail"].replace("default", "nowhere") == missing["detail"], route
        assert await rows_of(world) == before
        assert provider.requests == []


async def test_a_read_only_token_reads_all_and_changes_nothing() -> None:
    async with every_route() as (world, routes, provider):
        token = (await world.application.tokens.create(world.owner, "reader", read_only=True))[1]
        before = await rows_of(world)
        for route in routes:
            answer = await route.send(world, token=token)
            if route.is_safe or route.name in SAFE_POSTS:
                assert answer.status_code == 200, (route, answer.text)
            else:
                assert problem(answer, 403)["code"] == "policy_denied", route
        assert await rows_of(world) == before
        assert provider.requests == []


async def test_a_viewer_reads_what_is_shared_and_changes_nothing() -> None:
    async with every_route() as (world, routes, provider):
        viewer = await make_principal(world.application, "default", "vic", Role.MEMBER)
        token = await make_token(world.application, viewer)
        await world.application.vault.workspaces.set_member(viewer.workspace_id, viewer.user_id, Role.VIEWER)
        before = await rows_of(world)
        for route in routes:
            answer = await route.send(world, token=token)
            if route.name in OWNERS_READ:
                assert problem(answer, 403)["code"] == "role_denied", route
            elif route.is_safe or route.name in SAFE_POSTS:
                assert answer.status_code == 200, (route, answer.text)
            elif route.name == "revoke_token":  # another's, so there is none
                problem(answer, 404)
            else:
                assert problem(answer, 403)["code"] == "role_denied", route
        assert await rows_of(world) == before
        assert provider.requests == []


async def test_the_cookie_of_a_sign_in_reads_and_changes_nothing_without_the_header() -> None:
    async with every_route() as (world, routes, provider):
        owner = world.owner
        session = await world.application.web_sessions.start_for(owner.workspace_id, owner.user_id, SESSION_LASTS)
        before = await rows_of(world)
        for route in routes:
            for csrf in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "0" * 64}, {"X-CSRF-Token": session}):
                answer = await route.send(world, headers={"Cookie": f"{COOKIE}={session}", **csrf})
                if route.is_safe:
                    assert answer.status_code == 200, (route, answer.text)
                else:
                    assert problem(answer, 403)["code"] == "refused", route
        assert await rows_of(world) == before
        assert provider.requests == []
