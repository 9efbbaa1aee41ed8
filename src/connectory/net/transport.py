"""Connect only to checked addresses: names are resolved here, and the socket is given the address that was checked.

A check on the name before the request is worth nothing: the library would resolve it again, and a hostile server
answers differently the second time (DNS rebinding). So the guard is the connection pool's network backend, its last
step before the socket; TLS and the Host header keep the name. A pooled connection is used again without a new check:
therefore requests for which a private address was confirmed have a pool of their own.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Protocol

import httpcore2
import httpx2

from connectory.errors import (
    AddressRefused,
    ConnectoryError,
    InvalidPath,
    InvalidSettings,
    ProviderTimeout,
    ProviderUnavailable,
)
from connectory.net.address import AllowList, IPAddress, check_addresses, check_name
from connectory.net.redirects import Hop

CONNECT_TIMEOUT_S = 10.0
LOOKUP_TIMEOUT_S = 5.0
ATTEMPT_TIMEOUT_S = 3.0  # for one address, when another one is left to try
MAX_ATTEMPTS = 4
MAX_CONNECTIONS = 200
MAX_IDLE = 40
IDLE_EXPIRY_S = 30.0
AGAIN_HINT = "Try again in a minute; if it lasts, tell the person that the service is down or its address is wrong."
WRITE_HINT = "Try again in a minute; after a write, look first whether it was done."
ADDRESS_HINT = "Ask the person to check the service's address: host, port, and http or https."

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class Resolver(Protocol):
    """Turns a name into IP addresses, as text, in the order to try them. Raises `OSError` where there are none."""

    async def __call__(self, host: str, port: int) -> Sequence[str]: ...


class SystemResolver:
    """The C library's resolver, in threads of its own: a slow name server must not hold up other work off the loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="connectory-dns")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return every address of `host`, IPv6 scope ids included, each once."""
        loop = asyncio.get_running_loop()
        rows = await loop.run_in_executor(self._threads, _lookup, host, port)
        return list(dict.fromkeys(rows))

    def close(self) -> None:
        """Stop taking names; a lookup under way is left to end by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class Guard:
    """Resolves a host and checks what comes back; one for each strictness."""

    resolver: Resolver
    allow: AllowList
    private_confirmed: bool = False

    async def addresses(self, host: str, port: int) -> tuple[IPAddress, ...]:
        """Return the checked addresses of `host`. Raises `AddressRefused`, `ProviderUnavailable`, `ProviderTimeout`."""
        found = [host] if _is_address(host) else await self._look_up(host, port)
        return check_addresses(found, host=host, port=port, allow=self.allow, private_confirmed=self.private_confirmed)

    async def _look_up(self, host: str, port: int) -> Sequence[str]:
        check_name(host, port)
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT_S):
                found = await self.resolver(host, port)
        except TimeoutError:
            raise ProviderTimeout(f"Looking up the name {host} took too long.", hint=AGAIN_HINT) from None
        except (OSError, UnicodeError):
            found = ()
        if not found:
            raise ProviderUnavailable(
                f"The name {host} could not be looked up.",
                hint="Look whether this server has network and DNS, and, of a host that was typed, at its spelling.",
            )
        return found


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens sockets for a connection pool, to checked addresses only."""

    def __init__(self, guard: Guard, sockets: httpcore2.AsyncNetworkBackend | None = None) -> None:
        self._guard = guard
        self._sockets = sockets or httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address of `host` that answers, `timeout` seconds for all of it."""
        try:
            async with asyncio.timeout(timeout):
                *others, last = (await self._guard.addresses(host, port))[:MAX_ATTEMPTS]
                how = (local_address, socket_options)
                for address in others:
                    with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                        return await self._sockets.connect_tcp(str(address), port, ATTEMPT_TIMEOUT_S, *how)
                return await self._sockets.connect_tcp(str(last), port, None, *how)
        except (TimeoutError, httpcore2.ConnectTimeout):
            raise ProviderTimeout(f"{host} did not accept a connection in time.", hint=AGAIN_HINT) from None
        except httpcore2.ConnectError as error:
            raise _unreachable(host, port, error) from None

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002  # the library's signature
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[SocketOption] | None = None,  # noqa: ARG002
    ) -> httpcore2.AsyncNetworkStream:
        """Refuse: no provider lives behind a file."""
        raise AddressRefused("Connectors never reach a local socket.", hint="Use an http or https address.")

    async def sleep(self, seconds: float) -> None:
        """Wait between the pool's own retries, of which there are none."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response whose body is still to be read, as it came over the wire."""

    status: int
    headers: list[tuple[bytes, bytes]] = field(repr=False)
    chunks: AsyncIterable[bytes]
    close: Callable[[], Awaitable[None]]


class Transport(Protocol):
    """Sends one hop, without redirects, cookies or authentication."""

    async def open(self, hop: Hop, headers: list[tuple[str, str]], connect_timeout_s: float) -> Answer: ...

    async def aclose(self) -> None: ...


