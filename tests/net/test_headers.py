"""Which headers may go out."""

from __future__ import annotations

import pytest

from connectory.errors import HeaderRefused
from connectory.net.headers import bare_media_type, check_headers, forbidden_headers, is_media_type


def test_declared_and_harmless_headers_pass() -> None:
    headers = {"Authorization": "Bearer x", "X-Api-Key": " key\t", "Accept": "application/json", "X-Umlaut": "ü"}

    assert forbidden_headers(headers) == []
    assert check_headers(headers) == {**headers, "X-Api-Key": "key"}


@pytest.mark.parametrize(
    "name",
    ["Host", "hOST", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade",
     "Expect", "Proxy-Authorization", "Proxy-Connection", "X-Forwarded-For", "X-Forwarded-Anything", "Forwarded",
     "X-Real-IP",
     "Via"],
)  # fmt: skip
def test_what_steers_the_connection_is_refused(name: str) -> None:
    assert forbidden_headers(["Accept", name]) == [name]
    with pytest.raises(HeaderRefused, match=name):
        check_headers({name: "x"})


@pytest.mark.parametrize("value", ["x\r\nX-Evil: 1", "x\n", "\rx", "x\x00", "x\x7f", "x\x85y", "x\u2028", "日本"])
def test_a_value_that_would_end_the_header_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(HeaderRefused) as refusal:
        check_headers({"Authorization": f"s3cret{value}"})

    assert "s3cret" not in refusal.value.text


@pytest.mark.parametrize("name", ["", "X Y", "X:Y", "X\r\nY", "Ü", "X\x00"])
def test_a_name_that_is_no_token_is_refused(name: str) -> None:
    with pytest.raises(HeaderRefused):
        check_headers({name: "x"})


def test_a_header_given_twice_is_refused() -> None:
    with pytest.raises(HeaderRefused, match="twice"):
        check_headers({"X-Key": "a", "x-key": "b"})


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("text/csv", "text/csv"),
        ("Image/SVG+xml; charset=utf-8", "image/svg+xml"),
        ('text/plain;a="b c" ; d=e', "text/plain"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", None),
    ],
)
def test_a_media_type_is_read_with_parameters_or_without(text: str, bare: str | None) -> None:
    assert is_media_type(text)
    assert bare_media_type(text) == (bare or text)


@pytest.mark.parametrize("text", ["text", "", "a/", "/b", "a/b c", "../x", "a/.x", "ü/x", "a/b\r\nX: 1", "a/b\n"])
def test_what_is_no_media_type_names_none(text: str) -> None:
    assert not is_media_type(text)
    assert bare_media_type(text.strip("\n")) in (None, "a/b")


def test_a_parameter_that_is_broken_makes_no_content_type() -> None:
    assert not is_media_type("a/b; c")
    assert not is_media_type('a/b; c="\r\n"')


def test_an_endless_media_type_of_an_answer_is_none() -> None:
    assert bare_media_type("text/" + "x" * 200) is None
