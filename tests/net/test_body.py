"""Bodies within their cap."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import pytest

from connectory.errors import ResponseTooLarge, UnexpectedResponse
from connectory.net.body import read_body

TEXT = b"The quick brown fox. " * 20_000
ZIPPED = gzip.compress(TEXT, mtime=0)  # the time would stand in the names of tests


async def pieces(data: bytes, size: int = 5_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize(
    ("codings", "data"),
    [
        ([], TEXT), (["identity"], TEXT), ([""], TEXT), (["gzip"], ZIPPED),
        (["X-GZIP "], ZIPPED), (["identity, gzip"], ZIPPED),
        (["deflate"], zlib.compress(TEXT)), (["deflate"], raw_deflate(TEXT)),
        (["gzip"], ZIPPED + b"\0\0\0"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [7, 5_000, 10_000_000])
async def test_one_layer_of_what_we_asked_for_is_undone(codings: list[str], data: bytes, size: int) -> None:
    assert await read_body(pieces(data, size), codings, 1_000_000) == TEXT


async def test_an_empty_body_needs_no_compression() -> None:
    assert await read_body(pieces(b""), ["gzip"], 10) == b""


@pytest.mark.parametrize(
    "codings", [["br"], ["zstd"], ["gzip, gzip"], ["gzip", "gzip"], ["gzip, deflate"], ["compress"]]
)
async def test_other_and_nested_codings_are_refused(codings: list[str]) -> None:
    with pytest.raises(UnexpectedResponse):
        await read_body(pieces(gzip.compress(gzip.compress(b"x"))), codings, 1_000)


@pytest.mark.parametrize("data", [ZIPPED[:-9], ZIPPED * 2, b"no gzip at all", ZIPPED[:50] + b"x" * 50])
async def test_a_cut_or_damaged_body_is_an_error_not_half_an_answer(data: bytes) -> None:
    with pytest.raises(UnexpectedResponse):
        await read_body(pieces(data), ["gzip"], 1_000_000)


async def test_the_cap_counts_to_the_byte() -> None:
    assert await read_body(pieces(TEXT), [], len(TEXT)) == TEXT
    with pytest.raises(ResponseTooLarge) as refusal:
        await read_body(pieces(TEXT), [], len(TEXT) - 1)
    assert refusal.value.hint


async def test_a_bomb_is_cut_by_its_decoded_size_and_memory_stays_flat() -> None:
    bomb = gzip.compress(bytes(30_000_000), 1)
    tracemalloc.start()
    try:
        with pytest.raises(ResponseTooLarge):
            await read_body(pieces(bomb, len(bomb)), ["gzip"], 1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


async def test_an_endless_stream_that_decodes_to_nothing_ends_at_the_cap() -> None:
    stream = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    empty_blocks = stream.flush(zlib.Z_FULL_FLUSH) + b"\x00\x00\x00\xff\xff" * 50_000

    with pytest.raises(ResponseTooLarge):
        await read_body(pieces(empty_blocks), ["gzip"], 100_000)
