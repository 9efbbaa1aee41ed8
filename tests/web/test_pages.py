from __future__ import annotations

import base64

import pytest

from connectory.web.pages import logo_source, web_link


@pytest.mark.parametrize("url", ["https://docs.example/a?b=c#d", "http://docs.example:8080/"])
def test_a_web_address_may_be_a_link(url: str) -> None:
    assert web_link(url) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//evil.example",
        "/local",
        "https:evil.example",
        "https://",
        "https://docs.example@evil.example/",
        "https://[bad",
        "https://docs.example/ x",
        "https://docs.example/\u202e",
    ],
)
def test_anything_else_is_no_link(url: str | None) -> None:
    assert web_link(url) is None


def test_a_logo_is_an_image_and_never_part_of_the_page() -> None:
    source = logo_source("<svg onload='x'/>")
    assert source is not None
    kind, _, data = source.partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(data) == b"<svg onload='x'/>"
    assert logo_source(None) is None
