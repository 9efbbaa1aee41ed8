"""Nango's webhooks: who may send them, what is read of them, and that nothing in them is believed."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from tests.auth.nango.scene import Scene, scene
from tests.nango.webhooks import compact, signatures

from connectory.auth.nango.receiving import Outcome
from connectory.auth.nango.webhooks import Forwarded, SignInEvent, Unmatched, is_signed, read_event
from connectory.errors import Unauthenticated
from connectory.vault.entities import GrantStatus, SessionStatus

KEY = "a-signing-key"
AUTH = {
    "from": "nango", "type": "auth", "operation": "creation", "success": True, "connectionId": "c-1",
    "providerConfigKey": "notes", "authMode": "OAUTH2", "provider": "notes", "environment": "dev",
    "tags": {"connectory_workspace": "ws_1"},
}  # fmt: skip


def signed(body: bytes, key: str = KEY) -> str:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def test_the_signature_is_over_the_body_as_it_came() -> None:
    body = compact(AUTH)

    assert is_signed(body, signed(body), KEY)
    assert not is_signed(body + b" ", signed(body), KEY)
    assert not is_signed(body, signed(body, "another"), KEY)
    assert not is_signed(body, signed(body).upper(), KEY)


@pytest.mark.parametrize(
    "signature", ["", "0" * 64, "ä" * 64, "\udc80", hashlib.sha256(KEY.encode() + compact(AUTH)).hexdigest()]
)
def test_nothing_else_signs_the_old_header_s_form_included(signature: str) -> None:
    assert not is_signed(compact(AUTH), signature, KEY)


@pytest.mark.parametrize("operation", ["creation", "override", "refresh"])
def test_an_auth_event_tells_of_one_connection(operation: str) -> None:
    event = read_event(compact({**AUTH, "operation": operation, "success": False}))

    assert event == SignInEvent(operation, False, "c-1", "notes", {"connectory_workspace": "ws_1"})  # type: ignore[arg-type]  # a table of the three


def test_a_forwarded_one_tells_for_which_connection() -> None:
    body = {"from": "github", "type": "forward", "providerConfigKey": "gh", "connectionId": "c-2", "payload": {"x": 1}}

    assert read_event(compact(body)) == Forwarded("github", "c-2", "gh")


@pytest.mark.parametrize(
    "body",
    [
        {"action": "opened"},  # of a provider, without a match
        {**AUTH, "operation": "tomorrow"},
        {**AUTH, "operation": ["creation"]},
        {**AUTH, "type": "sync"},
        {**AUTH, "type": "async_action"},
        {**AUTH, "from": "github"},
        {**AUTH, "connectionId": 7},
        {**AUTH, "connectionId": ""},
        {"from": "github", "type": "forward", "payload": {}},
        [AUTH],
        "text",
        None,
    ],
)
def test_anything_else_is_about_nothing(body: Any) -> None:
    assert read_event(json.dumps(body).encode()) == Unmatched()


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_about_nothing(body: bytes) -> None:
    assert read_event(body) == Unmatched()


def test_tags_that_are_no_texts_are_left_out() -> None:
    event = read_event(compact({**AUTH, "tags": {"a": 1, "b": "x", "c": None}}))

    assert isinstance(event, SignInEvent)
    assert event.tags == {"b": "x"}


def event(s: Scene, **changes: Any) -> tuple[bytes, str]:
    """A webhook signed by our environment, and its signature."""
    raw = compact({**AUTH, **changes})
    return raw, signatures(s.environment.signing_key, raw)["X-Nango-Hmac-Sha256"]


async def receive(s: Scene, raw: bytes, signature: str) -> Outcome:
    assert s.application.nango is not None
    return await s.application.nango.webhooks.receive(raw, signature)


async def test_a_webhook_brings_a_sign_in_on_at_once() -> None:
    async with scene(NANGO_WEBHOOK_SIGNING_KEY="k") as s:
        s.environment.signing_key = "k"
        session = await s.begin()
        await s.application.auth.sign_in.poll(session)  # nobody asks again for two seconds
        await s.sign_in(await s.page(session))
        [there] = s.environment.connections.values()

        outcome = await receive(s, *event(s, connectionId=there.connection_id, tags=there.tags))

        assert outcome is Outcome.LOOKED
        assert (await s.session(session)).status is SessionStatus.CONNECTED


async def test_the_same_webhook_again_does_nothing() -> None:
    async with scene(NANGO_WEBHOOK_SIGNING_KEY="k") as s:
        s.environment.signing_key = "k"
        connection = await s.connected()
        there, before = await s.there(connection), await s.grant(connection)

        for _ in range(3):
            await receive(s, *event(s, connectionId=there.connection_id, tags=there.tags))

        assert await s.grant(connection) == before
        assert len(await s.application.auth.list_connections(s.ann)) == 1


async def test_without_a_signing_key_the_api_key_signs() -> None:
    async with scene() as s:
        raw = compact(AUTH)

        assert await receive(s, raw, signed(raw, s.environment.key)) is Outcome.NOTHING
        with pytest.raises(Unauthenticated):
            await receive(s, raw, signed(raw, s.environment.signing_key))


async def test_with_a_signing_key_the_api_key_does_not_sign() -> None:
    async with scene(NANGO_WEBHOOK_SIGNING_KEY="k") as s:
        raw = compact(AUTH)

        with pytest.raises(Unauthenticated):
            await receive(s, raw, signed(raw, s.environment.key))


async def test_a_failed_refresh_is_looked_at_and_counted() -> None:
    async with scene(NANGO_WEBHOOK_SIGNING_KEY="k") as s:
        s.environment.signing_key = "k"
        connection = await s.connected()
        there = await s.there(connection)
        there.exhausted = True
        about = event(s, operation="refresh", success=False, connectionId=there.connection_id, tags={})

        assert await receive(s, *about) is Outcome.LOOKED

        assert (await s.grant(connection)).status is GrantStatus.NEEDS_RECONNECT


async def test_a_refresh_that_is_said_to_have_failed_and_has_not_changes_nothing() -> None:
    async with scene(NANGO_WEBHOOK_SIGNING_KEY="k") as s:
        s.environment.signing_key = "k"
        connection = await s.connected()
        before, there = await s.grant(connection), await s.there(connection)

        await receive(s, *event(s, operation="refresh", success=False, connectionId=there.connection_id))

        assert await s.grant(connection) == before


async def test_a_sign_in_anew_elsewhere_is_noticed_at_once() -> None:
    async with scene(NANGO_WEBHOOK_SIGNING_KEY="k") as s:
        s.environment.signing_key = "k"
        connection = await s.connected()
        there = await s.there(connection)
        there.tags = {}  # as after a reconnect in Nango's dashboard

        await receive(s, *event(s, operation="override", connectionId=there.connection_id, tags={}))

        assert (await s.grant(connection)).status is GrantStatus.NEEDS_RECONNECT


async def test_a_failed_sign_in_is_told_to_whoever_waits_and_they_may_try_again() -> None:
    async with scene(NANGO_WEBHOOK_SIGNING_KEY="k") as s:
        s.environment.signing_key = "k"
        session = await s.begin()
        [page] = s.nango.state.sessions.values()

        await receive(s, *event(s, operation="override", success=False, tags=page.tags))

        told = await s.session(session)
        assert told.status is SessionStatus.BOUND
        assert told.problem is not None
        assert "failed at its page" in told.problem
        await s.sign_in(await s.page(session))
        assert (await s.poll(session)).status is SessionStatus.CONNECTED


async def test_forwarded_ones_are_taken_with_and_without_a_connection_of_ours() -> None:
    async with scene(NANGO_WEBHOOK_SIGNING_KEY="k") as s:
        s.environment.signing_key = "k"
        connection = await s.connected()
        there = await s.there(connection)
        base = {"from": "notes", "type": "forward", "payload": {"x": 1}}
        ours = event(s, **base, connectionId=there.connection_id)
        theirs = event(s, **base, connectionId="c-of-another-program")
        raw = compact({"action": "opened"})

        assert await receive(s, *ours) is Outcome.FORWARDED
        assert await receive(s, *theirs) is Outcome.NOTHING
        assert await receive(s, raw, signatures("k", raw)["X-Nango-Hmac-Sha256"]) is Outcome.NOTHING


async def test_nango_that_is_down_when_its_webhook_comes_is_no_failure() -> None:
    async with scene(NANGO_WEBHOOK_SIGNING_KEY="k") as s:
        s.environment.signing_key = "k"
        connection = await s.connected()
        there = await s.there(connection)
        s.nango.fail(502, times=9)

        outcome = await receive(s, *event(s, operation="refresh", connectionId=there.connection_id))

        assert outcome is Outcome.LOOKED
        assert (await s.grant(connection)).status is GrantStatus.ACTIVE
