"""Attack 51: loopback, link-local, private and multicast IPv6, and scope ids."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.net.provider import Names, ask, making_client

from connectory.errors import AddressRefused, InvalidPath
from connectory.net.address import HostRule


@pytest.mark.parametrize("host", ["[::1]", "[0:0:0:0:0:0:0:1]", "[fe80::1]", "[fd00::1]", "[ff02::1]"])
async def test_attack_51_special_ipv6_addresses_are_refused(host: str) -> None:
    async with making_client() as client:
        with pytest.raises(AddressRefused):
            await client.send(ask(f"http://{host}/"))


@pytest.mark.parametrize("host", ["[fe80::1%25lo]", "[fe80::1%lo]", "[2606:4700::1111%251]"])
async def test_attack_51_scope_ids_in_urls_are_rejected(host: str) -> None:
    async with making_client() as client:
        with pytest.raises(InvalidPath):
            await client.send(ask(f"http://{host}/", "http://[fe80::1]/"))


@pytest.mark.parametrize("found", [["fe80::1%lo"], ["2606:4700::1111%1"], ["8.8.8.8", "fe80::1%2"]])
async def test_attack_51_scope_ids_from_a_resolver_are_rejected(found: Sequence[str]) -> None:
    async with making_client(resolver=Names({"api.example": [found]})) as client:
        with pytest.raises(AddressRefused):
            await client.send(ask("http://api.example/", HostRule("http://api.example", private_confirmed=True)))
