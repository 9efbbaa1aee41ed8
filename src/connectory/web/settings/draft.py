"""Settings: a manifest is tried before it is kept. Its text travels with each form, and nothing of it stays here.

A secret that was typed is used for the one call and goes into no page (attack 74). The service says who may.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectory.auth.backend import Entry, Form, MethodForm, Problem
from connectory.catalog.connector import Action, Connector
from connectory.catalog.own_manifests import CheckedManifest
from connectory.errors import ConnectoryError
from connectory.gateway.drafts import DraftCall, OpenDraft, Tried
from connectory.gateway.trial import Part
from connectory.web.confirm import EFFECTS, visible
from connectory.web.connect_form import MethodView, read_entry, view_methods
from connectory.web.connection_view import view_actions_by_effect
from connectory.web.links import Said, said, status_of
from connectory.web.services import WebServices
from connectory.web.settings.connectors import SECTION, OwnConnectorPages
from connectory.web.settings.connectors_view import view_sending
from connectory.web.settings.frame import posted_with_files, render_settings
from connectory.web.try_form import view_inputs
from connectory.web.trying import MEANT, NOT_READ, Outcome, try_action
from connectory.web.visitors import Member, Visitors

CREDENTIAL_PREFIX = "credential."  # the action may have an argument of the same name
SEND, PREVIEW, CHOOSE = "send", "preview", "choose"
NEXT = "next_"  # what shall be shown, where that is chosen; what a call is about is what was shown
NOT_SIGNED_IN = Said("Nothing was called: the sign-in did not work, see below.", is_bad=True)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the page is about: an action of a draft, and a way to sign in to it."""

    draft: Connector
    action: Action
    ways: Sequence[MethodForm]  # all there are
    way: MethodForm


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
                read = read_entry(form, files, is_local=self.visitors.is_local, prefix=CREDENTIAL_PREFIX)
                entry = entry_for(chosen.way, read)
                outcome = await self._try(trying, chosen.action, entry, form)
        except ConnectoryError as error:
            words = said(error, self.services.settings.origin)
            return await self.own.page(member, status_of(error), words=words, text=text)
        return await self._page(member, text, chosen, entry, outcome)

    async def _try(self, trying: OpenDraft, action: Action, entry: Entry, form: Mapping[str, str]) -> Outcome[Tried]:
        is_sent = form.get("do") == SEND
        if not is_sent and form.get("do") != PREVIEW:
            return Outcome()

        async def call(arguments: Mapping[str, object]) -> Tried:
            return await trying.run(DraftCall(action.tool, arguments, entry, is_sent))

        outcome = await try_action(action, form, call, is_sent=is_sent, origin=self.services.settings.origin)
        if outcome.result is None or not outcome.result.problems:
            return outcome
        return replace(outcome, words=NOT_SIGNED_IN if is_sent else NOT_READ, status=422)

    async def _page(self, member: Member, text: str, chosen: Chosen, entry: Entry, outcome: Outcome[Tried]) -> Response:
        tried, is_local = outcome.result, self.visitors.is_local
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
            ways=[one for one in chosen.ways if one.leaves == chosen.way.leaves],
            elsewhere=[one.title for one in chosen.ways if one.leaves],
            way=view_way(chosen.way, entry, tried.problems if tried is not None else (), is_local=is_local),
            sending=view_sending(chosen.draft),
            inputs=view_inputs(chosen.action, outcome.form, outcome.problems),
            parts=[view_part(one) for one in tried.parts] if tried is not None else [],
            send=SEND,
            preview=PREVIEW,
            choose=CHOOSE,
            meant=MEANT,
        )


def choose(draft: Connector, ways: Sequence[MethodForm], form: Mapping[str, str]) -> Chosen:
    """Return what the form names; else the first action that only reads, and the first way that is typed."""
    prefix = NEXT if form.get("do") == CHOOSE else ""
    tool, method = form.get(f"{prefix}action"), form.get(f"{prefix}method")
    action = min(draft.actions.values(), key=lambda one: (one.tool != tool, one.effect != "read"))
    return Chosen(draft, action, ways, min(ways, key=lambda one: (one.leaves, one.method != method)))


def entry_for(way: MethodForm, read: Entry) -> Entry:
    """Return what was entered for a way to sign in; before that, what its fields begin with."""
    values = {name: read.values.get(name, one.default or "") for name, one in way.fields.items()}
    return Entry(way.method, values, private_confirmed=read.private_confirmed, backend=way.backend or None)


def view_way(way: MethodForm, entry: Entry, problems: tuple[Problem, ...], *, is_local: bool) -> MethodView:
    """Return the fields of a way to sign in, named as those of a credential."""
    (view,) = view_methods(Form((way,), problems), entry, is_local=is_local)
    fields = (
        replace(one, name=f"{CREDENTIAL_PREFIX}{name}") for one, name in zip(view.fields, way.fields, strict=True)
    )
    return replace(view, fields=tuple(fields))


def view_part(part: Part) -> Part:
    """Return a part with nothing hidden in its texts."""
    lines = (line for text in part.lines for line in text.split("\n"))
    return Part(part.title, tuple(visible(line) for line in lines))
