"""Who calls: a token before any cookie, a cookie only with the header, and bodies that say that they are JSON."""

from __future__ import annotations

import pytest
from tests.web.api.calling import HOME, ORIGIN, World, make_world, problem
from tests.web.browsing import Browser, make_token, open_signed_in

from connectory.testing.application import make_principal
from connectory.vault.entities import Role

BODY = {"name": "new"}


async def names_of_tokens(world: World) -> list[str]:
    return sorted(token.name for token in await world.application.tokens.list(world.owner))


async def test_a_page_sends_its_cookie_and_for_a_change_the_header() -> None:
    async with make_world() as world, Browser(world.app) as browser:
        page = await open_signed_in(world.application, browser, world.owner, "/workspaces/default/connectors")
        csrf = page.forms[0].fields["csrf"]

        assert (await browser.client.get(f"{HOME}/tokens")).status_code == 200
        missing = await browser.client.post(f"{HOME}/tokens", json=BODY)
        wrong = await browser.client.post(f"{HOME}/tokens", json=BODY, headers={"X-CSRF-Token": csrf[::-1]})
        in_body = await browser.client.post(f"{HOME}/tokens", json={**BODY, "csrf": csrf})
        assert await names_of_tokens(world) == ["browser"]
        good = await browser.client.post(f"{HOME}/tokens", json=BODY, headers={"X-CSRF-Token": csrf})

        for answer in (missing, wrong, in_body):
            assert "X-CSRF-Token" in problem(answer, 403)["hint"]
        assert good.status_code == 201
        assert await names_of_tokens(world) == ["browser", "new"]


async def test_a_token_goes_before_a_cookie_whatever_it_is_worth() -> None:
    async with make_world() as world, Browser(world.app) as browser:
        await open_signed_in(world.application, browser, world.owner)
        reader = (await world.application.tokens.create(world.owner, "reader", read_only=True))[1]
        csrf = (await browser.open("/workspaces/default/connectors")).forms[0].fields["csrf"]

        def headers(token: str) -> dict[str, str]:
            return {"Authorization": f"Bearer {token}", "X-CSRF-Token": csrf}

        refused = await browser.client.post(f"{HOME}/tokens", json=BODY, headers=headers(reader))
        unknown = await browser.client.get(f"{HOME}/tokens", headers=headers("cny_wrong"))
        good = await browser.client.post(
            f"{HOME}/tokens", json=BODY, headers={"Authorization": f"Bearer {world.token}"}
        )

        assert problem(refused, 403)["code"] == "policy_denied"
        problem(unknown, 401)
        assert good.status_code == 201  # no header is needed: no other page can send a token


async def test_who_is_signed_in_reaches_each_of_their_workspaces_and_no_other() -> None:
    async with make_world() as world, Browser(world.app) as browser:
        await make_principal(world.application, "other", "eve")
        second = await make_principal(world.application, "second", "sue")
        await world.application.vault.workspaces.set_member(second.workspace_id, world.owner.user_id, Role.VIEWER)
        await open_signed_in(world.application, browser, world.owner)

        assert (await browser.client.get("/api/workspace/second/connectors")).status_code == 200
        problem(await browser.client.get("/api/workspace/second/oauth-apps"), 403)  # by the role they have there
        problem(await browser.client.get("/api/workspace/other/connectors"), 404)
        problem(await world.call("GET", "/api/workspace/second/connectors"), 404)  # a token is of one workspace


async def test_a_revoked_token_is_refused_at_the_very_next_request() -> None:
    async with make_world() as world:
        ann = await make_principal(world.application, "default", "ann2", Role.MEMBER)
        token = await make_token(world.application, ann)
        assert (await world.call("GET", "/connectors", token=token)).status_code == 200
        await world.application.tokens.revoke(world.owner, token)
        problem(await world.call("GET", "/connectors", token=token), 401)


@pytest.mark.parametrize("spelling", ["bearer TOKEN", "BEARER TOKEN", "Bearer   TOKEN", "Bearer TOKEN "])
async def test_the_scheme_is_spelt_as_rfc_9110_lets_it(spelling: str) -> None:
    async with make_world() as world:
        headers = {"Authorization": spelling.replace("TOKEN", world.token)}
        assert (await world.call("GET", "/connectors", headers=headers)).status_code == 200


async def test_two_authorizations_are_none() -> None:
    async with make_world() as world:
        given = [("Authorization", f"Bearer {world.token}"), ("Authorization", "Bearer x")]
        for headers in (given, given[::-1]):
            problem(await world.client.get(f"{HOME}/connectors", headers=headers), 401)


async def test_a_token_in_the_address_is_none() -> None:
    async with make_world() as world:
        for name in ("access_token", "token", "api_key"):
            answer = await world.call("GET", f"/connectors?{name}={world.token}", headers={})
            problem(answer, 401)
            assert world.token not in answer.text


@pytest.mark.parametrize(
    "types",
    [[], ["text/plain"], ["application/x-www-form-urlencoded"], ["application/json", "text/plain"], ["text/json"],
     ["application/json; charset=utf-16"], ["application/merge-patch+json"], ["multipart/form-data; boundary=x"]],
)  # fmt: skip
async def test_a_body_is_json_and_says_so(types: list[str]) -> None:
    async with make_world() as world:
        headers = [("Authorization", f"Bearer {world.token}"), *(("Content-Type", kind) for kind in types)]
        answer = await world.client.post(f"{HOME}/tokens", content=b'{"name": "new"}', headers=headers)
        problem(answer, 415)
        assert await names_of_tokens(world) == ["browser"]


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON", 'application/json; charset="UTF-8"'])
async def test_json_may_name_its_encoding(kind: str) -> None:
    async with make_world() as world:
        headers = {"Authorization": f"Bearer {world.token}", "Content-Type": kind}
        answer = await world.client.post(f"{HOME}/tokens", content=b'{"name": "new"}', headers=headers)
        assert answer.status_code == 201


async def test_nobody_learns_what_is_wrong_with_a_body_before_it_is_clear_who_they_are() -> None:
    async with make_world() as world:
        for content in (b"{", b'{"name": 1}', b""):
            headers = {"Content-Type": "application/json"}
            problem(await world.client.post(f"{HOME}/tokens", content=content, headers=headers), 401)


async def test_another_site_is_refused_whatever_it_sends() -> None:
    async with make_world() as world:
        headers = {"Authorization": f"Bearer {world.token}", "Origin": "https://evil.example"}
        assert problem(await world.call("GET", "/connectors", headers=headers), 403)["code"] == "http_403"
        ours = {**headers, "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
        assert (await world.call("GET", "/connectors", headers=ours)).status_code == 200
