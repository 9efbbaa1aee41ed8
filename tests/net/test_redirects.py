"""What follows a redirect."""

from __future__ import annotations

import pytest

from connectory.errors import RedirectRefused
from connectory.net.redirects import Hop, next_hop
from connectory.net.url import parse_url

OWN, OTHER = "https://api.example", "https://files.example"
HEADERS = {
    "Authorization": "Bearer t",
    "X-Api-Key": "k",
    "Content-Type": "application/json",
    "Accept": "text/plain",
    "User-Agent": "u",
}


def hop(method: str = "GET", body: bytes | None = None, url: str = f"{OWN}/v1/a?x=1") -> Hop:
    return Hop(method, parse_url(url), HEADERS, body)


def follow(start: Hop, status: int, location: str, *more: str) -> Hop:
    return next_hop(start, status, location, {OWN, OTHER, *more})


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/v2", f"{OWN}/v2"),
        ("b", f"{OWN}/v1/b"),
        ("../b", f"{OWN}/b"),
        ("?y=2", f"{OWN}/v1/a?y=2"),
        (f"{OWN}:443/z", f"{OWN}/z"),
        ("//files.example/f", f"{OTHER}/f"),
        ("/ü", f"{OWN}/%C3%BC"),
    ],
)
def test_a_location_is_resolved_against_the_url_that_answered(location: str, url: str) -> None:
    assert str(follow(hop(), 302, location).url) == url


@pytest.mark.parametrize(
    ("method", "status", "becomes"),
    [
        ("POST", 301, "GET"), ("POST", 302, "GET"), ("POST", 303, "GET"), ("PUT", 303, "GET"), ("DELETE", 303, "GET"),
        ("GET", 303, "GET"), ("HEAD", 303, "HEAD"), ("HEAD", 301, "HEAD"),
    ],
)  # fmt: skip
def test_a_write_that_turns_into_a_get_loses_its_body_and_its_description(
    method: str, status: int, becomes: str
) -> None:
    following = follow(hop(method, b"{}" if method in ("POST", "PUT") else None), status, "/v2")

    assert (following.method, following.body) == (becomes, None)
    assert following.headers["Authorization"] == "Bearer t"
    assert ("Content-Type" in following.headers) == (becomes == "HEAD")


@pytest.mark.parametrize(
    ("method", "status"), [("POST", 307), ("POST", 308), ("PUT", 301), ("PATCH", 302), ("DELETE", 307)]
)
def test_method_body_and_headers_stay_within_the_origin(method: str, status: int) -> None:
    following = follow(hop(method, b"{}"), status, "/v2")

    assert (following.method, following.body, following.headers) == (method, b"{}", HEADERS)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nothing_but_accept_and_user_agent_crosses_to_another_origin(status: int) -> None:
    following = follow(hop("GET", b"body"), status, f"{OTHER}/f")

    assert following.headers == {"Accept": "text/plain", "User-Agent": "u"}
    assert following.body is None


@pytest.mark.parametrize(("method", "status"), [("POST", 307), ("POST", 308), ("PUT", 302), ("DELETE", 301)])
def test_a_write_never_goes_on_at_another_origin(method: str, status: int) -> None:
    with pytest.raises(RedirectRefused, match="write"):
        follow(hop(method, b"{}"), status, f"{OTHER}/f")


@pytest.mark.parametrize(
    "location",
    ["https://evil.example/", "http://api.example/", "https://api.example:8443/", "//evil.example", "http:x",
     "https:/x", "ftp://h/", "javascript:alert(1)", "https://u@api.example/", "/a\\b", "\\\\evil.example", "/a b",
     "/a\tb", "https://api.example\n/", "",
     "https://127.1/"],
)  # fmt: skip
def test_other_places_are_refused(location: str) -> None:
    with pytest.raises(RedirectRefused) as refusal:
        follow(hop(), 302, location)

    assert refusal.value.hint


def test_a_downgrade_is_refused_even_where_the_connection_owns_both() -> None:
    with pytest.raises(RedirectRefused, match="https to http"):
        follow(hop(), 302, "http://api.example/", "http://api.example")
