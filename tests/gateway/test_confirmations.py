"""A yes is for one call exactly, by one principal, once, and for ten minutes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectory.errors import (
    ConfirmationNeeded,
    ConnectoryError,
    InvalidCursor,
    InvalidPath,
    PolicyDenied,
    PortTaken,
    UnknownObject,
)
from connectory.identity.principal import Principal
from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.provider import FakeProvider, answers
from connectory.vault.entities import PolicyEffect, TokenId
from connectory.wiring import Application


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 24, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@asynccontextmanager
async def asking(provider: FakeProvider | None = None, **more: Any) -> AsyncIterator[tuple[Application, Principal]]:
    """An application in which every call of Notes needs a yes."""
    async with make_application(provider or FakeProvider(answers(200, [])), **more) as application:
        principal = await make_principal(application)
        await connect(application, principal)
        await application.vault.policies.add(
            workspace_id=principal.workspace_id,
            user_id=None,
            token_id=None,
            effect=PolicyEffect.CONFIRM,
            pattern="notes_*",
        )
        yield application, principal


async def ask(application: Application, principal: Principal, tool: str, arguments: dict[str, Any]) -> str:
    """Make a call that needs a yes, and return the link's secret part."""
    with pytest.raises(ConfirmationNeeded) as needed:
        await application.gateway.call_action(principal, tool, arguments)
    return needed.value.hint.partition("/confirm/")[2].split()[0]


LIST = {"book": "b", "limit": 5}


async def test_a_no_is_an_end() -> None:
    async with asking() as (application, principal):
        link = await ask(application, principal, "notes_list_notes", LIST)
        await application.confirmations.decide(None, link, False)

        with pytest.raises(PolicyDenied, match="said no"):
            await application.gateway.call_action(principal, "notes_list_notes", LIST)


@pytest.mark.parametrize("other", [{"book": "b", "limit": 200}, {"book": "b"}, {"book": "c", "limit": 5}])
async def test_a_yes_covers_no_other_arguments(other: dict[str, Any]) -> None:
    async with asking() as (application, principal):
        link = await ask(application, principal, "notes_list_notes", LIST)
        await application.confirmations.decide(None, link, True)

        with pytest.raises(ConfirmationNeeded):
            await application.gateway.call_action(principal, "notes_list_notes", other)
        await application.gateway.call_action(principal, "notes_list_notes", LIST)


async def test_a_yes_is_for_the_token_that_asked() -> None:
    async with asking() as (application, principal):
        made, _ = await application.tokens.create(principal, "other")
        link = await ask(application, principal, "notes_list_notes", LIST)
        await application.confirmations.decide(None, link, True)

        with pytest.raises(ConfirmationNeeded):
            await application.gateway.call_action(
                replace(principal, token_id=TokenId(made.id)), "notes_list_notes", LIST
            )


async def answering(application: Application, principal: Principal, kind: str, asking: Principal) -> Principal | None:
    """Who answers the question that `asking` has put."""
    if kind in ("link", "person"):
        return None if kind == "link" else replace(principal, token_id=None)
    if kind == "the token that asked":
        return asking
    made, secret = await application.tokens.create(principal, kind, read_only=kind == "read-only")
    if kind == "narrowed":
        await application.policies.add(principal, PolicyEffect.DENY, ["x_*"], token=made.prefix)
    return await application.tokens.verify(secret)


