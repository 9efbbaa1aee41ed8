"""Tells clients that their tool list has changed, whichever process changed it (design 6.6, 7.2).

One task per process looks at the workspaces' revisions while anybody listens. A revision only says that something has
changed in the workspace; whose list has is found by comparing what they were shown. So what one member does for
themselves is no event for another, and a workspace's change none for another workspace (attack 46).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import mcp_types as t
import structlog
from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from connectory.identity.principal import Principal
from connectory.mcp.streams import OpenStreams
from connectory.vault.entities import WorkspaceId

if TYPE_CHECKING:
    from mcp.server.connection import Connection

POLL_S = 1.0
TELL_TIMEOUT_S = 30.0  # a client that does not read for so long is told at a later look
_LISTENER = "connectory.listener"
_log = structlog.get_logger(__name__)

Revisions = Callable[[Collection[WorkspaceId]], Awaitable[Mapping[WorkspaceId, int]]]
Renew = Callable[[Principal], Awaitable[Principal | None]]
View = Callable[[Principal], Awaitable[int]]
"""What of the list may change, as a number: alike for lists that are alike."""


@dataclass(eq=False, slots=True)
class Listener:
    """One connection whose client hears of changes."""

    principal: Principal
    tell: Callable[[], Awaitable[None]]
    end: Callable[[], None]
    shown: int  # the view that the client has
    session: str | None = None  # of streamable HTTP: told while its stream is open, which comes and goes
    revision: int | None = None  # up to which `shown` was compared; None: not yet
    is_busy: bool = False


class ListChanges:
    """The listeners of this process. `run` is the one task; whoever starts it ends it."""

    def __init__(
        self,
        revisions: Revisions,
        renew: Renew,
        view: View,
        streams: OpenStreams,
        *,
        poll_s: float = POLL_S,
    ) -> None:
        """`renew` says who a principal is by now, None for one whom nothing may reach any more."""
        self.streams = streams
        self._revisions, self._renew, self._view = revisions, renew, view
        self._poll_s = poll_s
        self._listeners: set[Listener] = set()
        self._anybody = asyncio.Event()

    async def run(self) -> None:
        """Look until cancelled; then every stream ends, so that nothing holds up the end of the server."""
        try:
            async with asyncio.TaskGroup() as telling:
                while True:
                    await self._anybody.wait()
                    await asyncio.sleep(self._poll_s)
                    await self._look(telling)
        finally:
            for listener in list(self._listeners):
                self._leave(listener)
                listener.end()
            self.streams.end_all()

    def note_shown(self, ctx: ServerRequestContext[Any], principal: Principal, view: int) -> None:
        """Remember what a client of the legacy era was just shown; from now on it hears when that changes.

        A client that has not listed anything has nothing that could be out of date. Over stateless HTTP there is no
        way to tell it.
        """
        connection: Connection = ctx.session._connection  # noqa: SLF001 # mcp has no other hook for a connection's end
        if ctx.protocol_version not in HANDSHAKE_PROTOCOL_VERSIONS or not connection.has_standalone_channel:
            return
        listener: Listener | None = connection.state.get(_LISTENER)
        if listener is None:
            tell = connection.send_tool_list_changed
            listener = Listener(principal, tell, _nothing, view, connection.session_id)
            connection.state[_LISTENER] = listener
            connection.exit_stack.callback(self._leave, listener)
            self._join(listener)
        listener.principal, listener.shown, listener.revision = principal, view, None

    async def listen(
        self, ctx: ServerRequestContext[Any], params: t.SubscriptionsListenRequestParams, principal: Principal
    ) -> t.SubscriptionsListenResult:
        """Serve one `subscriptions/listen` stream (modern era), over a bus of its own: nobody else's events enter it.

        It ends when the server does, and when its principal may not come in any more.
        """
        stream = self.streams.join(principal)
        if stream is None:
            raise MCPError(t.INTERNAL_ERROR, "Too many open subscriptions. Close some, then try again.")
        try:
            bus = InMemorySubscriptionBus()
            handler = ListenHandler(bus)
            tell = partial(bus.publish, ToolsListChanged())
            listener = Listener(principal, tell, handler.close, await self._view(principal))
            self._join(listener)
            try:
                return await handler(ctx, params)
            finally:
                self._leave(listener)
        finally:
            self.streams.leave(stream)

    def _join(self, listener: Listener) -> None:
        self._listeners.add(listener)
        self._anybody.set()

    def _leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        if not self._listeners:
            self._anybody.clear()

    async def _look(self, telling: asyncio.TaskGroup) -> None:
        """Compare those whose workspace has changed since they were compared last; the look waits for none of them.

        A session without an open stream is left as it is, and compared once it has one: it missed what came before.
        """
        hearing = self._hearing(self._listeners)
        try:
            revisions = await self._revisions({one.principal.workspace_id for one in hearing})
        except Exception as error:  # noqa: BLE001 # a locked database, a full disk: the next look may succeed
            _log.warning("could not look for changed tool lists", error=type(error).__name__)
            return
        behind: dict[Principal, list[Listener]] = {}
        for listener in hearing & self._listeners:
            if not listener.is_busy and listener.revision != revisions.get(listener.principal.workspace_id, -1):
                listener.is_busy = True
                behind.setdefault(listener.principal, []).append(listener)
        for principal, listeners in behind.items():
            revision = revisions.get(principal.workspace_id, -1)
            telling.create_task(self._compare(principal, listeners, revision))

    async def _compare(self, principal: Principal, listeners: list[Listener], revision: int) -> None:
        shown = {listener: listener.shown for listener in listeners}
        for listener in listeners:
            listener.revision = revision  # unless a list is sent meanwhile: then once more
        try:
            now = await self._renew(principal)
            view = None if now is None else await self._view(now)
        except Exception as error:  # noqa: BLE001 # as above
            _log.warning("could not compare a tool list", error=type(error).__name__)
            for listener in listeners:
                listener.revision, listener.is_busy = None, False
            return
        if view is None:
            self._send_away(principal, listeners)
        else:
            await asyncio.gather(*(self._tell(listener, before, view) for listener, before in shown.items()))

    def _hearing(self, listeners: Iterable[Listener]) -> set[Listener]:
        """Those of `listeners` that a message would reach now."""
        sessions = self.streams.sessions()
        return {one for one in listeners if one.session is None or one.session in sessions}

    def _send_away(self, principal: Principal, listeners: list[Listener]) -> None:
        for listener in listeners:
            self._leave(listener)
            listener.end()
        self.streams.end_of(principal)

    async def _tell(self, listener: Listener, before: int, view: int) -> None:
        try:
            if before == view or listener.revision is None:
                return
            if self._hearing([listener]):
                listener.shown = view
                async with asyncio.timeout(TELL_TIMEOUT_S):
                    await listener.tell()
            else:  # its stream has ended since the look
                listener.revision = None
        except Exception as error:  # noqa: BLE001 # one client's broken stream must not silence the others
            _log.warning("could not tell a client of its changed tool list", error=type(error).__name__)
            listener.shown, listener.revision = before, None
        finally:
            listener.is_busy = False


def view_of(actions: Collection[str], denied: Collection[str]) -> int:
    """The view that a list shows: its actions, whether or not all fit, and the fixed tools that are left out."""
    return hash((frozenset(actions), frozenset(denied)))


def _nothing() -> None:
    """A legacy connection has no stream of its own to end: its transport's is ended (`OpenStreams`)."""
