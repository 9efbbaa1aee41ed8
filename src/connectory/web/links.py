"""Errors on a page of a member's: their words, with our own links in them as links to follow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from connectory.errors import ConnectoryError
from connectory.vault.entities import ConnectSession
from connectory.web.failures import STATUSES

OURS = r"/(?:connect|confirm)/[A-Za-z0-9_-]{1,128}"
NOT_DONE = 422  # also where the person must do something first
TITLES = {"connect": "sign in again", "confirm": "look at the call and decide"}


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words; with `path`, those of a link."""

    text: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What came of what was asked for: in words, and, of an error, what to do."""

    text: str
    hint: tuple[Piece, ...] = ()
    is_bad: bool = False


def said(error: ConnectoryError, origin: str, *, before: str = "") -> Said:
    """Put an error on a page."""
    return Said(f"{before} {error.message}".strip(), pieces_of(error.hint, origin), is_bad=True)


def status_of(error: ConnectoryError) -> int:
    """The status of a page that says so."""
    return next((status for kind, status in STATUSES if isinstance(error, kind)), NOT_DONE)


def path_of(session: ConnectSession) -> str:
    """The path of a session's connect page."""
    return f"/connect/{session.link}"


def pieces_of(text: str, origin: str) -> tuple[Piece, ...]:
    """Split a text at the links to our own pages that services put into it; no other address becomes a link."""
    pieces: list[Piece] = []
    at = 0
    for match in _ours(text, origin):
        pieces += [Piece(text[at : match.start()]), Piece(TITLES[match[1].split("/")[1]], match[1])]
        at = match.end()
    return tuple(piece for piece in [*pieces, Piece(text[at:])] if piece.text)


def link_in(text: str, origin: str) -> str | None:
    """Return the first of our own links in a text, whole."""
    return next((match[0] for match in _ours(text, origin)), None)


def _ours(text: str, origin: str) -> Iterator[re.Match[str]]:
    return re.finditer(f"{re.escape(origin)}({OURS})", text)
