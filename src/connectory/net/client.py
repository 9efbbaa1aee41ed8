"""The one guarded way out: every request of a connector, of discovery and of verification passes `OutboundClient.send`.

It works on transports, below httpx2's client: that one keeps cookies, reads proxies and netrc from the environment,
follows redirects by rules of its own and logs every URL, keys in the query included. Libraries are imported when the
first request is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from connectory import __version__
from connectory.errors import HostRefused, InvalidArguments, ProviderTimeout, RedirectRefused
from connectory.net.address import AllowList, HostRule, check_host
from connectory.net.body import ACCEPT_ENCODING, drain, read_body
from connectory.net.headers import check_headers
from connectory.net.redirects import FOLLOWED, MAX_REDIRECTS, Hop, next_hop
from connectory.net.turns import Turns
from connectory.net.url import Url, origin_of, parse_url

if TYPE_CHECKING:
    import ssl

    import httpcore2
    import httpx2

    from connectory.net.transport import Answer, Resolver, SystemResolver, Transport

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
USER_AGENT = f"connectory/{__version__}"
WAITING_SHARE = 0.5  # of the time that is left; a request that waits longer for its turn could not be answered either


@dataclass(frozen=True, slots=True)
class OutboundRequest:
    """One request and the origins it may go to. `timeout_s` limits all of it, redirects and body included."""

    method: str
    url: str = field(repr=False)  # the query may hold a key
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    hosts: tuple[HostRule, ...]
    timeout_s: float
    follow_redirects: bool = True
    max_bytes: int | None = None  # of the decoded answer, where less is meant than the client's own limit


@dataclass(frozen=True, slots=True)
class OutboundResponse:
    """The final answer. `body` is decoded, so Content-Encoding is gone from `headers`; `url` is where it came from."""

    status: int
    headers: httpx2.Headers = field(repr=False)
    body: bytes = field(repr=False)
    url: str = field(repr=False)


class OutboundClient:
    """Sends requests over pooled connections. It keeps nothing of one request for the next: no cookies, no credentials.

    `allow_hosts`: the operator's `host:port` that may be private. `believes_persons`: whether a person's confirmation
    of a private address counts, as it does in local mode only; one that was given before the installation became a
    fleet's does not. `mounts`: origin → transport inside this process.
    """

    def __init__(
        self,
        *,
        allow_hosts: Collection[str] = (),
        believes_persons: bool = False,
        proxy: str | None = None,
        max_response_bytes: int = 10_000_000,
        mounts: Mapping[str, httpx2.AsyncBaseTransport] = MappingProxyType({}),
        resolver: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._allow = AllowList(allow_hosts)
        self._believes_persons = believes_persons
        self._proxy = _proxy(proxy) if proxy else None
        self.max_response_bytes = max_response_bytes
        self._mounts = {origin_of(origin): transport for origin, transport in mounts.items()}
        self._resolver = resolver
        self._own_resolver: SystemResolver | None = None
        self._ssl_context = ssl_context
        self._transports: dict[str | bool, Transport] = {}  # by mounted origin, or by whether private was confirmed
        self._opening = asyncio.Lock()
        self._turns = Turns()

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """Return the provider's answer, whatever its status.

        Raises `InvalidArguments`, `InvalidPath`, `HeaderRefused`, `HostRefused`, `AddressRefused` before anything is
        sent; later `RedirectRefused`, `ProviderUnavailable`, `ProviderTimeout`, `ResponseTooLarge`,
        `UnexpectedResponse`.
        """
        if request.method not in METHODS:
            raise InvalidArguments("This HTTP method is not sent.", hint=f"Use one of {', '.join(sorted(METHODS))}.")
        rules = _rules(request.hosts)
        hop = Hop(request.method, parse_url(request.url), check_headers(request.headers), request.body)
        _require_owned(hop.url, rules)
        try:
            async with asyncio.timeout(request.timeout_s):
                ends_at = asyncio.get_running_loop().time() + request.timeout_s
                return await self._follow(hop, rules, request, ends_at)
        except TimeoutError:
            raise ProviderTimeout(
                f"{hop.url.host} did not answer within {request.timeout_s:g} s.",
                hint="Try again later, or ask for less; after a write, look first whether it was done.",
            ) from None

    def check(self, url: str, hosts: Collection[HostRule]) -> Url:
        """Return a URL that somebody else will send to for us, checked as far as it can be without a look-up.

        Raises `InvalidPath`, `HostRefused`, and `AddressRefused` for a host that is an address we would not connect to.
        """
        found, rules = parse_url(url), _rules(hosts)
        rule = _require_owned(found, rules)
        if found.origin not in self._mounts:
            confirmed = self._believes_persons and rule.private_confirmed
            check_host(found.host, found.port, allow=self._allow, private_confirmed=confirmed)
        return found

    async def aclose(self) -> None:
        """Close all connections."""
        transports, self._transports = list(self._transports.values()), {}
        for transport in transports:
            await transport.aclose()
        if self._own_resolver is not None:
            self._own_resolver.close()

    async def _follow(
        self, hop: Hop, rules: Mapping[str, HostRule], request: OutboundRequest, ends_at: float
    ) -> OutboundResponse:
        """Send `hop` and those that redirects lead to, at most `MAX_REDIRECTS` of them."""
        been = {(hop.method, str(hop.url))}
        while True:
            left_s = ends_at - asyncio.get_running_loop().time()
            async with self._turns.turn(hop.url.origin, left_s * WAITING_SHARE):
                answer = await self._exchange(hop, rules[hop.url.origin], request)
            if isinstance(answer, OutboundResponse):
                return answer
            status, location = answer
            hop = next_hop(hop, status, location, rules.keys())
            if (hop.method, str(hop.url)) in been or len(been) > MAX_REDIRECTS:
                raise RedirectRefused(
                    "The provider redirects in a circle, or too often.",
                    hint="Try again later; the service is misconfigured.",
                )
            been.add((hop.method, str(hop.url)))

    async def _exchange(self, hop: Hop, rule: HostRule, request: OutboundRequest) -> OutboundResponse | tuple[int, str]:
        """Send one hop; return its answer, or status and Location where it is a redirect to follow."""
        from connectory.net.transport import CONNECT_TIMEOUT_S, FOREIGN_ERRORS, explain

        transport = await self._transport(hop, rule)
        answer: Answer | None = None
        try:
            answer = await transport.open(hop, _headers(hop), min(CONNECT_TIMEOUT_S, request.timeout_s))
            try:
                location = _location(answer) if request.follow_redirects else None
                if location is None:
                    return await self._read(hop, answer, request.max_bytes)
                await drain(answer.chunks)
                return answer.status, location
            finally:
                await answer.close()
        except FOREIGN_ERRORS as error:
            raise explain(error, hop.url.host, has_begun=answer is not None) from None

    async def _read(self, hop: Hop, answer: Answer, max_bytes: int | None) -> OutboundResponse:
        import httpx2

        headers = httpx2.Headers(answer.headers)
        codings = headers.get_list("content-encoding")
        most = min(self.max_response_bytes, max_bytes or self.max_response_bytes)
        body = await read_body(answer.chunks, codings, most)
        if codings:
            del headers["content-encoding"]
        return OutboundResponse(answer.status, headers, body, str(hop.url))

    async def _transport(self, hop: Hop, rule: HostRule) -> Transport:
        """Return the transport for `hop`: its origin's mount, or the pool for what may be reached."""
        origin = hop.url.origin
        key: str | bool = origin if origin in self._mounts else self._believes_persons and rule.private_confirmed
        found = self._transports.get(key)
        if found is None:
            async with self._opening:
                found = self._transports.get(key) or await self._open_transport(key)
                self._transports[key] = found
        return found

    async def _open_transport(self, key: str | bool) -> Transport:
        import httpx2

        from connectory.net.transport import Guard, MountedTransport, PooledTransport, SystemResolver

        if isinstance(key, str):
            return MountedTransport(self._mounts[key])
        if self._ssl_context is None:
            self._ssl_context = await asyncio.to_thread(httpx2.create_ssl_context)  # reads the system's store, 20 ms
        if self._resolver is None:
            self._resolver = self._own_resolver = SystemResolver()
        guard = Guard(self._resolver, self._allow, private_confirmed=key)
        return PooledTransport(guard, self._ssl_context, self._proxy)


