"""What a page says once a form has led back to it."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from starlette.requests import Request
from starlette.responses import Response
from tests.auth.making import Clock

from connectory.vault.keys import KeyRing
from connectory.web.afterwards import LASTS, MOST_CHARACTERS, Afterwards, Told
from connectory.web.links import Piece, Said
from connectory.web.sealed_cookie import MOST_CHARACTERS as OF_A_COOKIE

PAGE = "/workspaces/default/connections/cn_1"
SAID = Said("It does not work.", (Piece("Sign in again", "/connect/a"),), is_bad=True)


def make_afterwards(clock: Clock | None = None) -> Afterwards:
    return Afterwards(KeyRing([secrets.token_bytes(32)]), clock or Clock(), is_https=False)


def cookie_of(response: Response) -> str:
    return response.headers["set-cookie"].partition(";")[0]


def asking(cookie: str, page: str = PAGE) -> Request:
    headers = [(b"cookie", cookie.encode()), (b"host", b"localhost")]
    return Request({"type": "http", "scheme": "http", "path": page, "query_string": b"", "headers": headers})


def test_the_page_is_told_what_the_form_has_left() -> None:
    afterwards, told = make_afterwards(), Told(SAID, "Not good", "This alias cannot be used.")
    response = afterwards.lead(PAGE, told)

    assert (response.status_code, response.headers["location"]) == (303, PAGE)
    assert afterwards.take(asking(cookie_of(response))) == told


def test_no_other_page_is_nor_the_same_later() -> None:
    clock = Clock()
    afterwards = make_afterwards(clock)
    cookie = cookie_of(afterwards.lead(PAGE, Told(SAID)))

    assert afterwards.take(asking(cookie, f"{PAGE}0")) is None
    clock.pass_by(seconds=LASTS.total_seconds())
    assert afterwards.take(asking(cookie)) is None


def test_it_is_taken_from_the_browser_again() -> None:
    response = Response()
    make_afterwards().forget(response)

    assert "Max-Age=0" in response.headers["set-cookie"]


@pytest.mark.parametrize("cookie", ["", "connectory-told=", "connectory-told=x", "connectory-told=e30="])
def test_what_we_have_not_sealed_says_nothing(cookie: str) -> None:
    assert make_afterwards().take(asking(cookie)) is None


def test_long_words_are_cut_visibly_and_fit_into_a_cookie() -> None:
    afterwards, long = make_afterwards(), "😀" * 1000
    response = afterwards.lead(PAGE, Told(Said(long, SAID.hint), "a" * MOST_CHARACTERS, ""))
    told = afterwards.take(asking(cookie_of(response)))

    assert len(cookie_of(response)) < OF_A_COOKIE
    assert told is not None
    assert told.said is not None
    assert told.said.text == f"{'😀' * (MOST_CHARACTERS - 1)}…"
    assert told.typed == "a" * MOST_CHARACTERS


def test_it_lasts_no_longer_than_its_page_takes_to_load() -> None:
    assert timedelta(seconds=1) < LASTS <= timedelta(minutes=1)
