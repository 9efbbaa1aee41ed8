"""Connecting: at once with a key, or by a link."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from tests.web.api.calling import HOME, KEY, World, make_world, problem
from tests.web.browsing import FLEET, Browser, make_token, open_signed_in
from tests.web.test_connect import KINTO_YAML

from connectory.testing.application import make_principal
from connectory.testing.connectors import make_catalog, make_connector
from connectory.testing.provider import Answer, FakeProvider, answers
from connectory.vault.entities import Role


async def refused(world: World, status: int, **body: Any) -> dict[str, Any]:
    answer = await world.call("POST", "/connectors/connect", json={"provider": "notes", **body})
    assert "s3cret" not in answer.text
    said = problem(answer, status)
    assert await world.get("/connectors") == []
    return said


async def test_what_can_be_connected_is_listed_with_its_ways_to_sign_in() -> None:
    async with make_world() as world:
        found = {one.pop("id"): one for one in await world.get("/connectors/available")}
    assert found["notes"] == {
        "name": "Notes",
        "description": "Keep notes.",
        "logo": None,
        "authMethods": ["apikey"],
        "category": "productivity",
    }
    assert found["open-data"]["authMethods"] == ["custom"]
    assert found["signed"]["authMethods"] == ["oauth", "apikey", "custom"]


async def test_a_key_connects_at_once_and_is_never_shown_again() -> None:
    async with make_world() as world:
        answer = await world.post("/connectors/connect", {"provider": "notes", "config": {"apiKey": KEY}})
        assert answer == {"connectionId": answer["connectionId"], "method": "direct", "status": "active"}
        [listed] = await world.get("/connectors")
        assert listed.pop("createdAt").endswith("Z")
        assert listed == {
            "id": answer["connectionId"],
            "provider": "notes",
            "authMethod": "direct",
            "status": "active",
            "account": "user-s3cre",
            "metadata": {
                "name": "notes/default", "alias": "default", "shared": False, "scopes": ["read", "write"],
                "expiresAt": None, "problem": None, "labels": {},
            },
            "lastUsed": None,
            "lastSync": None,
        }  # fmt: skip
        everything = [await world.get(path) for path in ("/connectors", "/audit", f"/connectors/{listed['id']}")]
        assert KEY not in str(everything)


async def test_a_key_that_the_service_refuses_is_not_kept_and_not_repeated() -> None:
    async with make_world(FakeProvider(is_revoked=True)) as world:
        said = await refused(world, 422, config={"apiKey": KEY})
        assert said["detail"] == "notes was not connected; nothing was kept."
        assert "did not accept" in said["hint"]
        assert said["problems"] == [{"field": "", "message": said["hint"]}]
        good = await world.post("/connectors/connect", {"provider": "notes"})  # and nothing is left under way
        assert good["authUrl"]


@pytest.mark.parametrize(
    ("answer", "status", "code", "wait"),
    [
        (answers(500), 502, "provider_unavailable", None),
        (answers(429, headers={"retry-after": "3600"}), 429, "rate_limited", "3600"),
        (answers(404), 422, "invalid_arguments", None),  # by what was entered, for all that can be said
    ],
)
async def test_a_service_that_cannot_check_a_key_now_is_told_from_a_wrong_key(
    answer: Answer, status: int, code: str, wait: str | None
) -> None:
    async with make_world(httpx2.MockTransport(answer)) as world:
        body = {"provider": "notes", "config": {"apiKey": KEY}}
        given = await world.call("POST", "/connectors/connect", json=body)
        said = problem(given, status)
        assert (said["code"], given.headers.get("retry-after")) == (code, wait)
        assert said["detail"] == "notes was not connected; nothing was kept."
        assert (await world.audited("action=connect"))[0]["code"] == code


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"apiKey": ""}, "needed"),
        ({"customFields": {}}, "token (token)"),
        ({"customFields": {"s3cret": "s3cret"}}, "token (token)"),
        ({"apiKey": "s3cret", "customFields": {"token": "s3cret"}}, "token (token)"),
        ({"apiKey": "s3cret", "method": "other"}, "token (token)"),
        ({"apiKey": "s3cret\nX-Evil: 1"}, "line break"),
    ],
)
async def test_what_a_service_is_not_signed_in_to_with_is_said(config: dict[str, Any], told: str) -> None:
    async with make_world() as world:
        assert told in (await refused(world, 422, config=config))["hint"]


@pytest.mark.parametrize(
    ("config", "account"),
    [
        ({"apiKey": KEY}, f"user-{KEY[:5]}"),
        ({"customFields": {"token": KEY}}, f"user-{KEY[:5]}"),
        ({"customFields": {"username": "ann", "password": KEY}}, "user-Basic"),
        ({"apiKey": KEY, "customFields": {"username": "ann"}}, "user-Basic"),
        ({"apiKey": KEY, "method": "key"}, f"user-{KEY[:5]}"),
    ],
)
async def test_the_way_to_sign_in_is_the_one_that_is_filled(config: dict[str, Any], account: str) -> None:
    async with make_world() as world:
        await world.post("/connectors/connect", {"provider": "signed", "config": config})
        [made] = await world.get("/connectors")
        assert made["account"] == account


async def test_a_service_without_a_sign_in_is_connected_by_no_fields() -> None:
    async with make_world() as world:
        body = {"provider": "open-data", "config": {"customFields": {}}, "metadata": {"alias": "free"}}
        await world.post("/connectors/connect", body)
        [made] = await world.get("/connectors")
        assert (made["provider"], made["account"], made["metadata"]["alias"]) == ("open-data", None, "free")


async def test_without_a_key_the_answer_is_a_link_for_a_person() -> None:
    async with make_world() as world, Browser(world.app) as browser:
        answer = await world.post("/connectors/connect", {"provider": "notes", "metadata": {"alias": "work"}})
        assert answer == {"authUrl": answer["authUrl"], "method": "direct"}
        page = await browser.open(answer["authUrl"])
        done = await browser.submit(page.forms[-1], token=KEY)
        assert "Notes is connected" in done.text
        [made] = await world.get("/connectors")
        assert made["metadata"]["name"] == "notes/work"


async def test_asking_twice_gives_the_same_link() -> None:
    async with make_world() as world:
        first, second = [await world.post("/connectors/connect", {"provider": "signed"}) for _ in range(2)]
        assert first == second


async def test_a_link_that_a_browser_has_left_stands_in_no_keys_way() -> None:
    async with make_world() as world, Browser(world.app) as browser:
        link = (await world.post("/connectors/connect", {"provider": "notes"}))["authUrl"]
        await browser.submit((await browser.open(link)).forms[-1], token="")  # binds the browser
        assert await world.connected()


@pytest.mark.parametrize("key", ["", "s3cret\nX-Evil: 1", "s3cret-refused"])
async def test_a_key_that_fails_leaves_a_person_s_own_sign_in_alone(key: str) -> None:
    provider = FakeProvider(is_revoked=True)
    async with make_world(provider) as world, Browser(world.app) as opened, Browser(world.app) as begun:
        first = (await world.post("/connectors/connect", {"provider": "notes"}))["authUrl"]
        page = await opened.open(first)  # and has posted nothing yet
        await refused(world, 422, config={"apiKey": key})
        other = (await world.post("/connectors/connect", {"provider": "notes", "metadata": {"alias": "work"}}))[
            "authUrl"
        ]
        again = await begun.submit((await begun.open(other)).forms[-1], token="s3cret-mistyped")  # binds the browser
        await refused(world, 422, config={"apiKey": key}, metadata={"alias": "work"})

        assert (await world.post("/connectors/connect", {"provider": "notes"}))["authUrl"] == first
        provider.is_revoked = False
        assert "Notes is connected" in (await opened.submit(page.forms[-1], token=KEY)).text
        assert "Notes is connected" in (await begun.submit(again.forms[-1], token=KEY)).text


async def test_that_a_private_address_is_meant_says_a_person_and_no_token() -> None:
    catalog = make_catalog(make_connector(KINTO_YAML))
    typed = {"server": "http://127.0.0.1:1", "username": "ann", "password": "s3cret"}
    body = {"provider": "kinto", "config": {"customFields": typed, "privateAddressConfirmed": True}}
    async with make_world(catalog=catalog) as world, Browser(world.app) as browser:
        by_token = problem(await world.call("POST", "/connectors/connect", json=body), 422)
        await browser.post("/signin", {"token": world.token, "next": "/"})
        by_session_of_token = await from_page(world, browser, body)
        for said in (by_token, by_session_of_token):
            assert "No token confirms it" in said["hint"]
            assert said["link"] in said["hint"]
            assert "privateAddressConfirmed" not in said["hint"]
            page = await browser.open(said["link"])
            assert "Connect Kinto" in page.text
        assert by_token["link"] == by_session_of_token["link"]
        assert await world.get("/connectors") == []

        await open_signed_in(world.application, browser, world.owner)
        by_person = await from_page(world, browser, body, 502)
        assert "could not be checked" in by_person["hint"]  # it was asked, and nobody listens on port 1
        unsaid = await from_page(world, browser, {**body, "config": {"customFields": typed}})
        assert "`privateAddressConfirmed: true`" in unsaid["hint"]
        assert "link" not in unsaid


async def test_in_fleet_mode_nobody_confirms_a_private_address() -> None:
    catalog = make_catalog(make_connector(KINTO_YAML))
    typed = {"server": "http://127.0.0.1:1", "username": "ann", "password": "s3cret"}
    body = {"provider": "kinto", "config": {"customFields": typed, "privateAddressConfirmed": True}}
    async with make_world(catalog=catalog, environment=FLEET) as world:
        said = problem(await world.call("POST", "/connectors/connect", json=body), 422)
        assert "CONNECTORY_ALLOW_HOSTS" in said["hint"]
        assert "link" not in said


async def from_page(world: World, browser: Browser, body: dict[str, Any], status: int = 422) -> dict[str, Any]:
    """What a page's script is told that posts the same, by the cookie of whoever is signed in."""
    csrf = (await browser.open("/workspaces/default/connectors")).forms[0].fields["csrf"]
    answer = await browser.client.post(f"{HOME}/connectors/connect", json=body, headers={"X-CSRF-Token": csrf})
    return problem(answer, status)


