"""The next page is chosen by the manifest's style and held to the server."""

import pytest

from connectory.actions.addresses import is_below
from connectory.actions.pages import page_size


@pytest.mark.parametrize(
    ("limit", "most", "size"),
    [(25, 100, 25), (100, 100, 100), (150, 100, 75), (200, 100, 100), (200, 30, 28), (1, 100, 1)],
)
def test_whole_pages_come_closest_to_the_limit_from_below(limit: int, most: int, size: int) -> None:
    assert page_size(limit, most) == size
    assert size * (limit // size) <= limit


BASE = "https://api.notes.example/v1"


@pytest.mark.parametrize(
    ("url", "below"),
    [
        ("https://api.notes.example/v1/x?page=2", True),
        ("https://api.notes.example/v1?page=2", True),
        ("https://API.notes.example:443/v1/x", True),
        ("https://api.notes.example:0/v1/x", False),
        ("https://api.notes.example:80/v1/x", False),
        ("https://api.notes.example/v10/x", False),
        ("https://api.notes.example/v2/x", False),
        ("https://api.notes.example/v1/../admin", False),
        ("https://api.notes.example/v1/%2e%2e/admin", False),
        ("https://api.notes.example/v1/..%2fadmin", False),
        ("http://api.notes.example/v1/x", False),
        ("https://evil.example/v1/x", False),
        ("https://api.notes.example@evil.example/v1/x", False),
        ("https://api.notes.example:99999/v1", False),
    ],
)
def test_a_page_is_followed_only_below_the_base(url: str, below: bool) -> None:
    assert is_below(url, BASE) is below
