"""Settings: the browsers that are signed in as who looks, and signing them out. No id of a session stands here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectory.errors import ConnectoryError
from connectory.identity.web_sessions import ListedSession
from connectory.vault.entities import OpenWebSession
from connectory.web.links import Said, said, status_of
from connectory.web.services import WebServices
from connectory.web.settings.frame import address_of, done, posted, render_settings, said_in
from connectory.web.states import Moment, moment_of
from connectory.web.visitors import Member, Visitors

SECTION = "sessions"
COMMAND = "connectory open"
UNKNOWN = "an unknown browser"
ANY_ISSUER = "an issuer that is not set up any more"


@dataclass(frozen=True, slots=True)
class SessionView:
    """One browser that is signed in."""

    id_hash: str
    browser: str
    way: str
    command: str  # that shows the link, if it is one
    workspace: str
    began: Moment | None
    used: Moment | None
    ends: Moment | None
    is_this: bool
    may_end: bool


@dataclass(frozen=True, slots=True)
class SessionPages:
    """`/workspaces/{slug}/settings/sessions`."""

    services: WebServices
    visitors: Visitors

    def routes(self) -> list[Route]:
        """The routes of the page and its forms."""
        root = "/workspaces/{slug}/settings/sessions"
        return [
            Route(root, self.show, methods=["GET"]),
            Route(f"{root}/end-others", self.end_others, methods=["POST"]),
            Route(f"{root}/{{id_hash}}/end", self.end, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the sessions, this one first."""
        return await self._page(request, await self.visitors.member(request), words=said_in(request))

    async def end(self, request: Request) -> Response:
        """Sign one browser out; one that was signed out meanwhile stays so."""
        member, _ = await posted(self.visitors, request)
        return await self._end(request, member, {request.path_params["id_hash"]})

    async def end_others(self, request: Request) -> Response:
        """Sign all out but this one."""
        member, _ = await posted(self.visitors, request)
        id_hashes = {one.session.id_hash for one in await self.services.web_sessions.list(member.principal)}
        return await self._end(request, member, id_hashes - {self.visitors.own_id_hash(request)})

    async def _end(self, request: Request, member: Member, id_hashes: Collection[str]) -> Response:
        try:
            ended = await self.services.web_sessions.end_listed(member.principal, id_hashes)
        except ConnectoryError as error:
            words = said(error, self.services.settings.origin)
            return await self._page(request, member, status_of(error), words=words)
        return done(member, SECTION, "ended" if ended else "none-ended")

    async def _page(
        self, request: Request, member: Member, status: int = 200, *, words: Said | None = None
    ) -> Response:
        principal, now = member.principal, self.services.now()
        found = await self.services.web_sessions.list(principal)
        names = {str(one.id): one.name for one in member.workspaces}
        this, issuer = self.visitors.own_id_hash(request), self.services.openid
        at = issuer.name if issuer is not None else ANY_ISSUER
        rows = [view_session(one, this, names, at, now) for one in found]
        return await render_settings(
            self.services,
            "settings_sessions",
            member,
            SECTION,
            status,
            said=words,
            rows=sorted(rows, key=lambda row: not row.is_this),
            has_others=any(not row.is_this for row in rows),
            may_end_others=all(row.is_this or row.may_end for row in rows),
            tokens=address_of(member.workspace.slug, "tokens"),
        )


def view_session(
    listed: ListedSession, this: str, workspaces: Mapping[str, str], issuer: str, now: datetime
) -> SessionView:
    """Return a session as a person sees it; `this` is what the one that looks is called."""
    session = listed.session
    browser = session.browser or UNKNOWN
    return SessionView(
        id_hash=session.id_hash,
        browser=f"{browser[0].upper()}{browser[1:]}",
        way=_way_of(session, issuer),
        command=COMMAND if session.way == "link" else "",
        workspace=workspaces.get(session.workspace_id, "") if len(workspaces) > 1 else "",
        began=moment_of(session.created_at, now),
        used=moment_of(session.last_used_at, now),
        ends=moment_of(session.expires_at, now),
        is_this=session.id_hash == this,
        may_end=listed.may_end,
    )


def _way_of(session: OpenWebSession, issuer: str) -> str:
    if session.token is not None:
        return f"with the API token “{session.token.name}”"
    if session.way is None:
        return "in a way that was not kept then"
    return "by a sign-in link" if session.way == "link" else f"at {issuer}"
