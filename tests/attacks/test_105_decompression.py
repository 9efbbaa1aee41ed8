"""Attack 105: ten megabytes that unpack to ten gigabytes, and packings within packings: from a provider, and to us."""

from __future__ import annotations

import gzip
import resource
import zlib
from functools import cache
from pathlib import Path

import pytest
from tests.attacks.outside import Outside
from tests.attacks.wire import scene
from tests.mcp.test_tools import BOTH_ERAS, Era
from tests.net.provider import Received, reply

pytestmark = pytest.mark.slow
MEGABYTE = 1 << 20
PLAIN = b'{"a": "' + b"x" * 100 + b'"}'


@cache
def bomb(coding: str) -> bytes:
    """Ten megabytes that unpack to ten gigabytes: one packed megabyte, ten thousand times over."""
    packer = zlib.compressobj(9, wbits={"gzip": 31, "deflate": 15, "raw deflate": -15}[coding])
    head = packer.compress(b"[") + packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(b" " * MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + piece * 10_240


CODINGS = {
    "gzip": ("gzip", "gzip", "response_too_large: "),
    "x-gzip": ("gzip", "x-gzip", "response_too_large: "),
    "deflate": ("deflate", "deflate", "response_too_large: "),
    "raw deflate": ("raw deflate", "deflate", "response_too_large: "),
    "nested": ("gzip", "gzip, gzip, gzip", "unexpected_response: "),
    "nested in lines": ("gzip", "gzip\r\nContent-Encoding: gzip", "unexpected_response: "),
    "br": ("gzip", "br", "unexpected_response: "),
    "zstd": ("gzip", "zstd", "unexpected_response: "),
    "unknown": ("gzip", "gzip, evil", "unexpected_response: "),
    "a sea of names": ("gzip", ",".join(["gzip"] * 3000), "unexpected_response: "),
}


def peak_bytes() -> int:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@BOTH_ERAS
@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("name", CODINGS)
async def test_attack_105_a_provider_s_bomb_is_cut_by_what_it_unpacks_to(era: Era, name: str, status: int) -> None:
    coding, said, told = CODINGS[name]
    body = bomb(coding)

    def answer(_: Received) -> bytes:
        return reply(status, body, content_encoding=said, content_type="application/json")

    async with scene(era, {"thing": "request: {get: /thing}"}, answer) as at:
        before = peak_bytes()
        _, text, failed = await at.call("places_thing", {})
        grown = peak_bytes() - before
        at.provider.answer = lambda _: reply(200, gzip.compress(PLAIN), content_encoding="gzip")
        _, fine, refused = await at.call("places_thing", {})  # the next call is none the worse

    assert failed
    assert text.startswith(told), text
    assert grown < 200 * MEGABYTE  # of ten gigabytes; the answer itself may have ten megabytes, and is kept twice
    assert not refused, fine


async def test_attack_105_a_bomb_within_what_is_ours_to_unpack_holds_nobody_up() -> None:
    """What stays below the cap once unpacked is read; packed a second time, it is text that nobody unpacks again."""
    inner = gzip.compress(b"[" + b" " * 50 * MEGABYTE)

    def answer(_: Received) -> bytes:
        return reply(200, gzip.compress(inner), content_encoding="gzip", content_type="application/json")

    async with scene("auto", {"thing": "request: {get: /thing}"}, answer) as at:
        _, text, failed = await at.call("places_thing", {})
    assert failed
    assert text.startswith("unexpected_response: "), text


def memory_of(pid: int) -> int:
    """The most memory that a process ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@pytest.mark.parametrize("path", ["/mcp", "/sse", "/messages/", "/signin", "/connect/x"])
@pytest.mark.parametrize("coding", ["gzip", "deflate", "gzip, gzip", "br", "zstd"])
def test_attack_105_a_client_s_bomb_is_never_unpacked(outside: Outside, path: str, coding: str) -> None:
    """What a client packs is not unpacked at all: as JSON or as a form it is nothing."""
    before = memory_of(outside.pid)
    heard = len(outside.echo.heard)
    headers = {
        "Authorization": f"Bearer {outside.token}",
        "Content-Type": "application/json" if path in ("/mcp", "/sse") else "application/x-www-form-urlencoded",
        "Content-Encoding": coding,
        "Accept": "application/json, text/event-stream",
    }
    answer = outside.send("POST", path, headers, bomb("gzip")[: 60_000 if "/mcp" not in path else 3 * MEGABYTE])

    assert 400 <= answer.status < 500
    assert memory_of(outside.pid) - before < 100 * MEGABYTE
    assert len(outside.echo.heard) == heard
