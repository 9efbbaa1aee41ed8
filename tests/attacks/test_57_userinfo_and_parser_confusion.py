"""Attack 57: addresses that two parsers read differently."""

from __future__ import annotations

import pytest
from tests.net.provider import Names, ask, making_client, serving

from connectory.errors import HostRefused, InvalidPath, ProviderUnavailable

URLS = [
    "http://p@HOST/", "http://p:x@HOST/", "http://HOST#@p/", "http://p\\@HOST/", "http://p:80@HOST/", "http:///HOST",
    "http:HOST", "http:/HOST", "http://HOST\\@p/", "http://p\t@HOST/", "ht\ntp://HOST/", "http://HO\tST/",
    "http://p/\n", " http://HOST/", "http://p%40HOST/", "http://p;HOST/", "http://p,HOST/", "http://HOST%2f@p/",
    "http://HOST%00.p/", "//HOST/", "http://HOST /", "http://p\u3002HOST/", "http://HOST:80:80/",
    "http://[::ffff:127.0.0.1]@p/",
]  # fmt: skip


@pytest.mark.parametrize("url", URLS)
async def test_attack_57_what_parsers_disagree_on_is_refused(url: str) -> None:
    async with serving() as provider, making_client(allow_hosts=[provider.host_port]) as client:
        with pytest.raises((InvalidPath, HostRefused)):
            await client.send(ask(url.replace("HOST", provider.host_port), "http://p"))

    assert provider.connections == 0


@pytest.mark.parametrize("url", ["http://p#@HOST/", "http://p?@HOST/", "http://p/@HOST/", "http://p?http://HOST/"])
async def test_attack_57_the_host_that_was_checked_is_the_one_looked_up(url: str) -> None:
    names = Names({})
    async with serving() as provider, making_client(allow_hosts=[provider.host_port], resolver=names) as client:
        with pytest.raises(ProviderUnavailable):
            await client.send(ask(url.replace("HOST", provider.host_port), "http://p"))

    assert (names.asked, provider.connections) == (["p"], 0)


async def test_attack_57_what_was_checked_is_what_is_sent() -> None:
    async with serving() as provider, making_client(allow_hosts=[provider.host_port]) as client:
        await client.send(ask(f"HTTP://{provider.host_port}/a?b=http://p@q/#@p", provider.origin))

    assert provider.last.target == "/a?b=http://p@q/"
    assert provider.last.headers["host"] == provider.host_port
