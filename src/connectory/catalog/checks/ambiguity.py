"""In how many ways a regular expression may match: what `re` has to try before it says no (attack 104).

`re` goes back and tries another way wherever one fails, so the ways are its cost. The expression becomes the automaton
of its positions (Glushkov 1961), one state for each character it may stand at, with an edge as often as there are ways
to take it. Two ways round a loop on one text are exponential, two loops that share a text and follow one another are a
power each (Weber and Seidl 1991, criteria EDA and IDA). What has no loop is counted, on a text that keeps ways open.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from itertools import product
from typing import Any

op: Any = import_module("re._constants")  # what `re` itself runs; there is no public parse
parser: Any = import_module("re._parser")
MOST_POSITIONS = 300  # characters, bounded repeats written out
MOST_TRIED = 20_000  # places of two loops looked at together, before they are taken to share a text
COUNTED = 256  # characters of the text on which ways are counted
SPELLED_OUT = 3  # a repeat of so many more than its least is written out, one of more is taken for endless
OUTSIDE_ASCII = "\u00a0é߀日\U0001f600"  # a space, a letter, a digit, a word, a symbol that no range of ASCII holds


class TooLong(ValueError):
    """The expression has more positions than are looked at."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the expression: where it may begin and end, and in how many ways it may be empty (2: several)."""

    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    empty: int = 1


@dataclass(slots=True)
class Automaton:
    """The positions of an expression by the characters that they take (a bit each), and how one follows another."""

    alphabet: Sequence[str]
    takes: list[int] = field(default_factory=list)
    follow: dict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    first: tuple[int, ...] = ()
    repeats_nothing: bool = False  # a repeat of what may be empty, which `re` may try twice at each place

    @property
    def loops(self) -> list[set[int]]:
        """The positions that lead back to themselves, by the loop they are in."""
        reached = {at: self._reached(at) for at in range(len(self.takes))}
        found: list[set[int]] = []
        for at, others in reached.items():
            if at in others and not any(at in loop for loop in found):
                found.append({other for other in others if at in reached[other]})
        return found

    def is_exponential(self) -> bool:
        """Whether each further character may double the ways."""
        return self.repeats_nothing or any(self._has_two_ways(loop) for loop in self.loops)

    def degree(self) -> int:
        """The power of the text's length by which the ways grow; the time `re` takes grows by one power more."""
        loops = sorted(self.loops, key=lambda loop: -len(self._reached(min(loop))))  # what leads to others comes first
        found: list[int] = []
        for at, loop in enumerate(loops):
            before = [
                found[earlier] + self._share_a_text(other, loop)
                for earlier, other in enumerate(loops[:at])
                if loop <= self._reached(min(other))
            ]
            found.append(max(before, default=0))
        return max(found, default=0)

    def count_ways(self) -> int:
        """Return how many ways stand open, added up over a text that at each character leaves the most of them."""
        total = 0
        symbols = list(self._symbols())
        following = Counter(self.first)
        for _ in range(COUNTED):
            ways = max((self._taken(following, bit) for bit in symbols), key=Counter.total)
            total += ways.total()
            following = Counter()
            for here, many in ways.items():
                for there, edges in self.follow[here].items():
                    following[there] += many * edges
        return total

    def _taken(self, ways: Counter[int], bit: int) -> Counter[int]:
        return Counter({there: many for there, many in ways.items() if self.takes[there] & bit})

    def _symbols(self) -> Iterator[int]:
        """One character of each kind: those that the same positions take are the same here."""
        seen: set[tuple[bool, ...]] = set()
        for at in range(len(self.alphabet)):
            kind = tuple(bool(mask >> at & 1) for mask in self.takes)
            if kind not in seen:
                seen.add(kind)
                yield 1 << at

    def _reached(self, start: int) -> set[int]:
        found: set[int] = set()
        waiting = [start]
        while waiting:
            for there in self.follow[waiting.pop()].keys() - found:
                found.add(there)
                waiting.append(there)
        return found

    def _has_two_ways(self, loop: set[int]) -> bool:
        """Whether two ways that part inside the loop, on the same text, meet again."""
        if any(many > 1 and there in loop for here in loop for there, many in self.follow[here].items()):
            return True
        onward = {(a, b): set(self._together(a, b, loop)) for a in loop for b in loop}
        back: dict[tuple[int, int], set[tuple[int, int]]] = defaultdict(set)
        for pair, others in onward.items():
            for other in others:
                back[other].add(pair)
        same = [(at, at) for at in loop]
        return any(a != b for a, b in _closure(same, onward) & _closure(same, back))

    def _share_a_text(self, one: set[int], other: set[int]) -> bool:
        """Whether some text leads round `one`, round `other`, and from the first to the second."""
        onto = {at for at in self._reached(min(one)) if other <= self._reached(at)} | one | other
        tried = 0
        for start, end in product(one, other):
            seen = {(start, start, end)}
            waiting = list(seen)
            while waiting:
                tried += 1
                for after in self._three(waiting.pop(), one, onto, other):
                    if after == (start, end, end) or tried > MOST_TRIED:
                        return True
                    if after not in seen:
                        seen.add(after)
                        waiting.append(after)
        return False

    def _three(
        self, places: tuple[int, int, int], one: set[int], onto: set[int], other: set[int]
    ) -> Iterator[tuple[int, int, int]]:
        a, b, c = places
        for x, z in product(self.follow[a].keys() & one, self.follow[c].keys() & other):
            if both := self.takes[x] & self.takes[z]:
                yield from ((x, y, z) for y in self.follow[b].keys() & onto if self.takes[y] & both)

    def _together(self, a: int, b: int, loop: set[int]) -> Iterator[tuple[int, int]]:
        for one in self.follow[a].keys() & loop:
            for other in self.follow[b].keys() & loop:
                if self.takes[one] & self.takes[other]:
                    yield one, other


