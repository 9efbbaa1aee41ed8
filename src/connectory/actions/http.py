"""The `http` executor: REST by manifest over the one guarded way out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from connectory.actions.answers import evaluate, is_empty, read_answer
from connectory.actions.executor import HEAVY_BYTES, Outcome, Paging, Target, Verified
from connectory.actions.filling import Values
from connectory.actions.pages import is_below, next_page, page_size
from connectory.actions.raw import RawRequest, prepare_raw
from connectory.actions.redaction import Redactor
from connectory.actions.request import PreparedRequest, prepare, with_credentials
from connectory.catalog.connector import Action
from connectory.catalog.manifest import Answer, Effect
from connectory.errors import InvalidCursor, ProviderError, ProviderUnauthorized, UnexpectedResponse
from connectory.net.client import OutboundClient, OutboundRequest, OutboundResponse

HEADERS_TOLD = ("etag", "last-modified", "location")  # what a raw request may need for its next one
HEADERS_TOLD_OF_HEAD = ("content-type", "content-length")  # besides these, where they are all there is
HEADER_CHARACTERS = 200
PAGES_END = 0.8  # of the call's time, so that what has come is still given when a later page hangs


class HttpExecutor:
    """Sends REST calls; keeps nothing between them but the client's pooled connections."""

    def __init__(self, client: OutboundClient) -> None:
        self._client = client

    async def run(
        self, target: Target, action: Action, arguments: Mapping[str, Any], paging: Paging, *, raw: bool = False
    ) -> Outcome:
        """Send the action's request, and as many whole pages as fit in the limit."""
        spec, limit, page = action.manifest, paging.limit, paging.page
        inputs = {**arguments, "limit": page_size(limit, spec.pages.max_size)} if spec.pages else arguments
        values = _values(target, inputs)
        request = prepare(target.connector, target.auth_method, spec.request, values)
        if page is not None:
            request = self._at_page(target, request, page, values)
        started = asyncio.get_running_loop().time()
        response = await self._send(target, request, target.timeout_s)
        if raw:
            spec = spec.model_copy(update={"answer": spec.answer.model_copy(update={"item": "@"})})
        value = await self._read(target, response, spec.answer)
        if spec.answer.items is None or spec.pages is None:
            is_list = spec.answer.items is not None
            return Outcome(value, is_list, status=response.status, is_empty=is_empty(response))
        following = next_page(spec.pages, response, request.base)
        listing = _Listing(value, following, len(value), {request.url, response.url})
        while listing.has_room(limit):
            left_s = target.timeout_s * PAGES_END - (asyncio.get_running_loop().time() - started)
            if not await self._add_page(target, action, request, values, listing, left_s):
                break
        return Outcome(listing.items, True, listing.next_page, response.status, note=listing.note)

    async def preview(self, target: Target, action: Action, arguments: Mapping[str, Any], paging: Paging) -> Outcome:
        """Build the first request of a call, with `***` where credentials stand."""
        spec = action.manifest
        inputs = {**arguments, "limit": page_size(paging.limit, spec.pages.max_size)} if spec.pages else arguments
        values = Values(inputs, target.facts, dict.fromkeys(target.credentials.secrets(), SecretStr("***")))
        request = prepare(target.connector, target.auth_method, spec.request, values)
        body = None if request.body is None else request.body.decode("utf-8", "replace")
        return Outcome({"method": request.method, "url": request.url, "headers": dict(request.headers), "body": body})

    async def send_raw(self, target: Target, raw: RawRequest) -> Outcome:
        """Send a raw request; the answer comes unprojected, as JSON or text."""
        request = prepare_raw(raw, target.connector, target.auth_method, _values(target, {}))
        response = await self._send(target, request, target.timeout_s)
        is_json = "json" in response.headers.get("content-type", "")
        value = await self._read(
            target, response, Answer.model_validate({"as": "json" if is_json else "text"}), may_be_unmodified=True
        )
        told = (*HEADERS_TOLD, *(HEADERS_TOLD_OF_HEAD if request.method == "HEAD" else ()))
        headers = {name: response.headers[name][:HEADER_CHARACTERS] for name in told if name in response.headers}
        return Outcome(
            value,
            is_list=isinstance(value, list),
            status=response.status,
            is_empty=is_empty(response),
            is_raw=True,
            headers=_redactor(target).clean(headers),
        )

    async def verify(self, target: Target) -> Verified:
        """Run the manifest's verify call; a connector without one is taken at its word."""
        spec = target.connector.manifest.verify
        if spec is None:
            return Verified()
        request = prepare(target.connector, target.auth_method, spec.request, _values(target, {}))
        response = await self._send(target, request, target.timeout_s)
        value = await self._read(target, response, Answer())
        account_id, name = evaluate(spec.account.id, value), evaluate(spec.account.name, value)
        if account_id is None:
            raise UnexpectedResponse(
                f"{target.connector.title} answered, but not with an account.",
                hint="Check that the address and the kind of key are the right ones.",
            )
        granted = response.headers.get(spec.scopes.header, "") if spec.scopes and spec.scopes.header else ""
        scopes = tuple(sorted(filter(None, re.split(r"[,\s]+", granted))))
        return Verified(str(account_id), str(name if name is not None else account_id), scopes)

    async def _add_page(
        self,
        target: Target,
        action: Action,
        request: PreparedRequest,
        values: Values,
        listing: _Listing,
        left_s: float,
    ) -> bool:
        """Add the next page to `listing`; return whether there may be more.

        A page that fails does not take back what has come: of a read that is given, and the list goes on from there.
        """
        pages, page = action.manifest.pages, listing.next_page
        assert pages is not None  # the caller looked, here and below; tells the type checker
        assert page is not None
        if page in listing.seen:
            listing.next_page = None
            title = target.connector.title
            listing.note = f"{title} names a page again that was read already; what comes after it cannot be had."
        if page in listing.seen or left_s <= 0:
            return False
        listing.seen.add(page)
        try:
            response = await self._send(target, self._at_page(target, request, page, values), left_s)
            items = await self._read(target, response, action.manifest.answer)
        except ProviderError as error:
            if action.effect is not Effect.READ or isinstance(error, ProviderUnauthorized):
                raise
            listing.note = f"The next page failed: {error.text}"
            return False
        listing.items += items
        listing.last_size = len(items)
        listing.next_page = next_page(pages, response, request.base)
        return True

    def _at_page(self, target: Target, request: PreparedRequest, page: str, values: Values) -> PreparedRequest:
        if not is_below(page, request.base):
            raise InvalidCursor
        bare = {name: value for name, value in request.headers.items() if name.lower() != "content-type"}
        return with_credentials(
            target.connector, target.auth_method, PreparedRequest("GET", page, bare, None, request.base), values
        )

    async def _send(self, target: Target, request: PreparedRequest, timeout_s: float) -> OutboundResponse:
        return await self._client.send(
            OutboundRequest(request.method, request.url, request.headers, request.body, target.hosts, timeout_s)
        )

    async def _read(
        self, target: Target, response: OutboundResponse, answer: Answer, *, may_be_unmodified: bool = False
    ) -> Any:
        if len(response.body) > HEAVY_BYTES:
            return await asyncio.to_thread(_project, target, response, answer, may_be_unmodified)
        return _project(target, response, answer, may_be_unmodified)


