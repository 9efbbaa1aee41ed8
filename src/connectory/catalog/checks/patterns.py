"""Regular expressions of inputs and fields: `re` and ECMA-262 read them alike, and no text holds `re` up (attack 104).

An input's pattern goes to clients as JSON Schema, whose expressions are ECMA-262's, and many compile them with its `u`
flag: what only Python knows ends the whole tool list there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from connectory.catalog.checks.ambiguity import Automaton, TooLong, read_automaton
from connectory.catalog.problems import Finding
from connectory.catalog.yaml_document import KeyPath

MAX_PATTERN = 200
MAX_SQUARE = 1_000  # characters of a text on which the time may grow by the square
MOST_WAYS = 200_000
_ELSEWHERE = "Clients read it as ECMA-262, which has no"
_PIECE = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?(?:P?<?[=!:<>]|P|[a-zA-Z-]+|.)|(?:[*+?]|\{\d*,?\d*\})[+]|\{,\d+\}|\{\d+(?:,\d*)?\}|.",
    re.DOTALL,
)
_GROUPS = frozenset({"(?:", "(?=", "(?!", "(?<=", "(?<!"})
_ESCAPES = frozenset("dDwWsSbBtnvfr^$\\.*+?()[]{}|/")
_IN_SETS = re.compile(r"\[|--|&&|~~|\|\|")  # operators of sets, in ECMA-262's `v` flag and perhaps one day in `re`
_INSTEAD = {
    "P": "Write ( for a group; it needs no name.", "<": "Write ( for a group; it needs no name.",
    ">": "Write (?: for it.", "(": "Write the cases with |.", "#": "Leave the comment out.",
}  # fmt: skip
_OTHERWISE = {
    "A": "Write ^ for the beginning.", "Z": "Write $ for the end.", "z": "Write $ for the end.",
    "a": "Write \\x07.",
}  # fmt: skip


def check_pattern(path: KeyPath, text: str | None, *, longest: int | None = None, is_whole: bool) -> Iterator[Finding]:
    """Yield what is wrong with a regular expression.

    `is_whole`: the whole text must match it; else it is found in the text. `longest`: the most characters of a text.
    """
    if text is None:
        return
    if len(text) > MAX_PATTERN:
        yield Finding(path, f"The pattern has more than {MAX_PATTERN} characters.", "Make it simpler.")
        return
    if (misspelt := next(_misspelt(text), None)) is not None:
        yield Finding(path, *misspelt)
        return
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        yield Finding(path, f"This is no regular expression: {error}.")
        return
    yield from (Finding(path, *said) for said in _check_time(text, longest=longest, is_whole=is_whole))


def _misspelt(text: str) -> Iterator[tuple[str, str]]:
    """What `re` and ECMA-262 (section 22.2.1, with the `u` flag) read in two ways, and how both understand it."""
    for piece in _PIECE.findall(text):
        if piece[0] == "\\":
            yield from _misspelt_escape(piece[1:], _ESCAPES)
        elif piece[0] == "[" and len(piece) > 1:
            yield from _misspelt_set(piece)
        elif piece.startswith("(?") and piece not in _GROUPS:
            hint = "Write both letters, as in [Aa]." if piece[2] in "aiLmsux-" else _INSTEAD.get(piece[2], "")
            yield f"{_ELSEWHERE} {piece}.", hint
        elif piece[-1] == "+" and len(piece) > 1:
            yield f"{_ELSEWHERE} {piece}, which gives nothing back.", f"Write {piece[:-1]}."
        elif piece.startswith("{,"):
            yield f"{_ELSEWHERE} {piece}.", f"Write {{0{piece[1:]}."
        elif piece in ("{", "}", "]"):
            yield f"{_ELSEWHERE} single {piece}.", f"Write \\{piece} for it."


def _misspelt_set(piece: str) -> Iterator[tuple[str, str]]:
    if piece[1] == "]" or piece.startswith("[^]"):
        yield f"{_ELSEWHERE} ] at the beginning of a set.", "Write \\] for it."
    if found := _IN_SETS.search(re.sub(r"\\.", "", piece[1:-1])):
        yield f"In a set, {found[0]} means one thing or another.", f"Write \\{found[0][0]} for it."
    for letter in re.findall(r"\\(.)", piece, re.DOTALL):
        yield from _misspelt_escape(letter, _ESCAPES - {"B"} | {"-"})


def _misspelt_escape(letter: str, known: frozenset[str]) -> Iterator[tuple[str, str]]:
    if letter in known or letter in "xu":
        return
    if letter.isdigit():
        yield f"\\{letter} is what a group matched before, or a character by its number.", "Write the text out."
    elif letter.isalpha():
        yield f"{_ELSEWHERE} \\{letter}.", _OTHERWISE.get(letter, "Write the characters in [ ].")
    else:
        yield f"{_ELSEWHERE} \\{letter}.", f"Write {letter} without the backslash."


@lru_cache(maxsize=4096)
def _check_time(text: str, *, longest: int | None, is_whole: bool) -> tuple[tuple[str, str], ...]:
    """What is wrong, and what helps. Kept: a catalog has few patterns, at many inputs, and each takes milliseconds."""
    try:
        automaton = read_automaton(text, is_whole=is_whole)
    except TooLong:
        return (("The pattern counts too far.", "Count by `maxLength`, or write + for many."),)
    if automaton.is_exponential():
        hint = "Repeat nothing that ends with a repeat, and let the choices of a | begin differently."
        return (("Some texts match in so many ways that no computer gets through them.", hint),)
    if _is_slow(automaton, longest):
        anchor = "" if is_whole or text.startswith("^") else "Begin the pattern with ^. "
        limit = f" Or set `maxLength` to {MAX_SQUARE} or less." if longest is None and automaton.degree() == 1 else ""
        hint = f"{anchor}Let repeats that follow each other share no character.{limit}"
        return (("A long text takes too long to match, for the pattern may divide it in many ways.", hint),)
    return ()


def _is_slow(automaton: Automaton, longest: int | None) -> bool:
    degree = automaton.degree()
    is_short = longest is not None and longest <= MAX_SQUARE
    return degree > 1 or (degree == 1 and not is_short) or automaton.count_ways() > MOST_WAYS
