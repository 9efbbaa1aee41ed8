"""Say what was measured: a table for people, JSON for machines."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence

from benchmarks.measuring import FLOOR, OURS, Measured

COLUMNS = f"{'':32}{'median ms':>10}{'p90':>9}{'floor ms':>10}{'p90':>9}{'/ floor':>9}{'/ A':>7}"


def as_table(found: Sequence[Measured]) -> str:
    """One line per group."""
    return "\n".join([COLUMNS, *map(_line, found), "", machine()])


def as_json(found: Sequence[Measured]) -> str:
    """Every median, p90 and number of runs."""
    groups = {
        one.name: {
            name: {"median_ms": round(times.median, 3), "p90_ms": round(times.p90, 3), "runs": len(times.ms)}
            for name, times in one.times.items()
        }
        for one in found
    }
    return json.dumps({"machine": machine(), "groups": groups}, indent=2)


def machine() -> str:
    """Processors, Python and load, without which no figure means anything."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, load {load}"


def _line(one: Measured) -> str:
    ours, floor = one.times[OURS], one.times[FLOOR]
    to_a = one.over("A")
    figures = f"{ours.median:10.2f}{ours.p90:9.2f}{floor.median:10.2f}{floor.p90:9.2f}{one.over(FLOOR):9.2f}"
    return f"{one.name:32}{figures}{f'{to_a:7.2f}' if to_a else ''}"
