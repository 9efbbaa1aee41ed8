"""A person's yes to exactly one call (design 2, policy).

The agent gets a single-use link to a page that shows the call. After the yes, the very same call (same principal,
action, connection and arguments, by digest) runs once within ten minutes.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectory.auth.manager import AllowLink
from connectory.catalog.catalog import Catalog
from connectory.catalog.manifest import Effect
from connectory.errors import ConfirmationNeeded, ConnectoryError, PolicyDenied, SessionExpired, UnknownObject
from connectory.gateway.cursors import digest, digest_key
from connectory.gateway.mending import Presence
from connectory.gateway.policy import DISCONNECT, Judged
from connectory.identity.principal import Principal
from connectory.identity.record import Record
from connectory.identity.rights import is_narrowed
from connectory.vault.entities import (
    Confirmation,
    ConfirmationStatus,
    Connection,
    ConnectionId,
    Role,
    TokenId,
    UserId,
    WorkspaceId,
)
from connectory.vault.vault import Vault

OPEN_FOR = timedelta(minutes=10)
SIGN_IN_ANEW = (
    "Sign out, and sign in with your account (on your own machine: `connectory open`) or with another of your tokens,"
    " one that may write and has no policies of its own. Then open this link again."
)
_TITLES = {"request": "Raw request", DISCONNECT.tool: "Disconnect this account"}


class SaidNo(PolicyDenied):
    """The person has said no to this very call."""


@dataclass(frozen=True, slots=True)
class ConfirmationView:
    """One call as a person should see it. `is_open`: nobody has decided yet, and its time is not over."""

    title: str  # the action's
    action: str  # its tool name
    effect: Effect
    connector: str  # the service's name as a person would say it
    connection: str
    connection_id: ConnectionId
    arguments: Mapping[str, object]
    asked_by: str  # the user's name
    workspace: str
    workspace_slug: str
    workspace_id: WorkspaceId
    user_id: UserId
    token_id: TokenId | None  # that asked
    is_open: bool
    is_confirmed: bool  # and the yes is neither spent nor too old


class Confirmations:
    """Asks for a yes, shows what is asked, and spends the answer."""

    def __init__(
        self,
        vault: Vault,
        catalog: Catalog,
        origin: str,
        use_link: AllowLink,
        presence: Presence,
        record: Record,
        now: Callable[[], datetime],
    ) -> None:
        self._record = record
        self._digest_key = digest_key(vault.keys)
        self._vault, self._catalog, self._presence = vault, catalog, presence
        self._origin, self._use_link, self._now = origin, use_link, now

    async def require(
        self, principal: Principal, connection: Connection, judged: Judged, action: str, arguments: Mapping[str, Any]
    ) -> Confirmation:
        """Return the person's yes to this very call, not spent yet.

        Raises `ConfirmationNeeded` with the link while nobody has decided, `SaidNo` after a no.
        """
        call = digest(self._digest_key, action, connection.id, arguments)
        found = await self._vault.confirmations.find(
            principal.workspace_id, principal.user_id, principal.token_id, call
        )
        if found is not None and found.status is ConfirmationStatus.DENIED:
            raise SaidNo(
                f"The person said no to this {judged.tool} call.", hint="Do not retry it; ask what they want instead."
            )
        if found is not None and found.status is ConfirmationStatus.CONFIRMED:
            return found
        try:
            await self._presence()
        except ConnectoryError as refusal:
            raise _needed(judged, connection, f"No link can be given: {refusal.text}") from None
        if found is None:
            found = await self._ask(principal, connection, judged, action, arguments, call)
        link = f"{self._origin}/confirm/{found.link}"
        raise _needed(
            judged,
            connection,
            f"Ask them to open {link} and decide; then repeat exactly this call within ten minutes.",
        )

    async def spend(self, yes: Confirmation, judged: Judged, connection: Connection) -> None:
        """Use the yes up, right before the call is sent. Raises `ConfirmationNeeded` where another call was faster."""
        if not await self._vault.confirmations.spend(yes.id):
            raise _needed(
                judged, connection, "The yes was used by another call meanwhile. Repeat this call to ask again."
            )

    async def open(self, link: str) -> ConfirmationView:
        """Return what the link asks about; nothing changes. Raises `UnknownObject` where there is no such link."""
        found = await self._vault.confirmations.by_link(link)
        if found is None:
            raise UnknownObject("confirmation", "of this link")
        connection = await self._vault.connections.get(found.workspace_id, found.connection_id)
        workspace = await self._vault.workspaces.get(found.workspace_id)
        user = await self._vault.workspaces.get_user(found.user_id)
        if connection is None or workspace is None or user is None:  # removed since it was asked
            raise UnknownObject("confirmation", "of this link")
        connector = self._catalog.connectors.get(connection.connector)
        action = self._catalog.actions.get(found.action)
        return ConfirmationView(
            action=found.action,
            title=action.manifest.title if action else _TITLES.get(found.action, found.action),
            effect=Effect(found.arguments["effect"]),
            connector=connector.title if connector else connection.connector,
            connection=connection.name,
            connection_id=connection.id,
            arguments=found.arguments["arguments"],
            asked_by=user.name,
            workspace=workspace.name,
            workspace_slug=workspace.slug,
            workspace_id=found.workspace_id,
            user_id=found.user_id,
            token_id=found.token_id,
            is_open=found.status is ConfirmationStatus.ASKED and found.expires_at > self._now(),
            is_confirmed=found.status is ConfirmationStatus.CONFIRMED and found.expires_at > self._now(),
        )

    async def hindrance(self, by: Principal | None, asked: ConfirmationView | Confirmation) -> PolicyDenied | None:
        """Return why whoever is there cannot say yes to a call, with what to do instead; None where they can.

        An agent can begin a session with any token that it holds. So the token that asked answers nothing, nor one that
        was made for less than its user may do. Without a token it is the person.
        """
        if by is None or by.token_id is None:
            return None
        if by.token_id == asked.token_id:
            return PolicyDenied("The token that asked for this call cannot say yes to it.", hint=SIGN_IN_ANEW)
        if by.read_only:
            return PolicyDenied("A read-only token cannot say yes to a call.", hint=SIGN_IN_ANEW)
        if await is_narrowed(self._vault, by):
            return PolicyDenied("A token with policies of its own cannot say yes to a call.", hint=SIGN_IN_ANEW)
        return None

    async def decide(self, by: Principal | None, link: str, yes: bool) -> bool:  # the page's answer is the point
        """Record the answer, once. Returns whether it counted: false where somebody had answered, or too late.

        `by`: who answers; None where the link itself is enough, as in local mode. Raises `PolicyDenied` for a yes that
        `hindrance` speaks against, and `UnknownObject` for a question to somebody else.
        """
        found = await self._vault.confirmations.by_link(link)
        if found is None or found.expires_at <= self._now():
            return False
        if by is not None and not _is_theirs(found, by):
            raise UnknownObject("confirmation", "of this link")
        role = await self._vault.workspaces.role_of(found.workspace_id, found.user_id)
        answering = by.token_id if by is not None else None
        person = Principal(found.workspace_id, found.user_id, role or Role.VIEWER, answering)
        action = "confirm" if yes else "decline"
        async with self._record(person, action, Effect.WRITE, {"call": found.digest}) as line:
            about = await self._vault.connections.get(found.workspace_id, found.connection_id)
            line.learn(connection_id=found.connection_id, connector=about.connector if about is not None else None)
            refusal = await self.hindrance(by, found) if yes else None
            if refusal is not None:
                raise refusal
            await line.start()
            has_counted = await self._vault.confirmations.decide(found.id, confirmed=yes, until=self._now() + OPEN_FOR)
            if not has_counted:
                line.refuse(SessionExpired.code)
            return has_counted

    async def _ask(
        self,
        principal: Principal,
        connection: Connection,
        judged: Judged,
        action: str,
        arguments: Mapping[str, Any],
        call: str,
    ) -> Confirmation:
        await self._use_link(principal)
        return await self._vault.confirmations.create(
            workspace_id=principal.workspace_id,
            user_id=principal.user_id,
            token_id=principal.token_id,
            connection_id=connection.id,
            action=action,
            digest=call,
            arguments={"effect": judged.effect.value, "arguments": dict(arguments)},
            expires_at=self._now() + OPEN_FOR,
            link=secrets.token_urlsafe(32),
        )


def _is_theirs(asked: Confirmation, by: Principal) -> bool:
    """A token answers in its own workspace alone; without one it is the person, in each of theirs."""
    return by.user_id == asked.user_id and (by.token_id is None or by.workspace_id == asked.workspace_id)


def _needed(judged: Judged, connection: Connection, hint: str) -> ConfirmationNeeded:
    return ConfirmationNeeded(f"{judged.tool} on {connection.name} needs the person's yes.", hint=hint)