def read_automaton(text: str, *, is_whole: bool) -> Automaton:
    """Return the automaton of an expression that compiles. Raises `TooLong`.

    `is_whole`: it is matched against the whole text; else it is searched for, and may begin anywhere.
    """
    tree = parser.parse(text)
    automaton = Automaton(sorted({*map(chr, range(128)), *OUTSIDE_ASCII, *_named(tree)}))
    reader = _Reader(automaton)
    part = reader.read(tree)
    automaton.first = part.first
    if not is_whole and not _begins_at_start(tree):
        anywhere = reader.position((1 << len(automaton.alphabet)) - 1)
        automaton.follow[anywhere].update((anywhere, *part.first))
        automaton.first = (*part.first, anywhere)
    return automaton


@dataclass(slots=True)
class _Reader:
    automaton: Automaton

    def read(self, tree: Iterable[Any]) -> _Part:
        whole = _Part()
        for code, value in tree:
            whole = self._then(whole, self._piece(code, value))
        return whole

    def position(self, mask: int) -> int:
        if len(self.automaton.takes) >= MOST_POSITIONS:
            raise TooLong
        self.automaton.takes.append(mask)
        return len(self.automaton.takes) - 1

    def _piece(self, code: Any, value: Any) -> _Part:
        if code in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
            return self._character(_mask(code, value, self.automaton.alphabet))
        if code is op.SUBPATTERN:
            return self.read(value[-1])
        if code is op.BRANCH:
            parts = [self.read(branch) for branch in value[1]]
            first, last = ([at for part in parts for at in getattr(part, key)] for key in ("first", "last"))
            return _Part(tuple(first), tuple(last), min(2, sum(part.empty for part in parts)))
        if code in (op.MAX_REPEAT, op.MIN_REPEAT):
            return self._repeat(*value)
        if code in (op.ASSERT, op.ASSERT_NOT) and value[0] > 0:  # what it tries are ways that end there
            return _Part(self.read(value[1]).first)
        return _Part()  # an anchor, or a look back, whose length is fixed

    def _repeat(self, least: int, most: Any, tree: Any) -> _Part:
        endless = most is op.MAXREPEAT or most - least > SPELLED_OUT
        if len(tree) == 1 and tree[0][0] in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
            mask = _mask(tree[0][0], tree[0][1], self.automaton.alphabet)
            part = self._optional(mask, 0 if endless else most - least)
            if endless:
                part = self._loop(self._character(mask), may_be_empty=least == 0)
                least = max(0, least - 1)
            for _ in range(least):
                part = self._then(self._character(mask), part)
            return part
        part = self.read(tree)
        if most == 1:
            return _Part(part.first, part.last, min(2, part.empty + (least == 0)))
        return part if most == 0 else self._loop(part, may_be_empty=least == 0)

    def _optional(self, mask: int, many: int) -> _Part:
        part = _Part()
        for _ in range(many):
            inner = self._then(self._character(mask), part)
            part = _Part(inner.first, inner.last, 1)
        return part

    def _loop(self, part: _Part, *, may_be_empty: bool) -> _Part:
        self.automaton.repeats_nothing |= part.empty > 0
        self._connect(part.last, part.first)
        return _Part(part.first, part.last, int(may_be_empty))

    def _character(self, mask: int) -> _Part:
        at = self.position(mask)
        return _Part((at,), (at,), 0)

    def _then(self, one: _Part, other: _Part) -> _Part:
        self._connect(one.last, other.first)
        first = (*one.first, *other.first * one.empty)
        last = (*one.last * other.empty, *other.last)
        return _Part(first, last, min(2, one.empty * other.empty))

    def _connect(self, ends: tuple[int, ...], beginnings: tuple[int, ...]) -> None:
        for end in ends:
            self.automaton.follow[end].update(beginnings)


