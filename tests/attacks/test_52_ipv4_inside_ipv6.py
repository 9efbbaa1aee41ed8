"""Attack 52: an IPv4 address hidden in an IPv6 one, which `ipaddress.is_global` calls public."""

from __future__ import annotations

import pytest
from tests.net.provider import Names, ask, making_client

from connectory.errors import AddressRefused

HIDDEN = [
    "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::a00:1",
    "64:ff9b:1::7f00:1", "2002:7f00:1::1", "2001:0:7f00:1::1", "2001::80ff:fffe", "::127.0.0.1", "::ffff:0:7f00:1",
    "2606:4700::5efe:7f00:1",
]  # fmt: skip


@pytest.mark.parametrize("address", HIDDEN)
async def test_attack_52_what_is_embedded_counts_in_a_url_and_in_a_dns_answer(address: str) -> None:
    async with making_client(resolver=Names({"api.example": [[address]]})) as client:
        for url in (f"http://[{address}]/", "http://api.example/"):
            with pytest.raises(AddressRefused):
                await client.send(ask(url))
