"""Sockets are opened to checked addresses only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import httpcore2
import pytest
from tests.net.provider import Names

from connectory.errors import AddressRefused, InvalidSettings, ProviderTimeout, ProviderUnavailable
from connectory.net.address import AllowList
from connectory.net.transport import Guard, GuardedBackend, Resolver, SocketOption, SystemResolver, make_proxy

PUBLIC, PUBLIC_6 = "8.8.8.8", "2606:4700::1111"


class Sockets(httpcore2.AsyncNetworkBackend):
    """Connects to nothing and writes down where it was sent; addresses in `broken` fail."""

    def __init__(self, broken: Sequence[str] = (), error: Exception | None = None) -> None:
        self.opened: list[str] = []
        self._broken = broken
        self._error = error or httpcore2.ConnectError("no route")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.opened.append(host)
        if host in self._broken:
            raise self._error
        return httpcore2.AsyncMockStream([])


def backend(resolver: Resolver, sockets: Sockets, *, confirmed: bool = False) -> GuardedBackend:
    return GuardedBackend(Guard(resolver, AllowList(), private_confirmed=confirmed), sockets)


async def test_the_socket_gets_the_address_that_was_checked() -> None:
    names, sockets = Names({"api.example": [[PUBLIC], ["127.0.0.1"]]}), Sockets()

    await backend(names, sockets).connect_tcp("api.example", 443)

    assert (names.asked, sockets.opened) == (["api.example"], [PUBLIC])


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    sockets = Sockets(broken=[PUBLIC_6])

    await backend(Names({"api.example": [[PUBLIC_6, PUBLIC]]}), sockets).connect_tcp("api.example", 443)

    assert sockets.opened == [PUBLIC_6, PUBLIC]


async def test_an_address_needs_no_resolver() -> None:
    names, sockets = Names({}), Sockets()

    await backend(names, sockets).connect_tcp(PUBLIC, 443)

    assert (names.asked, sockets.opened) == ([], [PUBLIC])


async def test_a_refused_address_opens_no_socket() -> None:
    sockets = Sockets()
    for found in (["10.0.0.1"], [PUBLIC, "10.0.0.1"], ["10.0.0.1", PUBLIC]):
        with pytest.raises(AddressRefused):
            await backend(Names({"api.example": [found]}), sockets).connect_tcp("api.example", 443)
    with pytest.raises(AddressRefused):
        await backend(Names({}), sockets).connect_unix_socket("/run/docker.sock")

    assert sockets.opened == []


async def test_a_metadata_name_is_not_even_looked_up() -> None:
    names = Names({"metadata.google.internal": [[PUBLIC]]})

    with pytest.raises(AddressRefused):
        await backend(names, Sockets(), confirmed=True).connect_tcp("metadata.google.internal", 80)

    assert names.asked == []


async def test_a_name_without_an_address_is_said_to_be_unknown() -> None:
    with pytest.raises(ProviderUnavailable, match=r"The name api\.example could not be looked up"):
        await backend(Names({}), Sockets()).connect_tcp("api.example", 443)


async def test_the_systems_resolver_says_so_too() -> None:
    resolver = SystemResolver()
    try:
        with pytest.raises(ProviderUnavailable, match="could not be looked up"):
            await backend(resolver, Sockets()).connect_tcp("a" * 64 + ".invalid", 443)
        assert "127.0.0.1" in await resolver("localhost", 80)
    finally:
        resolver.close()


async def test_a_slow_resolver_ends_with_the_connect_timeout() -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(ProviderTimeout):
        await backend(never, Sockets()).connect_tcp("api.example", 443, timeout=0.01)


@pytest.mark.parametrize(
    ("cause", "words"),
    [(ConnectionRefusedError(111, "x"), "refused the connection"), (OSError(113, "x"), "cannot be reached")],
)
async def test_what_kept_the_socket_from_opening_is_told_in_words(cause: OSError, words: str) -> None:
    error = httpcore2.ConnectError("internal text")
    error.__cause__ = cause

    with pytest.raises(ProviderUnavailable, match=words) as refusal:
        await backend(Names({}), Sockets([PUBLIC], error)).connect_tcp(PUBLIC, 443)

    assert "internal" not in refusal.value.text


@pytest.mark.parametrize(
    "url", ["", "proxy:3128", "socks5://proxy:1", "http://", "ftp://proxy", "http://proxy:99999999999x"]
)
def test_a_proxy_that_is_none_stops_the_start(url: str) -> None:
    with pytest.raises(InvalidSettings, match="CONNECTORY_PROXY"):
        make_proxy(url)
