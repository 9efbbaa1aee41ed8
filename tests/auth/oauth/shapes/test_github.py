"""GitHub: answers as forms, tokens without end, the code for machines without a browser, an app's page filled in."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from tests.auth.oauth.shapes.double import CLIENT_ID, CLIENT_SECRET, Answer, Sent
from tests.auth.oauth.shapes.journey import at
from tests.auth.oauth.shapes.packaged_shapes import GITHUB, GITHUB_ROTATING

from connectory.auth.backend import DeviceCode
from connectory.errors import ConnectoryError, NeedsReconnect
from connectory.testing.application import make_application, make_principal
from connectory.vault.entities import GrantStatus, SessionStatus

ISSUES = "https://api.github.com/repos/octocat/hello/issues"
DEVICE = "https://github.com/login/device/code"


async def test_tokens_in_a_form_are_read_as_those_in_json() -> None:
    async with at(GITHUB_ROTATING) as one:
        one.double.as_form = True
        await one.connected()
        tokens, grant = await one.tokens(), await one.grant()
        one.clock.pass_by(hours=8)
        renewed = await one.tokens()

    assert (tokens.lifetime_s, grant.scopes) == (28800, ("repo", "workflow"))
    assert renewed.access_token.get_secret_value() == "at-2"


async def test_a_token_without_end_that_is_refused_asks_for_a_new_sign_in_and_tries_no_refresh() -> None:
    async with at(GITHUB) as one:
        await one.connected()
        one.double.access = "revoked"
        one.double.offer("GET", ISSUES, [])
        with pytest.raises(NeedsReconnect) as refusal:
            await one.call("github_list_issues", owner="octocat", repo="hello")
        grant = await one.grant()

    assert "/connect/" in refusal.value.hint
    assert grant.status is GrantStatus.NEEDS_RECONNECT
    assert len(one.double.sent(GITHUB.token)) == 1


async def test_a_token_that_ended_early_is_renewed_once_and_the_call_goes_on() -> None:
    async with at(GITHUB_ROTATING) as one:
        await one.connected()
        one.clock.pass_by(hours=1)
        one.double.access = "revoked"
        one.double.offer("GET", ISSUES, [])
        found = await one.call("github_list_issues", owner="octocat", repo="hello")

    assert found == []
    assert [sent.headers["authorization"] for sent in one.double.sent(ISSUES)] == ["Bearer at-1", "Bearer at-2"]


async def test_a_machine_without_a_browser_signs_in_by_a_code() -> None:
    async with at(GITHUB) as one:
        said = [
            {"error": "authorization_pending", "error_description": "pending", "error_uri": "https://docs.github.com"},
            {"error": "slow_down", "error_description": "Too many requests.", "interval": 10},
            GITHUB.answer("at-1", ""),
        ]

        def start(sent: Sent) -> Answer:
            assert sent.headers["accept"] == "application/json"
            assert sent.parameters["client_id"] == CLIENT_ID
            assert sent.parameters["scope"] == "repo public_repo workflow"
            body = {"device_code": "3584d83", "user_code": "WDJB-MJHT", "verification_uri": "https://github.com/login/device",
                    "expires_in": 900, "interval": 5}  # fmt: skip
            return Answer(200, body)

        def give(sent: Sent) -> Answer:
            given = sent.parameters
            assert given.pop("client_secret") == CLIENT_SECRET  # not asked for in this flow, and taken
            assert given == {
                "client_id": CLIENT_ID,
                "device_code": "3584d83",
                "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            }
            one.double.access = "at-1"
            return Answer(200, said.pop(0))

        one.double.routes = {("POST", DEVICE): start, ("POST", GITHUB.token): give}
        session = await one.session()
        code = await one.application.auth.sign_in.by_code(session)
        statuses = []
        for wait_s in (5, 5, 10):
            one.clock.pass_by(seconds=wait_s)
            statuses.append((await one.application.auth.wait(one.principal, session, 0.01)).status)
        tokens = await one.tokens()

    assert code == DeviceCode("WDJB-MJHT", "https://github.com/login/device", 900, 5)
    assert statuses == [SessionStatus.BOUND, SessionStatus.BOUND, SessionStatus.CONNECTED]
    assert tokens.access_token.get_secret_value() == "at-1"


async def test_who_has_no_app_yet_gets_githubs_page_with_the_callback_filled_in() -> None:
    async with at(GITHUB) as one, make_application(catalog=one.application.catalog) as bare:
        principal = await make_principal(bare)
        session = await bare.auth.connect(principal, "github")
        form = await bare.auth.sign_in.first_step(session)
        setup = next(method.setup for method in getattr(form, "methods", ()) if method.method == "oauth")

    assert setup is not None
    parts = urlsplit(setup.url or "")
    filled = parse_qs(parts.query, strict_parsing=True)
    assert (parts.netloc, parts.path) == ("github.com", "/settings/applications/new")
    assert filled["oauth_application[name]"] == ["Connectory"]
    assert filled["oauth_application[callback_url]"] == [one.redirect_uri]
    assert setup.problem == ""


async def test_disconnecting_says_so_where_github_does_not_take_the_token_back() -> None:
    async with at(GITHUB) as one:
        done = await one.connected()
        one.double.routes["DELETE", GITHUB.revoke[0].url] = lambda _: Answer(422, {"message": "Validation Failed"})
        outcome = await one.application.auth.disconnect(one.principal, done.connection.id)

    assert outcome == "failed"


@pytest.mark.parametrize("code", ["incorrect_client_credentials", "redirect_uri_mismatch", "unverified_user_email"])
async def test_githubs_own_codes_are_said_and_hold_no_secret(code: str) -> None:
    async with at(GITHUB) as one:
        session = await one.session()
        pairs = one.consent(await one.leave(session))
        one.double.lies = Answer(200, {"error": code, "error_description": "Said by GitHub."})
        step = await one.come_back(session, pairs)

    assert code in step.problems[0].message
    assert "Said by GitHub." in step.problems[0].message
    assert not any(secret in f"{step!r}" for secret in (CLIENT_SECRET, "code-1"))


async def test_an_app_whose_secret_was_changed_does_not_end_the_sign_in() -> None:
    async with at(GITHUB_ROTATING) as one:
        await one.connected()
        one.clock.pass_by(hours=8)
        one.double.lies = Answer(200, {"error": "incorrect_client_credentials", "error_description": "wrong"})
        with pytest.raises(ConnectoryError) as refusal:
            await one.tokens()
        grant = await one.grant()

    assert refusal.value.code == "backend_unavailable"
    assert grant.status is GrantStatus.ACTIVE
