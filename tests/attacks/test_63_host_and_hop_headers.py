"""Attack 63: headers that steer the connection, or claim where a request comes from."""

from __future__ import annotations

import pytest
from tests.attacks.outside import Outside
from tests.net.provider import ask, making_client, serving

from connectory.errors import HeaderRefused

HEADERS = [
    ("Host", "internal"), ("host", "internal"), ("Transfer-Encoding", "chunked"), ("Content-Length", "0"),
    ("Connection", "X-Api-Key"), ("Connection", "upgrade"), ("Upgrade", "h2c"), ("HTTP2-Settings", "x"),
    ("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Host", "x"), ("Forwarded", "for=127.0.0.1"),
    ("X-Real-IP", "127.0.0.1"), ("X-Original-URL", "/admin"), ("Proxy-Authorization", "x"), ("TE", "x"),
    ("Trailer", "X"), ("Expect", "100-continue"), ("Via", "x"), ("Keep-Alive", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), HEADERS)
async def test_attack_63_headers_of_the_connection_are_refused_by_list(name: str, value: str) -> None:
    async with serving() as provider, making_client(allow_hosts=[provider.host_port]) as client:
        with pytest.raises(HeaderRefused):
            await client.send(
                ask(provider.origin, method="POST", headers={"X-Api-Key": "k", name: value}, body=b"body")
            )

    assert provider.connections == 0


async def test_attack_63_declared_headers_pass_with_the_right_length_and_host() -> None:
    async with serving() as provider, making_client(allow_hosts=[provider.host_port]) as client:
        await client.send(ask(provider.origin, method="POST", headers={"X-Api-Key": "k"}, body=b"body"))

    seen = provider.last.headers
    assert (seen["x-api-key"], seen["content-length"], seen["host"]) == ("k", "4", provider.host_port)
    assert "transfer-encoding" not in seen


STEERING = (
    ("Host", "EVIL"), ("host", "EVIL"), ("Transfer-Encoding", "chunked"), ("Content-Length", "0"),
    ("Connection", "X-Echo-Key"), ("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Host", "EVIL"), ("Upgrade", "h2c"),
    ("Accept\r\nX-Evil", "1"), ("Accept", "x\r\nX-Evil: 1"), ("X-HTTP-Method-Override", "DELETE"),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("name", "value"), STEERING)
def test_attack_63_headers_that_steer_the_connection_are_refused(outside: Outside, name: str, value: str) -> None:
    heard = len(outside.echo.heard)
    arguments = {"connection": "echo/default", "method": "POST", "path": "/things/fine", "body": {"x": 1}}
    said = outside.call("request", **arguments, headers={name: value.replace("EVIL", f"127.0.0.1:{outside.evil.port}")})
    assert said.failed
    assert len(outside.echo.heard) == heard
    assert outside.evil.heard == []


@pytest.mark.slow
def test_attack_63_harmless_headers_pass_and_host_and_length_are_ours(outside: Outside) -> None:
    arguments = {"connection": "echo/default", "method": "POST", "path": "/things/fine", "body": {"x": 1}}
    assert not outside.call("request", **arguments, headers={"Idempotency-Key": "1", "accept": "text/x"}).failed
    first, *lines = outside.echo.heard[-1].split("\r\n")
    sent = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines}
    assert first == "POST /v1/things/fine HTTP/1.1"
    assert sent["host"] == f"127.0.0.1:{outside.echo.port}"
    assert (sent["content-length"], sent["idempotency-key"], sent["accept"]) == ("8", "1", "text/x")
    assert sent["x-echo-key"] == outside.key
    assert "transfer-encoding" not in sent
