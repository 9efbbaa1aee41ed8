"""Connecting and disconnecting on somebody's wish: by the policies, and each on record once, whatever comes of it."""

from __future__ import annotations

import pytest
from tests.gateway.test_changes_on_record import lines_of
from tests.gateway.windows import early_in_a_minute

from connectory.auth.backend import Revocation
from connectory.auth.sessions import no_session
from connectory.errors import ConnectoryError, NeedsReconnect, PolicyDenied, QuotaExceeded, UnknownConnection
from connectory.gateway.accounts import Accounts
from connectory.testing.application import connect, make_application, make_principal, make_settings
from connectory.vault.entities import PolicyEffect
from connectory.wiring import Application


def accounts_of(application: Application) -> Accounts:
    return Accounts(application.gateway, application.auth, application.audit)


async def test_what_was_asked_for_is_on_record_by_the_names_of_what_was_given() -> None:
    async with make_application() as application:
        ann = await make_principal(application)
        session = await accounts_of(application).ask_connect(ann, "notes", alias="work", shared=True)
        [line] = [line for line in await lines_of(application, ann) if line.action == "connect"]
    assert (session.connector, session.alias, session.owner) == ("notes", "work", ann.workspace_id)
    assert (line.outcome, line.argument_names) == ("ok", ("alias", "connector", "shared"))


async def test_reconnecting_is_for_the_same_connection_which_its_line_names() -> None:
    async with make_application() as application:
        ann = await make_principal(application)
        row = await connect(application, ann, alias="work")
        session = await accounts_of(application).ask_reconnect(ann, "notes/work")
        line = (await lines_of(application, ann))[-1]
    assert session.connection_id == row.id
    assert (line.action, line.outcome, line.connection_id) == ("connect", "ok", row.id)


async def test_an_open_link_that_is_of_no_use_to_whoever_asks_is_left_and_one_more_is_counted() -> None:
    async with make_application(settings=make_settings(CONNECTORY_LINKS_PER_HOUR="2")) as application:
        ann, accounts = await make_principal(application), accounts_of(application)
        first = await accounts.ask_connect(ann, "notes")
        assert await accounts.ask_connect(ann, "notes") == first
        assert await accounts.ask_connect(ann, "notes", usable=no_session) != first
        with pytest.raises(QuotaExceeded):
            await accounts.ask_connect(ann, "notes", usable=no_session)
        lines = [line.outcome for line in await lines_of(application, ann) if line.action == "connect"]
    assert lines == ["ok", "ok", "ok", "refused"]


@pytest.mark.parametrize("denied", [True, False])
async def test_what_is_refused_is_on_record_and_not_done(*, denied: bool) -> None:
    async with make_application() as application:
        ann = await make_principal(application)
        await connect(application, ann)
        if denied:
            await application.policies.add(ann, PolicyEffect.DENY, ["connect", "disconnect"])
        accounts, name = accounts_of(application), "notes/default" if denied else "notes/none"
        before = len(await lines_of(application, ann))
        kind: type[ConnectoryError] = PolicyDenied if denied else UnknownConnection
        for refused in (accounts.ask_reconnect(ann, name), accounts.disconnect(ann, name)):
            with pytest.raises(kind):
                await refused
        lines = (await lines_of(application, ann))[before:]
        assert [(line.action, line.outcome) for line in lines] == [("connect", "refused"), ("disconnect", "refused")]
        assert len(await application.auth.list_connections(ann)) == 1


async def test_disconnecting_is_on_record_once_and_says_what_became_of_the_sign_in() -> None:
    async with make_application() as application:
        ann = await make_principal(application)
        row = await connect(application, ann)
        gone, revocation = await accounts_of(application).disconnect(ann, row.id)
        lines = [line for line in await lines_of(application, ann) if line.action == "disconnect"]
    assert (gone.id, revocation) == (row.id, Revocation.NOT_SUPPORTED)
    assert [(line.outcome, line.connection_id) for line in lines] == [("ok", row.id)]


async def test_testing_and_renewing_a_sign_in_count_as_calls_and_are_on_record_when_refused_for_that() -> None:
    async with make_application(settings=make_settings(CONNECTORY_CALLS_PER_MINUTE="2")) as application:
        ann, accounts = await make_principal(application), accounts_of(application)
        row = await connect(application, ann)
        await early_in_a_minute()
        await accounts.verify(ann, row.id)
        with pytest.raises(NeedsReconnect):
            await accounts.renew(ann, row.id)
        for asked in (
            accounts.verify(ann, row.id),
            accounts.renew(ann, row.id),
            application.gateway.call_action(ann, "notes_list_notes", {"book": "b"}),
        ):
            with pytest.raises(QuotaExceeded):
                await asked
        lines = [(line.action, line.code) for line in await lines_of(application, ann)][-3:]
    assert sorted(lines) == [(name, "quota_exceeded") for name in ("notes_list_notes", "refresh", "verify")]
