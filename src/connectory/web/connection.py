"""A connection's page: how it is, what it did, and what can be done about it (issue 8, page 3)."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connectory.auth.connections import Found, describe_account, plain_name
from connectory.errors import (
    AlreadyExists,
    CannotDecrypt,
    ConnectoryError,
    InvalidArguments,
    NeedsReconnect,
    ProviderUnauthorized,
    QuotaExceeded,
    UnknownConnection,
)
from connectory.web.afterwards import Afterwards, Told
from connectory.web.arrival import after_disconnecting
from connectory.web.binding import usable_in
from connectory.web.connection_view import credential_of, view_actions_by_effect, view_calls, view_facts
from connectory.web.connectors import NAV
from connectory.web.connectors_view import view_connected
from connectory.web.forms import read_form
from connectory.web.links import Said, path_of, question_in, said, status_of
from connectory.web.offered import offered_to
from connectory.web.pages import is_fragment, render, render_member
from connectory.web.services import WebServices
from connectory.web.visitors import Member, Visitors, home_of
from connectory.web.way_back import remember_way_back

CALLS_SHOWN = 15
NOT_RENAMED = Said("Nothing was done: see the marked field.", is_bad=True)
REFUSED = (NeedsReconnect, ProviderUnauthorized, CannotDecrypt)  # what is wrong with the sign-in itself
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
            *(Route(f"{ROOT}/{form}", self.back, methods=["GET"]) for form in ("test", "reconnect", "rename")),
            Route(f"{ROOT}/disconnect", self.ask, methods=["GET"]),
            Route(f"{ROOT}/disconnect", self.disconnect, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the connection, and what came of the form that led here."""
        member = await self.visitors.member(request)
        found = await find_connection(self.services, member, request)
        told = None if is_fragment(request) else self._afterwards.take(request)
        response = await self._page(member, found, told or Told())
        if told is not None:
            self._afterwards.forget(response)
        return response

    async def back(self, request: Request) -> Response:
        """Lead to the connection from the address of one of its forms, where a browser may be led back to."""
        member = await self.visitors.member(request)
        return RedirectResponse(_path(member, await find_connection(self.services, member, request)), status_code=303)

    async def test(self, request: Request) -> Response:
        """Ask the service whether it still takes the sign-in, and say so. One that it refuses needs reconnecting."""
        member, found, _ = await self._posted(request)
        words = await self._test(member, found)
        if not is_fragment(request):
            return self._afterwards.lead(_path(member, found), Told(words))
        response = render("said", said=words)
        if words.is_bad:
            response.headers["HX-Trigger"] = "changed"  # what shows the sign-in's state asks for it anew
        return response

    async def reconnect(self, request: Request) -> Response:
        """Lead to the connect page, which renews the sign-in."""
        member, found, _ = await self._posted(request)
        usable = usable_in(request, is_https=self.visitors.is_https)
        try:
            session = await self.services.accounts.ask_reconnect(member.principal, found[0].id, usable=usable)
        except ConnectoryError as error:
            return self._afterwards.lead(_path(member, found), Told(said(error, self.services.settings.origin)))
        response = RedirectResponse(path_of(session), status_code=303)
        remember_way_back(response, session.link, is_https=self.visitors.is_https)
        return response

    async def rename(self, request: Request) -> Response:
        """Give the connection another name."""
        member, found, form = await self._posted(request)
        alias = form.get("alias", "").strip()
        try:
            row = await self.services.changes.rename(member.principal, found[0].id, alias)
        except (InvalidArguments, AlreadyExists) as error:
            told = Told(NOT_RENAMED, alias, error.text)
        except ConnectoryError as error:
            told = Told(said(error, self.services.settings.origin))
        else:
            told = Told(Said(f"It is called {row.name} now."))
        return self._afterwards.lead(_path(member, found), told)

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
            response = await self._question(member, found, status_of(error), words)
            if (link := question_in(words)) is not None:
                remember_way_back(response, link, is_https=self.visitors.is_https)
            return response
        return RedirectResponse(after_disconnecting(home_of(member.workspace.slug), row, revocation), status_code=303)

    async def _posted(self, request: Request) -> tuple[Member, Found, dict[str, str]]:
        member, form = await self.visitors.member(request), await read_form(request)
        self.visitors.require_csrf(request, form)
        return member, await find_connection(self.services, member, request), form

    async def _test(self, member: Member, found: Found) -> Said:
        name, origin = found[0].name, self.services.settings.origin
        try:
            account = await self.services.accounts.verify(member.principal, found[0].id)
        except QuotaExceeded as error:
            return said(error, origin, before=f"{name} was not tested.")
        except REFUSED as error:
            return said(error, origin, before=f"{name} does not work:")
        except ConnectoryError as error:
            return said(error, origin, before=f"{name} could not be tested:")
        who = account.name or account.id
        of = f" It is the account of {plain_name(who)}." if who else ""
        return Said(f"{name} works: the service takes its sign-in.{of}")

    @property
    def _afterwards(self) -> Afterwards:
        return Afterwards(self.services.vault.keys, self.services.now, is_https=self.visitors.is_https)

    async def _page(self, member: Member, found: Found, told: Told) -> Response:
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
            one=view_connected([found], connectors, unreadable, last, offered, slug=slug, now=now)[0],
            facts=view_facts(found, now),
            calls=view_calls(lines.lines, connector, now),
            groups=view_actions_by_effect([one for one in callable_ if one.connector == row.connector]),
            path=_path(member, found),
            said=told.said,
            alias=told.typed if told.problem else row.alias,
            alias_problem=told.problem,
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
            credential=credential_of(grant, connector),
            others=[one.name for one, on in everything if on.id == grant.id and one.id != row.id],
            path=_path(member, found),
            said=words,
        )


async def find_connection(services: WebServices, member: Member, request: Request) -> Found:
    """Return the connection that the path names, as the member sees it. Raises `UnknownConnection`."""
    connection_id = request.path_params["connection"]
    for pair in await services.auth.list_connections(member.principal):
        if pair[0].id == connection_id:
            return pair
    raise UnknownConnection(connection_id[:40])


def _path(member: Member, found: Found) -> str:
    return f"/workspaces/{member.workspace.slug}/connections/{found[0].id}"
