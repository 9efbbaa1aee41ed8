"""Attack 50: loopback in every spelling that the C resolver takes for an IPv4 address."""

from __future__ import annotations

import pytest
from tests.net.provider import Names, ask, making_client, serving

from connectory.errors import AddressRefused, ConnectoryError, InvalidPath
from connectory.net.address import AllowList
from connectory.net.transport import Guard, SystemResolver

NUMBERS = ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "0"]
ADDRESSES = ["127.255.255.254", "127.0.0.1", "0.0.0.0", "[::]"]
NAMES = ["localhost", "localhost.", "LOCALHOST"]


@pytest.mark.parametrize("host", [*NUMBERS, *ADDRESSES, *NAMES])
async def test_attack_50_no_spelling_of_loopback_is_reached(host: str) -> None:
    async with serving() as provider, making_client() as client:
        url = f"http://{host}:{provider.port}/"
        with pytest.raises((AddressRefused, InvalidPath)) as refusal:
            await client.send(ask(url))

    assert provider.connections == 0
    assert refusal.value.hint


async def test_attack_50_a_public_name_that_leads_to_loopback_is_not_followed() -> None:
    async with serving() as provider, making_client(resolver=Names({"rebind.example": [["127.0.0.1"]]})) as client:
        with pytest.raises(AddressRefused):
            await client.send(ask(f"http://rebind.example:{provider.port}/"))

    assert provider.connections == 0


@pytest.mark.parametrize("host", NUMBERS)
async def test_attack_50_the_transport_refuses_numbers_even_where_the_parser_let_them_through(host: str) -> None:
    resolver = SystemResolver()
    try:
        with pytest.raises(ConnectoryError) as refusal:
            await Guard(resolver, AllowList()).addresses(host, 80)
    finally:
        resolver.close()

    assert isinstance(refusal.value, AddressRefused)


async def test_attack_50_the_operators_explicit_host_and_port_is_reached() -> None:
    async with serving() as provider, making_client(allow_hosts=[f"localhost:{provider.port}"]) as client:
        answer = await client.send(ask(f"http://LOCALHOST:{provider.port}/"))

    assert answer.status == 200
