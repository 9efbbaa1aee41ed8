"""Attack 62: line breaks that would add a header, a part, a field or a second request."""

from __future__ import annotations

from typing import Any

import pytest
from tests.attacks import givers
from tests.attacks.places import GROUPS, assert_all_stay
from tests.attacks.wire import scene
from tests.mcp.test_tools import BOTH_ERAS, Era
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
# What becomes a line break where a character is cut to its last byte, decoded once more, or read as an encoded word.
DISGUISED = (
    "x\u560d\u560aX-Evil: 1", "x\u010d\u010aX-Evil: 1", "x%0d%0aX-Evil: 1", "x%250d%250aX-Evil: 1", "x\\r\\nX-Evil: 1",
    "=?utf-8?q?x=0D=0AX-Evil:_1?=", "=?utf-8?b?eA0KWC1FdmlsOiAx?= <a@b.example>", "a@b.example\r\nX-Evil: 1",
    "<a@b.example>\r\nX-Evil: 1", "a@b.example,\r\n X-Evil: 1", "x\r\n X-Evil: 1", "x\r\n\tX-Evil: 1",
    "x\n\n--", "x\x0bX",
    "x\x0cX", "x\x1eX", "\r\nX-Evil: 1", "x\u2029X-Evil: 1", "x\x7f", "x\x1b[2J",
    'x"\r\nContent-Type: text/html\r\n\r\n<script>', "x\r\n--boundary--\r\nPOST /evil HTTP/1.1\r\n\r\n",
)  # fmt: skip


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


@BOTH_ERAS
@pytest.mark.parametrize("group", GROUPS)
async def test_attack_62_no_value_breaks_a_line_in_any_place(era: Era, group: str) -> None:
    """The request's headers, a part's, a mail's and the number of fields stay as a harmless value leaves them."""
    await assert_all_stay(era, group, (*ENDINGS, *DISGUISED))


@BOTH_ERAS
async def test_attack_62_the_request_tool_breaks_no_line_either(era: Era) -> None:
    async with scene(era, {"thing": "request: {get: /thing}"}) as at:
        usual = {"connection": "places/default", "method": "POST", "path": "/things", "body": {"a": 1}}
        [plain], _, _ = await at.call("request", {**usual, "headers": {"Prefer": "x"}, "query": {"q": "x"}})
        for value in (*ENDINGS, *DISGUISED):
            tries: tuple[dict[str, Any], ...] = (
                {"headers": {"Prefer": value}},
                {"headers": {"Content-Type": value}},
                {"headers": {value: "x"}},
                {"headers": {f"Accept{value}": "x"}},
                {"query": {"q": value}},
                {"query": {value: "x"}},
                {"query": {"q": [value, value]}},
                {"path": f"/{value}"},
                {"method": f"POST {value}"},
                {"method": value},
                {"body": value},
                {"body": {value: value}},
                {"server": value},
            )
            for more in tries:
                received, text, failed = await at.call("request", {**usual, **more})
                if not received:
                    assert failed, (more, text)
                    assert not text.startswith("internal"), text
                    continue
                [one] = received
                assert one.method == "POST"
                assert "x-evil" not in one.headers
                assert set(one.headers) - {"prefer"} == set(plain.headers) - {"prefer"}, more
                assert one.target.isascii()
                assert one.target.isprintable()


@BOTH_ERAS
@givers.PLACES
async def test_attack_62_nothing_that_a_provider_or_a_person_gives_leaves_its_place(era: Era, giver: str) -> None:
    await givers.assert_all_stay(era, giver, (*ENDINGS, *DISGUISED))
