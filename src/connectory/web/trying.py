"""Trying an action by hand: a form from its schema, and the very answer that an agent would get (issue 8, page 3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connectory.auth.connections import Found
from connectory.catalog.connector import Action
from connectory.catalog.manifest import Effect
from connectory.errors import ConnectoryError, UnknownObject
from connectory.gateway.results import Result
from connectory.web.confirm import EFFECTS
from connectory.web.connection import ROOT, find_connection
from connectory.web.connection_view import view_actions_by_effect
from connectory.web.connectors import NAV
from connectory.web.forms import read_form
from connectory.web.links import Said, said, status_of
from connectory.web.logos import logo_url
from connectory.web.pages import render_member
from connectory.web.services import WebServices
from connectory.web.try_form import read_arguments, view_inputs
from connectory.web.visitors import Member, Visitors

MEANT = "meant"  # the tick without which nothing is changed
PREVIEW = "preview"
CURSOR = "cursor"
NOT_TICKED = Said("Nothing was done: tick the box to say that you mean it.", is_bad=True)
NOT_READ = Said("Nothing was done: see the marked fields.", is_bad=True)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What came of a try; `problems` are those of arguments."""

    words: Said | None = None
    result: T | None = None
    status: int = 200
    form: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


async def try_action(
    action: Action,
    form: Mapping[str, str],
    call: Callable[[Mapping[str, object]], Awaitable[T]],
    *,
    is_sent: bool,
    origin: str,
) -> Outcome[T]:
    """Make a call with the arguments that were typed; what changes something, if it is sent, after the tick alone."""
    typed = read_arguments(action, form)
    if typed.problems:
        return Outcome(NOT_READ, None, 422, form, typed.problems)
    if is_sent and action.effect is not Effect.READ and form.get(MEANT) != "yes":
        return Outcome(NOT_TICKED, None, 422, form)
    try:
        result = await call(typed.arguments)
    except ConnectoryError as error:
        is_write = is_sent and action.effect is not Effect.READ
        return Outcome(said(error, origin, is_write=is_write), None, status_of(error), form)
    return Outcome(None, result, 200, form)


@dataclass(frozen=True, slots=True)
class TryPages:
    """`/workspaces/{slug}/connections/{id}/try?action=...`."""

    services: WebServices
    visitors: Visitors

    def routes(self) -> list[Route]:
        """The routes of both."""
        return [
            Route(f"{ROOT}/try", self.show, methods=["GET"]),
            Route(f"{ROOT}/try", self.run, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the form of an action; without one, of the first."""
        member = await self.visitors.member(request)
        found = await find_connection(self.services, member, request)
        actions = await self._actions(member, found)
        if not actions:
            return RedirectResponse(request.url.path.removesuffix("/try"), status_code=303)
        return self._page(member, found, actions, _chosen(actions, request), Outcome())

    async def run(self, request: Request) -> Response:
        """Call the action as the member, and show what an agent would be told."""
        member, form = await self.visitors.member(request), await read_form(request)
        self.visitors.require_csrf(request, form)
        found = await find_connection(self.services, member, request)
        actions = await self._actions(member, found)
        action = _chosen(actions, request)
        outcome = await self._try(member, found, action, form)
        return self._page(member, found, actions, action, outcome)

    async def _try(self, member: Member, found: Found, action: Action, form: Mapping[str, str]) -> Outcome[Result]:
        async def call(arguments: Mapping[str, object]) -> Result:
            sent = {**arguments, **_further(form)}
            return await self.services.gateway.call_action(member.principal, action.tool, sent, connection=found[0].id)

        is_sent, origin = PREVIEW not in form, self.services.settings.origin
        return await try_action(action, form, call, is_sent=is_sent, origin=origin)

    async def _actions(self, member: Member, found: Found) -> Sequence[Action]:
        """The actions of the connection that the member may call."""
        permitted = await self.services.gateway.callable_actions(member.principal)
        return [one for one in permitted if one.connector == found[0].connector]

    def _page(
        self, member: Member, found: Found, actions: Sequence[Action], action: Action, outcome: Outcome[Result]
    ) -> Response:
        row, slug = found[0], member.workspace.slug
        connector = self.services.catalog.connectors.get(row.connector)
        return render_member(
            "try",
            member,
            NAV,
            outcome.status,
            title=connector.title if connector is not None else row.connector,
            logo=logo_url(slug, connector),
            name=row.name,
            path=f"/workspaces/{slug}/connections/{row.id}",
            groups=view_actions_by_effect(actions),
            action=action,
            effect=EFFECTS[action.effect],
            inputs=view_inputs(action, outcome.form, outcome.problems),
            said=outcome.words,
            result=outcome.result,
        )


def _further(form: Mapping[str, str]) -> Mapping[str, object]:
    """What is sent to the gateway beside what was typed: by which button, and where the last page ended."""
    further: dict[str, object] = {"dry_run": True} if PREVIEW in form else {}
    if form.get(CURSOR):
        further[CURSOR] = form[CURSOR]
    return further


def _chosen(actions: Sequence[Action], request: Request) -> Action:
    """The action that the address names. Raises `UnknownObject` for one that may not be called, as for none."""
    name = request.query_params.get("action")
    found = next((one for one in actions if name in (None, one.tool)), None)
    if found is None:
        raise UnknownObject("action", (name or "")[:100])
    return found
