"""One connection: seen, renamed, verified, renewed, disconnected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from tests.gateway.windows import early_in_a_minute
from tests.web.api.calling import KEY, World, make_world, problem
from tests.web.browsing import Browser, Page, make_token

from connectory.testing.application import grant_oauth, make_principal
from connectory.testing.provider import FakeProvider, answers
from connectory.vault.entities import ConnectionId, GrantStatus, Role
from connectory.vault.tables import grants


async def token_of_member(world: World, name: str = "mia") -> str:
    return await make_token(world.application, await make_principal(world.application, "default", name, Role.MEMBER))


async def test_another_persons_connection_is_as_unknown_as_none() -> None:
    async with make_world() as world:
        own = await world.connected()
        other = await token_of_member(world)
        posts = [("POST", path) for path in ("/verify", "/refresh", "/reconnect", "/sync")]
        for method, path in [("GET", ""), ("DELETE", ""), *posts]:
            foreign = problem(await world.call(method, f"/connectors/{own}{path}", token=other), 404)
            none = problem(await world.call(method, f"/connectors/cn_none{path}", token=other), 404)
            assert foreign["detail"].replace(own, "cn_none") == none["detail"]
            assert foreign["code"] == none["code"] == "unknown_connection"
        renamed = await world.call("PATCH", f"/connectors/{own}", json={"alias": "x"}, token=other)
        problem(renamed, 404)
        assert (await world.get(f"/connectors/{own}"))["metadata"]["alias"] == "default"


async def test_a_connection_is_renamed_and_its_history_stays() -> None:
    async with make_world() as world:
        made = await world.connected()
        await world.post("/actions/notes_list_notes", {"arguments": {"book": "b"}})

        answer = await world.call("PATCH", f"/connectors/{made}", json={"alias": "work"})

        assert answer.json()["metadata"]["name"] == "notes/work"
        known_by_then = {"lastUsed": None}  # the call's line is written a moment later
        assert {**await world.get(f"/connectors/{made}"), **known_by_then} == {**answer.json(), **known_by_then}
        history = await world.audited("connection=notes/work")
        assert {"rename", "notes_list_notes"} <= {line["action"] for line in history}


@pytest.mark.parametrize(("alias", "status"), [("taken", 409), ("No Alias", 422), ("", 422), ("x" * 33, 422)])
async def test_an_alias_that_is_taken_or_none_is_refused(alias: str, status: int) -> None:
    async with make_world() as world:
        made, _ = await world.connected(), await world.connected(alias="taken")
        problem(await world.call("PATCH", f"/connectors/{made}", json={"alias": alias}), status)
        assert (await world.get(f"/connectors/{made}"))["metadata"]["alias"] == "default"


async def test_only_owners_rename_and_remove_what_is_shared_and_members_verify_it() -> None:
    async with make_world() as world:
        shared = await world.connected(shared=True)
        member = await token_of_member(world)
        problem(await world.call("PATCH", f"/connectors/{shared}", json={"alias": "x"}, token=member), 403)
        problem(await world.call("DELETE", f"/connectors/{shared}", token=member), 403)
        problem(await world.call("POST", f"/connectors/{shared}/reconnect", token=member), 403)
        assert await world.post(f"/connectors/{shared}/verify", token=member)


async def test_verifying_asks_the_service_and_marks_a_sign_in_that_it_refuses() -> None:
    provider = FakeProvider()
    async with make_world(provider) as world:
        made = await world.connected()
        told = await world.post(f"/connectors/{made}/verify")
        assert told == {"status": "active", "account": "user-s3cre", "scopes": ["read", "write"]}
        provider.is_revoked = True
        said = problem(await world.call("POST", f"/connectors/{made}/verify"), 409)
        assert said["code"] == "provider_unauthorized"
        assert (await world.get(f"/connectors/{made}"))["status"] == "needs_reconnect"


async def test_verifying_and_renewing_count_as_calls() -> None:
    provider = FakeProvider()
    async with make_world(provider, environment={"CONNECTORY_CALLS_PER_MINUTE": "1"}) as world:
        made = await world.connected()
        await early_in_a_minute()
        await world.post(f"/connectors/{made}/verify")
        for path in ("verify", "refresh"):
            said = problem(await world.call("POST", f"/connectors/{made}/{path}"), 429)
            assert said["code"] == "quota_exceeded"


async def test_a_typed_key_cannot_be_renewed() -> None:
    async with make_world() as world:
        made = await world.connected()
        said = problem(await world.call("POST", f"/connectors/{made}/refresh"), 409)
        assert said["code"] == "needs_reconnect"
        [line] = await world.audited("action=refresh")
        assert (line["connection"], line["outcome"]) == ("notes/default", "refused")


async def test_a_sign_in_in_the_browser_is_renewed_at_wish() -> None:
    given = {"token_type": "bearer", "expires_in": 3600, "refresh_token": "s3cret-refresh"}
    provider = FakeProvider(answers(200, {"access_token": "s3cret-first", **given}))
    async with make_world(provider) as world, Browser(world.app) as browser:
        await world.call("PUT", "/oauth-apps/signed", json={"clientId": "an-id", "clientSecret": "s3cret"})
        link = (await world.post("/connectors/connect", {"provider": "signed"}))["authUrl"]
        form = next(form for form in (await browser.open(link)).forms if form.fields.get("method") == "oauth")
        leaving = Page(await browser.send(form))
        away = next(one["href"] for one in leaving.links if one["href"].startswith("https://signed.example/"))
        state = parse_qs(urlsplit(away).query)["state"][0]
        await browser.client.get(f"/api/auth/callback/signed?code=c0de&state={state}")
        [made] = await world.get("/connectors")
        assert (made["authMethod"], made["account"]) == ("builtin", "user-s3cre")

        provider.answer = answers(200, {"access_token": "s3cret-second", **given, "expires_in": 7200})
        renewed = await world.post(f"/connectors/{made['id']}/refresh")

        assert renewed["metadata"]["expiresAt"] > made["metadata"]["expiresAt"]
        assert parse_qs(provider.requests[-1].content.decode())["grant_type"] == ["refresh_token"]
        [line] = await world.audited("action=refresh")
        assert (line["outcome"], line["connection"]) == ("ok", "signed/default")
        assert "s3cret" not in str([made, renewed, line]).replace("user-s3cre", "")


async def test_when_its_token_ends_is_shown_and_the_token_is_not() -> None:
    async with make_world() as world:
        ends = datetime.now(UTC) + timedelta(hours=1)
        made = await grant_oauth(world.application, world.owner, "signed", expires_at=ends, scopes=["read"])
        shown = await world.get(f"/connectors/{made.id}")
        assert datetime.fromisoformat(shown["metadata"]["expiresAt"]) == ends
        assert shown["metadata"]["scopes"] == ["read"]
        assert "s3cret" not in str(shown)


async def test_how_a_connection_is_and_when_it_was_used_is_said_as_everywhere_else() -> None:
    async with make_world() as world:
        made = ConnectionId(await world.connected())
        [fresh] = await world.get("/connectors")
        assert (fresh["status"], fresh["metadata"]["problem"], fresh["lastUsed"]) == ("active", None, None)

        await world.post("/actions/notes_list_notes", {"arguments": {"book": "b"}})
        await world.application.audit.flush()
        used = await world.get(f"/connectors/{made}")
        assert datetime.now(UTC) - datetime.fromisoformat(used["lastUsed"]) < timedelta(minutes=5)

        _, grant = await world.application.auth.resolve(world.owner, made)
        broken = GrantStatus.NEEDS_RECONNECT
        where = grant.workspace_id, grant.id
        await world.application.vault.grants.set_status(*where, broken, if_version=None, problem="Notes has ended it.")
        refused = await world.get(f"/connectors/{made}")
        assert (refused["status"], refused["metadata"]["problem"]) == ("needs_reconnect", "Notes has ended it.")


async def test_what_the_key_at_hand_does_not_open_is_not_called_active() -> None:
    async with make_world() as world:
        lost, well = ConnectionId(await world.connected()), await world.connected(alias="well")
        _, grant = await world.application.auth.resolve(world.owner, lost)
        spoilt = sa.update(grants).where(grants.c.id == grant.id).values(credentials=b"sealed with another key")
        await world.application.vault.database.write(lambda connection: connection.execute(spoilt))

        shown = {one["id"]: one for one in await world.get("/connectors")}

        assert [shown[one]["status"] for one in (lost, well)] == ["unreadable", "active"]
        assert "Put back the key" in shown[lost]["metadata"]["problem"]
        assert await world.get(f"/connectors/{lost}") == shown[lost]


async def test_reconnecting_gives_a_link_by_which_the_connection_stays_the_same() -> None:
    async with make_world() as world, Browser(world.app) as browser:
        made = await world.connected(alias="work")
        answer = await world.post(f"/connectors/{made}/reconnect")
        assert (answer["connectionId"], answer["method"]) == (made, "direct")
        done = await browser.submit((await browser.open(answer["authUrl"])).forms[-1], token=f"{KEY}-2")
        assert "Notes is connected" in done.text
        assert [one["id"] for one in await world.get("/connectors")] == [made]


async def test_syncing_says_that_there_is_none_yet() -> None:
    async with make_world() as world:
        said = problem(await world.call("POST", f"/connectors/{await world.connected()}/sync"), 409)
        assert (said["code"], said["success"]) == ("sync_unavailable", False)
        assert said["message"]


async def test_disconnecting_deletes_it_and_is_on_record_once() -> None:
    async with make_world() as world:
        made = await world.connected()
        answer = await world.call("DELETE", f"/connectors/{made}")
        assert answer.status_code == 200
        assert answer.json() == {
            "success": True,
            "revocation": "not_supported",
            "message": "Notes was not told: if it was a key, a person may delete it there too.",
        }
        problem(await world.call("DELETE", f"/connectors/{made}"), 404)
        lines = await world.audited("action=disconnect")
        assert [line["outcome"] for line in lines] == ["refused", "ok"]


async def test_a_policy_may_want_a_persons_yes_before_a_connection_goes() -> None:
    async with make_world() as world:
        made = await world.connected()
        await world.post("/policies", {"effect": "confirm", "patterns": ["disconnect"]})
        said = problem(await world.call("DELETE", f"/connectors/{made}"), 409)
        assert said["code"] == "confirmation_needed"
        assert "/confirm/" in said["link"]
        assert await world.get(f"/connectors/{made}")
