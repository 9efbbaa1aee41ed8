"""Tells open pages that something in their workspace has changed, as server-sent events (HTML standard, section 9.2).

An event says only that something is different: `changed`, what there is; `called`, what was done. The page then asks
for what it shows, as who is signed in by then. A stream looks at its workspace each second, and ends with its session
(attack 76).
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from connectory.errors import QuotaExceeded, Unauthenticated, UnknownObject
from connectory.vault.entities import UserId, Workspace
from connectory.web.visitors import Visitors

LOOK_EVERY_S = 1.0
MOST_STREAMS = 200  # of this process: below what the web server takes at once
MOST_OF_ONE = 20  # of one user: each tab that is looked at has one
CHANGED, CALLED, ENDED = "changed", "called", "ended"
REVISION = re.compile(r"[0-9]{1,18}", re.ASCII)
MARK = re.compile(r"[0-9a-f]{16}", re.ASCII)


class CountedResponse(EventSourceResponse):
    """A stream that says when it has ended, also where its client has left before it began."""

    def __init__(self, events: AsyncIterator[ServerSentEvent], closed: Callable[[], None]) -> None:
        super().__init__(events, headers={"Cache-Control": "no-store"})
        self._closed = closed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._closed()


@dataclass(frozen=True, slots=True)
class LivePages:
    """`/workspaces/{slug}/events`."""

    visitors: Visitors
    open: Counter[UserId] = field(default_factory=Counter)
    look_every_s: float = LOOK_EVERY_S

    def routes(self) -> list[Route]:
        """The route."""
        return [Route("/workspaces/{slug}/events", self.listen, methods=["GET"])]

    async def listen(self, request: Request) -> Response:
        """Open a stream. Raises `QuotaExceeded` for one too many."""
        workspace, principal = await self.visitors.workspace(request)
        if self.open.total() >= MOST_STREAMS or self.open[principal.user_id] >= MOST_OF_ONE:
            raise QuotaExceeded("Too many pages are open.", hint="Close some of them; this one works without.")
        self.open[principal.user_id] += 1  # now: of many that come at once, none may be let in before it is counted
        return CountedResponse(self._events(request, workspace), partial(self._closed, principal.user_id))

    def _closed(self, user_id: UserId) -> None:
        self.open[user_id] -= 1

    async def _events(self, request: Request, workspace: Workspace) -> AsyncIterator[ServerSentEvent]:
        since = request.query_params.get("since", "")  # the revision that the page shows: it may be older by now
        changed: int = int(since) if REVISION.fullmatch(since) else workspace.revision
        mark = request.query_params.get("called", "")  # and what had been done by then
        called = mark if MARK.fullmatch(mark) else await self.visitors.called(workspace.id)
        while True:
            if changed != workspace.revision:
                changed = workspace.revision
                yield ServerSentEvent(event=CHANGED, data="")
            so_far = await self.visitors.called(workspace.id)
            if called != so_far:
                called = so_far
                yield ServerSentEvent(event=CALLED, data="")
            await asyncio.sleep(self.look_every_s)
            try:
                workspace, _ = await self.visitors.workspace(request)
            except (Unauthenticated, UnknownObject):
                yield ServerSentEvent(event=ENDED, data="")
                return
