"""Attack 64, at the level of hosts: a next page elsewhere is not asked for, whoever followed the link."""

from __future__ import annotations

import pytest
from tests.net.provider import ask, making_client, serving

from connectory.errors import ConnectoryError, HostRefused, InvalidPath

KEY = {"Authorization": "Bearer s3cret"}


@pytest.mark.parametrize(
    "next_page", ["http://EVIL/p2", "http://EVIL@P/p2", "http://P@EVIL/p2", "http://P.evil.example/p2", "//EVIL/p2"]
)
async def test_attack_64_credentials_do_not_go_to_another_host(next_page: str) -> None:
    async with serving() as evil, serving() as provider:
        url = next_page.replace("EVIL", evil.host_port).replace("P", provider.host_port)
        async with making_client(allow_hosts=[evil.host_port, provider.host_port]) as client:
            with pytest.raises(ConnectoryError) as refusal:
                await client.send(ask(url, provider.origin, headers=KEY))

    assert isinstance(refusal.value, HostRefused | InvalidPath)
    assert "s3cret" not in refusal.value.text
    assert evil.connections == provider.connections == 0
