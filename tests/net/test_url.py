"""One strict reading of URLs."""

from __future__ import annotations

import pytest

from connectory.errors import InvalidPath
from connectory.net.url import canonical_host, is_host_part, origin_of, parse_url


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://API.GitHub.com/repos?x=1#y", "https://api.github.com"),
        ("HTTPS://api.github.com:443/", "https://api.github.com"),
        ("http://api.github.com:80", "http://api.github.com"),
        ("http://api.github.com:443", "http://api.github.com:443"),
        ("https://bücher.example/", "https://xn--bcher-kva.example"),
        ("http://[0:0:0:0:0:0:0:1]:8080/x", "http://[::1]:8080"),
        ("http://[FD00::5]/", "http://[fd00::5]"),
        ("http://my_service:3000", "http://my_service:3000"),
        ("http://10.0.0.5:8080/a", "http://10.0.0.5:8080"),
    ],
)
def test_an_origin_has_one_spelling(text: str, origin: str) -> None:
    assert origin_of(text) == origin
    assert origin_of(origin) == origin


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("https://h", "/"),
        ("https://h?a=b", "/?a=b"),
        ("https://h/a?", "/a?"),
        ("https://h/a%2Fb/%252F?q=a+b&c[]=1#frag", "/a%2Fb/%252F?q=a+b&c[]=1"),
        ("https://h/ü?q=ü", "/%C3%BC?q=%C3%BC"),
        ('https://h/a"<b>', "/a%22%3Cb%3E"),
        ("https://h/a/..%2Fb", "/a/..%2Fb"),
        ("https://h/.well-known/x...y/...", "/.well-known/x...y/..."),
    ],
)
def test_path_and_query_go_out_as_they_were_written(text: str, target: str) -> None:
    url = parse_url(text)

    assert url.target == target
    assert str(parse_url(str(url))) == str(url)


@pytest.mark.parametrize(
    "text",
    [
        "", "h", "//h/", "/path", "https:h", "https:/h", "https:///h", "http://", "http://:80", "ftp://h/",
        "file:///etc/passwd",
        "https://u@h/", "https://u:p@h/", "https://h:/", "https://h:0/", "https://h:080/", "https://h:65536/",
        "https://h:x/",
        "https://h:１/", "https://h\\@x/", "https://h/a\\b", "https://h/a b", " https://h/", "https://h/\n",
        "https://h/\u2028",
        "https://h\t/", "https://h/\x00", "https://h/\ud800", "https://h./", "https://.h/", "https://a..h/",
        "https://-h/",
        "https://h%2e/", "https://[::1", "https://::1/", "https://[fe80::1%25lo]/", "https://[fe80::1%lo]/",
        "https://[1.2.3.4]/",
        "https://[::1]x/", "https://１２７.0.0.1/", "https://127.1/", "https://0x7f.1/", "https://0x7f000001/",
        "https://017700000001/",
        "https://0177.0.0.1/", "https://1.2.3.4.5/", "https://a.0/", "https://h/../x", "https://h/x/%2e%2E/y",
        "https://h/./x",
        "https://" + "a" * 64 + ".example/", "https://h/" + "a" * 40_000, "https://a/@b\r\n",
    ],
)  # fmt: skip
def test_what_another_parser_might_read_differently_is_refused(text: str) -> None:
    with pytest.raises(InvalidPath) as refusal:
        parse_url(text)

    assert refusal.value.hint


def test_a_refusal_never_repeats_the_address() -> None:
    with pytest.raises(InvalidPath) as refusal:
        parse_url("https://h/a b?api_key=s3cret")

    assert "s3cret" not in refusal.value.text


def test_a_url_shows_no_query_in_its_repr() -> None:
    assert "s3cret" not in repr(parse_url("https://h/a?api_key=s3cret"))


def test_reading_hostile_text_takes_no_time() -> None:
    for text in ("a." * 50_000, "a" * 100_000, "a-" * 50_000, "[" + ":" * 100_000):
        with pytest.raises(InvalidPath):
            canonical_host(text)
    with pytest.raises(InvalidPath):
        parse_url("https://" + "a@" * 16_000)


@pytest.mark.parametrize("text", ["eu", "my-shop", "a1.eu-west_2", "X"])
def test_a_part_of_a_host_is_letters_digits_dots_and_hyphens(text: str) -> None:
    assert is_host_part(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "-a",
        "a-",
        "a.",
        "a/",
        "a#",
        "a?",
        "a\\",
        "x@a",
        "a:1",
        "x y",
        "a\n",
        "a%2f",
        "\u00e4",
        "\u0661",
        "a\u3002b",
    ],
)
def test_what_would_end_a_host_or_begin_another_is_no_part_of_it(text: str) -> None:
    assert not is_host_part(text)
