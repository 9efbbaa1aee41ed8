"""The API's own description: public, whole, and without anything of this server's people."""

from __future__ import annotations

import json
import re

from tests.web.api.calling import KEY, make_world
from tests.web.browsing import FLEET

PLACE = re.compile(r"\{(\w+)\}")


async def test_the_description_is_public_and_tells_no_secret() -> None:
    async with make_world() as world:
        await world.connected()
        answer = await world.client.get("/api/openapi.json")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        document = answer.json()
    assert document["openapi"].startswith("3.1")
    for private in (KEY, world.token, "ann", "notes/default", "localhost"):
        assert f'"{private}"' not in answer.text


async def test_no_page_of_documentation_comes_from_elsewhere() -> None:
    async with make_world() as world:
        for path in ("/docs", "/redoc", "/api/docs", "/api/redoc", "/api/workspace/docs"):
            assert (await world.client.get(path)).status_code in (401, 404)


async def test_every_operation_says_who_may_call_it_and_how_it_fails() -> None:
    async with make_world() as world:
        document = await world.get("/api/openapi.json")
    assert document["components"]["securitySchemes"]["session"]["name"] == "connectory-session"
    names = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            names.append(operation["operationId"])
            by_cookie: dict[str, list[str]] = {"session": []} if method == "get" else {"session": [], "csrf": []}
            assert operation["security"] == [{"token": []}, by_cookie], path
            assert operation["responses"].keys() >= {"4XX", "5XX"}
            assert "422" not in operation["responses"]
            assert operation["summary"]
            assert operation["description"]
            assert {one["name"] for one in operation["parameters"] if one["in"] == "path"} == set(PLACE.findall(path))
    assert len(names) == len(set(names))
    assert "HTTPValidationError" not in json.dumps(document)


async def test_in_fleet_mode_the_cookie_is_of_this_host_alone() -> None:
    async with make_world(environment=FLEET) as world:
        assert await world.get("/connectors") == []
        document = await world.get("/api/openapi.json")
    assert document["components"]["securitySchemes"]["session"]["name"] == "__Host-connectory-session"


async def test_secrets_go_in_and_only_a_new_token_comes_out() -> None:
    async with make_world() as world:
        schemas = (await world.get("/api/openapi.json"))["components"]["schemas"]
    secret = {
        f"{name}.{member}"
        for name, schema in schemas.items()
        for member in schema.get("properties", {})
        if any(word in member.lower() for word in ("secret", "apikey", "token", "customfields", "password"))
    }
    assert secret == {
        "ConnectConfig.apiKey", "ConnectConfig.customFields", "OAuthAppBody.clientSecret", "OAuthAppInfo.hasSecret",
        "NewToken.token", "PolicyBody.token", "PolicyInfo.tokenId", "ActivityInfo.tokenId",
    }  # fmt: skip