class PooledTransport:
    """A connection pool behind a guard; with a proxy the target's addresses are checked before each send.

    The proxy resolves the name a second time, so what stands behind it is the proxy's to guard as well.
    """

    def __init__(self, guard: Guard, ssl_context: ssl.SSLContext, proxy: httpcore2.Proxy | None = None) -> None:
        self._guard = guard
        self._checks_ahead = proxy is not None
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl_context,
            proxy=proxy,
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_IDLE,
            keepalive_expiry=IDLE_EXPIRY_S,
            # The address of a proxy is the operator's word and not checked.
            network_backend=httpcore2.AnyIOBackend() if proxy else GuardedBackend(guard),
        )

    async def open(self, hop: Hop, headers: list[tuple[str, str]], connect_timeout_s: float) -> Answer:
        """Send `hop`; raises what the guard raises, and httpcore2's errors."""
        url = hop.url
        if self._checks_ahead:
            await self._guard.addresses(url.host, url.port)
        request = httpcore2.Request(
            hop.method,
            httpcore2.URL(scheme=url.scheme, host=url.host, port=url.port, target=url.target),
            headers=[(name.encode("ascii"), value.encode("latin-1")) for name, value in headers],
            content=hop.body,
            extensions={"timeout": {"connect": connect_timeout_s, "pool": connect_timeout_s / 2}},
        )
        response = await self._pool.handle_async_request(request)
        assert isinstance(response.stream, AsyncIterable)
        return Answer(response.status, response.headers, response.stream, response.aclose)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class MountedTransport:
    """A provider inside this process: no name is looked up and no socket opened."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def open(
        self,
        hop: Hop,
        headers: list[tuple[str, str]],
        connect_timeout_s: float,  # noqa: ARG002  # nothing connects
    ) -> Answer:
        """Hand `hop` to the mounted transport."""
        request = httpx2.Request(hop.method, str(hop.url), headers=headers, content=hop.body)
        response = await self._inner.handle_async_request(request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        return Answer(response.status_code, response.headers.raw, response.stream, response.aclose)

    async def aclose(self) -> None:
        """Close the mounted transport."""
        await self._inner.aclose()


FOREIGN_ERRORS = (
    httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.ProxyError,
    httpcore2.UnsupportedProtocol, httpx2.TransportError, OSError,
)  # fmt: skip


def explain(error: Exception, host: str, *, has_begun: bool = False) -> ConnectoryError:
    """Say in words what one of `FOREIGN_ERRORS` means; their own text may hold headers, so it is not repeated.

    `has_begun`: whether the head of an answer had come already.
    """
    if isinstance(error, httpcore2.PoolTimeout):
        return ProviderUnavailable("Too many requests are under way here; nothing was sent.", hint="Try again soon.")
    if isinstance(error, httpcore2.TimeoutException | httpx2.TimeoutException):
        return ProviderTimeout(f"{host} did not answer in time.", hint=AGAIN_HINT)
    if isinstance(error, httpcore2.LocalProtocolError | httpcore2.UnsupportedProtocol):
        return InvalidPath("The request cannot be sent as HTTP.", hint="Check its path and headers for odd characters.")
    if isinstance(error, httpcore2.ProxyError):
        return ProviderUnavailable(
            f"The outgoing proxy did not let us through to {host}.", hint="Tell whoever runs this server."
        )
    if isinstance(error, httpcore2.ConnectError):
        return _no_tls(error, host)
    if isinstance(error, httpcore2.RemoteProtocolError):
        if has_begun:
            return ProviderUnavailable(f"{host} broke off in the middle of its answer.", hint=WRITE_HINT)
        if "disconnected" in str(error):  # httpcore2's word for an end before a whole head has come
            return ProviderUnavailable(f"{host} broke off before it had answered.", hint=WRITE_HINT)
        return ProviderUnavailable(f"{host} answered something that is not HTTP.", hint=f"{ADDRESS_HINT} {WRITE_HINT}")
    return ProviderUnavailable(f"The connection to {host} broke.", hint=WRITE_HINT)


def make_proxy(url: str) -> httpcore2.Proxy:
    """Read the operator's proxy URL, which may hold a user name and password. Raises `InvalidSettings`."""
    try:
        proxy = httpx2.Proxy(url)
    except (httpx2.InvalidURL, ValueError):
        proxy = None
    if proxy is None or proxy.url.scheme not in ("http", "https") or not proxy.url.host:
        raise InvalidSettings(
            "CONNECTORY_PROXY is no proxy's address.", hint="Write http://host:port or https://host:port."
        )
    address = httpcore2.URL(scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=b"/")
    return httpcore2.Proxy(address, auth=proxy.raw_auth)


def _lookup(host: str, port: int) -> list[str]:
    return [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _unreachable(host: str, port: int, error: httpcore2.ConnectError) -> ProviderUnavailable:
    """Only public and allowed addresses come this far, so telling them apart gives no view of a private network."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, ConnectionRefusedError):
        seen = seen.__cause__
    if seen is not None:
        return ProviderUnavailable(f"{host} refused the connection on port {port}.", hint=AGAIN_HINT)
    return ProviderUnavailable(f"{host} cannot be reached on port {port}.", hint=AGAIN_HINT)


def _no_tls(error: httpcore2.ConnectError, host: str) -> ProviderUnavailable:
    """The backend explains sockets itself: what is left of connecting is the TLS handshake, or the proxy's socket."""
    cause = error.args[0] if error.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        return ProviderUnavailable(
            f"The certificate of {host} was not accepted: {cause.verify_message or 'it cannot be verified'}.",
            hint="Check the host; a private certificate authority belongs into the system's store.",
        )
    if isinstance(cause, ssl.SSLError):
        return ProviderUnavailable(f"{host} does not speak TLS as it should.", hint="Check host, port and https.")
    return ProviderUnavailable(f"The connection to {host} could not be set up.", hint=AGAIN_HINT)
