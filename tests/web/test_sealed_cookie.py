"""A text that a browser keeps and can neither read nor change."""

from __future__ import annotations

import secrets

from starlette.requests import Request
from starlette.responses import Response

from connectory.vault.keys import KeyRing
from connectory.web.sealed_cookie import SealedCookie

KEYS = KeyRing([secrets.token_bytes(32)])
COOKIE = SealedCookie(KEYS, "a", 600, is_https=True)


def value_of(cookie: SealedCookie, text: str) -> str:
    response = Response()
    cookie.keep(response, text)
    return response.headers["set-cookie"].partition("=")[2].partition(";")[0]


def asking(value: str, name: str = "__Host-a") -> Request:
    return Request({"type": "http", "headers": [(b"cookie", f"{name}={value}".encode())]})


def test_what_is_kept_comes_back() -> None:
    assert COOKIE.read(asking(value_of(COOKIE, "s3cret é"))) == "s3cret é"
    assert "s3cret" not in value_of(COOKIE, "s3cret é")


def test_what_is_changed_or_of_another_cookie_is_nothing() -> None:
    value = value_of(COOKIE, "text")
    other = SealedCookie(KEYS, "b", 600, is_https=True)
    for sent in ("", "x", "=", value[:-4], f"A{value[1:]}", value_of(other, "text"), "A" * 5000):
        assert COOKIE.read(asking(sent)) is None
    assert COOKIE.read(asking(value, "a")) is None  # a sibling domain can set that name


def test_a_cookie_is_forgotten_by_an_age_of_nothing() -> None:
    response = Response()
    COOKIE.forget(response)
    assert "Max-Age=0" in response.headers["set-cookie"]
