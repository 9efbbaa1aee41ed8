"""Which headers may go out."""

from __future__ import annotations

import pytest

from connectory.errors import HeaderRefused
from connectory.net.headers import check_headers, forbidden_headers


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