@pytest.mark.parametrize("asks_by_token", [True, False])
@pytest.mark.parametrize(
    ("kind", "may"),
    [
        ("link", True),
        ("person", True),
        ("another token", True),
        ("the token that asked", False),
        ("read-only", False),
        ("narrowed", False),
    ],
)
async def test_who_may_say_yes_and_that_all_of_the_person_may_say_no(kind: str, may: bool, asks_by_token: bool) -> None:
    async with asking() as (application, principal):
        _, secret = await application.tokens.create(principal, "the agent's")
        agent = await application.tokens.verify(secret) if asks_by_token else principal
        assert agent is not None
        may = may or (kind == "the token that asked" and not asks_by_token)  # nobody's token: the person's own machine
        link = await ask(application, agent, "notes_list_notes", LIST)
        by = await answering(application, principal, kind, agent)

        hindrance = await application.confirmations.hindrance(by, await application.confirmations.open(link))
        assert (hindrance is None) is may
        if may:
            assert await application.confirmations.decide(by, link, True)
            await application.gateway.call_action(agent, "notes_list_notes", LIST)
        else:
            with pytest.raises(PolicyDenied, match="cannot say yes") as refusal:
                await application.confirmations.decide(by, link, True)
            assert "sign in with" in refusal.value.hint
            assert await ask(application, agent, "notes_list_notes", LIST) == link  # still open
            assert await application.confirmations.decide(by, link, False)
        await application.audit.flush()
        lines = await application.vault.audit.list(principal.workspace_id)
        answers = [line for line in lines if line.action in ("confirm", "decline")]
        assert {line.token_id for line in answers} == {None if by is None else by.token_id}
        assert {line.user_id for line in answers} == {principal.user_id}
        assert sorted((line.action, line.outcome) for line in answers) == (
            [("confirm", "ok")] if may else [("confirm", "refused"), ("decline", "ok")]
        )


async def test_another_user_and_a_token_of_another_workspace_answer_nothing() -> None:
    async with asking() as (application, principal):
        link = await ask(application, principal, "notes_list_notes", LIST)
        stranger = await make_principal(application, user="eve")
        elsewhere = replace(
            await make_principal(application, workspace="other"), user_id=principal.user_id, token_id=TokenId("tk_x")
        )
        for by in (stranger, elsewhere):
            for answer in (True, False):
                with pytest.raises(UnknownObject):
                    await application.confirmations.decide(by, link, answer)
        assert (await application.confirmations.open(link)).is_open


async def test_a_question_is_over_after_ten_minutes_and_a_yes_ten_minutes_after_it() -> None:
    clock = Clock()
    async with asking(now=clock) as (application, principal):
        link = await ask(application, principal, "notes_list_notes", LIST)
        clock.time += timedelta(minutes=11)
        assert not (await application.confirmations.open(link)).is_open
        assert not await application.confirmations.decide(None, link, True)

        link = await ask(application, principal, "notes_list_notes", LIST)
        clock.time += timedelta(minutes=9)
        assert await application.confirmations.decide(None, link, True)
        clock.time += timedelta(minutes=9)
        await application.gateway.call_action(principal, "notes_list_notes", LIST)


async def test_a_call_that_could_not_be_sent_leaves_the_yes_for_the_next_try() -> None:
    provider = FakeProvider(answers(200, []))
    async with asking(provider) as (application, principal):
        [(connection, grant)] = await application.auth.list_connections(principal)
        link = await ask(application, principal, "notes_list_notes", LIST)
        await application.confirmations.decide(None, link, True)
        await application.auth.mark_needs_reconnect(connection, grant)
        with pytest.raises(ConnectoryError, match="renewed"):
            await application.gateway.call_action(principal, "notes_list_notes", LIST)

        await connect(application, principal, alias="default")
        await application.gateway.call_action(principal, "notes_list_notes", LIST)

        assert len(provider.requests) == 1


async def test_nobody_is_asked_for_what_cannot_be_sent() -> None:
    provider = FakeProvider(answers(200, []))
    async with asking(provider) as (application, principal):
        with pytest.raises(InvalidPath):
            await application.gateway.call_action(principal, "notes_delete_note", {"book": "..", "id": 1})
        with pytest.raises(InvalidCursor):
            await application.gateway.call_action(principal, "notes_list_notes", {**LIST, "cursor": "made up"})

    assert not provider.requests


async def test_no_link_leads_to_a_stranger_on_the_port() -> None:
    async def stranger() -> None:
        raise PortTaken("Another program holds the port.", hint="End it.")

    async with asking(presence=stranger) as (application, principal):
        with pytest.raises(ConfirmationNeeded) as needed:
            await application.gateway.call_action(principal, "notes_list_notes", LIST)

    assert "http" not in needed.value.text
    assert "Another program holds the port." in needed.value.hint
