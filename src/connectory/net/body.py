"""Read an answer's body within its cap, which counts decoded bytes: 10 MB of gzip can hold 10 GB (attack 105)."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterable, Iterator, Sequence

from connectory.errors import ResponseTooLarge, UnexpectedResponse

ACCEPT_ENCODING = "gzip, deflate"
GZIP = frozenset({"gzip", "x-gzip"})
PIECE_BYTES = 1 << 20  # decoded at a time, about 2 ms; between pieces other calls get their turn
RETRY_HINT = "Try again; if it stays so, the service is broken."


async def read_body(chunks: AsyncIterable[bytes], codings: Sequence[str], max_bytes: int) -> bytes:
    """Return the decoded body. Raises `ResponseTooLarge`, or `UnexpectedResponse` for codings we did not ask for."""
    inflater = _inflater(codings)
    body, received = bytearray(), 0
    iterator = aiter(chunks)
    try:
        async for chunk in iterator:
            received += len(chunk)
            _check_size(received, max_bytes)
            for piece in inflater.feed(chunk) if inflater else (chunk,):
                body += piece
                _check_size(len(body), max_bytes)
                if len(piece) == PIECE_BYTES:
                    await asyncio.sleep(0)
    finally:
        if (close := getattr(iterator, "aclose", None)) is not None:
            await close()
    if inflater and received and not inflater.is_complete:
        raise UnexpectedResponse("The provider's compressed answer is cut off.", hint=RETRY_HINT)
    return bytes(body)


async def drain(chunks: AsyncIterable[bytes], max_bytes: int = 65_536) -> None:
    """Read a body that nobody wants, so that its connection can be used again; a longer one is left."""
    received, iterator = 0, aiter(chunks)
    try:
        async for chunk in iterator:
            received += len(chunk)
            if received > max_bytes:
                return
    finally:
        if (close := getattr(iterator, "aclose", None)) is not None:
            await close()


class _Inflater:
    """Undo gzip (RFC 1952, one member) or deflate (RFC 9110 section 8.4.1.2, or raw as some servers send it)."""

    def __init__(self, *, gzip: bool) -> None:
        self._may_be_raw = not gzip
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16 if gzip else zlib.MAX_WBITS)

    @property
    def is_complete(self) -> bool:
        """Whether the end of the stream was seen."""
        return self._stream.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield decoded pieces of at most `PIECE_BYTES`."""
        more, ended = True, bool(self._stream.eof)
        while more:
            if ended:
                if data.strip(b"\0"):  # more than padding: to leave it out in silence would be half an answer
                    raise _damaged()
                return
            piece = self._decode(data)
            ended = self._stream.eof
            data = self._stream.unused_data if ended else self._stream.unconsumed_tail
            if piece:
                yield piece
            more = bool(data) or len(piece) == PIECE_BYTES  # zlib may hold back output though its input is used up

    def _decode(self, data: bytes) -> bytes:
        try:
            piece = self._stream.decompress(data, PIECE_BYTES)
        except zlib.error:
            if not self._may_be_raw:
                raise _damaged() from None
            self._may_be_raw = False
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._decode(data)
        self._may_be_raw = False
        return piece


def _inflater(codings: Sequence[str]) -> _Inflater | None:
    applied = [
        name for line in codings for part in line.split(",") if (name := part.strip().lower()) not in ("", "identity")
    ]
    if not applied:
        return None
    if len(applied) > 1 or applied[0] not in {*GZIP, "deflate"}:
        raise UnexpectedResponse("The provider answered in a compression that was not asked for.", hint=RETRY_HINT)
    return _Inflater(gzip=applied[0] in GZIP)


def _damaged() -> UnexpectedResponse:
    return UnexpectedResponse("The provider's compressed answer is damaged.", hint=RETRY_HINT)


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise ResponseTooLarge(
            f"The provider's answer is larger than {max_bytes:,} bytes.",
            hint="Ask for less: a smaller limit, a narrower filter, or one object at a time. "
            "The operator can raise CONNECTORY_MAX_RESPONSE_BYTES.",
        )
