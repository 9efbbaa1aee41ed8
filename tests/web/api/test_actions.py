"""What can be done, and doing it: found, called, refused, confirmed."""

from __future__ import annotations

import pytest
from tests.web.api.calling import make_world, problem
from tests.web.browsing import Browser

from connectory.testing.provider import FakeProvider, answers

NOTES = [{"id": 1, "title": "First"}, {"id": 2, "title": "Zwei ⎵ \u2028 größer"}]
LIST = "/actions/notes_list_notes"
CREATE = "/actions/notes_create_note"


def pages(request: object) -> object:
    return answers(200, NOTES, {"link": '<https://api.notes.example/v1/books/b/notes?page=2>; rel="next"'})(request)  # type: ignore[arg-type]


async def test_actions_are_listed_once_their_service_is_connected() -> None:
    async with make_world() as world:
        assert await world.get("/actions") == []
        offered = await world.get("/actions?connector=notes")
        assert [one["action"] for one in offered][:2] == ["notes_list_notes", "notes_read_file"]
        assert not any(one["connected"] for one in offered)
        await world.connected()
        listed = await world.get("/actions")
        assert listed == await world.get("/actions?connector=notes")
        assert all(one["connected"] and one["permitted"] for one in listed)
    create = next(one for one in listed if one["action"] == "notes_create_note")
    assert (create["title"], create["effect"], create["connector"]) == ("Create a note", "write", "notes")
    assert create["inputSchema"]["required"] == ["book", "title"]


async def test_words_find_the_actions_that_fit() -> None:
    async with make_world() as world:
        assert await world.get("/actions?query=delete") == []
        assert (await world.get("/search?query=delete+note&limit=1"))[0]["action"] == "notes_delete_note"
        assert await world.get("/search?query=zebra") == []
        await world.connected()
        assert (await world.get("/actions?query=delete"))[0]["action"] == "notes_delete_note"
        assert (await world.get("/actions?connector=notes&query=delete"))[0]["action"] == "notes_delete_note"
        problem(await world.call("GET", "/actions?connector=nowhere"), 404)
        problem(await world.call("GET", "/search"), 422)


async def test_what_policies_deny_is_shown_as_not_permitted() -> None:
    async with make_world() as world:
        await world.connected()
        await world.post("/policies", {"effect": "read_only"})
        permitted = {one["action"]: one["permitted"] for one in await world.get("/actions")}
        assert permitted == {
            "notes_list_notes": True, "notes_read_file": True, "notes_create_note": False, "notes_delete_note": False
        }  # fmt: skip
        said = problem(await world.call("POST", CREATE, json={"arguments": {"book": "b", "title": "t"}}), 403)
        assert said["code"] == "policy_denied"


async def test_a_call_answers_the_whole_of_what_the_action_gave() -> None:
    async with make_world(FakeProvider(answers(200, NOTES))) as world:
        await world.connected()
        assert await world.post(LIST, {"arguments": {"book": "b"}}) == {"result": NOTES, "nextCursor": None}


async def test_a_cursor_among_the_arguments_goes_on() -> None:
    provider = FakeProvider(pages)  # type: ignore[arg-type]
    async with make_world(provider) as world:
        await world.connected()
        first = await world.post(LIST, {"arguments": {"book": "b", "limit": 2}})
        assert first["nextCursor"]
        provider.answer = answers(200, [{"id": 3, "title": "Last"}])
        rest = await world.post(LIST, {"arguments": {"book": "b", "limit": 2, "cursor": first["nextCursor"]}})
        assert (rest["result"], rest["nextCursor"]) == ([{"id": 3, "title": "Last"}], None)
        foreign = await world.call("POST", LIST, json={"arguments": {"book": "c", "cursor": first["nextCursor"]}})
        assert problem(foreign, 422)["code"] == "invalid_cursor"


async def test_of_several_accounts_one_is_named() -> None:
    provider = FakeProvider()
    async with make_world(provider) as world:
        await world.connected(alias="home")
        work = await world.connected(alias="work")
        call = {"arguments": {"book": "b", "title": "t"}}
        assert problem(await world.call("POST", CREATE, json=call), 409)["code"] == "ambiguous_connection"
        for name in ("notes/work", "work", work):
            await world.post(CREATE, {**call, "connection": name})
        assert len(provider.requests) == 3
        problem(await world.call("POST", CREATE, json={**call, "connection": "notes/none"}), 404)


