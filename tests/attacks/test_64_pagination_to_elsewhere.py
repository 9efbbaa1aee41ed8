"""Attack 64: a next page elsewhere is not asked for, neither by the way out nor by the whole process."""

from __future__ import annotations

import pytest
from tests.attacks.outside import Outside
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "following",
    ["http://EVIL/v1/lists/2", "//EVIL/v1/lists/2", "http://OURS@EVIL/v1/lists/2", "http://OURS/v2/lists/2",
     "/v1/../internal", "/v1/%2e%2e/internal", "http://localhost:OURSPORT/v1/lists/2", "http://OURS/v10/x"],
)  # fmt: skip
def test_attack_64_a_next_page_elsewhere_is_neither_fetched_nor_offered(outside: Outside, following: str) -> None:
    ours = f"127.0.0.1:{outside.echo.port}"
    for word, meaning in (
        ("OURSPORT", str(outside.echo.port)),
        ("OURS", ours),
        ("EVIL", f"127.0.0.1:{outside.evil.port}"),
    ):
        following = following.replace(word, meaning)
    outside.echo.following = following
    heard = len(outside.echo.heard)
    for limit in (10, 2):  # the first goes on by itself, the second would give a cursor
        said = outside.call("echo_list_things", way="page", limit=limit, connection="echo/default")
        assert said.failed
        assert said.text.startswith("host_refused: "), said.text
        assert "cursor=" not in said.text
    assert len(outside.echo.heard) == heard + 2
    assert outside.evil.heard == []
