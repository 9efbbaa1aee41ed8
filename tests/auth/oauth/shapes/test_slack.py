"""Slack: the token of the person beside the bot's, errors with status 200, an app whose manifest is filled in."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.auth.oauth.shapes.double import Answer, Sent
from tests.auth.oauth.shapes.journey import SERVED, at
from tests.auth.oauth.shapes.packaged_shapes import SLACK, SLACK_ROTATING

from connectory.auth.backend import Revocation
from connectory.catalog.manifest import OAuth2Method
from connectory.errors import ConnectoryError

SEARCH, POST = "https://slack.com/api/search.messages", "https://slack.com/api/chat.postMessage"
FOUND = {"ok": True, "messages": {"total": 0, "matches": [], "paging": {"page": 1, "pages": 0}}}
POSTED = {"ok": True, "channel": "C00ABCDEF", "ts": "1.2", "message": {"text": "Done"}}


async def test_the_persons_token_searches_and_the_bots_token_writes() -> None:
    async with at(SLACK) as one:
        await one.connected()
        one.double.routes = {
            ("GET", SEARCH): lambda _: Answer(200, FOUND),
            ("POST", POST): lambda _: Answer(200, POSTED),
        }
        await one.call("slack_search_messages", query="budget")
        await one.call("slack_send_message", channel="C00ABCDEF", text="Done")

    assert [sent.headers["authorization"] for sent in one.double.sent(SEARCH)] == ["Bearer user-at-1"]
    assert [sent.headers["authorization"] for sent in one.double.sent(POST)] == ["Bearer at-1"]


async def test_a_rotating_bot_token_is_renewed_and_the_persons_token_is_kept() -> None:
    async with at(SLACK_ROTATING) as one:
        await one.connected()
        one.clock.pass_by(hours=12)
        tokens = await one.tokens()

    assert tokens.access_token.get_secret_value() == "at-2"
    assert {name: token.get_secret_value() for name, token in tokens.further.items()} == {"user_token": "user-at-1"}


async def test_a_bot_token_that_slack_calls_expired_is_renewed_and_the_call_goes_on() -> None:
    async with at(SLACK_ROTATING) as one:
        await one.connected()
        one.clock.pass_by(hours=1)
        one.double.access = "ended"
        one.double.offer("POST", POST, POSTED)
        await one.call("slack_send_message", channel="C00ABCDEF", text="Done")

    assert [sent.headers["authorization"] for sent in one.double.sent(POST)] == ["Bearer at-1", "Bearer at-2"]


async def test_who_consents_without_the_persons_scope_has_the_bot_alone() -> None:
    async with at(SLACK) as one:
        session = await one.session()
        pairs = one.consent(await one.leave(session))
        one.double.lies = Answer(200, {**SLACK.answer("at-1", ""), "authed_user": {"id": "U1234"}})
        one.double.access = "at-1"
        await one.come_back(session, pairs)
        with pytest.raises(ConnectoryError) as refusal:
            await one.call("slack_search_messages", query="budget")

    assert one.double.sent(SEARCH) == []
    assert refusal.value.hint


async def test_withdrawing_has_failed_where_the_persons_token_lives_on() -> None:
    async with at(SLACK) as one:
        done = await one.connected()

        def revoke(sent: Sent) -> Answer:
            is_bot = sent.parameters["token"] == "at-1"
            return Answer(200, {"ok": True, "revoked": True} if is_bot else {"ok": False, "error": "internal_error"})

        one.double.routes["POST", SLACK.revoke[0].url] = revoke
        outcome = await one.application.auth.disconnect(one.principal, done.connection.id)

    assert outcome is Revocation.FAILED
    assert len(one.double.sent(SLACK.revoke[0].url)) == 2


@pytest.mark.parametrize("error", ["invalid_code", "bad_client_secret", "bad_redirect_uri"])
async def test_an_error_with_status_200_is_no_sign_in(error: str) -> None:
    async with at(SLACK) as one:
        session = await one.session()
        pairs = one.consent(await one.leave(session))
        one.double.lies = Answer(200, {"ok": False, "error": error})
        step = await one.come_back(session, pairs)

    assert error in step.problems[0].message


async def test_the_link_to_make_an_app_has_its_manifest_with_callback_and_scopes() -> None:
    async with at(SLACK) as one:
        setup = one.application.oauth_apps.setup("slack")
        method = one.application.catalog.connector("slack").auth["oauth"]

    assert isinstance(method, OAuth2Method)
    query = parse_qs(urlsplit(setup.url or "").query, strict_parsing=True)
    assert query["new_app"] == ["1"]
    oauth = json.loads(query["manifest_json"][0])["oauth_config"]
    assert oauth["redirect_urls"] == [f"{SERVED}/api/auth/callback/slack"]
    assert oauth["scopes"]["bot"] == list(method.scopes)
    assert oauth["scopes"]["user"] == [method.authorize_parameters["user_scope"]]
