"""A link to sign in is offered by an error to whoever may connect, for what they may then do; in both protocol eras."""

from __future__ import annotations

import pytest
from tests.gateway.filing import filing
from tests.mcp.test_tools import BOTH_ERAS, Era, call, client_of

from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.provider import FakeProvider, answers
from connectory.vault.entities import PolicyEffect, Role

LIST = {"book": "b"}


@BOTH_ERAS
@pytest.mark.parametrize("tool", ["notes_list_notes", "call_action"])
async def test_where_connecting_is_denied_a_call_without_a_connection_makes_no_link(era: Era, tool: str) -> None:
    async with make_application() as application:
        principal = await make_principal(application)
        await application.policies.add(principal, PolicyEffect.DENY, ["connect"])
        arguments = {"action": "notes_list_notes", "arguments": LIST} if tool == "call_action" else LIST
        async with client_of(application, principal, era) as client:
            said, failed = await call(client, tool, **arguments)

    assert failed
    assert "/connect/" not in said
    assert "not_connected" in said
    assert "a policy denies 'connect'" in said
    assert "repeat this call" not in said


@BOTH_ERAS
async def test_where_connecting_is_denied_a_refused_sign_in_makes_no_link(era: Era) -> None:
    provider = FakeProvider(answers(401))
    async with make_application(provider) as application:
        principal = await make_principal(application)
        await connect(application, principal)
        await application.policies.add(principal, PolicyEffect.DENY, ["connect"])
        provider.is_revoked = True
        async with client_of(application, principal, era) as client:
            said = [await call(client, "notes_list_notes", **LIST) for _ in range(2)]  # refused there, then known here

    for text, failed in said:
        assert failed
        assert "/connect/" not in text
        assert "needs_reconnect" in text
        assert "a policy denies 'connect'" in text


@BOTH_ERAS
async def test_where_connecting_is_denied_a_missing_permission_makes_no_link(era: Era) -> None:
    async with filing(answers(200, {})) as (application, principal, _):
        await application.policies.add(principal, PolicyEffect.DENY, ["connect"])
        async with client_of(application, principal, era) as client:
            said, _ = await call(client, "filing_purge", folder="f")

    assert "missing_scope" in said
    assert "/connect/" not in said
    assert "a policy denies 'connect'" in said


@BOTH_ERAS
@pytest.mark.parametrize(
    ("role", "read_only"), [(Role.VIEWER, False), (Role.MEMBER, True)], ids=["viewer", "read-only token"]
)
async def test_who_may_not_connect_hears_who_can_mend_that(era: Era, role: Role, read_only: bool) -> None:
    async with make_application() as application:
        await make_principal(application)
        principal = await make_principal(application, user="mia", role=role, read_only=read_only)
        async with client_of(application, principal, era) as client:
            said, _ = await call(client, "notes_list_notes", **LIST)

    assert "not_connected" in said
    assert "/connect/" not in said
    assert ("another token" if read_only else "connectory workspace add-member") in said
    assert "connectory policy" not in said


@BOTH_ERAS
async def test_nobody_is_to_sign_in_for_an_action_that_stays_denied(era: Era) -> None:
    async with make_application() as application:
        principal = await make_principal(application)
        await application.policies.add(principal, PolicyEffect.DENY, ["notes_list_notes"])
        async with client_of(application, principal, era) as client:
            denied, failed = await call(client, "notes_list_notes", **LIST)
            free, _ = await call(client, "notes_create_note", book="b", title="x")

    assert failed
    assert "policy_denied" in denied
    assert "/connect/" not in denied
    assert "/connect/" in free


@BOTH_ERAS
async def test_no_permission_is_asked_for_an_action_that_stays_denied(era: Era) -> None:
    async with filing(answers(200, {})) as (application, principal, _):
        await application.policies.add(principal, PolicyEffect.DENY, ["filing_purge"])
        async with client_of(application, principal, era) as client:
            said, _ = await call(client, "filing_purge", folder="f")

    assert "policy_denied" in said
    assert "/connect/" not in said


@BOTH_ERAS
async def test_who_may_not_disconnect_a_shared_account_is_not_told_of_an_argument_that_is_not_there(era: Era) -> None:
    async with make_application() as application:
        await connect(application, await make_principal(application), shared=True)
        member = await make_principal(application, user="mia", role=Role.MEMBER)
        async with client_of(application, member, era) as client:
            parting, failed = await call(client, "disconnect", connection="notes/default")
            renewing, _ = await call(client, "connect", connector="notes", shared=True)

    assert failed
    assert "Ask an owner" in parting
    assert "Leave" not in parting
    assert "Leave `shared` out" in renewing
