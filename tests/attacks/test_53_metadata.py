"""Attack 53: metadata services, which hand the machine's own credentials to whoever asks."""

from __future__ import annotations

import pytest
from tests.net.provider import Names, ask, making_client

from connectory.errors import AddressRefused, InvalidPath
from connectory.net.address import HostRule

ADDRESSES = [
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "fd00:ec2::254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
]
NUMBERS = ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518"]


def confirmed(origin: str) -> HostRule:
    return HostRule(origin, private_confirmed=True)


@pytest.mark.parametrize("address", ADDRESSES)
async def test_attack_53_metadata_is_refused_even_where_private_is_allowed(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    names = Names({"inside.example": [[address]]})
    async with making_client(allow_hosts=[f"{host}:80", "inside.example:80"], resolver=names) as client:
        for origin in (f"http://{host}", "http://inside.example"):
            with pytest.raises(AddressRefused, match="never"):
                await client.send(ask(origin, confirmed(origin)))


@pytest.mark.parametrize("number", NUMBERS)
async def test_attack_53_metadata_as_a_number_is_refused(number: str) -> None:
    async with making_client() as client:
        with pytest.raises(InvalidPath):
            await client.send(ask(f"http://{number}/latest/meta-data/", confirmed("http://169.254.169.254")))


async def test_attack_53_metadata_by_name_is_refused_whatever_it_resolves_to() -> None:
    names = Names({"metadata.google.internal": [["8.8.8.8"]]})
    origin = "http://metadata.google.internal"
    async with making_client(allow_hosts=["metadata.google.internal:80"], resolver=names) as client:
        with pytest.raises(AddressRefused, match="never"):
            await client.send(ask(f"{origin}/computeMetadata/v1/", confirmed(origin)))

    assert names.asked == []
