"""Attack 54: private, shared, documentation, benchmark, multicast and reserved networks."""

from __future__ import annotations

import pytest
from tests.net.provider import Names, ask, making_client

from connectory.errors import AddressRefused

SPECIAL = [
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "100.127.255.255",
    "192.0.0.8", "198.18.0.1", "198.19.255.255", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "169.254.10.10", "203.0.113.1",
]  # fmt: skip


@pytest.mark.parametrize("address", SPECIAL)
async def test_attack_54_private_and_special_addresses_are_refused(address: str) -> None:
    async with making_client(resolver=Names({"api.example": [[address]]})) as client:
        for url in (f"http://{address}/", f"https://{address}:8443/", "http://api.example/"):
            with pytest.raises(AddressRefused):
                await client.send(ask(url))
