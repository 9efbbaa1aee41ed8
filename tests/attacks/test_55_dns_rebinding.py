"""Attack 55: a name server that answers differently the second time, or with a public and a private address at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import httpcore2
import pytest
from tests.net.provider import Names, ask, making_client, serving

from connectory.errors import AddressRefused
from connectory.net.address import AllowList
from connectory.net.transport import Guard, GuardedBackend, SocketOption


class Recorder(httpcore2.AsyncNetworkBackend):
    """Where a socket would be opened to."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.opened.append(host)
        return httpcore2.AsyncMockStream([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])


async def test_attack_55_the_connected_address_is_the_checked_one() -> None:
    names, sockets = Names({"rebind.example": [["93.184.216.34"], ["127.0.0.1"]]}), Recorder()
    backend = GuardedBackend(Guard(names, AllowList()), sockets)
    async with httpcore2.AsyncConnectionPool(network_backend=backend) as pool:
        response = await pool.request("GET", "http://rebind.example/")
        assert response.status == 200
        await pool.aclose()
        with pytest.raises(AddressRefused):  # a new connection is a new check
            await pool.request("GET", "http://rebind.example/")

    assert sockets.opened == ["93.184.216.34"]
    assert names.asked == ["rebind.example"] * 2


@pytest.mark.parametrize(
    "found", [["93.184.216.34", "127.0.0.1"], ["127.0.0.1", "93.184.216.34"], ["93.184.216.34", "::1"]]
)
async def test_attack_55_one_private_address_in_an_answer_spoils_all(found: Sequence[str]) -> None:
    async with serving() as provider, making_client(resolver=Names({"rebind.example": [found]})) as client:
        with pytest.raises(AddressRefused):
            await client.send(ask(f"http://rebind.example:{provider.port}/"))

    assert provider.connections == 0
