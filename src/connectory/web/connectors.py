"""The connectors page: what is connected, and all that can be (issue 8, page 1); a connector's own page; connecting."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connectory.auth.connections import DEFAULT_ALIAS, Found
from connectory.auth.members import members_of
from connectory.auth.ways import Ways
from connectory.catalog.connector import Connector
from connectory.errors import BadInput, Refused, SetupError
from connectory.identity.principal import Principal
from connectory.vault.entities import ConnectSession, GrantId
from connectory.web.app_owners import who_sets_up
from connectory.web.arrival import said_on_arrival
from connectory.web.binding import usable_in
from connectory.web.connect import ConnectPages
from connectory.web.connect_form import view_actions
from connectory.web.connectors_view import (
    AUTO,
    BACKENDS,
    CATEGORIES,
    STATUSES,
    ConnectedView,
    fitting,
    near_titles,
    read_wanted,
    view_connected,
    view_grid,
)
from connectory.web.failures import error_response
from connectory.web.forms import read_form
from connectory.web.links import path_of
from connectory.web.logos import logo_url
from connectory.web.offered import Offered, offered_to
from connectory.web.pages import is_fragment, render_member
from connectory.web.services import WebServices
from connectory.web.visitors import Member, Visitors, home_of
from connectory.web.way_back import remember_way_back

NAV = "connectors"
AT_ONCE = "at_once"
RENEWING = "Choose another name. To sign in to that account anew, press Reconnect beside it."


@dataclass(frozen=True, slots=True)
class ConnectorPages:
    """`/workspaces/{slug}/connectors`, the page of each connector below it, and the way to the connect page."""

    services: WebServices
    visitors: Visitors
    connecting: ConnectPages

    def routes(self) -> list[Route]:
        """The routes of all."""
        return [
            Route("/workspaces/{slug}/connectors", self.show, methods=["GET"]),
            Route("/workspaces/{slug}/connectors/{connector}", self.show_one, methods=["GET"]),
            Route("/workspaces/{slug}/connect", self.connect, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the whole page, or to htmx what of it depends on filters and on the state of things."""
        member = await self.visitors.member(request)
        wanted = read_wanted(request.query_params)
        auth, catalog, principal = self.services.auth, self.services.catalog, member.principal
        await catalog.settled()
        found, unreadable = await self._found(principal)
        served = None if wanted.backend == AUTO else await auth.supported_providers(principal, wanted.backend)
        ways = await auth.ways_of(principal, list(catalog.connectors.values()))
        groups = view_grid(ways, found, unreadable, served, wanted, slug=member.workspace.slug)
        offered = await offered_to(principal, self.services.gateway)
        rows = await self._rows(member, found, unreadable, offered)
        return render_member(
            "connectors_list" if is_fragment(request) else "connectors",
            member,
            NAV,
            is_fragment=is_fragment(request),
            said=said_on_arrival(request.query_params, catalog, found),
            wanted=wanted,
            connected=fitting(rows, catalog.connectors, wanted),
            has_connected=bool(rows),
            groups=groups,
            count=sum(len(group.cards) for group in groups),
            near=() if groups else near_titles(wanted.query, catalog.connectors),
            backends=BACKENDS,
            has_nango=self.services.nango is not None,
            categories=CATEGORIES,
            statuses=STATUSES,
            may_connect=offered.connect(),
            connecting_denied=offered.connecting_denied,
            set_up_by=await who_sets_up(self.services, principal),
        )

    async def show_one(self, request: Request) -> Response:
        """Show what one connector can do, its accounts, and the form that connects another."""
        member = await self.visitors.member(request)
        connector = await self._known(request.path_params["connector"])
        return await self._page_of(member, connector, request.query_params.get("backend", AUTO))

    async def connect(self, request: Request) -> Response:
        """Lead to the connect page, by a link as the agent's; `at_once` past it where nothing is typed there."""
        member, form = await self.visitors.member(request), await read_form(request)
        self.visitors.require_csrf(request, form)
        alias, backend = form.get("alias", "").strip() or None, form.get("backend", AUTO)
        shared = form.get("shared") == "yes"
        connector = await self._known(form.get("connector", ""))
        if await self._is_taken(member.principal, connector, alias or DEFAULT_ALIAS, shared=shared):
            if alias is None:  # a page that is older than the connection: its connector's shows both
                return RedirectResponse(f"{home_of(member.workspace.slug)}/{connector.name}", status_code=303)
            return await self._page_of(
                member, connector, backend, alias=alias, taken=f"{alias} is already used. {RENEWING}", status=422
            )
        try:
            session = await self._session(request, member, connector, alias, backend, shared=shared)
        except (BadInput, Refused, SetupError) as error:
            if is_fragment(request):  # in the dialog over the grid
                return error_response(request, error)
            return await self._page_of(member, connector, backend, problem=error.text, alias=alias or "", status=422)
        to_page = RedirectResponse(path_of(session), status_code=303)
        response = await self.connecting.begin(request, session) if form.get(AT_ONCE) else to_page
        remember_way_back(response, session.link, is_https=self.visitors.is_https)
        return response

    async def _is_taken(self, principal: Principal, connector: Connector, alias: str, *, shared: bool) -> bool:
        """Whether whoever it would be for has a connection of this name: asking for it again would renew that one."""
        owner = str(principal.workspace_id if shared else principal.user_id)
        found = await self.services.auth.list_connections(principal)
        there = {row.connector for row, _ in found if (row.owner, row.alias) == (owner, alias)}
        return all(one.name in there for one in members_of(self.services.catalog, connector))

    async def _session(
        self, request: Request, member: Member, connector: Connector, alias: str | None, backend: str, *, shared: bool
    ) -> ConnectSession:
        """An open session for the same, unless another browser has it: whoever is here is not sent there."""
        return await self.services.accounts.ask_connect(
            member.principal,
            connector.name,
            alias=alias,
            backend=None if backend == AUTO else backend,
            shared=shared,
            usable=usable_in(request, is_https=self.visitors.is_https),
        )

    async def _page_of(
        self,
        member: Member,
        connector: Connector,
        backend: str,
        *,
        problem: str | None = None,
        taken: str | None = None,
        alias: str = "",
        status: int = 200,
    ) -> Response:
        ways = await self.services.auth.ways(member.principal, connector.name)
        offered = await offered_to(member.principal, self.services.gateway)
        members = members_of(self.services.catalog, connector)
        found, unreadable = await self._found(member.principal)
        found = [pair for pair in found if pair[0].connector in {one.name for one in members}]
        return render_member(
            "connector",
            member,
            NAV,
            status,
            connector=connector,
            logo=logo_url(member.workspace.slug, connector),
            connected=await self._rows(member, found, unreadable, offered),
            groups=view_actions(members),
            ways=ways,
            backends=await self._backends(member.principal, ways),
            backend=backend,
            alias=alias,
            problem=problem,
            taken=taken,
            may_connect=offered.connect(),
            connecting_denied=offered.connecting_denied,
            set_up_by=await who_sets_up(self.services, member.principal),
            may_share=offered.connect(shared=True),
        )

    async def _backends(self, principal: Principal, ways: Ways) -> dict[str, str]:
        """What one can sign in through, of what serves the connector."""
        if not ways.is_possible:
            return {}
        serving = await self.services.auth.provider_config(principal, ways.connector.name)
        return {name: BACKENDS[name] for name in (AUTO, *(config.backend for config in serving))}

    async def _found(self, principal: Principal) -> tuple[Sequence[Found], Collection[GrantId]]:
        """The connections that the principal sees, and whose sign-ins cannot be opened."""
        unreadable = await self.services.vault.grants.unreadable(principal.workspace_id)
        found = await self.services.auth.list_connections(principal)
        return found, {grant.id for grant in unreadable}

    async def _rows(
        self, member: Member, found: Sequence[Found], unreadable: Collection[GrantId], offered: Offered
    ) -> tuple[ConnectedView, ...]:
        return view_connected(
            found,
            self.services.catalog.connectors,
            unreadable,
            await self.services.activity.last_used(member.principal),
            offered,
            slug=member.workspace.slug,
            now=self.services.now(),
        )

    async def _known(self, name: str) -> Connector:
        await self.services.catalog.settled(name)
        connector = self.services.catalog.connectors.get(name)
        if connector is None:
            raise HTTPException(404)
        return connector
