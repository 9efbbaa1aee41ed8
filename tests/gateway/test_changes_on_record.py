"""Whatever somebody changes beside the calls is on record too: sign-ins, tokens, policies, people, a yes or no."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from connectory.auth.backend import Entry, Form
from connectory.errors import ConfirmationNeeded, ConnectoryError
from connectory.identity.principal import Principal
from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.provider import FakeProvider
from connectory.vault.entities import AuditLine, PolicyEffect, Role
from connectory.wiring import Application

Change = Callable[[Application, Principal], Awaitable[Any]]


async def lines_of(application: Application, principal: Principal) -> list[AuditLine]:
    """The lines of the principal's workspace, the oldest first."""
    await application.audit.flush()
    return list(reversed(await application.vault.audit.list(principal.workspace_id)))


async def revoke(application: Application, principal: Principal) -> None:
    token, _ = await application.tokens.create(principal, "t")
    await application.tokens.revoke(principal, token.prefix)


async def remove_rule(application: Application, principal: Principal) -> None:
    [rule] = await application.policies.add(principal, PolicyEffect.DENY, ["x_*"])
    await application.policies.remove(principal, rule.id)


async def disconnect(application: Application, principal: Principal) -> None:
    await application.auth.disconnect(principal, (await connect(application, principal)).id)


async def delete_workspace(application: Application, principal: Principal) -> None:
    await application.workspaces.create(principal, "gone")
    await application.workspaces.delete(principal, "gone")


async def delete_user(application: Application, principal: Principal) -> None:
    user = await application.workspaces.create_user(principal, "bob")
    await application.workspaces.set_role(principal, user.id, Role.VIEWER)
    await application.workspaces.remove(principal, user.id)
    await application.workspaces.delete_user(principal, user.id)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (connect, [("sign_in", "write")]),
        (disconnect, [("sign_in", "write"), ("disconnect", "destructive")]),
        (lambda a, p: a.tokens.create(p, "t", expires_in=timedelta(days=1)), [("token_create", "write")]),
        (revoke, [("token_create", "write"), ("token_revoke", "destructive")]),
        (remove_rule, [("policy_set", "write"), ("policy_remove", "destructive")]),
        (lambda a, p: a.policies.clear(p), [("policy_clear", "destructive")]),
        (delete_workspace, [("workspace_create", "write"), ("workspace_delete", "destructive")]),
        (
            delete_user,
            [
                ("user_create", "write"),
                ("member_set", "write"),
                ("member_remove", "destructive"),
                ("user_delete", "destructive"),
            ],
        ),
    ],
)
async def test_every_change_leaves_its_line(change: Change, expected: list[tuple[str, str]]) -> None:
    async with make_application() as application:
        principal = await make_principal(application)

        await change(application, principal)

        lines = await lines_of(application, principal)
        assert sorted((line.action, line.effect) for line in lines) == sorted(expected)
        assert {line.outcome for line in lines} == {"ok"}
        assert {line.user_id for line in lines} == {principal.user_id}


@pytest.mark.parametrize(
    "change",
    [
        lambda a, p: a.tokens.create(p, "t"),
        lambda a, p: a.tokens.revoke(p, "cny_12345678"),
        lambda a, p: a.policies.add(p, PolicyEffect.DENY, ["*"]),
        lambda a, p: a.policies.clear(p),
        lambda a, p: a.policies.remove(p, "po_x"),
        lambda a, p: a.workspaces.create(p, "w"),
        lambda a, p: a.workspaces.delete(p, "default"),
        lambda a, p: a.workspaces.create_user(p, "bob"),
        lambda a, p: a.workspaces.set_role(p, "ann", Role.OWNER),
        lambda a, p: a.workspaces.remove(p, "ann"),
        lambda a, p: a.workspaces.delete_user(p, "ann"),
        lambda a, p: a.auth.disconnect(p, "cn_x"),
    ],
)
async def test_what_is_refused_leaves_its_line_too(change: Change) -> None:
    async with make_application() as application:
        await make_principal(application)
        viewer = await make_principal(application, user="vic", role=Role.VIEWER)

        with pytest.raises(ConnectoryError) as refusal:
            await change(application, viewer)

        [line] = await lines_of(application, viewer)
        assert (line.outcome, line.code, line.user_id) == ("refused", refusal.value.code, viewer.user_id)


async def test_what_was_done_about_a_connection_names_its_service_also_once_it_is_gone() -> None:
    async with make_application() as application:
        principal = await make_principal(application)
        made = await connect(application, principal)
        await application.auth.verify(principal, made.id)
        await application.gateway.call_action(principal, "notes_list_notes", {"book": "b"})
        await application.auth.disconnect(principal, made.id)
        with pytest.raises(ConnectoryError):
            await application.auth.disconnect(principal, made.id)

        lines = await lines_of(application, principal)

        about = {line.action: line.connector for line in lines if line.outcome == "ok"}
        assert about == dict.fromkeys(["sign_in", "verify", "notes_list_notes", "disconnect"], "notes")
        assert [line.connector for line in lines if line.outcome == "refused"] == [None]


async def test_a_sign_in_keeps_no_word_of_what_was_typed_not_even_in_a_digest() -> None:
    async with make_application() as application:
        principal = await make_principal(application)
        first = await connect(application, principal)
        await connect(application, principal, alias="default", token="s3cret-other")

        one, two = await lines_of(application, principal)

        assert one.connection_id == two.connection_id == first.id
        assert one.argument_names == ("alias", "connector", "method")
        assert one.digest == two.digest


async def test_a_sign_in_that_failed_is_on_record_as_such() -> None:
    async with make_application(FakeProvider(is_revoked=True)) as application:
        principal = await make_principal(application)
        session = await application.auth.connect(principal, "notes")

        assert isinstance(await application.auth.sign_in.submit(session, "b", Entry("token", {"token": "bad"})), Form)

        [line] = await lines_of(application, principal)
        assert (line.action, line.outcome, line.code) == ("sign_in", "refused", "sign_in_incomplete")


@pytest.mark.parametrize(("answer", "action"), [(True, "confirm"), (False, "decline")])
async def test_a_yes_and_a_no_are_on_record_as_the_persons(answer: bool, action: str) -> None:
    async with make_application() as application:
        principal = await make_principal(application)
        connection = await connect(application, principal)
        await application.policies.add(principal, PolicyEffect.CONFIRM, ["*"])
        with pytest.raises(ConfirmationNeeded) as needed:
            await application.gateway.call_action(principal, "notes_delete_note", {"book": "b", "id": 7})
        link = re.search(r"/confirm/([\w-]+)", needed.value.hint)
        assert link

        assert await application.confirmations.decide(None, link[1], answer)
        assert not await application.confirmations.decide(None, link[1], not answer)

        decided = [line for line in await lines_of(application, principal) if line.action in ("confirm", "decline")]
        assert (decided[0].action, decided[0].outcome) == (action, "ok")
        assert (decided[1].outcome, decided[1].code) == ("refused", "session_expired")
        assert {line.connection_id for line in decided} == {connection.id}
