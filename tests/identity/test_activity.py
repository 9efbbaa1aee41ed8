"""What was done in a workspace: who sees which lines, filters, pages, names."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.identity.making import Town, town
from tests.vault.rows import Place, make_connection

from connectory.errors import InvalidArguments, InvalidCursor, RoleDenied, UnknownConnection, UnknownObject
from connectory.identity.activity import Activity, ActivityPage
from connectory.identity.principal import Principal
from connectory.vault.entities import AuditLine, Role, new_id


async def write(place: Town, who: Principal, action: str = "notes_list_notes", **more: Any) -> AuditLine:
    values: dict[str, Any] = {
        "token_id": None,
        "connection_id": None,
        "effect": "read",
        "outcome": "ok",
        "code": None,
        "argument_names": ("book",),
        "digest": "d",
        "duration_ms": 5,
        "at": place.clock(),
    }
    line = AuditLine(
        id=new_id("au"), workspace_id=who.workspace_id, user_id=who.user_id, action=action, **{**values, **more}
    )
    await place.vault.audit.write([line])
    return line


def actions(page: ActivityPage) -> list[str]:
    return [one.line.action for one in page.lines]


async def test_owners_see_all_of_their_workspace_and_everybody_else_their_own_lines() -> None:
    async with town() as place:
        activity = Activity(place.vault)
        for action, who in (("a", place.owner), ("b", place.member), ("c", place.viewer), ("d", place.stranger)):
            await write(place, who, action)
        assert sorted(actions(await activity.list(place.owner))) == ["a", "b", "c"]
        assert actions(await activity.list(place.member)) == ["b"]
        assert actions(await activity.list(place.viewer)) == ["c"]
        assert actions(await activity.list(place.stranger)) == ["d"]
        assert len((await activity.list(await place.by_token(place.owner, read_only=True))).lines) == 3


async def test_a_member_who_asks_for_anothers_lines_is_refused_whether_or_not_there_is_such_a_member() -> None:
    async with town() as place:
        activity, owner = Activity(place.vault), place.owner.user_id
        await write(place, place.owner)
        for wanted in (owner, "us_nobody", "nobody"):
            with pytest.raises(RoleDenied):
                await activity.list(place.member, user=wanted)
        assert (await activity.list(place.member, user=place.member.user_id)).lines == []


async def test_pages_go_on_behind_the_last_line_whatever_comes_in_meanwhile() -> None:
    async with town() as place:
        activity = Activity(place.vault)
        for number in range(5):  # two and two at the same time
            await write(place, place.owner, f"a{number}", at=place.clock() + timedelta(seconds=number // 2))
        seen, cursor = list[str](), None
        for _ in range(3):
            page = await activity.list(place.owner, cursor=cursor, limit=2)
            seen, cursor = seen + actions(page), page.next_cursor
            await write(place, place.owner, "new", at=place.clock() + timedelta(hours=1))
        assert cursor is None
        assert sorted(seen) == ["a0", "a1", "a2", "a3", "a4"]
        assert seen[0] == "a4"
        assert {*seen[3:]} == {"a0", "a1"}
        assert [one.line.action async for one in activity.each(place.owner, most=4)][:3] == ["new"] * 3


async def test_lines_are_chosen_by_who_what_how_and_when() -> None:
    async with town() as place:
        activity, now = Activity(place.vault), place.clock()
        await write(place, place.owner, "notes_list_notes")
        await write(place, place.member, "notes_create_note", outcome="refused", code="policy_denied")
        await write(place, place.member, "mail_send", connection_id="cn_x", at=now - timedelta(days=1))
        me = place.owner
        assert actions(await activity.list(me, action="mail_send")) == ["mail_send"]
        assert sorted(actions(await activity.list(me, action="notes_*"))) == ["notes_create_note", "notes_list_notes"]
        assert actions(await activity.list(me, action="%*")) == []
        assert actions(await activity.list(me, outcome="refused")) == ["notes_create_note"]
        assert actions(await activity.list(me, connection="cn_x")) == ["mail_send"]
        assert actions(await activity.list(me, until=now)) == ["mail_send"]
        assert actions(await activity.list(me, since=now, user=me.user_id)) == ["notes_list_notes"]
        assert len((await activity.list(me, user=None, action="", outcome=None, connection="")).lines) == 3


async def test_a_filter_that_means_nothing_says_so() -> None:
    async with town() as place:
        activity = Activity(place.vault)
        for wanted, error in (
            ({"user": "nobody"}, UnknownObject),
            ({"connection": "notes/nowhere"}, UnknownConnection),
            ({"outcome": "fine"}, InvalidArguments),
            ({"action": "x" * 300}, InvalidArguments),
            ({"limit": 0}, InvalidArguments),
            ({"limit": 501}, InvalidArguments),
        ):
            with pytest.raises(error):
                await activity.list(place.owner, **wanted)


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "!!!!",
        base64.urlsafe_b64encode(b"2026-01-01T00:00:00 au_x").decode(),  # no zone
        base64.urlsafe_b64encode(b"yesterday au_x").decode(),
        base64.urlsafe_b64encode(b"0001-01-01T00:00:00+14:00 au_x").decode(),
        base64.urlsafe_b64encode(b"9999-12-31T23:59:59-14:00 au_x").decode(),
        "A" * 5000,
    ],
)
async def test_a_cursor_that_no_page_gave_out_is_refused(cursor: str) -> None:
    async with town() as place:
        with pytest.raises(InvalidCursor):
            await Activity(place.vault).list(place.owner, cursor=cursor)


async def test_a_viewer_is_led_to_no_connection_that_is_not_there_for_them() -> None:
    async with town() as place:
        workspace = await place.vault.workspaces.get(place.viewer.workspace_id)
        user = await place.vault.workspaces.get_user(place.viewer.user_id)
        assert workspace is not None
        assert user is not None
        here = Place(workspace, user)
        private = await make_connection(place.vault, here, alias="mine")  # made while they were a member
        shared = await make_connection(place.vault, here, alias="ours", shared=True)
        for one in (private, shared):
            await write(place, place.viewer, connection_id=one.id)
        activity = Activity(place.vault)
        as_member = replace(place.viewer, role=Role.MEMBER)
        for who, seen in ((place.viewer, {shared.id}), (as_member, {private.id, shared.id})):
            assert (await activity.connection_names(who)).keys() == seen
            assert {one.connection for one in (await activity.list(who)).lines} == {
                one.name if one.id in seen else None for one in (private, shared)
            }
            assert (await activity.last_used(who)).keys() == seen
        with pytest.raises(UnknownConnection):
            await activity.list(place.viewer, connection=private.name)


async def test_who_did_it_is_named_even_after_they_have_left() -> None:
    async with town() as place:
        activity = Activity(place.vault)
        await write(place, place.member, connection_id="cn_private-of-another")
        before = (await activity.list(place.owner)).lines[0]
        await place.vault.workspaces.remove_member(place.member.workspace_id, place.member.user_id)
        after = (await activity.list(place.owner)).lines[0]
        assert before.user == after.user
        assert before.user is not None
        assert before.connection is None
        assert len((await activity.list(place.owner, user=place.member.user_id)).lines) == 1
