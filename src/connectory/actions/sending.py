"""One call's sends: within one deadline, counted, repeated where that is harmless, read off the loop where heavy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from connectory.actions.answers import Reading, Reply, read_answer
from connectory.actions.executor import HEAVY_BYTES, MANY_VALUES, SLOW_BYTES, Target
from connectory.actions.filling import Values
from connectory.actions.nango_proxy import NangoProxy
from connectory.actions.redaction import Redactor
from connectory.actions.request import PreparedRequest, prepare, with_credentials
from connectory.actions.retrying import repeat
from connectory.actions.signing import signed
from connectory.actions.watching import Watch, see
from connectory.catalog.manifest import Request
from connectory.errors import BackendUnavailable
from connectory.net.client import OutboundClient, OutboundRequest, OutboundResponse
from connectory.vault.credentials import NangoReference

FURTHER_END = 0.8  # of the call's time: then no further page or detail is asked for, so that what has come is given
T = TypeVar("T")


@dataclass(slots=True)
class Exchange:
    """What one call sends and receives. It ends with the call."""

    client: OutboundClient = field(repr=False)
    target: Target
    may_repeat: bool  # whether the call has no second effect
    started: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    received: int = 0  # bytes of answers
    watch: Watch | None = field(default=None, repr=False)
    proxy: NangoProxy | None = field(default=None, repr=False)

    async def ask(
        self,
        request: PreparedRequest,
        reading: Reading,
        *,
        ends_at: float | None = None,
        may_repeat: bool | None = None,
    ) -> Reply:
        """Send a request and read its answer; both again, where that is harmless and may help.

        Raises what `read_answer` and the way out raise; `ends_at` is by the loop's clock, else the call's own end.
        `may_repeat` is of this request alone.
        """
        last = self.started + self.target.timeout_s if ends_at is None else ends_at

        async def once() -> Reply:
            return await self._once(request, reading, last)

        is_harmless = self.may_repeat if may_repeat is None else may_repeat
        return await repeat(once, last) if is_harmless else await once()

    @property
    def further_ends_at(self) -> float:
        """When the time for further pages and details is over, by the loop's clock."""
        return self.started + self.target.timeout_s * FURTHER_END

    @property
    def is_full(self) -> bool:
        """Whether as much has come as one answer may be large: nothing further is asked for, to bound memory."""
        return self.received >= self.client.max_response_bytes

    async def _once(self, request: PreparedRequest, reading: Reading, ends_at: float) -> Reply:
        method = self.target.connector.auth.get(self.target.auth_method)
        sent = await signed(request, method, self.target.credentials)
        left_s = max(0.0, ends_at - asyncio.get_running_loop().time())
        response = await self._carry(sent, left_s)
        self.received += len(response.body)
        heavy = is_heavy(response.body, HEAVY_BYTES if not reading.is_slow else SLOW_BYTES)
        if self.watch is not None:
            self.watch(await beside(heavy, lambda: see(request, response, reading)))
        return await beside(heavy, lambda: read_answer(response, reading))

    async def _carry(self, request: PreparedRequest, left_s: float) -> OutboundResponse:
        """Send a request the way that its credentials go: from here, or by who keeps them."""
        credentials, hosts = self.target.credentials, self.target.hosts
        if not isinstance(credentials, NangoReference):
            return await self.client.send(
                OutboundRequest(request.method, request.url, request.headers, request.body, hosts, left_s)
            )
        if self.proxy is None:
            raise BackendUnavailable("Nango keeps this sign-in, and is not set up here.", hint="Set NANGO_SECRET_KEY.")
        return await self.proxy.send(request, self.target, credentials, left_s, self.client)


@dataclass(frozen=True, slots=True)
class Plan:
    """One request of a manifest, filled for one connection, page by page."""

    target: Target
    request: Request
    values: Values
    credential: str | None = None
    key: str | None = field(default=None, repr=False)

    def prepared(self, cursor: str | int | float | None = None) -> PreparedRequest:
        """Return the request, for the first page or for the one at `cursor`.

        Raises `InvalidPath`, `InvalidArguments`, `MissingScope`.
        """
        target, values = self.target, self.values
        if cursor is not None:
            values = replace(values, inputs={**values.inputs, "cursor": cursor})
        return prepare(
            target.connector, target.auth_method, self.request, values, credential=self.credential, key=self.key
        )

    def at_address(self, url: str, first: PreparedRequest) -> PreparedRequest:
        """Return the request for a page that is named by its address: a GET, as RFC 8288 links are followed."""
        bare = {name: value for name, value in first.headers.items() if name.lower() != "content-type"}
        return with_credentials(
            self.target.connector,
            self.target.auth_method,
            PreparedRequest("GET", url, bare, None, first.base),
            self.values,
            server=self.request.server,
            credential=self.credential,
        )


async def beside(is_heavy: bool, work: Callable[[], T]) -> T:
    """Do small work here, and heavy work beside the event loop: other calls go on meanwhile."""
    return await asyncio.to_thread(work) if is_heavy else work()


def is_heavy(body: bytes, most_bytes: int = HEAVY_BYTES) -> bool:
    """Whether an expression over the whole of an answer may take long. Commas tell how many values JSON holds."""
    return len(body) > most_bytes or body.count(b",") > MANY_VALUES


def redactor_of(target: Target) -> Redactor:
    """Return what takes the connection's secrets out of answers: what is sent, by whomever, and what renews that."""
    others = (*target.hidden, *target.credentials.unsent())
    hidden = {f"hidden_{number}": secret for number, secret in enumerate(others)}
    secrets = {**target.credentials.secrets(), **hidden}
    return Redactor(target.connector, target.auth_method, Values({}, target.facts, secrets))
