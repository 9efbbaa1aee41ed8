"""Errors on a page of a member's: in the words for a person, with our own links in them as links to follow."""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectory.errors import ConnectoryError
from connectory.vault.entities import ConnectSession
from connectory.web.advice import advice_about
from connectory.web.failures import STATUSES

OURS = r"/(?:connect|confirm)/[A-Za-z0-9_-]{1,128}"
CONFIRM = "/confirm/"
NOT_DONE = 422  # also where the person must do something first


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


def said(error: ConnectoryError, origin: str, *, before: str = "", is_write: bool = False) -> Said:
    """Put an error on a page; `is_write`: of what may have changed something all the same."""
    advice, path = advice_about(error, is_write=is_write), path_in(error.hint, origin)
    pieces: tuple[Piece, ...]
    if path is not None and advice.link:
        pieces = (Piece(advice.link, path),)
    else:
        pieces = (Piece(advice.do),) if advice.do else ()
    return Said(f"{before} {advice.message}".strip(), pieces, is_bad=True)


def question_in(words: Said | None) -> str | None:
    """Return the link of the question that the words lead to, where they do: a rule wants a yes first."""
    paths = (piece.path for piece in words.hint if piece.path is not None) if words is not None else ()
    return next((path.removeprefix(CONFIRM) for path in paths if path.startswith(CONFIRM)), None)


def status_of(error: ConnectoryError) -> int:
    """The status of a page that says so."""
    return next((status for kind, status in STATUSES if isinstance(error, kind)), NOT_DONE)


def path_of(session: ConnectSession) -> str:
    """The path of a session's connect page."""
    return f"/connect/{session.link}"


def path_in(text: str, origin: str) -> str | None:
    """Return the path of the first of our own links that a service has put into a text."""
    found = _ours(text, origin)
    return found[1] if found is not None else None


def link_in(text: str, origin: str) -> str | None:
    """Return the same link, whole."""
    found = _ours(text, origin)
    return found[0] if found is not None else None


def _ours(text: str, origin: str) -> re.Match[str] | None:
    return re.search(f"{re.escape(origin)}({OURS})", text)
