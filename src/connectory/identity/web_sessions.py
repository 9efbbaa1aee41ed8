"""Signed in to the pages: by an API token, by a link of this machine, or by OpenID Connect (design 5.6).

What stands behind a session is judged at every request, so that revocation, expiry and a lost role work at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from connectory.catalog.manifest import Effect
from connectory.errors import SetupError
from connectory.identity.principal import Principal
from connectory.identity.record import Record, no_record
from connectory.identity.rights import is_free, require_unheld, require_writing
from connectory.identity.tokens import Tokens
from connectory.vault.entities import OpenWebSession, Role, SessionWay, UserId, Workspace, WorkspaceId
from connectory.vault.vault import Vault

NOTE_WAIT_S = 0.05


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session of the principal's user, and whether it is for the principal to end."""

    session: OpenWebSession
    may_end: bool


class WebSessions:
    """Starts, judges and ends them. An id that is returned goes into the browser's cookie and nowhere else."""

    def __init__(self, vault: Vault, tokens: Tokens, record: Record = no_record) -> None:
        self._vault = vault
        self._tokens = tokens
        self._record = record

    async def make_link(self, principal: Principal, lasts: timedelta) -> str:
        """Return the secret of a link that begins one session as `principal`: for who reads this machine's terminal."""
        return await self._vault.sign_in_links.make(
            workspace_id=principal.workspace_id, user_id=principal.user_id, lasts=lasts
        )

    async def start_by_link(self, secret: str, lasts: timedelta, browser: str = "") -> str | None:
        """Return the id of a new session; None for a link that is unknown, used or too old.

        `browser` is what people call theirs, such as "Firefox on Linux".
        """
        whose = await self._vault.sign_in_links.spend(secret)
        return None if whose is None else await self._start_for(*whose, lasts, "link", browser)

    async def start_by_token(self, token: str, lasts: timedelta, browser: str = "") -> str | None:
        """Return the id of a new session of whoever holds `token`; None where `Tokens.verify` returns that."""
        holder = await self._tokens.verify(token)
        return None if holder is None else await self._start(holder, lasts, "token", browser)

    async def start_for(self, workspace_id: WorkspaceId, user_id: UserId, lasts: timedelta, browser: str = "") -> str:
        """Return the id of a new session of a member whom somebody else has vouched for."""
        return await self._start_for(workspace_id, user_id, lasts, "openid", browser)

    async def find(self, session_id: str) -> Principal | None:
        """Return whose session it is, in the workspace where it began; None for one that is unknown, over or ended."""
        found = await self._vault.web_sessions.find(session_id)
        if found is None:
            return None
        if not found.is_use_noted:
            await self._note_use(session_id)
        if found.token is not None:
            return await self._tokens.admit(found.token, found.role)
        return Principal(found.workspace_id, found.user_id, found.role)

    async def end(self, session_id: str) -> bool:
        """End a session for good. False where it is unknown or has ended already."""
        principal = await self.find(session_id)
        if principal is None:
            return await self._vault.web_sessions.end(session_id)
        async with self._record(principal, "web_sign_out", Effect.WRITE, {}):
            return await self._vault.web_sessions.end(session_id)

    async def list(self, principal: Principal) -> Sequence[ListedSession]:
        """Return the open sessions of the principal's user, the newest first: those of their workspaces.

        Who acts by a token sees those of its workspace alone. A read-only token, or one that a rule concerns,
        ends those alone that were begun with it.
        """
        workspaces = await self.workspaces_of(principal)
        ends_all = await is_free(self._vault, principal)
        found = await self._vault.web_sessions.list([one.id for one in workspaces], principal.user_id)
        return [ListedSession(one, ends_all or _is_begun_with(one, principal)) for one in found]

    async def end_listed(self, principal: Principal, id_hashes: Collection[str]) -> int:
        """End those sessions of `list` that are called so, for good; return how many. The rest is passed over.

        Raises `PolicyDenied` where one is not theirs to end. Each workspace in which one began has it on record.
        """
        chosen = [one for one in await self.list(principal) if one.session.id_hash in id_hashes]
        ended = 0
        for workspace_id in dict.fromkeys(one.session.workspace_id for one in chosen):
            there = [one for one in chosen if one.session.workspace_id == workspace_id]
            acting = replace(principal, workspace_id=workspace_id)
            async with self._record(acting, "web_sign_out", Effect.WRITE, {"sessions": len(there)}) as line:
                if not all(one.may_end for one in there):
                    require_writing(principal)
                    await require_unheld(self._vault, principal, "sign others out")
                await line.start()
                found = [one.session.id_hash for one in there]
                ended += await self._vault.web_sessions.end_listed(workspace_id, principal.user_id, found)
        return ended

    async def workspaces_of(self, principal: Principal) -> Sequence[Workspace]:
        """Return the workspaces whose pages a principal may open: an API token's is one alone."""
        workspaces = self._vault.workspaces
        if principal.token_id is None:
            return await workspaces.list_for_user(principal.user_id)
        own = await workspaces.get(principal.workspace_id)
        return [own] if own is not None else []

    async def within(self, principal: Principal, slug: str) -> tuple[Workspace, Principal] | None:
        """Return a workspace and the same person in it; None for one they are no member of, as for one there is not."""
        found = await self._vault.workspaces.by_slug(slug)
        if found is None:
            return None
        if found.id == principal.workspace_id:
            return found, principal
        role = await self._vault.workspaces.role_of(found.id, principal.user_id)
        if role is None or principal.token_id is not None:
            return None
        return found, replace(principal, workspace_id=found.id, role=role)

    async def _note_use(self, session_id: str) -> None:
        """Note it if that is quickly done: a database that is locked or full must not keep anybody out."""
        with suppress(TimeoutError, SetupError):
            async with asyncio.timeout(NOTE_WAIT_S):
                await self._vault.web_sessions.note_use(session_id)

    async def _start_for(
        self, workspace_id: WorkspaceId, user_id: UserId, lasts: timedelta, way: SessionWay, browser: str
    ) -> str:
        role = await self._vault.workspaces.role_of(workspace_id, user_id)
        return await self._start(Principal(workspace_id, user_id, role or Role.VIEWER), lasts, way, browser)

    async def _start(self, principal: Principal, lasts: timedelta, way: SessionWay, browser: str) -> str:
        async with self._record(principal, "web_sign_in", Effect.WRITE, {way: True}) as line:
            await line.start()
            return await self._vault.web_sessions.start(
                workspace_id=principal.workspace_id,
                user_id=principal.user_id,
                token_id=principal.token_id,
                way=way,
                browser=browser,
                lasts=lasts,
            )


def _is_begun_with(session: OpenWebSession, principal: Principal) -> bool:
    """Whether the principal's own token began it."""
    return session.token is not None and session.token.id == principal.token_id
