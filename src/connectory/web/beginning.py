"""Where a sign-in began: a browser that asked for it on the connectors page is led back there when it is done."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from connectory.web.binding import COOKIE_AGE_S, cookie_name, set_private_cookie

HERE = "connectors"


def note_beginning(response: Response, link: str, *, is_https: bool) -> None:
    """Let the browser remember that it began with this link on the connectors page."""
    set_private_cookie(response, _name(link, is_https=is_https), HERE, max_age_s=COOKIE_AGE_S, is_https=is_https)


def forget_beginning(response: Response, link: str, *, is_https: bool) -> None:
    """Take that from the browser again."""
    set_private_cookie(response, _name(link, is_https=is_https), "", max_age_s=0, is_https=is_https)


def began_here(request: Request, link: str, *, is_https: bool) -> bool:
    """Whether it did. The link stands in an assistant's chat otherwise, where its person is to go back to."""
    return request.cookies.get(_name(link, is_https=is_https)) == HERE


def _name(link: str, *, is_https: bool) -> str:
    return cookie_name(f"connectory-began-{hashlib.sha256(link.encode()).hexdigest()[:16]}", is_https=is_https)
