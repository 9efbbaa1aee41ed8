"""Tells open pages that something in their workspace has changed, as server-sent events (HTML standard, section 9.2).

An event says only that something is different; the page then asks for what it shows, as who is signed in by then. A
stream looks at its workspace's revision each second, and ends with its session (attack 76).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectory.errors import QuotaExceeded, Unauthenticated, UnknownObject
from connectory.vault.entities import UserId
from connectory.vault.workspaces import WorkspaceStore
from connectory.web.visitors import Member, Visitors

LOOK_EVERY_S = 1.0
MOST_STREAMS = 200  # of this process: below what the web server takes at once
MOST_OF_ONE = 20  # of one user: as many tabs
CHANGED, ENDED = "changed", "ended"


@dataclass(frozen=True, slots=True)
class LivePages:
    """`/workspaces/{slug}/events`."""

    visitors: Visitors
    workspaces: WorkspaceStore
    open: Counter[UserId] = field(default_factory=Counter)
    look_every_s: float = LOOK_EVERY_S

    def routes(self) -> list[Route]:
        """The route."""
        return [Route("/workspaces/{slug}/events", self.listen, methods=["GET"])]

    async def listen(self, request: Request) -> Response:
        """Open a stream. Raises `QuotaExceeded` for one too many."""
        member = await self.visitors.member(request)
        if self.open.total() >= MOST_STREAMS or self.open[member.user.id] >= MOST_OF_ONE:
            raise QuotaExceeded("Too many pages are open.", hint="Close some of them; this one works without.")
        return EventSourceResponse(self._events(request, member), headers={"Cache-Control": "no-store"})

    async def _events(self, request: Request, member: Member) -> AsyncIterator[ServerSentEvent]:
        self.open[member.user.id] += 1
        try:
            seen = await self.workspaces.revision(member.workspace.id)
            while True:
                await asyncio.sleep(self.look_every_s)
                try:
                    await self.visitors.member(request)
                except (Unauthenticated, UnknownObject):
                    yield ServerSentEvent(event=ENDED, data="")
                    return
                now = await self.workspaces.revision(member.workspace.id)
                if now != seen:
                    seen = now
                    yield ServerSentEvent(event=CHANGED, data="")
        finally:
            self.open[member.user.id] -= 1