async def test_without_a_connection_the_error_holds_the_link_that_makes_one() -> None:
    async with make_world() as world:
        said = problem(await world.call("POST", LIST, json={"arguments": {"book": "b"}}), 409)
        assert said["code"] == "not_connected"
        assert said["link"].startswith("http://localhost:8765/connect/")
        assert said["link"] in said["hint"]


async def test_a_person_says_yes_by_the_link_and_then_exactly_this_call_runs_once() -> None:
    provider = FakeProvider()
    async with make_world(provider) as world, Browser(world.app) as browser:
        await world.connected()
        await world.post("/policies", {"effect": "confirm", "patterns": ["notes_create_*"]})
        call = {"arguments": {"book": "b", "title": "t"}}
        said = problem(await world.call("POST", CREATE, json=call), 409)
        assert (said["code"], provider.requests) == ("confirmation_needed", [])

        await browser.submit((await browser.open(said["link"])).forms[-1], answer="yes")

        other = {"arguments": {"book": "b", "title": "another"}}
        assert problem(await world.call("POST", CREATE, json=other), 409)["code"] == "confirmation_needed"
        await world.post(CREATE, call)
        assert len(provider.requests) == 1
        assert problem(await world.call("POST", CREATE, json=call), 409)["code"] == "confirmation_needed"


@pytest.mark.parametrize(
    ("status", "ours", "code"),
    [
        (400, 422, "provider_rejected"),
        (401, 403, "provider_forbidden"),  # its verify call still takes the key
        (403, 403, "provider_forbidden"),
        (404, 404, "provider_not_found"),
        (409, 409, "provider_conflict"),
        (500, 502, "provider_unavailable"),
    ],
)
async def test_what_the_service_refuses_comes_back_as_a_problem(status: int, ours: int, code: str) -> None:
    async with make_world(FakeProvider(answers(status, {"message": "no"}))) as world:
        await world.connected()
        said = problem(await world.call("POST", CREATE, json={"arguments": {"book": "b", "title": "t"}}), ours)
        assert said["code"] == code


async def test_a_limit_says_when_to_try_again() -> None:
    async with make_world(FakeProvider(answers(429, {}, {"retry-after": "70"}))) as world:
        await world.connected()
        answer = await world.call("POST", CREATE, json={"arguments": {"book": "b", "title": "t"}})
        assert problem(answer, 429)["code"] == "rate_limited"
        assert 60 <= int(answer.headers["retry-after"]) <= 70


async def test_a_key_among_the_arguments_is_not_repeated_in_the_error() -> None:
    async with make_world() as world:
        await world.connected()
        key = "sk_live_1234567890abcdef"
        for body in ({"arguments": {"book": "b", key: 1}}, {"arguments": {"book": "b"}, "connection": key}):
            answer = await world.call("POST", LIST, json=body)
            assert answer.status_code in (404, 422)
            assert key not in answer.text
        answer = await world.call("POST", f"/actions/{key}", json={})
        assert problem(answer, 404)["code"] == "unknown_action"
        assert key not in answer.text


async def test_calls_are_on_record_with_names_and_no_values() -> None:
    async with make_world() as world:
        await world.connected()
        await world.post(LIST, {"arguments": {"book": "a-private-book"}})
        [line] = await world.audited("action=notes_list_notes")
    assert (line["argumentNames"], line["outcome"], line["user"]) == (["book"], "ok", "ann")
    assert "a-private-book" not in str(line)


async def test_no_link_of_anybody_elses_is_given_as_ours() -> None:
    evil = "https://evil.example/connect/abcdefghijklmnopqrstuvwxyz"
    async with make_world(FakeProvider(answers(400, {"message": f"Open {evil} first."}))) as world:
        await world.connected()
        answer = await world.call("POST", CREATE, json={"arguments": {"book": "b", "title": "t"}})
        assert "link" not in problem(answer, 422)
