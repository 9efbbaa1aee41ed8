"""What a page says once a form has led back to it: kept by the browser alone, sealed, for one page.

An address could say only what we have a word for, since anybody can write one; and a page that answers the form itself
is sent again by a reload, or by the way back to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from connectory.vault.keys import KeyRing
from connectory.web.links import Said
from connectory.web.sealed_cookie import SealedCookie

LASTS = timedelta(minutes=1)
MOST_CHARACTERS = 400  # of each text: all of it must fit into a cookie


@dataclass(frozen=True, slots=True)
class Told:
    """What the page says; and of a field that was refused what was typed, and what is wrong with it."""

    said: Said | None = None
    typed: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Kept:
    told: Told
    page: str
    until: datetime


_KEPT = TypeAdapter(_Kept)


class Afterwards:
    """Leads back to a page, which says something once."""

    def __init__(self, keys: KeyRing, now: Callable[[], datetime], *, is_https: bool) -> None:
        self._now = now
        self._cookie = SealedCookie(keys, "connectory-told", int(LASTS.total_seconds()), is_https)

    def lead(self, page: str, told: Told) -> Response:
        """Lead to the page at this path."""
        response = RedirectResponse(page, status_code=303)
        kept = _Kept(_cut(told), page, self._now() + LASTS)
        self._cookie.keep(response, _KEPT.dump_json(kept).decode())
        return response

    def take(self, request: Request) -> Told | None:
        """Return what the page of this request is to say. Once it has said that, it is to `forget`."""
        text = self._cookie.read(request)
        try:
            kept = _KEPT.validate_json(text) if text is not None else None
        except ValueError:  # another version of this server has kept it
            return None
        is_due = kept is not None and kept.page == request.url.path and kept.until > self._now()
        return kept.told if kept is not None and is_due else None

    def forget(self, response: Response) -> None:
        """A reload says nothing more."""
        self._cookie.forget(response)


def _cut(told: Told) -> Told:
    words = None
    if told.said is not None:
        hint = tuple(replace(piece, text=_short(piece.text)) for piece in told.said.hint)
        words = replace(told.said, text=_short(told.said.text), hint=hint)
    return Told(words, told.typed if len(told.typed) <= MOST_CHARACTERS else "", _short(told.problem))


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