@dataclass(slots=True)
class _Listing:
    """A list while its pages come in."""

    items: list[Any]
    next_page: str | None
    last_size: int  # items on the page that came last
    seen: set[str]  # URLs that were asked for, so that pages which lead back are noticed
    note: str = ""

    def has_room(self, limit: int) -> bool:
        """Whether there is a next page, and one of the last one's size still fits in `limit`."""
        return self.next_page is not None and 0 < self.last_size <= limit - len(self.items)


def _values(target: Target, inputs: Mapping[str, Any]) -> Values:
    return Values(inputs, target.facts, target.credentials.secrets())


def _redactor(target: Target) -> Redactor:
    return Redactor(target.connector, target.auth_method, _values(target, {}))


def _project(target: Target, response: OutboundResponse, answer: Answer, may_be_unmodified: bool) -> Any:
    redactor = _redactor(target)
    value = read_answer(
        response, target.connector, redactor, is_text=answer.kind == "text", may_be_unmodified=may_be_unmodified
    )
    if answer.kind == "text" or value is None:
        return [] if answer.items is not None else value
    if answer.items is None:
        return evaluate(answer.item, value)
    items = evaluate(answer.items, value)
    if not isinstance(items, list):
        raise UnexpectedResponse(
            f"{target.connector.title} answered without the list that was due.", hint="Try again later."
        )
    return [evaluate(answer.item, item) for item in items]
