"""OAuth apps by REST: entered by owners, their secrets never shown."""

from __future__ import annotations

from tests.web.api.calling import make_world, problem
from tests.web.browsing import make_token

from connectory.testing.application import make_principal
from connectory.vault.entities import Role

APP = {"clientId": "an-id", "clientSecret": "s3cret-of-the-app"}


async def test_an_app_is_set_listed_without_its_secret_and_removed() -> None:
    async with make_world() as world:
        answer = await world.call("PUT", "/oauth-apps/signed", json=APP)
        assert answer.json() == {
            "family": "signed",
            "server": "",
            "source": "entered",
            "clientId": "an-id",
            "hasSecret": True,
            "redirectUri": None,
        }
        assert await world.get("/oauth-apps") == [answer.json()]
        link = await world.post("/connectors/connect", {"provider": "signed"})
        assert link["method"] == "builtin"  # now that the browser's way works
        removed = await world.call("DELETE", "/oauth-apps/signed")
        assert (removed.status_code, removed.json()) == (200, {"success": True})
        assert await world.get("/oauth-apps") == []
        problem(await world.call("DELETE", "/oauth-apps/signed"), 404)


async def test_apps_are_for_owners_alone() -> None:
    async with make_world() as world:
        token = await make_token(
            world.application, await make_principal(world.application, "default", "mia", Role.MEMBER)
        )
        for method, path in (("GET", ""), ("PUT", "/signed"), ("DELETE", "/signed")):
            body = APP if method == "PUT" else None
            problem(await world.call(method, f"/oauth-apps{path}", json=body, token=token), 403)


async def test_what_is_no_app_is_refused_and_not_repeated() -> None:
    async with make_world() as world:
        for connector, body, status in (
            ("notes", APP, 422),
            ("nowhere", APP, 404),
            ("signed", {"clientId": "has blanks", "clientSecret": "s3cret"}, 422),
            ("signed", {**APP, "server": "no-origin"}, 422),
            ("signed", {"clientSecret": "s3cret"}, 422),
            ("signed", {"clientId": 7, "clientSecret": ["s3cret"]}, 422),
        ):
            answer = await world.call("PUT", f"/oauth-apps/{connector}", json=body)
            problem(answer, status)
            assert "s3cret" not in answer.text
        assert await world.get("/oauth-apps") == []
