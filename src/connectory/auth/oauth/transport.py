"""Authlib's way out: every request of a sign-in passes `OutboundClient`, with its address checks and limits.

Redirects are not followed (attack 19): a token request that is repeated elsewhere gives the code, or the client's
secret, to whoever stands there.
"""

from __future__ import annotations

import httpx2

from connectory.auth.oauth.way import MAX_ANSWER_BYTES, TIMEOUT_S
from connectory.net.address import HostRule
from connectory.net.client import OutboundClient, OutboundRequest

_OURS = frozenset({"host", "content-length", "accept-encoding", "connection", "user-agent"})  # `net` sets them


class GuardedTransport(httpx2.AsyncBaseTransport):
    """An httpx2 transport that sends to one origin."""

    def __init__(self, client: OutboundClient, rule: HostRule) -> None:
        self._client = client
        self._rule = rule

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it. Raises what `OutboundClient.send` raises."""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OURS}
        answer = await self._client.send(
            OutboundRequest(
                request.method,
                str(request.url),
                headers,
                await request.aread(),
                (self._rule,),
                TIMEOUT_S,
                follow_redirects=False,
                max_bytes=MAX_ANSWER_BYTES,
            )
        )
        return httpx2.Response(answer.status, headers=answer.headers, content=answer.body, request=request)
