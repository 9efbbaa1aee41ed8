"""Labels: kept with a connection for the program that gave them, and found by."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.web.api.calling import KEY, World, make_world, problem
from tests.web.browsing import Browser

from connectory.testing.provider import FakeProvider

CUSTOMER = {"customer": "c-17", "app.example.com/plan": "größer: 2"}
LINK = {"provider": "notes", "metadata": {"labels": CUSTOMER}}


async def labels_of(world: World, connection: str) -> Any:
    return (await world.get(f"/connectors/{connection}"))["metadata"]["labels"]


async def change(world: World, connection: str, **body: Any) -> Any:
    answer = await world.call("PATCH", f"/connectors/{connection}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["metadata"]


async def test_a_connection_gives_back_the_labels_it_was_made_with() -> None:
    async with make_world() as world:
        made = await world.connected(labels=CUSTOMER)
        assert await labels_of(world, made) == CUSTOMER
        assert await labels_of(world, await world.connected(alias="bare")) == {}
        listed = {one["id"]: one["metadata"]["labels"] for one in await world.get("/connectors")}
        assert listed[made] == CUSTOMER


async def test_a_link_brings_them_to_what_the_person_connects() -> None:
    async with make_world() as world, Browser(world.app) as browser:
        link = (await world.post("/connectors/connect", LINK))["authUrl"]
        assert (await world.post("/connectors/connect", {"provider": "notes"}))["authUrl"] == link
        page = await browser.open(link)
        assert "c-17" not in page.text
        await browser.submit(page.forms[-1], token=KEY)
        [made] = await world.get("/connectors")
        assert made["metadata"]["labels"] == CUSTOMER

        again = (await world.post(f"/connectors/{made['id']}/reconnect"))["authUrl"]
        await browser.submit((await browser.open(again)).forms[-1], token=f"{KEY}-2")
        assert await labels_of(world, made["id"]) == CUSTOMER


async def test_connecting_anew_with_a_key_keeps_them_unless_others_are_given() -> None:
    async with make_world() as world:
        made = await world.connected(labels=CUSTOMER)
        steps: list[tuple[dict[str, Any], Any]] = [
            ({}, CUSTOMER), ({"labels": {"plan": "pro"}}, {"plan": "pro"}), ({"labels": {}}, {})
        ]  # fmt: skip
        for given, kept in steps:
            assert await world.connected(alias="default", **given) == made
            assert await labels_of(world, made) == kept


async def test_a_key_that_fails_labels_nothing() -> None:
    provider = FakeProvider()
    async with make_world(provider) as world:
        made = await world.connected(labels=CUSTOMER)
        provider.is_revoked = True
        body = {"provider": "notes", "config": {"apiKey": KEY}, "metadata": {"alias": "default", "labels": {"a": "b"}}}
        problem(await world.call("POST", "/connectors/connect", json=body), 422)
        assert await labels_of(world, made) == CUSTOMER


async def test_they_are_changed_as_a_whole_and_beside_the_alias() -> None:
    async with make_world() as world:
        made = await world.connected(labels=CUSTOMER)
        assert (await change(world, made, alias="work"))["labels"] == CUSTOMER
        changed = await change(world, made, labels={"plan": "pro"})
        assert (changed["alias"], changed["labels"]) == ("work", {"plan": "pro"})
        both = await change(world, made, alias="board", labels={})
        assert (both["alias"], both["labels"]) == ("board", {})
        lines = [line for line in await world.audited() if line["action"] in ("label", "rename")]
        assert [line["action"] for line in lines] == ["label", "rename", "label", "rename"]
        assert lines[0]["argumentNames"] == ["connection", "labels"]


async def test_an_alias_that_is_taken_leaves_the_labels_as_they_are() -> None:
    async with make_world() as world:
        made, _ = await world.connected(labels=CUSTOMER), await world.connected(alias="taken")
        answer = await world.call("PATCH", f"/connectors/{made}", json={"alias": "taken", "labels": {}})
        assert problem(answer, 409)["code"] == "already_exists"
        assert await labels_of(world, made) == CUSTOMER


@pytest.mark.parametrize("body", [{}, {"alias": None}, {"alias": None, "labels": None}])
async def test_a_change_of_nothing_is_refused(body: dict[str, Any]) -> None:
    async with make_world() as world:
        said = problem(await world.call("PATCH", f"/connectors/{await world.connected()}", json=body), 422)
        assert "give `alias`, `labels` or both" in said["hint"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ([], {"one", "two", "bare"}),
        (["customer:c-17"], {"one", "two"}),
        (["customer:c-17", "plan:a:b"], {"two"}),
        (["customer:c-17", "customer:c-18"], set()),
        (["customer:"], set()),
        (["plan:"], {"one"}),
        (["Customer:c-17"], set()),
    ],
)
async def test_connections_are_found_by_all_the_labels_that_are_wanted(wanted: list[str], found: set[str]) -> None:
    async with make_world() as world:
        await world.connected(alias="one", labels={"customer": "c-17", "plan": ""})
        await world.connected(alias="two", labels={"customer": "c-17", "plan": "a:b"})
        await world.connected(alias="bare")
        listed = await world.get("/connectors", params={"label": wanted})
        assert {one["metadata"]["alias"] for one in listed} == found


UNSEEN = ["\ud800", "c-17\0", "\u202e71-c", "c\u200b-17", "c-17\n"]


@pytest.mark.parametrize("value", UNSEEN)
async def test_half_a_character_or_one_that_nobody_sees_is_no_label_and_spoils_no_list(value: str) -> None:
    async with make_world() as world:
        made = await world.connected(labels=CUSTOMER)
        headers = {"Authorization": f"Bearer {world.token}", "Content-Type": "application/json"}
        labels = {"labels": {"a": value}}
        new = {"provider": "notes", "config": {"apiKey": KEY}, "metadata": labels}
        for method, path, body in (("PATCH", f"/connectors/{made}", labels), ("POST", "/connectors/connect", new)):
            answer = await world.call(method, path, content=json.dumps(body), headers=headers)
            assert "cannot be seen" in problem(answer, 422)["hint"]
        assert [one["metadata"]["labels"] for one in await world.get("/connectors")] == [CUSTOMER]


@pytest.mark.parametrize("value", UNSEEN[1:])  # an address cannot hold half a character
async def test_what_is_no_label_is_not_looked_for(value: str) -> None:
    async with make_world() as world:
        answer = await world.call("GET", "/connectors", params={"label": f"a:{value}"})
        assert "cannot be seen" in problem(answer, 422)["hint"]


async def test_letters_of_any_script_and_joined_ones_are_labels() -> None:
    async with make_world() as world:
        words = {"fa": "می\u200cخواهم", "ja": "山田\u3000太郎", "face": "👩\u200d💻"}
        assert await labels_of(world, await world.connected(labels=words)) == words


@pytest.mark.parametrize("wanted", ["customer", ":c-17", "cust omer:c-17", f"{'n' * 64}:x", f"n:{'x' * 501}", ""])
async def test_a_label_that_cannot_be_is_not_looked_for(wanted: str) -> None:
    async with make_world() as world:
        said = problem(await world.call("GET", "/connectors", params={"label": wanted}), 422)
        assert said["problems"] == [{"field": "query.label.0", "message": "A label is found by `name:value`"}]
        assert problem(await world.call("GET", "/connectors", params={"label": ["a:b"] * 21}), 422)


GITHUB_KEY = "ghp_s3cretS3cretS3cret"


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({"": "x"}, "1 to 63 characters"),
        ({"n" * 64: "x"}, "1 to 63 characters"),
        ({"größe": "x"}, "1 to 63 characters"),
        ({"name\n": "x"}, "1 to 63 characters"),
        ({"a:b": "x"}, "1 to 63 characters"),
        ({"name": "x" * 501}, "more than 500"),
        ({f"n{number}": "x" for number in range(21)}, "more than 20"),
        ({"name": 7}, "valid string"),
        ({"name": None}, "valid string"),
        ({"name": {"s3cret": "x"}}, "valid string"),
        (["name"], "valid dictionary"),
        ({"key": GITHUB_KEY}, "looks like a key"),
        ({"key": f"Bearer {GITHUB_KEY}"}, "looks like a key"),
        ({GITHUB_KEY: "x"}, "looks like a key"),
    ],
)
async def test_what_is_no_label_is_refused_without_repeating_it(labels: Any, told: str) -> None:
    async with make_world() as world:
        made = await world.connected()
        link = {"provider": "notes", "metadata": {"alias": "new", "labels": labels}}
        for answer in (
            await world.call("PATCH", f"/connectors/{made}", json={"labels": labels}),
            await world.call("POST", "/connectors/connect", json=link),
            await world.call("POST", "/connectors/connect", json={**link, "config": {"apiKey": KEY}}),
        ):
            assert told in problem(answer, 422)["hint"]
            assert GITHUB_KEY not in answer.text
            assert "s3cret" not in answer.text
        assert [one["metadata"]["labels"] for one in await world.get("/connectors")] == [{}]


async def test_as_much_as_is_allowed_is_kept() -> None:
    async with make_world() as world:
        most = {f"{'n' * 61}{number:02}": "ö" * 500 for number in range(20)}
        assert await labels_of(world, await world.connected(labels=most)) == most


async def test_the_description_says_what_a_label_may_be() -> None:
    async with make_world() as world:
        document = await world.get("/api/openapi.json")
    for body in ("ConnectMetadata", "ConnectionChange"):
        labels = document["components"]["schemas"][body]["properties"]["labels"]
        for told in ("At most 20 labels", "1 to 63 characters", "at most 500 characters", "looks like"):
            assert told in labels["description"]
        [described, _] = labels["anyOf"]
        assert described == {
            "type": "object", "maxProperties": 20, "propertyNames": {"pattern": "^[A-Za-z0-9._/-]{1,63}$"},
            "additionalProperties": {"type": "string", "maxLength": 500},
        }  # fmt: skip
    [label] = [
        one
        for one in document["paths"]["/api/workspace/{slug}/connectors"]["get"]["parameters"]
        if one["in"] == "query"
    ]
    assert (label["name"], label["required"]) == ("label", False)


async def test_a_number_that_begins_as_keys_do_is_none() -> None:
    async with make_world() as world:
        made = await world.connected(labels={"customer": "pk-17"})
        assert await labels_of(world, made) == {"customer": "pk-17"}
