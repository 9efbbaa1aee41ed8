"""Trying an action by hand: a form from its schema, and the very answer that an agent would get (issue 8, page 3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connectory.auth.connections import Found
from connectory.catalog.connector import Action
from connectory.catalog.manifest import Effect
from connectory.errors import ConnectoryError, UnknownObject
from connectory.gateway.arguments import ArgumentsRefused
from connectory.gateway.results import Result
from connectory.web.confirm import ASKED, EFFECTS
from connectory.web.connection import ROOT, find_connection
from connectory.web.connection_view import view_actions_by_effect
from connectory.web.connectors import NAV
from connectory.web.forms import read_form
from connectory.web.links import CONFIRM, Piece, Said, question_in, said, status_of
from connectory.web.logos import logo_url
from connectory.web.pages import render_member
from connectory.web.services import WebServices
from connectory.web.try_form import is_whole, problems_at_fields, read_arguments, view_inputs, write_arguments
from connectory.web.visitors import Member, Visitors
from connectory.web.way_back import remember_way_back

MEANT = "meant"  # the tick without which nothing is changed
PREVIEW = "preview"
CURSOR = "cursor"
NOT_TICKED = Said("Nothing was done: tick the box to say that you mean it.", is_bad=True)
SHOWN = Said("Only shown: nothing was sent.")
NOT_WHOLE = Said(
    "You said yes, but this form does not show all of that call: a value is too long, or looks like a key. Ask your"
    " assistant to call it, or fill in what is missing and say yes to that."
)
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
    except ArgumentsRefused as error:
        return _refused(action, form, error)
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
        action = _chosen(actions, request)
        return self._page(member, found, actions, action, await self._asked(member, found, action, request))

    async def run(self, request: Request) -> Response:
        """Call the action as the member, and show what an agent would be told."""
        member, form = await self.visitors.member(request), await read_form(request)
        self.visitors.require_csrf(request, form)
        found = await find_connection(self.services, member, request)
        actions = await self._actions(member, found)
        action = _chosen(actions, request)
        outcome = await self._try(member, found, action, form)
        if (link := question_in(outcome.words)) is not None:
            return self._await_yes(request, action, link)
        return self._page(member, found, actions, action, outcome, is_answer=True)

    def _await_yes(self, request: Request, action: Action, link: str) -> Response:
        """Lead to the form as it was filled, where the question stands that must be answered first."""
        query = urlencode({"action": action.tool, ASKED: link})
        response = RedirectResponse(f"{request.url.path}?{query}", status_code=303)
        remember_way_back(response, link, is_https=self.visitors.is_https)
        return response

    async def _asked(self, member: Member, found: Found, action: Action, request: Request) -> Outcome[Result]:
        """The form as it was filled when a rule wanted a yes, which the address names; else an empty one."""
        link, by = request.query_params.get(ASKED, ""), member.principal
        try:
            view = await self.services.confirmations.open(link)
        except UnknownObject:
            return Outcome()
        whose = (view.workspace_id, view.user_id, view.token_id, view.connection_id, view.action)
        if whose != (by.workspace_id, by.user_id, by.token_id, found[0].id, action.tool):
            return Outcome()
        form = write_arguments(action, view.arguments)
        if view.is_confirmed and not is_whole(action, form, view.arguments):
            return Outcome(NOT_WHOLE, form=form)
        if view.is_confirmed:
            return Outcome(_said_yes(action), form={**form, MEANT: "yes"})
        return Outcome(_to_decide(link) if view.is_open else None, form=form)

    async def _try(self, member: Member, found: Found, action: Action, form: Mapping[str, str]) -> Outcome[Result]:
        async def call(arguments: Mapping[str, object]) -> Result:
            sent = {**arguments, **_further(form)}
            return await self.services.gateway.call_action(member.principal, action.tool, sent, connection=found[0].id)

        is_sent, origin = PREVIEW not in form, self.services.settings.origin
        outcome = await try_action(action, form, call, is_sent=is_sent, origin=origin)
        if outcome.result is None:
            return outcome
        return replace(outcome, words=Said(f"Done: “{action.manifest.title}”.") if is_sent else SHOWN)

    async def _actions(self, member: Member, found: Found) -> Sequence[Action]:
        """The actions of the connection that the member may call."""
        permitted = await self.services.gateway.callable_actions(member.principal)
        return [one for one in permitted if one.connector == found[0].connector]

    def _page(
        self,
        member: Member,
        found: Found,
        actions: Sequence[Action],
        action: Action,
        outcome: Outcome[Result],
        *,
        is_answer: bool = False,
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
            is_preview=outcome.words is SHOWN,
            is_answer=is_answer,
            is_meant=not is_answer and outcome.form.get(MEANT) == "yes",  # once sent, each further time is meant anew
        )


def _refused(action: Action, form: Mapping[str, str], error: ArgumentsRefused) -> Outcome[T]:
    """What does not fit the schema: beside its field, and on top what is about none of them."""
    beside = problems_at_fields(action, error.problems)
    others = "; ".join(one.text for one in error.problems if one.argument not in beside)
    words = Said(f"Nothing was done: {others}.", is_bad=True) if others else NOT_READ
    return Outcome(words, None, 422, form, beside)


def _to_decide(link: str) -> Said:
    decide = Piece("Look at the call and decide", f"{CONFIRM}{link}")
    return Said("Nothing was done yet: this call needs a yes first.", (decide,), is_bad=True)


def _said_yes(action: Action) -> Said:
    button = action.manifest.title
    return Said(f"You said yes to exactly this. Press “{button}” within ten minutes: it runs once, as it stands here.")


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
