"""A cookie that its browser cannot read or change: sealed with the server's key and bound to its name."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from connectory.errors import CannotDecrypt
from connectory.vault.keys import KeyRing
from connectory.web.binding import cookie_name, set_private_cookie

MOST_CHARACTERS = 3_900  # a browser keeps 4,096 bytes with name and attributes (RFC 6265bis section 5.6)


@dataclass(frozen=True, slots=True)
class SealedCookie:
    """Keeps one short text in the browser. How old it may be is for the text itself to say: a cookie can be copied."""

    keys: KeyRing
    name: str
    lasts_s: int
    is_https: bool

    def keep(self, response: Response, text: str) -> None:
        """Give the text to the browser."""
        sealed = base64.urlsafe_b64encode(self.keys.seal(text.encode(), bound_to=self._place)).decode()
        self._set(response, sealed, self.lasts_s)

    def read(self, request: Request) -> str | None:
        """Return the text; None where there is none that we have sealed."""
        sent = request.cookies.get(self._cookie, "")
        if not 0 < len(sent) <= MOST_CHARACTERS:
            return None
        try:
            return self.keys.open(base64.urlsafe_b64decode(sent), bound_to=self._place).decode()
        except (CannotDecrypt, binascii.Error, ValueError):
            return None

    def forget(self, response: Response) -> None:
        """Take it from the browser."""
        self._set(response, "", 0)

    @property
    def _cookie(self) -> str:
        return cookie_name(self.name, is_https=self.is_https)

    @property
    def _place(self) -> str:
        return f"cookie {self.name}"

    def _set(self, response: Response, value: str, age_s: int) -> None:
        set_private_cookie(response, self._cookie, value, max_age_s=age_s, is_https=self.is_https)
