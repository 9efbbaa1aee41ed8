"""What was done in a workspace, for people: the audit log with names in place of ids (design 7.6).

Owners see all of their workspace, everybody else what they did themselves. Pages go on behind the last line that was
shown, by its time and id: counting lines would show some twice while new ones come in.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict, Unpack, get_args

from connectory.errors import InvalidArguments, InvalidCursor, UnknownConnection, UnknownObject
from connectory.identity.principal import Principal
from connectory.identity.rights import find_member, member_names, owners_visible_to, require_owners_eye
from connectory.vault.entities import AuditLine, ConnectionId, Outcome, Role, UserId
from connectory.vault.vault import Vault

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
MOST_OF_A_PAGE = 500
MOST_OF_A_FILE = 100_000  # lines; `until` goes on from there
MOST_TEXT = 200  # characters of a filter
CONNECTION_ID = "cn_"
# What is done about a connection, and is no use of it.
NO_USE = ("connect", "sign_in", "verify", "refresh", "rename", "label", "disconnect", "confirm", "decline")


class ActivityFilter(TypedDict, total=False):
    """Which lines are wanted; what is left out or None wants all."""

    user: str | None  # id, email or name of a member; an id also of somebody who has left
    action: str | None  # a tool's name; with * at its end, all that begin so
    connection: str | None  # id, or `{connector}/{alias}` of one that the principal sees
    outcome: str | None  # one of `OUTCOMES`
    since: datetime | None  # from then on
    until: datetime | None  # before then


@dataclass(frozen=True, slots=True)
class ActivityLine:
    """One line, and who and what its ids stand for; None: somebody unknown, another's private connection, or gone."""

    line: AuditLine
    user: str | None
    connection: str | None


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """Some lines, the newest first, and where the next page begins; None: this was the last one."""

    lines: Sequence[ActivityLine]
    next_cursor: str | None


class Activity:
    """Lists it. Takes a principal first, as every service; a read-only one may look as well."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def list(
        self, principal: Principal, *, cursor: str | None = None, limit: int = 50, **wanted: Unpack[ActivityFilter]
    ) -> ActivityPage:
        """Return at most `limit` lines that fit, from `cursor` on.

        Raises `RoleDenied` for another's lines, `UnknownObject` for an unknown member, `UnknownConnection`,
        `InvalidCursor`, `InvalidArguments`.
        """
        if not 1 <= limit <= MOST_OF_A_PAGE:
            raise InvalidArguments("This is no size of a page.", hint=f"Ask for 1 to {MOST_OF_A_PAGE} lines.")
        found = await self._vault.audit.list(
            principal.workspace_id,
            user_id=await self._user(principal, wanted.get("user")),
            action=_checked(wanted.get("action")),
            outcome=_outcome(wanted.get("outcome")),
            connection_ids=await self._connections(principal, wanted.get("connection")),
            since=wanted.get("since"),
            until=wanted.get("until"),
            before=_opened(cursor) if cursor else None,
            limit=limit + 1,
        )
        users, connections = await self._user_names(principal, found), await self.connection_names(principal)
        lines = [
            ActivityLine(line, users.get(line.user_id), connections.get(line.connection_id or ""))
            for line in found[:limit]
        ]
        return ActivityPage(lines, _cursor(found[limit - 1]) if len(found) > limit else None)

    async def each(
        self, principal: Principal, *, most: int, **wanted: Unpack[ActivityFilter]
    ) -> AsyncIterator[ActivityLine]:
        """Go through at most `most` lines that fit, a page at a time. Raises as `list`."""
        cursor: str | None = None
        while most > 0:
            page = await self.list(principal, cursor=cursor, limit=min(most, MOST_OF_A_PAGE), **wanted)
            for line in page.lines:
                yield line
            most, cursor = most - len(page.lines), page.next_cursor
            if cursor is None:
                return

    async def connection_names(self, principal: Principal) -> dict[str, str]:
        """Return the names of the connections that the principal sees, by id; a private one is its owner's alone."""
        owners = owners_visible_to(principal)
        found = await self._vault.connections.list(principal.workspace_id, owners=owners)
        return {str(connection.id): connection.name for connection, _ in found}

    async def last_used(self, principal: Principal) -> Mapping[ConnectionId, datetime]:
        """Return when each connection that the principal sees was used last, whoever used it.

        Making it, testing it and the like are no use of it, nor is a call that was refused here or only shown.
        """
        visible = await self.connection_names(principal)
        last = await self._vault.audit.last_used(principal.workspace_id, without=NO_USE)
        return {connection_id: at for connection_id, at in last.items() if connection_id in visible}

    async def _user(self, principal: Principal, wanted: str | None) -> UserId | None:
        """Whose lines: for all but owners their own, whatever is asked for."""
        if not wanted:
            return None if principal.role is Role.OWNER else principal.user_id
        member = await find_member(self._vault, principal, wanted)
        user_id = UserId(wanted) if member is None else member[0].id
        if user_id != principal.user_id:
            require_owners_eye(principal, "see what others did")
        if member is None and not wanted.startswith("us_"):
            raise UnknownObject("member", wanted[:MOST_TEXT], await member_names(self._vault, principal))
        return user_id

    async def _connections(self, principal: Principal, wanted: str | None) -> Sequence[str] | None:
        if not wanted:
            return None
        if wanted.startswith(CONNECTION_ID):
            return [wanted]
        names = await self.connection_names(principal)
        fitting = [connection_id for connection_id, name in names.items() if name == wanted]
        if not fitting:
            raise UnknownConnection(wanted[:MOST_TEXT], names.values())
        return fitting

    async def _user_names(self, principal: Principal, lines: Sequence[AuditLine]) -> dict[str, str]:
        """Names of who did it, also of those who have left the workspace since."""
        names = {str(user.id): user.name for user, _ in await self._vault.workspaces.members(principal.workspace_id)}
        for user_id in {line.user_id for line in lines} - names.keys():
            if (user := await self._vault.workspaces.get_user(user_id)) is not None:
                names[user_id] = user.name
        return names


def _checked(action: str | None) -> str | None:
    if action and len(action) > MOST_TEXT:
        raise InvalidArguments("This is no action's name.", hint="Write it like github_list_issues, or github_*.")
    return action or None


def _outcome(wanted: str | None) -> Outcome | None:
    found = next((outcome for outcome in OUTCOMES if outcome == wanted), None)
    if wanted and found is None:
        raise InvalidArguments("This is no outcome.", hint=f"It is one of {', '.join(OUTCOMES)}.")
    return found


def _cursor(line: AuditLine) -> str:
    """Name a line; whoever makes one up sees no line that the list would not show anyway."""
    return base64.urlsafe_b64encode(f"{line.at.isoformat()} {line.id}".encode()).decode().rstrip("=")


def _opened(cursor: str) -> tuple[datetime, str]:
    try:
        text = base64.urlsafe_b64decode(cursor[:MOST_TEXT] + "=" * (-len(cursor) % 4)).decode("ascii")
        at = datetime.fromisoformat(text.partition(" ")[0])
        if at.tzinfo is None:
            raise InvalidCursor
        return at.astimezone(UTC), text.partition(" ")[2]
    except (binascii.Error, ValueError, OverflowError):  # the last: no such moment in UTC
        raise InvalidCursor from None
