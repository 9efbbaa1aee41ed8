"""Which browser goes on with a link: the one that posted first (design 5.6, attacks 3, 5, 6).

The value is random per link and compared with the stored row. It stands in the form as well as in the cookie: a
double click posts twice before the first cookie arrives, and a cookie planted from another port of this machine
(cookies ignore ports) is never taken up by a link that nobody has bound yet.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from connectory.vault.entities import ConnectSession, SessionStatus

FORM_FIELD = "browser"
COOKIE_AGE_S = 3600  # as long as a bound link lives
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


class BrowserBinding:
    """Reads, makes and sets the value for one link."""

    def __init__(self, request: Request, link: str, *, is_https: bool) -> None:
        self._is_https = is_https
        self._cookie = link_cookie(link, is_https=is_https)
        self._sent = request.cookies.get(self._cookie, "")

    def shown(self, session: ConnectSession) -> str:
        """The value to write into a form that is shown: the bound browser's own, else a new one."""
        return self._sent if is_same_browser(session, self._sent) else secrets.token_urlsafe(32)

    def posted(self, session: ConnectSession, form: dict[str, str]) -> str:
        """The value that a post speaks with; for a link that nobody has bound only the form's counts, or a new one."""
        in_form = form.get(FORM_FIELD, "")
        in_form = in_form if _VALUE.fullmatch(in_form) else ""
        if session.status is SessionStatus.PENDING:
            return in_form or secrets.token_urlsafe(32)
        return self._sent if is_same_browser(session, self._sent) else in_form

    def is_bound_to(self, session: ConnectSession) -> bool:
        """Whether the cookie is that of the browser which bound the link."""
        return is_same_browser(session, self._sent)

    def keep(self, response: Response, value: str) -> None:
        """Give the value to the browser."""
        set_private_cookie(response, self._cookie, value, max_age_s=COOKIE_AGE_S, is_https=self._is_https)


class ShownPage:
    """Ties an answer to a browser that was shown the question: the form and a cookie hold the same random value."""

    def __init__(self, request: Request, link: str, *, is_https: bool) -> None:
        self._is_https = is_https
        self._cookie = link_cookie(link, is_https=is_https)
        sent = request.cookies.get(self._cookie, "")
        self._sent = sent if _VALUE.fullmatch(sent) else ""

    def keep(self, response: Response, value: str) -> None:
        """Give the value of the page to the browser."""
        set_private_cookie(response, self._cookie, value, max_age_s=COOKIE_AGE_S, is_https=self._is_https)

    def value(self) -> str:
        """The value to write into the form: the browser's own, so that the page may stand in two tabs, or a new one."""
        return self._sent or secrets.token_urlsafe(32)

    def was_answered(self, form: dict[str, str]) -> bool:
        """Whether a posted form came from the page that this browser was shown."""
        in_form = form.get(FORM_FIELD, "")
        return bool(self._sent) and in_form.isascii() and hmac.compare_digest(in_form, self._sent)


def usable_in(request: Request, *, is_https: bool) -> Callable[[ConnectSession], bool]:
    """Return what says whether a link can be gone on with in the browser of a request: not if another has bound it."""

    def is_usable(session: ConnectSession) -> bool:
        binding = BrowserBinding(request, session.link, is_https=is_https)
        return session.status is not SessionStatus.BOUND or binding.is_bound_to(session)

    return is_usable


def is_same_browser(session: ConnectSession, value: str) -> bool:
    """Whether `value` is what the link was bound with; the row holds its SHA-256 (`auth/sessions.py`)."""
    if not value or session.browser_hash is None:
        return False
    return hmac.compare_digest(hashlib.sha256(value.encode()).hexdigest(), session.browser_hash)


def link_cookie(link: str, *, is_https: bool, about: str = "connectory") -> str:
    """The name of a cookie that is about one link."""
    return cookie_name(f"{about}-{hashlib.sha256(link.encode()).hexdigest()[:16]}", is_https=is_https)


def cookie_name(name: str, *, is_https: bool) -> str:
    """Over https no sibling domain can set a `__Host-` name (RFC 6265bis section 4.1.3.2)."""
    return f"__Host-{name}" if is_https else name


def set_private_cookie(response: Response, name: str, value: str, *, max_age_s: int, is_https: bool) -> None:
    """Set a cookie that scripts cannot read and that foreign pages cannot post with. An age of 0 deletes it."""
    response.set_cookie(name, value, max_age=max_age_s, path="/", secure=is_https, httponly=True, samesite="lax")
