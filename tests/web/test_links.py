"""Errors on a page, with our own links in them as links to follow."""

from __future__ import annotations

import pytest

from connectory.errors import ConfirmationNeeded, MissingScope, NeedsReconnect, NotConnected, PolicyDenied
from connectory.web.links import Piece, Said, link_in, path_in, said

ORIGIN = "http://localhost:8765"


def test_a_needed_yes_is_one_sentence_and_one_link() -> None:
    hint = f"Ask them to open {ORIGIN}/confirm/abc and decide; then repeat exactly this call within ten minutes."
    error = ConfirmationNeeded("notes_create_note on notes/default needs the person's yes.", hint=hint)

    assert said(error, ORIGIN) == Said(
        "This call needs a yes first.", (Piece("Look at the call and decide", "/confirm/abc"),), is_bad=True
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [(NeedsReconnect, "Sign in again"), (NotConnected, "Connect it"), (MissingScope, "Sign in again and allow it")],
)
def test_the_link_that_mends_it_is_a_link(kind: type[NeedsReconnect], words: str) -> None:
    error = kind(
        "Notes said 401.", hint=f"Ask the person to open {ORIGIN}/connect/a_b and sign in. Then repeat this call."
    )

    assert said(error, ORIGIN, before="Not so:").text == "Not so: Notes said 401."
    assert said(error, ORIGIN).hint[0] == Piece(words, "/connect/a_b")


def test_where_there_is_no_link_it_is_said_what_to_do() -> None:
    error = NeedsReconnect("Notes said 401.", hint="No link can be given: Do not retry it; tell the person.")

    assert said(error, ORIGIN).hint == (Piece("Somebody who may connect it must sign in again."),)


def test_an_error_without_a_hint_has_none() -> None:
    assert said(PolicyDenied("No."), ORIGIN).hint == ()


@pytest.mark.parametrize(
    "text",
    [
        "http://localhost:8765.evil.example/connect/abc",
        "http://evil.example/confirm/x",
        f"{ORIGIN}/signout",
        "",
    ],
)
def test_no_other_address_becomes_a_link(text: str) -> None:
    assert (path_in(text, ORIGIN), link_in(text, ORIGIN)) == (None, None)
    assert said(NeedsReconnect("It is over.", hint=text), ORIGIN).hint[0].path is None


def test_the_first_of_our_own_links_is_found() -> None:
    text = f"Not http://evil.example/confirm/x, but {ORIGIN}/confirm/abc, or {ORIGIN}/connect/def."

    assert (path_in(text, ORIGIN), link_in(text, ORIGIN)) == ("/confirm/abc", f"{ORIGIN}/confirm/abc")
