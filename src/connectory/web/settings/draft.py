"""Settings: a manifest is tried before it is kept. Its text travels with each form, and nothing of it stays here.

A secret that was typed is used for the one call and goes into no page (attack 74). The service says who may.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectory.auth.backend import Entry, Form, MethodForm, Problem
from connectory.catalog.connector import Action, Connector
from connectory.catalog.manifest import Effect
from connectory.catalog.own_manifests import CheckedManifest
from connectory.errors import ConnectoryError
from connectory.gateway.drafts import DraftCall, OpenDraft
from connectory.gateway.trial import Part, Trial, describe_answer, describe_outcome, describe_request, notes_of
from connectory.web.confirm import EFFECTS, visible
from connectory.web.connect_form import FILE_PREFIX, MethodView, view_methods
from connectory.web.connection_view import view_actions_by_effect
from connectory.web.links import Said, said, status_of
from connectory.web.services import WebServices
from connectory.web.settings.connectors import SECTION, OwnConnectorPages
from connectory.web.settings.frame import posted_with_files, render_settings
from connectory.web.try_form import read_arguments, view_inputs
from connectory.web.trying import MEANT, NOT_READ, NOT_TICKED
from connectory.web.visitors import Member, Visitors

CREDENTIAL_PREFIX = "credential."  # the action may have an argument of the same name
SEND, PREVIEW = "send", "preview"
NOT_SIGNED_IN = Said("Nothing was called: the sign-in did not work, see below.", is_bad=True)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the page is about: an action of a draft, and a way to sign in to it."""

    draft: Connector
    action: Action
    ways: Sequence[MethodForm]  # all there are
    way: MethodForm


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try."""

    entry: Entry
    words: Said | None = None
    status: int = 200
    wrong_entry: tuple[Problem, ...] = ()
    typed: Mapping[str, str] = field(default_factory=dict)
    wrong_arguments: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftPages:
    """`/workspaces/{slug}/settings/connectors/try`."""

    services: WebServices
    visitors: Visitors
    own: OwnConnectorPages

    def routes(self) -> list[Route]:
        """The route of the page, which a manifest's text leads to."""
        return [Route("/workspaces/{slug}/settings/connectors/try", self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        """Show the form for one call of a draft, or make the call. What is no good manifest goes back to be mended."""
        member, form, files = await posted_with_files(self.visitors, request)
        text = form.get("manifest", "")
        try:
            draft = await self.services.drafts.check(member.principal, text)
            if isinstance(draft, CheckedManifest):
                return await self.own.page(member, 422, text=text, checked=draft)
            async with self.services.drafts.opened(draft) as trying:
                chosen = choose(draft.connector, trying.ways, form)
                entry = read_entry(chosen.way, form, files, is_local=self.visitors.is_local)
                is_tried = form.get("do") in (SEND, PREVIEW)
                outcome = await self._try(trying, chosen.action, entry, form) if is_tried else Outcome(entry)
        except ConnectoryError as error:
            words = said(error, self.services.settings.origin)
            return await self.own.page(member, status_of(error), words=words, text=text)
        return await self._page(member, text, chosen, outcome)

    async def _try(self, trying: OpenDraft, action: Action, entry: Entry, form: Mapping[str, str]) -> Outcome:
        is_sent, typed = form.get("do") == SEND, read_arguments(action, form)
        again = Outcome(entry, status=422, typed=form)
        if typed.problems:
            return replace(again, words=NOT_READ, wrong_arguments=typed.problems)
        if is_sent and action.effect is not Effect.READ and form.get(MEANT) != "yes":
            return replace(again, words=NOT_TICKED)
        try:
            tried = await trying.run(DraftCall(action.tool, typed.arguments, entry, is_sent))
        except ConnectoryError as error:
            return replace(again, words=said(error, self.services.settings.origin), status=status_of(error))
        if tried.problems:
            parts = tuple(view_sign_in(tried.trial))
            words = NOT_SIGNED_IN if is_sent else NOT_READ
            return replace(again, words=words, wrong_entry=tried.problems, parts=parts)
        return replace(again, status=200, parts=tuple(view_trial(tried.trial, is_sent=is_sent)))

    async def _page(self, member: Member, text: str, chosen: Chosen, outcome: Outcome) -> Response:
        is_typed = not chosen.way.leaves
        return await render_settings(
            self.services,
            "settings_try",
            member,
            SECTION,
            outcome.status,
            said=outcome.words,
            text=text,
            draft=chosen.draft,
            action=chosen.action,
            effect=EFFECTS[chosen.action.effect],
            groups=view_actions_by_effect(list(chosen.draft.actions.values())),
            ways=[one for one in chosen.ways if one.leaves is not is_typed],
            elsewhere=[one.title for one in chosen.ways if one.leaves],
            way=view_way(chosen.way, outcome, is_local=self.visitors.is_local),
            inputs=view_inputs(chosen.action, outcome.typed, outcome.wrong_arguments),
            parts=outcome.parts,
            send=SEND,
            preview=PREVIEW,
            meant=MEANT,
        )


def choose(draft: Connector, ways: Sequence[MethodForm], form: Mapping[str, str]) -> Chosen:
    """Return what the form names; else the first action that only reads, and the first way that is typed."""
    action = min(draft.actions.values(), key=lambda one: (one.tool != form.get("action"), one.effect != "read"))
    return Chosen(draft, action, ways, min(ways, key=lambda one: (one.leaves, one.method != form.get("method"))))


def read_entry(way: MethodForm, form: Mapping[str, str], files: Mapping[str, str], *, is_local: bool) -> Entry:
    """Return what was entered for a way to sign in; an uploaded file goes before text that was pasted in its place."""
    values = {
        name: files.get(f"{FILE_PREFIX}{name}") or form.get(f"{CREDENTIAL_PREFIX}{name}", one.default or "")
        for name, one in way.fields.items()
    }
    confirmed = is_local and form.get("private_confirmed") == "yes"
    return Entry(way.method, values, private_confirmed=confirmed, backend=way.backend or None)


def view_way(way: MethodForm, outcome: Outcome, *, is_local: bool) -> MethodView:
    """Return the fields of a way to sign in, named as those of a credential."""
    (view,) = view_methods(Form((way,), outcome.wrong_entry), outcome.entry, is_local=is_local)
    fields = (
        replace(one, name=f"{CREDENTIAL_PREFIX}{name}") for one, name in zip(view.fields, way.fields, strict=True)
    )
    return replace(view, fields=tuple(fields))


def view_trial(trial: Trial, *, is_sent: bool) -> Sequence[Part]:
    """Return the parts of a trial as `connectory manifest try` shows them, with nothing hidden in their texts."""
    parts = [describe_request(trial)]
    if is_sent:
        outcome = describe_outcome(trial)
        if (error := trial.error) is not None:
            told = (f"{error.code}: {error.message}", *([error.hint] if error.hint else []))
            outcome = replace(outcome, lines=(*outcome.lines, "", *told))
        parts += [describe_answer(trial), outcome]
        if notes := notes_of(trial):
            parts.append(Part("Notes", notes))
    return [_plain(one) for one in parts]


def view_sign_in(trial: Trial) -> Sequence[Part]:
    """Return what was answered to a sign-in that did not work, as far as somebody was asked."""
    answer = replace(describe_answer(trial), title="The provider's answer to the sign-in")
    return [_plain(answer)] if trial.seen else []


def _plain(part: Part) -> Part:
    lines = (line for text in part.lines for line in text.split("\n"))
    return Part(part.title, tuple(visible(line) for line in lines))
