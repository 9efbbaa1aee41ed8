from __future__ import annotations

from connectory.web.links import Piece, pieces_of

ORIGIN = "http://localhost:8765"


def test_only_links_to_our_own_pages_become_links() -> None:
    text = f"Open {ORIGIN}/confirm/abc and decide; not http://evil.example/confirm/x nor {ORIGIN}/signout."
    assert pieces_of(text, ORIGIN) == (
        Piece("Open "),
        Piece("look at the call and decide", "/confirm/abc"),
        Piece(f" and decide; not http://evil.example/confirm/x nor {ORIGIN}/signout."),
    )


def test_a_longer_host_is_another_one() -> None:
    text = "http://localhost:8765.evil.example/connect/abc"
    assert pieces_of(text, ORIGIN) == (Piece(text),)


def test_nothing_to_do_is_nothing() -> None:
    assert pieces_of("", ORIGIN) == ()