def _closure(
    starts: Iterable[tuple[int, int]], onward: dict[tuple[int, int], set[tuple[int, int]]]
) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    waiting = list(starts)
    while waiting:
        for pair in onward.get(waiting.pop(), set()) - found:
            found.add(pair)
            waiting.append(pair)
    return found


def _mask(code: Any, value: Any, alphabet: Sequence[str]) -> int:
    return sum(1 << at for at, character in enumerate(alphabet) if _takes(code, value, character))


def _takes(code: Any, value: Any, character: str) -> bool:
    if code is op.LITERAL:
        return bool(ord(character) == value)
    if code is op.NOT_LITERAL:
        return bool(ord(character) != value)
    if code is op.ANY:
        return character != "\n"
    if code is op.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    if code is op.CATEGORY:
        return re.fullmatch(_CATEGORIES[value], character) is not None
    is_negated = value[0][0] is op.NEGATE
    return any(_takes(kind, of, character) for kind, of in value if kind is not op.NEGATE) != is_negated


_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d", op.CATEGORY_NOT_DIGIT: r"\D", op.CATEGORY_SPACE: r"\s", op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w", op.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def _named(tree: Any) -> Iterator[str]:
    """Every character that the expression names, the ends of its ranges too."""
    if isinstance(tree, tuple) and len(tree) == 2 and tree[0] in (op.LITERAL, op.NOT_LITERAL):
        yield chr(tree[1])
    elif isinstance(tree, tuple) and len(tree) == 2 and tree[0] is op.RANGE:
        yield from map(chr, tree[1])
    elif isinstance(tree, tuple | list | parser.SubPattern):
        for part in tree:
            yield from _named(part)


def _begins_at_start(tree: Any) -> bool:
    """Whether it can only match at the beginning of the text."""
    if not len(tree):
        return False
    code, value = tree[0]
    if code is op.SUBPATTERN:
        return _begins_at_start(value[-1])
    if code is op.BRANCH:
        return all(map(_begins_at_start, value[1]))
    return bool(code is op.AT and value is op.AT_BEGINNING)
