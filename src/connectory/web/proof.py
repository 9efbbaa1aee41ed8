"""Whoever answers on our port proves that it shares our data folder, before a link to it is handed out (attack 119).

Another user's process can bind the port first and answer nicely. It cannot make the HMAC (RFC 2104), whose key comes
from the key ring. The address that was asked is part of it, so that an answer fetched elsewhere does not fit.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import re
import secrets
from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectory.vault.keys import KeyRing

PROBE_TIMEOUT_S = 2.0
MOST_BYTES = 16_384
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{22,64}")
PURPOSE = "web presence"


class Answerer(StrEnum):
    """Who answers at an address."""

    NOBODY = "nobody"
    OURS = "ours"
    STRANGER = "stranger"


def prove(keys: KeyRing, challenge: str, host: str, port: int) -> str:
    """Return the proof for `challenge` asked at the address `host` and `port`."""
    message = "\n".join(("connectory web page", challenge, _one_spelling(host), str(port)))
    return hmac.new(keys.derive(PURPOSE), message.encode(), "sha256").hexdigest()


async def ask(keys: KeyRing, host: str, port: int) -> Answerer:
    """Ask whoever listens at `host` and `port` for the proof, for at most `PROBE_TIMEOUT_S` seconds."""
    challenge = secrets.token_urlsafe(24)
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            answer = await _get_health(host, port, challenge)
    except TimeoutError:
        return Answerer.STRANGER
    except ConnectionRefusedError:
        return Answerer.NOBODY
    except OSError as error:
        # No route or no such family means that no one is there; a connection cut half-way was somebody.
        return Answerer.STRANGER if isinstance(error, ConnectionError) else Answerer.NOBODY
    expected = prove(keys, challenge, host, port)
    return Answerer.OURS if hmac.compare_digest(_proof_of(answer), expected) else Answerer.STRANGER


async def _get_health(host: str, port: int, challenge: str) -> bytes:
    """One plain HTTP/1.1 request; the guarded way out refuses loopback, and rightly so."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        # Our own server answers to this name, whatever address it was told to listen on.
        request = f"GET /healthz?challenge={challenge} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        await writer.drain()
        answer = bytearray()
        while len(answer) < MOST_BYTES and (chunk := await reader.read(MOST_BYTES)):
            answer += chunk
        return bytes(answer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _one_spelling(host: str) -> str:
    """A socket that listens on `::` for both families names an IPv4 peer's address as `::ffff:127.0.0.1`."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str((isinstance(address, IPv6Address) and address.ipv4_mapped) or address)


def _proof_of(answer: bytes) -> str:
    """Return the proof in an HTTP answer, or an empty string where there is none to read."""
    _, _, body = answer.partition(b"\r\n\r\n")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    proof = document.get("proof") if isinstance(document, dict) else None
    return proof if isinstance(proof, str) and proof.isascii() else ""
