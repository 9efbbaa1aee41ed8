"""The audit log."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.vault.conftest import OpenVault
from tests.vault.rows import NOW, Clock, Place, audit_line, make_member, make_place

from connectory.vault.vault import Vault


async def test_lines_come_back_as_they_were_written_the_newest_first(vault: Vault, place: Place) -> None:
    old = audit_line(
        place, token_id="tk_1", connection_id="cn_1", outcome="refused", code="policy_denied", duration_ms=7
    )
    new = audit_line(place, at=NOW + timedelta(microseconds=1), argument_names=())

    await vault.audit.write([old, new])
    await vault.audit.write([])

    assert await vault.audit.list(place.workspace_id) == [new, old]
    assert await vault.audit.list(place.workspace_id, limit=1) == [new]


async def test_a_started_line_is_finished_once(vault: Vault, place: Place) -> None:
    line = audit_line(place)
    await vault.audit.write([line])

    assert await vault.audit.finish(line.id, "error", "provider_timeout", 1234)
    assert not await vault.audit.finish(line.id, "ok", None, 1)

    found = (await vault.audit.list(place.workspace_id))[0]
    assert (found.outcome, found.code, found.duration_ms) == ("error", "provider_timeout", 1234)


async def test_lines_are_chosen_by_user_action_outcome_and_time(vault: Vault, place: Place) -> None:
    bob = await make_member(vault, place)
    mine = audit_line(place, action="a", outcome="ok")
    his = audit_line(bob, action="b", outcome="refused", at=NOW - timedelta(hours=1))
    await vault.audit.write([mine, his])
    where = place.workspace_id

    assert await vault.audit.list(where, user_id=bob.user_id) == [his]
    assert await vault.audit.list(where, action="a") == [mine]
    assert await vault.audit.list(where, outcome="refused") == [his]
    assert await vault.audit.list(where, since=NOW) == [mine]
    assert await vault.audit.list(where, since=NOW, user_id=bob.user_id) == []


async def test_the_last_use_of_each_connection_is_told(vault: Vault, place: Place) -> None:
    bob = await make_member(vault, place)
    earlier = audit_line(place, connection_id="cn_1", at=NOW - timedelta(hours=1), outcome="ok")
    later = audit_line(bob, connection_id="cn_1", outcome="ok")
    await vault.audit.write(
        [earlier, later, audit_line(place, connection_id="cn_2", at=earlier.at, outcome="ok"), audit_line(place)]
    )

    assert await vault.audit.last_used(place.workspace_id) == {"cn_1": later.at, "cn_2": earlier.at}
    assert await vault.audit.last_used(place.workspace_id, without=[later.action]) == {}


@pytest.mark.parametrize(
    ("outcome", "counts"), [("ok", True), ("error", True), ("previewed", False), ("refused", False), ("started", False)]
)
async def test_what_went_nowhere_is_no_use_of_a_connection(
    vault: Vault, place: Place, outcome: str, counts: bool
) -> None:
    used = audit_line(place, connection_id="cn_1", at=NOW - timedelta(hours=1), outcome="ok")
    tried = audit_line(place, connection_id="cn_1", outcome=outcome)
    await vault.audit.write([used, tried])

    assert await vault.audit.last_used(place.workspace_id) == {"cn_1": tried.at if counts else used.at}


async def test_a_line_outlives_user_and_connection(vault: Vault, place: Place) -> None:
    bob = await make_member(vault, place)
    line = audit_line(bob, connection_id="cn_gone")
    await vault.audit.write([line])

    await vault.workspaces.delete_user(bob.user_id)

    assert await vault.audit.list(place.workspace_id) == [line]


async def test_text_that_is_no_unicode_does_not_keep_its_neighbours_out(vault: Vault, place: Place) -> None:
    await vault.audit.write([audit_line(place, action="x\ud800", argument_names=("\ud800",)), audit_line(place)])

    assert len(await vault.audit.list(place.workspace_id)) == 2


async def test_lines_older_than_their_days_leave_when_others_are_written_at_most_once_an_hour(
    open_file_vault: OpenVault, clock: Clock
) -> None:
    vault = await open_file_vault(audit_days=30)
    place, other = await make_place(vault), await make_place(vault, "w2", "eve")
    old, young = NOW - timedelta(days=30, seconds=1), NOW - timedelta(days=29, hours=23)

    async def ages(where: Place = place) -> list[timedelta]:
        return [NOW - line.at for line in await vault.audit.list(where.workspace_id)]

    await vault.audit.write([audit_line(place, at=old), audit_line(other, at=old), audit_line(place, at=young)])
    assert await ages() == [NOW - young]
    assert await ages(other) == []
    clock.advance(minutes=59, seconds=59)
    await vault.audit.write([audit_line(place, at=old)])
    assert len(await ages()) == 2
    clock.advance(seconds=1)
    await vault.audit.write([audit_line(place)])
    assert await ages() == [timedelta(0), NOW - young]


async def test_lines_are_kept_for_ever_where_that_is_asked_for(open_file_vault: OpenVault) -> None:
    vault = await open_file_vault(audit_days=0)
    place = await make_place(vault)

    await vault.audit.write([audit_line(place, at=NOW - timedelta(days=10_000))])

    assert len(await vault.audit.list(place.workspace_id)) == 1


@pytest.mark.parametrize(("days", "kept"), [(399, 1), (401, 0)])
async def test_without_a_setting_a_line_is_kept_for_400_days(open_file_vault: OpenVault, days: int, kept: int) -> None:
    vault = await open_file_vault()
    place = await make_place(vault)

    await vault.audit.write([audit_line(place, at=NOW - timedelta(days=days))])

    assert len(await vault.audit.list(place.workspace_id)) == kept