def _headers(hop: Hop) -> list[tuple[str, str]]:
    """Our own headers and the hop's; a hop's Accept and User-Agent go before ours."""
    given = {name.lower() for name in hop.headers}
    headers = [("Host", hop.url.authority)]
    if "user-agent" not in given:
        headers.append(("User-Agent", USER_AGENT))
    if "accept" not in given:
        headers.append(("Accept", "*/*"))
    headers.append(("Accept-Encoding", ACCEPT_ENCODING))
    headers += hop.headers.items()
    if hop.body is not None or hop.method in ("POST", "PUT", "PATCH"):
        headers.append(("Content-Length", str(len(hop.body or b""))))
    return headers


def _location(answer: Answer) -> str | None:
    """The Location of a redirect that is followed; several are none: which one counts would be a guess."""
    if answer.status not in FOLLOWED:
        return None
    found = [value for name, value in answer.headers if name.lower() == b"location"]
    if len(found) > 1:
        raise RedirectRefused("The provider redirected to several places at once.", hint="Try again later.")
    return found[0].decode("utf-8", "replace") if found else None


def _proxy(url: str) -> httpcore2.Proxy:
    from connectory.net.transport import make_proxy

    return make_proxy(url)


def _rules(hosts: Collection[HostRule]) -> dict[str, HostRule]:
    return {_rule_origin(rule.origin): rule for rule in hosts}


def _require_owned(url: Url, rules: Mapping[str, HostRule]) -> HostRule:
    if url.origin not in rules:
        raise HostRefused(
            f"{url.origin} does not belong to this connection.",
            hint=f"Its servers are {', '.join(rules) or 'none'}; connect again if the service has moved.",
        )
    return rules[url.origin]


@lru_cache(maxsize=1024)
def _rule_origin(origin: str) -> str:
    return origin_of(origin)
