"""Settings: connectors of one's own. A manifest is uploaded or pasted, checked with its lines told, and kept.

All of it is for whoever runs this server; the service says so to everybody else.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectory.catalog.destinations import calls_of_sign_in, destinations_of
from connectory.catalog.manifest import Effect
from connectory.catalog.own_manifests import CheckedManifest, OwnManifest
from connectory.catalog.problems import ManifestProblem
from connectory.errors import ConnectoryError
from connectory.web.confirm import visible
from connectory.web.connect_form import EFFECT_TITLES
from connectory.web.links import Said, said, status_of
from connectory.web.services import WebServices
from connectory.web.settings.frame import done, posted, posted_with_files, render_settings, said_in
from connectory.web.states import Word
from connectory.web.visitors import Member, Visitors

SECTION = "connectors"
KEEP = "keep"
EMPTY = Said("There is no manifest yet: choose a file, or paste its text.", is_bad=True)


@dataclass(frozen=True, slots=True)
class OwnView:
    """One file of this server's folder."""

    name: str
    title: str
    state: Word
    problems: tuple[ManifestProblem, ...]
    is_serving: bool


@dataclass(frozen=True, slots=True)
class CheckedView:
    """What a good manifest will be: what it can do, and where it sends what it is given."""

    name: str
    title: str
    description: str
    destinations: tuple[str, ...]
    sign_in_calls: tuple[str, ...]
    ways: tuple[str, ...]
    actions: tuple[tuple[Effect, str, tuple[str, ...]], ...]
    replaces: bool
    advice: tuple[ManifestProblem, ...]


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
        return await self.page(await self.visitors.member(request), words=said_in(request))

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
        return await self.page(member, text=found[0].text)

    async def take(self, request: Request) -> Response:
        """Check a manifest, and keep it if that was the button and it is good."""
        member, form, files = await posted_with_files(self.visitors, request)
        text = files.get("file") or form.get("manifest", "")
        if not text.strip():
            return await self.page(member, 422, words=EMPTY)
        try:
            checked = await self.services.custom_connectors.check(member.principal, text)
            if checked.connector is not None and form.get("do") == KEEP:
                await self.services.custom_connectors.put(member.principal, text)
                return done(member, SECTION, "connector")
        except ConnectoryError as error:
            words = said(error, self.services.settings.origin)
            return await self.page(member, status_of(error), words=words, text=text)
        return await self.page(member, 200 if checked.connector else 422, text=text, checked=checked)

    async def remove(self, request: Request) -> Response:
        """Remove one that nothing uses."""
        member, _ = await posted(self.visitors, request)
        try:
            await self.services.custom_connectors.remove(member.principal, request.path_params["connector"])
        except ConnectoryError as error:
            return await self.page(member, status_of(error), words=said(error, self.services.settings.origin))
        return done(member, SECTION, "connector-removed")

    async def page(
        self,
        member: Member,
        status: int = 200,
        *,
        words: Said | None = None,
        text: str = "",
        checked: CheckedManifest | None = None,
    ) -> Response:
        """Return the page; with `text` that manifest in its form, and with `checked` what it is."""
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
            problems=checked.problems if checked is not None else (),
            good=view_checked(checked) if checked is not None else None,
            may_check=not member.principal.read_only,
            may_change=await service.may_change(member.principal),
        )


def view_own(one: OwnManifest, title: str | None) -> OwnView:
    """Return a file of the folder; one that is left out has no title."""
    is_serving = title is not None and not one.problems
    state = Word("Works", "good") if is_serving else Word("Left out", "bad")
    return OwnView(one.name, visible(title or one.name), state, one.problems, is_serving)


def view_checked(checked: CheckedManifest) -> CheckedView | None:
    """Return what a good manifest will be."""
    connector = checked.connector
    if connector is None:
        return None
    manifest, actions = connector.manifest, connector.actions.values()
    groups = (
        (effect, title, tuple(one.manifest.title for one in actions if one.effect is effect))
        for effect, title in EFFECT_TITLES.items()
    )
    return CheckedView(
        name=connector.name,
        title=connector.title,
        description=manifest.description,
        destinations=tuple(map(visible, destinations_of(connector))),
        sign_in_calls=tuple(map(visible, calls_of_sign_in(connector))),
        ways=tuple(method.title or method.method for method in connector.auth.values()),
        actions=tuple(group for group in groups if group[2]),
        replaces=checked.replaces,
        advice=checked.advice,
    )