async def test_what_is_connected_already_is_not_overwritten_without_a_name() -> None:
    async with make_world() as world:
        made = await world.connected()
        body = {"provider": "notes", "config": {"apiKey": f"{KEY}-2"}}
        said = problem(await world.call("POST", "/connectors/connect", json=body), 409)
        assert said["code"] == "already_exists"
        renewed = await world.post("/connectors/connect", {**body, "metadata": {"alias": "default"}})
        assert renewed["connectionId"] == made


async def test_another_account_needs_a_yes() -> None:
    async with make_world() as world:
        made = await world.connected()
        body = {"provider": "notes", "config": {"apiKey": "zzzzz-key"}, "metadata": {"alias": "default"}}
        said = problem(await world.call("POST", "/connectors/connect", json=body), 422)
        assert "`accountChangeConfirmed: true`" in said["hint"]
        assert "zzzzz-key" not in str(said)
        yes = {**body, "config": {"apiKey": "zzzzz-key", "accountChangeConfirmed": True}}
        assert (await world.post("/connectors/connect", yes))["connectionId"] == made


async def test_members_connect_for_themselves_and_owners_for_all() -> None:
    async with make_world() as world:
        token = await make_token(
            world.application, await make_principal(world.application, "default", "mia", Role.MEMBER)
        )
        body = {"provider": "notes", "config": {"apiKey": KEY}}
        shared = {**body, "metadata": {"shared": True}}
        assert problem(await world.call("POST", "/connectors/connect", json=shared, token=token), 403)
        own = await world.post("/connectors/connect", body, token=token)
        for_all = await world.post("/connectors/connect", shared)
        assert [one["id"] for one in await world.get("/connectors", token=token)] == [
            own["connectionId"], for_all["connectionId"]
        ]  # fmt: skip
        assert [one["id"] for one in await world.get("/connectors")] == [for_all["connectionId"]]


async def test_a_policy_that_denies_connecting_holds_here_too() -> None:
    async with make_world() as world:
        await world.post("/policies", {"effect": "deny", "patterns": ["connect"]})
        for config in ({}, {"apiKey": KEY}):
            assert (await refused(world, 403, config=config))["code"] == "policy_denied"
        lines = await world.audited("action=connect")
        assert [line["outcome"] for line in lines] == ["refused", "refused"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"provider": "nowhere"}, 404, "unknown_connector"),
        ({"authMethod": "nango"}, 409, "backend_unavailable"),
        ({"authMethod": "oauth"}, 422, "invalid_arguments"),
        ({"config": {"scopes": ["admin"]}, "provider": "signed"}, 422, "invalid_arguments"),
        ({"metadata": {"alias": "No Alias"}}, 422, "invalid_arguments"),
        ({"metadata": {"color": "blue"}}, 422, "invalid_arguments"),
        ({"workspace": "other"}, 422, "invalid_arguments"),
        ({"config": {"apiKey": 7}}, 422, "invalid_arguments"),
    ],
)
async def test_what_cannot_be_connected_is_said_by_its_code(body: dict[str, Any], status: int, code: str) -> None:
    async with make_world() as world:
        assert (await refused(world, status, **body))["code"] == code
