"""Attack 75, by REST: odd methods, content types, user agents and paths meet the same authorisation, or 404 and 405."""

from __future__ import annotations

import pytest
from starlette.types import Message, Scope
from tests.web.api.calling import HOME, World, make_world, problem

BODY = b'{"name": "evil"}'
TO_CONNECTORS = (
    "/healthz/../api/workspace/default/connectors",
    "/static/../api/workspace/default/connectors",
    "//api//workspace//default//connectors",
    "//api/workspace/default/connectors",
    "/api//workspace/default/connectors",
    "/api/workspace//default/connectors",
    "/api/workspace/default//connectors",
    "/api/workspace/x/..;/default/connectors",
    "/api/workspace/default/connectors;x=y",
    "/api/workspace/default/connectors/..;/connectors",
    "/api/./workspace/default/connectors",
    "/api/workspace/other/../default/connectors",
    "/API/workspace/default/connectors",
    "/Api/Workspace/Default/Connectors",
    "/api/workspace/default/CONNECTORS",
    "/api/workspace/default/connectors/",
    "/api/workspace/default/connectors//",
    "/api/workspace/default/connectors%00",
    "/api/workspace/default/connectors.json",
    "/api/workspace/default/connectors/available/",
    "/api/auth/callback/../../workspace/default/connectors",
    "/mcp/../api/workspace/default/connectors",
)


async def raw(world: World, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes]:
    """Send exactly this path: a client would tidy it."""
    given = [(name.lower().encode(), value.encode()) for name, value in {"Host": "localhost:8765", **headers}.items()]
    route, _, query = path.partition("?")
    scope: Scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": route, "raw_path": route.encode(), "query_string": query.encode(), "root_path": "", "headers": given,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8765),
    }  # fmt: skip
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        said.append(message)

    await world.app(scope, receive, send)
    return said[0]["status"], b"".join(message.get("body", b"") for message in said[1:])


async def tokens_of(world: World) -> list[str]:
    return [token.name for token in await world.application.tokens.list(world.owner)]


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "QUERY", "get", "post", "X"])
async def test_no_other_method_does_anything(method: str) -> None:
    async with make_world() as world:
        made = await world.connected()
        for path in (f"{HOME}/connectors", f"{HOME}/tokens", f"{HOME}/connectors/{made}"):
            for headers in ({}, {"Authorization": f"Bearer {world.token}"}):
                status, body = await raw(world, method, path, {**headers, "Content-Type": "application/json"}, BODY)
                assert status in (401, 404, 405), (path, status)
                assert made.encode() not in body
        assert await tokens_of(world) == ["browser"]


async def test_a_method_in_disguise_is_what_it_is() -> None:
    async with make_world() as world:
        made = await world.connected()
        for headers in (
            {"X-HTTP-Method-Override": "DELETE"},
            {"X-HTTP-Method": "DELETE"},
            {"X-Method-Override": "DELETE"},
        ):
            given = {"Authorization": f"Bearer {world.token}", **headers}
            for path in (f"/connectors/{made}", f"/connectors/{made}?_method=DELETE"):
                problem(await world.call("POST", path, headers=given), 405)
                assert (await world.call("GET", path, headers=given)).status_code == 200
        assert await world.get(f"/connectors/{made}")


@pytest.mark.parametrize("path", TO_CONNECTORS)
async def test_no_spelling_of_a_path_goes_round_the_door(path: str) -> None:
    async with make_world() as world:
        made = await world.connected()
        for agent in ("", "kube-probe/1.33", "ELB-HealthChecker/2.0", "GoogleHC/1.0"):
            status, body = await raw(world, "GET", path, {"User-Agent": agent})
            assert status in (401, 404, 405), (path, status)
            assert made.encode() not in body


async def test_a_probe_is_a_probe_whatever_stands_behind_it() -> None:
    async with make_world() as world:
        made = await world.connected()
        for path in ("/healthz?x=/api", f"/healthz?path={HOME}/connectors", f"/healthz#{HOME}/connectors"):
            _, body = await raw(world, "GET", path, {"User-Agent": "kube-probe/1.33"})
            assert made.encode() not in body


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "text/plain; application/json", "application/json, text/plain", "application/jsonp", "json", ""],
)
async def test_json_under_another_name_is_refused(kind: str) -> None:
    async with make_world() as world:
        headers = {"Authorization": f"Bearer {world.token}", "Content-Type": kind}
        status, _ = await raw(world, "POST", f"{HOME}/tokens", headers, BODY)
        assert status == 415
        assert await tokens_of(world) == ["browser"]


async def test_a_slash_at_the_end_is_judged_as_without() -> None:
    async with make_world() as world:
        made = await world.connected()
        path = f"{HOME}/connectors/{made}/"
        assert (await raw(world, "GET", path, {}))[0] == 401
        assert (await raw(world, "GET", path, {"Authorization": f"Bearer {world.token}"}))[0] == 200
        assert (await raw(world, "GET", path, {"Authorization": "Bearer cny_x"}))[0] == 401
