"""Attack 62: line breaks that would add a header or a second request."""

from __future__ import annotations

import pytest
from tests.net.provider import ask, making_client, serving

from connectory.errors import BadInput

ENDINGS = [
    "x\r\nX-Evil: 1",
    "x\nX-Evil: 1",
    "x\rX-Evil: 1",
    "x\r\n\r\nGET /evil HTTP/1.1\r\n",
    "x\x00",
    "x\u2028X-Evil: 1",
    "x\x85y",
]


@pytest.mark.parametrize("value", ENDINGS)
async def test_attack_62_no_header_value_name_path_or_query_breaks_the_line(value: str) -> None:
    async with serving() as provider, making_client(allow_hosts=[provider.host_port]) as client:
        tries = [
            ask(provider.origin, headers={"X-Name": value}),
            ask(provider.origin, headers={"User-Agent": f"app {value}"}),
            ask(provider.origin, headers={"Cookie": value}),
            ask(provider.origin, headers={value: "x"}),
            ask(f"{provider.origin}/{value}", provider.origin),
            ask(f"{provider.origin}/?q={value}", provider.origin),
            ask(provider.origin, method=f"GET {value}"),
        ]
        for request in tries:
            with pytest.raises(BadInput):
                await client.send(request)
        assert provider.connections == 0
        await client.send(ask(f"{provider.origin}/x%0D%0AX-Evil:%201?q=%0d%0a", provider.origin))

    assert len(provider.requests) == 1
    assert b"X-Evil: 1" not in provider.last.raw
    assert provider.last.target == "/x%0D%0AX-Evil:%201?q=%0d%0a"
