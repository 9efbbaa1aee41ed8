"""The way back from a link that a browser came to from our pages.

From a sign-in it leads to the connectors page, which shows what there is; from a question, to what was to be done.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from connectory.web.binding import COOKIE_AGE_S, link_cookie, set_private_cookie

IS_OURS = "yes"


def remember_way_back(response: Response, link: str, *, is_https: bool) -> None:
    """Let the browser know that it came to this link from our pages."""
    set_private_cookie(response, _name(link, is_https=is_https), IS_OURS, max_age_s=COOKIE_AGE_S, is_https=is_https)


def forget_way_back(response: Response, link: str, *, is_https: bool) -> None:
    """Take that from the browser again."""
    set_private_cookie(response, _name(link, is_https=is_https), "", max_age_s=0, is_https=is_https)


def has_way_back(request: Request, link: str, *, is_https: bool) -> bool:
    """Whether it did. Otherwise the link stands in an assistant's chat, where its person is to go back to."""
    return request.cookies.get(_name(link, is_https=is_https)) == IS_OURS


def _name(link: str, *, is_https: bool) -> str:
    return link_cookie(link, is_https=is_https, about="connectory-back")
