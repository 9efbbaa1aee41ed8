"""A pattern is read alike by Python and ECMA-262, and whoever chooses the text, matching it comes to an end."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalog.making import problems_of
from tests.catalog.rich import RICH

from connectory.catalog.checks.patterns import check_pattern

TO = "actions/send/inputs/to"
ENDLESS = "Some texts match in so many ways"
SLOW = "A long text takes too long to match"


def found_in(pattern: str, *, longest: int | None = None, is_whole: bool = False) -> list[str]:
    found = check_pattern(("pattern",), pattern, longest=longest, is_whole=is_whole)
    return [f"{item.message} {item.hint}" for item in found]


@pytest.mark.parametrize(
    "pattern",
    [
        "^(a+)+$", "^(a*)*$", "^(a|aa)+$", "^(a|a?)+$", r"^(\d+,?)*$", r"^(\w+\s?)*$", "^([a-z]+){5}$", "(.*)*x",
        "^(a{1,30}){1,30}$", "^(a?){30}a{30}$", "^([a-z]{1,3}){1,40}$", "^(ab?|a|b)*$", "^((ab)*c?)*$",
        "^([^a]|[^a])*$", "^((a*)?b)*$",
        "^(?:(?=(a+)+b)x|y)$", "^(é+)+$", r"^(\W+|-)*$",
    ],
)  # fmt: skip
def test_a_pattern_with_two_ways_round_a_loop_is_refused(pattern: str) -> None:
    assert [ENDLESS in text for text in found_in(pattern, longest=10)] == [True]


@pytest.mark.parametrize(
    "pattern",
    ["^[a-z]*[a-z0-9]*[a-z]*$", r"^\s*(.*)\s*$", "^.*a.*b.*c$", f"^{'a?' * 30}{'a' * 30}$", r"\s+,?\s+$"],
)
def test_a_pattern_that_divides_a_text_in_three_is_refused_however_short_the_text(pattern: str) -> None:
    assert [SLOW in text for text in found_in(pattern, longest=500)] == [True]


@pytest.mark.parametrize("pattern", [r"^[^@\s]+@[^@\s]+\.[^@\s]+$", "[0-9]+$", r"^.*a.*$", "foo.*bar"])
def test_a_pattern_that_divides_it_in_two_wants_a_short_text(pattern: str) -> None:
    assert SLOW in found_in(pattern)[0]
    assert "`maxLength` to 1000 or less" in found_in(pattern)[0]
    assert ("Begin the pattern with ^." in found_in(pattern)[0]) == (pattern[0] != "^")
    assert found_in(pattern, longest=320) == []


@pytest.mark.parametrize(
    "pattern",
    [
        "^[a-z0-9]+(-[a-z0-9]+)*$", r"^\d+(,\d+)*$", "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==)?$", r"^\S+$", "^in_",
        r"^(\d{1,3}\.){3}\d{1,3}$", "^(?:(?!foo).)*$", "^(?=.*[A-Z])(?=.*[0-9]).{8,}$", r"^(\d+(\.\d+)?)?$",
        "^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\\.)+[a-z]{2,}$", "^https?://[^/]+/.*$", "^.{1,200}$", "^$",
        r"^[\w.+\-]+@[\w-]+\.[a-z]{2,}$", r"^\/[^\s]*$", "^(ab|ac|b)*$", "^(draft|paid|void)(,(draft|paid|void))*$",
    ],
)  # fmt: skip
def test_a_pattern_with_one_way_through_any_text_is_good(pattern: str) -> None:
    assert found_in(pattern) == []


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        (r"\A[a-z]", r"Clients read it as ECMA-262, which has no \A. Write ^ for the beginning."),
        (r"^[a-z]+\Z", r"which has no \Z. Write $ for the end."),
        ("^(?P<year>[0-9])$", "which has no (?P<. Write ( for a group; it needs no name."),
        ("^(?P<y>[0-9])(?P=y)$", "which has no (?P<."),
        ("^(?i)[a-z]$", "which has no (?i. Write both letters, as in [Aa]."),
        ("(?i:a)", "which has no (?i. Write both"),
        ("^(?>a)b$", "which has no (?>. Write (?: for it."),
        ("^a++b$", "which has no ++, which gives nothing back. Write +."),
        ("^a{2,3}+b$", "which has no {2,3}+, which gives nothing back. Write {2,3}."),
        ("^(a)?(?(1)b|c)$", "which has no (?(. Write the cases with |."),
        ("^a(?#word)$", "which has no (?#. Leave the comment out."),
        ("^a{,3}$", "which has no {,3}. Write {0,3}."),
        ("^[]a]$", "which has no ] at the beginning of a set. Write \\] for it."),
        ("^{a}$", "which has no single {. Write \\{ for it."),
        (r"^a\@b$", r"which has no \@. Write @ without the backslash."),
        (r"^(a)\1$", r"\1 is what a group matched before"),
        (r"^\p{L}$", r"which has no \p. Write the characters in [ ]."),
        ("^[[a]$", "In a set, [ means one thing or another. Write \\[ for it."),
        ("(", "This is no regular expression"),
        ("[z-a]", "This is no regular expression"),
        ("x{400}", "The pattern counts too far. Count by `maxLength`"),
    ],
)
def test_what_clients_would_read_otherwise_is_told_with_what_to_write(pattern: str, says: str) -> None:
    assert [says in text for text in found_in(pattern)] == [True], found_in(pattern)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ((f"{TO}/pattern", "^(a+)+$"), "to.pattern: Some texts match in so many ways that no computer"),
        (
            (TO, {"type": "array", "items": {"type": "string", "pattern": "^(a+)+$"}, "examples": [["a" * 40 + "!"]]}),
            "to.items.pattern: Some texts match",
        ),
        (
            (TO, {"type": "object", "properties": {"a": {"type": "string", "pattern": r"\Aa"}}}),
            "to.properties.a.pattern: Clients read it as ECMA-262",
        ),
        (
            ("auth/key", {"method": "api_key", "fields": {"key": {"title": "Key", "pattern": "([a-z]+)+"}}}),
            "auth.key.fields.key.pattern: Some texts match",
        ),
    ],
)
def test_it_is_told_wherever_a_pattern_stands(change: tuple[str, Any], says: str) -> None:
    found = problems_of(change, base=RICH)

    assert any(says in problem for problem in found), found


def test_a_field_is_matched_whole_so_that_it_needs_no_anchor() -> None:
    assert found_in("[a-z0-9-]+", is_whole=True) == []
    assert SLOW in found_in("[a-z0-9-]+")[0]


_ATOMS = st.sampled_from(["a", "b", "ab", "[ab]", "[^a]", ".", r"\w", r"\d", "-", "é", "^", "$"])
_REPEATS = st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,9}", "{3,}", "*?"])
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: (
        st.tuples(inner, inner).map("".join)
        | st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})")
        | st.tuples(inner, _REPEATS).map(lambda two: f"({two[0]}){two[1]}")
        | inner.map(lambda one: f"(?={one})")
    ),
    max_leaves=8,
)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise `TimeoutError` inside `re` itself, which looks for signals as it goes back."""

    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(pattern=_PATTERNS, is_anchored=st.booleans(), part=st.text("ab1-é", min_size=1, max_size=4))
def test_whatever_passes_reads_any_text_in_time(pattern: str, is_anchored: bool, part: str) -> None:
    pattern = f"^(?:{pattern})!$" if is_anchored else f"(?:{pattern})!"
    if found_in(pattern, longest=1_000):
        return

    with within(2):
        re.search(pattern, (part * 200)[:200] + "?")
