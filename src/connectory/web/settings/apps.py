"""Settings: OAuth apps, registered at a service once so that everybody signs in by them. A secret is never shown."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectory.catalog.connector import Connector
from connectory.catalog.manifest import OAuth1Method, OAuth2Method
from connectory.errors import ConnectoryError, InvalidArguments, UnknownConnector
from connectory.identity.principal import Principal
from connectory.vault.entities import Role, StoredClient
from connectory.web.app_owners import who_sets_up
from connectory.web.links import Said, said, status_of
from connectory.web.services import WebServices
from connectory.web.settings.frame import address_of, done, posted, render_settings, said_in
from connectory.web.states import Word
from connectory.web.visitors import Member, Visitors

SECTION = "oauth-apps"
KEPT = Word("Set up here", "good")
OF_SERVER = Word("Set up for the whole server", "good")
BY_ITSELF = Word("Needs none: this server registers itself", "good")
MISSING = Word("Not set up", "off")


@dataclass(frozen=True, slots=True)
class StoredView:
    """One app that is kept; of its secret only whether there is one."""

    client_id: str
    server: str
    has_secret: bool
    is_registered: bool  # by this server itself


@dataclass(frozen=True, slots=True)
class FamilyView:
    """A service that is signed in to by an app, and the connectors that share it."""

    name: str
    title: str
    also: tuple[str, ...]
    state: Word


@dataclass(frozen=True, slots=True)
class AppPages:
    """`/workspaces/{slug}/settings/oauth-apps`, and a page for each service below it."""

    services: WebServices
    visitors: Visitors

    def routes(self) -> list[Route]:
        """The routes of all."""
        root = "/workspaces/{slug}/settings/oauth-apps"
        return [
            Route(root, self.show, methods=["GET"]),
            Route(f"{root}/{{connector}}", self.show_one, methods=["GET"]),
            Route(f"{root}/{{connector}}", self.keep, methods=["POST"]),
            Route(f"{root}/{{connector}}/remove", self.remove, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show which services have an app, and which need one."""
        member = await self.visitors.member(request)
        rows: list[FamilyView] = []
        if may_see(member.principal):
            stored = {one.family for one in await self.services.oauth_apps.all(member.principal)}
            of_server = self.services.settings.oauth_clients.keys()
            connectors = await asyncio.to_thread(list, self.services.catalog.connectors.values())
            rows = view_families(connectors, stored, set(of_server))
        return await render_settings(
            self.services,
            "settings_apps",
            member,
            SECTION,
            said=said_in(request),
            rows=rows,
            may_see=may_see(member.principal),
            set_up_by=await who_sets_up(self.services, member.principal),
        )

    async def show_one(self, request: Request) -> Response:
        """Show how an app is registered at one service, and the form for what its page shows then."""
        return await self._page(await self.visitors.member(request), request.path_params["connector"])

    async def keep(self, request: Request) -> Response:
        """Keep an app."""
        member, form = await posted(self.visitors, request)
        name = request.path_params["connector"]
        try:
            await self.services.oauth_apps.put(
                member.principal,
                name,
                form.get("client_id", ""),
                form.get("client_secret", "") or None,
                server=form.get("server", "").strip(),
            )
        except ConnectoryError as error:
            return await self._page(member, name, error=error, form=form)
        return done(member, SECTION, "app")

    async def remove(self, request: Request) -> Response:
        """Forget an app."""
        member, form = await posted(self.visitors, request)
        name = request.path_params["connector"]
        try:
            await self.services.oauth_apps.remove(member.principal, name, server=form.get("server", ""))
        except ConnectoryError as error:
            return await self._page(member, name, error=error)
        return done(member, SECTION, "app-removed")

    async def _page(
        self,
        member: Member,
        name: str,
        *,
        error: ConnectoryError | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Response:
        try:
            setup = self.services.oauth_apps.setup(name)
            connector = self.services.catalog.connector(name)
        except (UnknownConnector, InvalidArguments):
            raise HTTPException(404) from None
        kept: Sequence[StoredView] = ()
        if may_see(member.principal):
            stored = await self.services.oauth_apps.all(member.principal)
            kept = [view_stored(one) for one in stored if one.family == connector.manifest.auth_family]
        words: Said | None = said(error, self.services.settings.origin) if error is not None else None
        return await render_settings(
            self.services,
            "settings_app",
            member,
            SECTION,
            status_of(error) if error is not None else 200,
            said=words,
            connector=connector,
            setup=setup,
            kept=kept,
            form=form or {},
            set_up_by=await who_sets_up(self.services, member.principal),
            path=address_of(member.workspace.slug, SECTION, name),
        )


def may_see(principal: Principal) -> bool:
    """Whether apps are for this principal to see; the service says the same."""
    return principal.role is Role.OWNER


def view_stored(client: StoredClient) -> StoredView:
    """Return an app without its secret."""
    return StoredView(client.client_id, client.server, client.client_secret is not None, client.source == "registered")


def view_families(connectors: Sequence[Connector], stored: set[str], of_server: set[str]) -> list[FamilyView]:
    """Return the services that are signed in to by an app, those that have one first."""
    families = [one for one in connectors if one.family is None and _method_of(one) is not None]
    rows = [
        FamilyView(
            name=head.name,
            title=head.title,
            also=tuple(
                one.title for one in connectors if one.family is not None and one.manifest.auth_family == head.name
            ),
            state=_state_of(head, stored, of_server),
        )
        for head in families
    ]
    return sorted(rows, key=lambda row: (row.state is MISSING, row.state is BY_ITSELF, row.title.casefold()))


def _state_of(head: Connector, stored: set[str], of_server: set[str]) -> Word:
    if head.name in stored:
        return KEPT
    if head.name in of_server:
        return OF_SERVER
    method = _method_of(head)
    by_itself = isinstance(method, OAuth2Method) and bool(method.issuer or method.resource)
    return BY_ITSELF if by_itself and method is not None and method.register_app is None else MISSING


def _method_of(connector: Connector) -> OAuth1Method | OAuth2Method | None:
    found = (method for method in connector.auth.values() if isinstance(method, OAuth2Method | OAuth1Method))
    return next(found, None)
