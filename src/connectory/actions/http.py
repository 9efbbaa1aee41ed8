"""The `http` executor: REST by manifest over the one guarded way out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connectory.actions.answers import evaluate, read_answer
from connectory.actions.executor import Outcome, Target
from connectory.actions.filling import Values
from connectory.actions.pages import is_below, next_page, page_size
from connectory.actions.raw import RawRequest, prepare_raw
from connectory.actions.redaction import without_credentials
from connectory.actions.request import PreparedRequest, prepare, with_credentials
from connectory.catalog.connector import Action
from connectory.catalog.manifest import Answer
from connectory.errors import InvalidCursor, UnexpectedResponse
from connectory.net.client import OutboundClient, OutboundRequest, OutboundResponse

HEAVY_BYTES = 200_000  # more than this is parsed and projected off the event loop (about 10 ms)


class HttpExecutor:
    """Sends REST calls; keeps nothing between them but the client's pooled connections."""

    def __init__(self, client: OutboundClient) -> None:
        self._client = client

    async def run(
        self, target: Target, action: Action, arguments: Mapping[str, Any], limit: int, page: str | None
    ) -> Outcome:
        """Send the action's request, and as many whole pages as fit in `limit`."""
        spec = action.manifest
        inputs = {**arguments, "limit": page_size(limit, spec.pages.max_size)} if spec.pages else arguments
        values = _values(target, inputs)
        request = prepare(target.connector, target.auth_method, spec.request, values)
        if page is not None:
            request = self._at_page(target, request, page, values)
        response = await self._send(target, request)
        if spec.answer.items is None or spec.pages is None:
            value = await self._read(target, response, spec.answer)
            return Outcome(value, is_list=spec.answer.items is not None)
        return await self._pages(target, action, request, response, values, limit)

    async def send_raw(self, target: Target, raw: RawRequest) -> Outcome:
        """Send a raw request; the answer comes unprojected, as JSON or text."""
        request = prepare_raw(raw, target.connector, target.auth_method, _values(target, {}))
        response = await self._send(target, request)
        is_json = "json" in response.headers.get("content-type", "")
        value = await self._read(target, response, Answer(text=not is_json))
        return Outcome(value, is_list=isinstance(value, list))

    async def verify(self, target: Target) -> tuple[str | None, str | None, tuple[str, ...]]:
        """Run the manifest's verify call; a connector without one is taken at its word."""
        spec = target.connector.manifest.verify
        if spec is None:
            return None, None, ()
        request = prepare(target.connector, target.auth_method, spec, _values(target, {}))
        response = await self._send(target, request)
        value = await self._read(target, response, Answer())
        account_id, name = evaluate(spec.account.id, value), evaluate(spec.account.name, value)
        if account_id is None:
            raise UnexpectedResponse(
                f"{target.connector.title} answered, but not with an account.",
                hint="Check that the address and the kind of key are the right ones.",
            )
        granted = response.headers.get(spec.scopes_header, "") if spec.scopes_header else ""
        scopes = tuple(sorted(filter(None, re.split(r"[,\s]+", granted))))
        return str(account_id), str(name if name is not None else account_id), scopes

    async def _pages(
        self,
        target: Target,
        action: Action,
        request: PreparedRequest,
        response: OutboundResponse,
        values: Values,
        limit: int,
    ) -> Outcome:
        """Collect whole pages while another one of the last size still fits in `limit`."""
        pages, items = action.manifest.pages, []
        assert pages is not None  # the caller looked; tells the type checker
        while True:
            page = await self._read(target, response, action.manifest.answer)
            items += page
            following = next_page(pages, response, request.base)
            if following is None or not page or len(items) + len(page) > limit:
                return Outcome(items, is_list=True, next_page=following)
            if following == response.url:
                raise UnexpectedResponse(
                    f"{target.connector.title} names the same page as its own next one.", hint="Use a smaller limit."
                )
            response = await self._send(target, self._at_page(target, request, following, values))

    def _at_page(self, target: Target, request: PreparedRequest, page: str, values: Values) -> PreparedRequest:
        if not is_below(page, request.base):
            raise InvalidCursor
        bare = {name: value for name, value in request.headers.items() if name.lower() != "content-type"}
        return with_credentials(
            target.connector, target.auth_method, PreparedRequest("GET", page, bare, None, request.base), values
        )

    async def _send(self, target: Target, request: PreparedRequest) -> OutboundResponse:
        return await self._client.send(
            OutboundRequest(request.method, request.url, request.headers, request.body, target.hosts, target.timeout_s)
        )

    async def _read(self, target: Target, response: OutboundResponse, answer: Answer) -> Any:
        if len(response.body) > HEAVY_BYTES:
            return await asyncio.to_thread(_project, target, response, answer)
        return _project(target, response, answer)


def _values(target: Target, inputs: Mapping[str, Any]) -> Values:
    return Values(inputs, target.facts, target.credentials.secrets())


def _project(target: Target, response: OutboundResponse, answer: Answer) -> Any:
    values = _values(target, {})
    secrets = [secret.get_secret_value() for secret in target.credentials.secrets().values()]
    body = without_credentials(response.body, target.connector, target.auth_method, values)
    value = read_answer(replace(response, body=body), target.connector, is_text=answer.text, secrets=secrets)
    if answer.text or value is None:
        return [] if answer.items is not None else value
    if answer.items is None:
        return evaluate(answer.item, value)
    items = evaluate(answer.items, value)
    if not isinstance(items, list):
        raise UnexpectedResponse(
            f"{target.connector.title} answered without the list that was due.", hint="Try again later."
        )
    return [evaluate(answer.item, item) for item in items]
