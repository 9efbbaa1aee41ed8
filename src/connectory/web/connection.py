"""A connection's page: how it is, what it did, and what can be done about it (issue 8, page 3)."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connectory.auth.connections import Found, describe_account, plain_name
from connectory.errors import ConnectoryError, QuotaExceeded, UnknownObject
from connectory.web.arrival import after_disconnecting
from connectory.web.binding import usable_in
from connectory.web.connection_view import view_actions_by_effect, view_calls, view_facts
from connectory.web.connectors import NAV
from connectory.web.connectors_view import view_connected
from connectory.web.forms import read_form
from connectory.web.links import Said, path_of, said, status_of
from connectory.web.offered import offered_to
from connectory.web.pages import is_fragment, render, render_member
from connectory.web.services import WebServices
from connectory.web.visitors import Member, Visitors, home_of
from connectory.web.way_back import remember_way_back

CALLS_SHOWN = 15
ROOT = "/workspaces/{slug}/connections/{connection}"


@dataclass(frozen=True, slots=True)
class ConnectionPages:
    """`/workspaces/{slug}/connections/{id}` and what is posted from it. Another's private one is as unknown as none."""

    services: WebServices
    visitors: Visitors

    def routes(self) -> list[Route]:
        """The routes of all."""
        return [
            Route(ROOT, self.show, methods=["GET"]),
            Route(f"{ROOT}/test", self.test, methods=["POST"]),
            Route(f"{ROOT}/reconnect", self.reconnect, methods=["POST"]),
            Route(f"{ROOT}/rename", self.rename, methods=["POST"]),
            Route(f"{ROOT}/disconnect", self.ask, methods=["GET"]),
            Route(f"{ROOT}/disconnect", self.disconnect, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the connection."""
        member = await self.visitors.member(request)
        return await self._page(member, await find_connection(self.services, member, request))

    async def test(self, request: Request) -> Response:
        """Ask the service whether it still takes the sign-in, and say so; nothing is changed by asking."""
        member, found, _ = await self._posted(request)
        name = found[0].name
        try:
            account = await self.services.accounts.verify(member.principal, found[0].id)
        except QuotaExceeded as error:
            words = said(error, self.services.settings.origin, before=f"{name} was not tested.")
        except ConnectoryError as error:
            words = said(error, self.services.settings.origin, before=f"{name} does not work.")
        else:
            who = (
                f" It is the account of {plain_name(account.name or account.id)}." if account.name or account.id else ""
            )
            words = Said(f"{name} works: the service takes its sign-in.{who}")
        if is_fragment(request):
            return render("said", said=words)
        now = await find_connection(self.services, member, request)  # the test may have shown that it works no longer
        return await self._page(member, now, words=words)

    async def reconnect(self, request: Request) -> Response:
        """Lead to the connect page, which renews the sign-in."""
        member, found, _ = await self._posted(request)
        usable = usable_in(request, is_https=self.visitors.is_https)
        try:
            session = await self.services.accounts.ask_reconnect(member.principal, found[0].id, usable=usable)
        except ConnectoryError as error:
            words = said(error, self.services.settings.origin)
            return await self._page(member, found, status_of(error), words)
        response = RedirectResponse(path_of(session), status_code=303)
        remember_way_back(response, session.link, is_https=self.visitors.is_https)
        return response

    async def rename(self, request: Request) -> Response:
        """Give the connection another name."""
        member, found, form = await self._posted(request)
        alias = form.get("alias", "").strip()
        try:
            await self.services.changes.rename(member.principal, found[0].id, alias)
        except ConnectoryError as error:
            words = said(error, self.services.settings.origin)
            return await self._page(member, found, status_of(error), words, alias=alias)
        return RedirectResponse(_path(member, found), status_code=303)

    async def ask(self, request: Request) -> Response:
        """Ask whether it is meant."""
        member = await self.visitors.member(request)
        return await self._question(member, await find_connection(self.services, member, request))

    async def disconnect(self, request: Request) -> Response:
        """Delete the connection, and go back to those that are left, where it is said what became of the sign-in."""
        member, found, _ = await self._posted(request)
        try:
            row, revocation = await self.services.accounts.disconnect(member.principal, found[0].id)
        except ConnectoryError as error:
            words = said(error, self.services.settings.origin)
            return await self._question(member, found, status_of(error), words)
        return RedirectResponse(after_disconnecting(home_of(member.workspace.slug), row, revocation), status_code=303)

    async def _posted(self, request: Request) -> tuple[Member, Found, dict[str, str]]:
        member, form = await self.visitors.member(request), await read_form(request)
        self.visitors.require_csrf(request, form)
        return member, await find_connection(self.services, member, request), form

    async def _page(
        self, member: Member, found: Found, status: int = 200, words: Said | None = None, alias: str | None = None
    ) -> Response:
        services, (row, _) = self.services, found
        connector, now = services.catalog.connectors.get(row.connector), services.now()
        unreadable = {one.id for one in await services.vault.grants.unreadable(row.workspace_id)}
        offered, slug = await offered_to(member.principal, services.gateway), member.workspace.slug
        last = await services.activity.last_used(member.principal)
        lines = await services.activity.list(member.principal, connection=row.id, limit=CALLS_SHOWN)
        callable_ = await services.gateway.callable_actions(member.principal)
        connectors = services.catalog.connectors
        return render_member(
            "connection",
            member,
            NAV,
            status,
            one=view_connected([found], connectors, unreadable, last, offered, slug=slug, now=now)[0],
            facts=view_facts(found, now),
            calls=view_calls(lines.lines, connector, now),
            groups=view_actions_by_effect([one for one in callable_ if one.connector == row.connector]),
            path=_path(member, found),
            said=words,
            alias=row.alias if alias is None else alias,
        )

    async def _question(self, member: Member, found: Found, status: int = 200, words: Said | None = None) -> Response:
        services, (row, grant) = self.services, found
        everything = await services.auth.list_connections(member.principal)
        connector = services.catalog.connectors.get(row.connector)
        return render_member(
            "disconnect",
            member,
            NAV,
            status,
            title=connector.title if connector is not None else row.connector,
            name=row.name,
            account=describe_account(grant),
            is_shared=row.is_shared,
            others=[one.name for one, on in everything if on.id == grant.id and one.id != row.id],
            path=_path(member, found),
            said=words,
        )


async def find_connection(services: WebServices, member: Member, request: Request) -> Found:
    """Return the connection that the path names, as the member sees it. Raises `UnknownObject`."""
    connection_id = request.path_params["connection"]
    for pair in await services.auth.list_connections(member.principal):
        if pair[0].id == connection_id:
            return pair
    raise UnknownObject("connection", connection_id[:40])


def _path(member: Member, found: Found) -> str:
    return f"/workspaces/{member.workspace.slug}/connections/{found[0].id}"
