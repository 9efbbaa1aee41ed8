"""The `http` executor: REST and GraphQL by manifest over the one guarded way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any
from uuid import uuid4

from connectory.actions.answers import Reading, Reply, is_empty
from connectory.actions.executor import Choice, Outcome, Paging, Target, Verified
from connectory.actions.expanding import expand
from connectory.actions.filling import Values, absent, fill_text
from connectory.actions.listing import Listing, Paged, read_list
from connectory.actions.nango_proxy import NangoProxy, as_carried, note_on_headers
from connectory.actions.pages import cursor_value, page_size, tells_size
from connectory.actions.raw import RawRequest, prepare_raw
from connectory.actions.request import preview
from connectory.actions.rules import Rules
from connectory.actions.sending import Exchange, Plan, redactor_of
from connectory.actions.stepping import take_steps
from connectory.actions.verifying import read_choices, read_verified
from connectory.actions.watching import Watch
from connectory.catalog.connector import Action
from connectory.catalog.manifest import ActionManifest, Answer, Effect, OAuth2Method, Proof
from connectory.catalog.template import KEY
from connectory.errors import MissingScope, ProviderForbidden
from connectory.net.client import OutboundClient

HEADERS_TOLD = ("etag", "last-modified", "location")  # what a raw request may need for its next one
HEADERS_TOLD_OF_HEAD = ("content-type", "content-length")  # besides these, where they are all there is
HEADER_CHARACTERS = 200


class HttpExecutor:
    """Sends REST and GraphQL calls; keeps nothing between them but the client's pooled connections."""

    def __init__(
        self,
        client: OutboundClient,
        *,
        new_key: Callable[[], str] = lambda: str(uuid4()),
        watch: Watch | None = None,
        proxy: NangoProxy | None = None,
    ) -> None:
        self._client, self._watch, self._proxy = client, watch, proxy
        self._new_key = new_key  # for idempotency keys: one for each call

    async def run(
        self, target: Target, action: Action, arguments: Mapping[str, Any], paging: Paging, *, raw: bool = False
    ) -> Outcome:
        """Send the action's request, as many whole pages as fit in the limit, and what its items are expanded with."""
        spec, target = action.manifest, as_carried(target, action)
        plan = self._plan(target, spec, arguments, paging)
        reading = _reading(target, spec, plan.values, is_raw=raw)
        exchange = self._exchange(target, may_repeat=spec.is_idempotent or plan.key is not None)
        if spec.steps:
            plan = await take_steps(exchange, plan, reading, spec.steps)
            reading = _reading(target, spec, plan.values, is_raw=raw)
        if spec.pages is not None and spec.answer.items is not None:
            size = page_size(paging.limit, spec.pages.max_size)
            paged = Paged(plan, reading, spec.pages, size, is_size_told=tells_size(spec))
            listing, reply = await read_list(exchange, paged, paging.page, paging.limit)
        else:
            reply = await exchange.ask(plan.prepared(), reading)
            listing = Listing(reply.items or [], reply.value, notes=[reply.note] if reply.note else [])
        if reply.items is None:
            return _outcome(reply)
        if spec.answer.expand is not None and not raw:
            await expand(exchange, plan, reading, spec.answer.expand, listing)
        whole = _outcome(reply)
        return replace(
            whole, value=listing.values, is_list=True, next_page=listing.next_page, note="\n".join(listing.notes)
        )

    async def preview(self, target: Target, action: Action, arguments: Mapping[str, Any], paging: Paging) -> Outcome:
        """Return the first request of a call."""
        spec, page = action.manifest, paging.page
        plan = self._plan(target, spec, arguments, paging)
        values = plan.values
        if page is not None and spec.pages is not None and not spec.pages.follows_address:
            values = replace(values, inputs={**values.inputs, "cursor": cursor_value(spec.pages, page)})
        first = spec.steps[0].request if spec.steps else spec.request
        shown = preview(target.connector, first, values, key=None if spec.steps else plan.key)
        if page is not None and spec.pages is not None and spec.pages.follows_address:
            headers = {name: value for name, value in shown.headers.items() if name.lower() != "content-type"}
            shown = replace(shown, method="GET", url=page, headers=headers, body=None)
        return Outcome(asdict(shown))

    async def send_raw(self, target: Target, raw: RawRequest) -> Outcome:
        """Send a raw request, once; the answer comes unprojected, as JSON or text."""
        target = as_carried(target)
        values = Values({}, target.facts, target.credentials.secrets())
        request = prepare_raw(raw, target.connector, target.auth_method, values)
        exchange = self._exchange(target, may_repeat=False)
        redactor = redactor_of(target)
        reading = Reading(Rules(target.connector), redactor, None, may_be_unmodified=True)
        reply = await exchange.ask(request, reading)
        told = (*HEADERS_TOLD, *(HEADERS_TOLD_OF_HEAD if request.method == "HEAD" else ()))
        came = reply.response.headers
        headers = {name: redactor.clean(came[name])[:HEADER_CHARACTERS] for name in told if name in came}
        return replace(
            _outcome(reply),
            is_list=isinstance(reply.value, list),
            is_raw=True,
            headers=headers,
            note=note_on_headers(target, request.method),
        )

    async def verify(self, target: Target) -> Verified:
        """Run the verify call, or the one beside it; a connector without one is taken at its word."""
        target = as_carried(target)
        spec = target.connector.verify_of(target.auth_method)
        if spec is None:
            return Verified()
        try:
            return await self._prove(target, spec)
        except (ProviderForbidden, MissingScope):
            if spec.otherwise is None:
                raise
        return await self._prove(target, spec.otherwise)

    async def list_choices(self, target: Target) -> list[Choice]:
        """Run the call after which the person chooses, and read each item's id, name and facts."""
        target = as_carried(target)
        method = target.connector.auth[target.auth_method]
        assert isinstance(method, OAuth2Method), "only such a method has one"
        assert method.choose is not None, "the sign-in has looked"
        values = Values({}, target.facts, target.credentials.secrets())
        redactor = redactor_of(target)
        reading = Reading(Rules(target.connector), redactor, Answer())
        plan = Plan(target, method.choose.request, values)
        reply = await self._exchange(target, may_repeat=True).ask(plan.prepared(), reading)
        return read_choices(method, method.choose, reply, redactor.clean)

    async def _prove(self, target: Target, spec: Proof) -> Verified:
        values = Values({}, target.facts, target.credentials.secrets())
        rules = Rules(target.connector, is_graphql=spec.request.graphql is not None)
        redactor = redactor_of(target)
        reading = Reading(rules, redactor, Answer())
        exchange = self._exchange(target, may_repeat=True)
        reply = await exchange.ask(Plan(target, spec.request, values).prepared(), reading)
        return read_verified(spec, reply, redactor.clean, target.connector.title)

    def _exchange(self, target: Target, *, may_repeat: bool) -> Exchange:
        return Exchange(self._client, target, may_repeat=may_repeat, watch=self._watch, proxy=self._proxy)

    def _plan(self, target: Target, spec: ActionManifest, arguments: Mapping[str, Any], paging: Paging) -> Plan:
        """The action's request with its values; a write has a fresh idempotency key, which not every one uses."""
        key = self._new_key() if spec.effect is not Effect.READ else None
        given: dict[str, Any] = {} if key is None else {KEY: key}
        if spec.pages is not None:
            given["limit"] = page_size(paging.limit, spec.pages.max_size)
        nullable = frozenset(name for name, one in spec.inputs.items() if one.nullable)
        values = Values({**arguments, **given}, target.facts, target.credentials.secrets(), nullable=nullable)
        takes = spec.takes(target.connector.manifest.idempotency)
        return Plan(target, spec.request, values, spec.credential, key if takes else None)


def _reading(target: Target, spec: ActionManifest, values: Values, *, is_raw: bool) -> Reading:
    """How the action's answers are read. `raw` of a list without pages is all that came, not its items alone."""
    rules = Rules(target.connector, spec.errors, spec.request.graphql is not None, spec.effect is Effect.READ)
    is_whole = is_raw and spec.pages is None
    answer = spec.answer.model_copy(update={"items": None}) if is_whole else spec.answer
    name = None if answer.file_name is None else fill_text(answer.file_name, values)
    return Reading(rules, redactor_of(target), answer, is_raw, file_name=None if absent(name) else name)


def _outcome(reply: Reply) -> Outcome:
    """What one answer is for the agent."""
    return Outcome(
        reply.value,
        status=reply.response.status,
        is_empty=is_empty(reply.response),
        note=reply.note,
        file=reply.file,
    )
