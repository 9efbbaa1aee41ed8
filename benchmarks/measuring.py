"""Measure subjects in turns, so that what else happens on the machine meets them alike."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from benchmarks.subjects import Group, Once

OURS, FLOOR = "connectory", "floor"


@dataclass(frozen=True)
class Times:
    """Milliseconds of one subject, each time it ran."""

    ms: Sequence[float]

    @property
    def median(self) -> float:
        """Half were faster."""
        return statistics.median(self.ms)

    @property
    def p90(self) -> float:
        """Nine of ten were faster."""
        return statistics.quantiles(self.ms, n=10)[-1] if len(self.ms) > 1 else self.ms[0]


@dataclass(frozen=True)
class Measured:
    """A group's times by subject."""

    name: str
    times: Mapping[str, Times]

    def over(self, other: str) -> float | None:
        """Our median as a multiple of another's."""
        return self.times[OURS].median / self.times[other].median if other in self.times else None


async def measure(group: Group, *, rounds: int, block: int) -> Measured:
    """Run each subject `block` times in a row, `rounds` times in turns, every other round in the opposite order."""
    subjects: dict[str, Once] = {OURS: group.ours, FLOOR: group.floor, **dict(group.others)}
    ms: dict[str, list[float]] = {name: [] for name in subjects}
    gc.collect()
    for turn in range(rounds):
        for name, once in list(subjects.items())[:: 1 if turn % 2 else -1]:
            for _ in range(block):
                began = perf_counter()
                own = await once()
                ms[name].append((perf_counter() - began if own is None else own) * 1000)
    return Measured(group.name, {name: Times(found) for name, found in ms.items()})
