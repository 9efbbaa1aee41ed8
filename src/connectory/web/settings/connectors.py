"""Settings: connectors of one's own. A manifest is uploaded or pasted, checked with its lines told, and kept.

All of it is for whoever runs this server; the service says so to everybody else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectory.catalog.own_manifests import CheckedManifest
from connectory.errors import ConnectoryError
from connectory.web.confirm import visible
from connectory.web.links import Piece, Said, said, status_of
from connectory.web.services import WebServices
from connectory.web.settings.connectors_view import view_checked, view_own, view_problems
from connectory.web.settings.frame import done, posted, posted_with_files, render_settings, said_in
from connectory.web.visitors import Member, Visitors, home_of

SECTION = "connectors"
KEEP = "keep"
EMPTY = Said("There is no manifest yet: choose a file, or paste its text.", is_bad=True)


@dataclass(frozen=True, slots=True)
class OwnConnectorPages:
    """`/workspaces/{slug}/settings/connectors`."""

    services: WebServices
    visitors: Visitors

    def routes(self) -> list[Route]:
        """The routes of the page and its forms."""
        root = "/workspaces/{slug}/settings/connectors"
        return [
            Route(root, self.show, methods=["GET"]),
            Route(root, self.take, methods=["POST"]),
            Route(f"{root}/{{connector}}", self.show_one, methods=["GET"]),
            Route(f"{root}/{{connector}}/remove", self.remove, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show what there is, and the form for one more."""
        member = await self.visitors.member(request)
        return await self.page(member, words=self._said_in(request, member))

    async def show_one(self, request: Request) -> Response:
        """The same with one's text in the form, to be changed."""
        member = await self.visitors.member(request)
        found = [
            one
            for one in await self.services.custom_connectors.list(member.principal)
            if one.name == request.path_params["connector"]
        ]
        if not found:
            raise HTTPException(404)
        return await self.page(member, text=found[0].text, name=found[0].name)

    async def take(self, request: Request) -> Response:
        """Check a manifest, and keep it if that was the button and it is good."""
        member, form, files = await posted_with_files(self.visitors, request)
        text = files.get("file") or form.get("manifest", "")
        if not text.strip():
            return await self.page(member, 422, words=EMPTY)
        try:
            checked = await self.services.custom_connectors.check(member.principal, text)
            if checked.connector is not None and form.get("do") == KEEP:
                kept = await self.services.custom_connectors.put(member.principal, text)
                return done(member, SECTION, "connector", name=kept.name)
        except ConnectoryError as error:
            words = said(error, self.services.settings.origin)
            return await self.page(member, status_of(error), words=words, text=text)
        status = 200 if checked.connector else 422
        return await self.page(member, status, text=text, name=checked.name, checked=checked)

    async def remove(self, request: Request) -> Response:
        """Remove one that nothing uses."""
        member, _ = await posted(self.visitors, request)
        try:
            await self.services.custom_connectors.remove(member.principal, request.path_params["connector"])
        except ConnectoryError as error:
            return await self.page(member, status_of(error), words=said(error, self.services.settings.origin))
        return done(member, SECTION, "connector-removed")

    def _said_in(self, request: Request, member: Member) -> Said | None:
        """What the address says was done; of one that was kept with the way to connect it."""
        words, name = said_in(request), request.query_params.get("name", "")
        kept = self.services.catalog.connectors.get(name) if words is not None else None
        if words is None or kept is None:
            return words
        return replace(words, hint=(Piece(f"Connect {kept.title}", f"{home_of(member.workspace.slug)}/{name}"),))

    async def page(
        self,
        member: Member,
        status: int = 200,
        *,
        words: Said | None = None,
        text: str = "",
        name: str | None = None,
        checked: CheckedManifest | None = None,
    ) -> Response:
        """Return the page; with `text` that manifest in its form, `name` what it is called, `checked` what it is."""
        service, connectors = self.services.custom_connectors, self.services.catalog.connectors
        own = await service.list(member.principal)
        titles = {one.name: connectors[one.name].title for one in own if one.name in connectors}
        return await render_settings(
            self.services,
            "settings_connectors",
            member,
            SECTION,
            status,
            said=words,
            rows=[view_own(one, titles.get(one.name)) for one in own],
            text=text.encode("utf-8", "replace").decode(),  # of an upload that is no UTF-8
            changed=visible(titles.get(name, name)) if name in {one.name for one in own} else None,
            problems=view_problems(checked.problems, text) if checked is not None else (),
            good=view_checked(checked, text) if checked is not None else None,
            may_check=not member.principal.read_only,
            may_change=await service.may_change(member.principal),
        )
