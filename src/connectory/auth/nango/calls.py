"""One request to Nango's API and its answer: the key, the time, the rate limit, JSON or not.

Nango counts all environments and proxy calls of an account together (200 in 60 s by default): once it says 429 nobody
here asks again before `Retry-After` is over. A short wait is waited for, a long one is an error at once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import SecretStr

from connectory.auth.nango.answers import NangoAnswer
from connectory.auth.nango.refusals import ADDRESS_HINT, KEY_HINT, common_refusal, not_nango
from connectory.errors import (
    HeaderRefused,
    NangoRefused,
    NangoUnavailable,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
)
from connectory.net.address import HostRule
from connectory.net.client import OutboundClient, OutboundRequest, OutboundResponse

TIMEOUT_S = 20.0  # a read may refresh at the provider first
LONGEST_WAIT_S = 5.0  # of a call that meets the rate limit; calls have 50 s in all
LONGEST_PAUSE_S = 120.0  # that a Retry-After is believed for; Nango's window has 60
LONG_ANSWER_BYTES = 262_144  # reading more would hold up the loop
Query = Sequence[tuple[str, str]]
Sleep = Callable[[float], Awaitable[None]]


class NangoCalls:
    """Sends requests to one Nango with one key."""

    def __init__(
        self,
        client: OutboundClient,
        host: str,
        key: SecretStr,
        *,
        timeout_s: float = TIMEOUT_S,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._client = client
        self._rule = HostRule(host)
        self._host = host
        self._key = key
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._paused_until = 0.0  # by the loop's clock

    async def ask(
        self,
        method: str,
        path: Sequence[str],
        *,
        query: Query = (),
        body: Mapping[str, Any] | None = None,
        token: SecretStr | None = None,
        etag: str | None = None,
        hidden: Collection[str] = (),
    ) -> NangoAnswer:
        """Return the answer; of the errors only those whose meaning depends on what was asked.

        `path` is in parts, each quoted whole. `token`: of a connect session, in the key's place. `hidden`: values in
        `body` that no error may repeat. Raises `NangoUnavailable`, `NangoRefused`, `RateLimited`.
        """
        key = (token or self._key).get_secret_value()
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        if etag is not None:
            headers["If-None-Match"] = etag
        if body is not None:
            headers["Content-Type"] = "application/json"
        url = f"{self._host}/{'/'.join(quote(part, safe='') for part in path)}"
        request = OutboundRequest(
            method,
            f"{url}?{urlencode(query, quote_via=quote)}" if query else url,
            headers,
            None if body is None else json.dumps(body, separators=(",", ":")).encode(),
            (self._rule,),
            self._timeout_s,
            follow_redirects=False,
        )
        response = await self._within_limit(request)
        answer = await self._answer(response, (key, *hidden))
        if token is not None and answer.status == 401:
            return answer  # about the session, not about our key
        if (refusal := common_refusal(answer)) is not None:
            raise refusal
        return answer

    async def _within_limit(self, request: OutboundRequest) -> OutboundResponse:
        """Send it, a second time where Nango asked for a short wait."""
        await self._wait()
        response = await self._send(request)
        if response.status != 429:
            return response
        self._pause(response)
        await self._wait()
        response = await self._send(request)
        if response.status == 429:
            self._pause(response)
            raise _limited(self._left_s())
        return response

    async def _send(self, request: OutboundRequest) -> OutboundResponse:
        try:
            return await self._client.send(request)
        except ProviderTimeout:
            raise NangoUnavailable(
                f"Nango at {self._host} did not answer within {self._timeout_s:g} s.", hint="Try again in a moment."
            ) from None
        except ProviderUnavailable as error:
            raise NangoUnavailable(
                f"Nango at {self._host} cannot be reached: {error.message}", hint=ADDRESS_HINT
            ) from None
        except HeaderRefused:  # it says which header, and the only one that is not ours is the key's
            raise NangoRefused("NANGO_SECRET_KEY holds a character that no key has.", hint=KEY_HINT) from None

    async def _answer(self, response: OutboundResponse, hidden: Collection[str]) -> NangoAnswer:
        if len(response.body) > LONG_ANSWER_BYTES:
            return await asyncio.to_thread(self._read, response, hidden)
        return self._read(response, hidden)

    def _read(self, response: OutboundResponse, hidden: Collection[str]) -> NangoAnswer:
        etag = response.headers.get("etag")
        if response.status in (204, 304) or (response.status >= 500 and not response.body):
            return NangoAnswer(response.status, {}, hidden, etag)
        if "json" not in response.headers.get("content-type", "").lower():
            raise not_nango(self._host, response.status)
        try:
            body = json.loads(response.body)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict) or 300 <= response.status < 400:
            raise not_nango(self._host, response.status)
        return NangoAnswer(response.status, body, hidden, etag)

    def _left_s(self) -> float:
        return max(0.0, self._paused_until - asyncio.get_running_loop().time())

    def _pause(self, response: OutboundResponse) -> None:
        said = response.headers.get("retry-after", "")
        wait_s = min(float(said), LONGEST_PAUSE_S) if said.isdecimal() else LONGEST_WAIT_S
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + wait_s)

    async def _wait(self) -> None:
        left_s = self._left_s()
        if left_s > LONGEST_WAIT_S:
            raise _limited(left_s)
        if left_s > 0:
            await self._sleep(left_s)


def _limited(left_s: float) -> RateLimited:
    return RateLimited(
        "Nango's rate limit is reached (429).", hint="Try again after the wait.", retry_after_s=max(1.0, left_s)
    )
