"""Attack 58: other schemes, and other ports than the connection's."""

from __future__ import annotations

import pytest
from tests.net.provider import ask, making_client, serving

from connectory.errors import HostRefused, InvalidPath

SCHEMES = [
    "file:///etc/passwd", "gopher://HOST/_x", "dict://HOST/x", "ftp://HOST/", "unix:/run/x",
    "http+unix://%2frun%2fx/", "//HOST/", "ws://HOST/", "data:,x", "javascript:alert(1)", "jar:http://HOST!/",
    "/etc/passwd", "",
]  # fmt: skip


@pytest.mark.parametrize("url", SCHEMES)
async def test_attack_58_only_http_and_https_are_spoken(url: str) -> None:
    async with serving() as provider, making_client(allow_hosts=[provider.host_port]) as client:
        with pytest.raises(InvalidPath):
            await client.send(ask(url.replace("HOST", provider.host_port), provider.origin))

    assert provider.connections == 0


@pytest.mark.parametrize("port", ["0", "22", "6379", "70000", "-1", "+80", "8e1", "080", " 80", ""])
async def test_attack_58_only_the_connections_own_port_is_reached(port: str) -> None:
    async with making_client(allow_hosts=["127.0.0.1:22", "127.0.0.1:6379"]) as client:
        with pytest.raises((InvalidPath, HostRefused)):
            await client.send(ask(f"http://127.0.0.1:{port}/", "http://127.0.0.1", "http://127.0.0.1:8080"))


async def test_attack_58_another_scheme_is_another_origin() -> None:
    async with serving() as provider, making_client(allow_hosts=[provider.host_port]) as client:
        with pytest.raises(HostRefused):
            await client.send(ask(provider.origin, provider.origin.replace("http:", "https:")))

    assert provider.connections == 0
