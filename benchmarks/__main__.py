"""`python -m benchmarks`: measure, and print a table. Nothing is written."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from benchmarks.fifty import load_groups
from benchmarks.measuring import Measured, measure
from benchmarks.pages import page_groups
from benchmarks.report import as_json, as_table
from benchmarks.subjects import Group, http_groups, provider_running, start_groups, stdio_groups

Groups = Callable[[str], AbstractAsyncContextManager[list[Group]]]


def main() -> None:
    """Read the options, measure, print."""
    options = _options()
    found = asyncio.run(_measure_all(options))
    print(as_json(found) if options.json else as_table(found))


async def _measure_all(options: argparse.Namespace) -> list[Measured]:
    plan: dict[str, tuple[Groups, int, int]] = {
        "http": (http_groups, options.rounds, options.block),
        "stdio": (stdio_groups, options.rounds, options.block),
        "start": (start_groups, options.starts, 1),
        "load": (load_groups, options.rounds, 1),
        "pages": (page_groups, options.rounds, 1),
    }
    found = []
    with provider_running() as provider:
        for groups_of, rounds, block in (plan[name] for name in options.only or plan):
            async with groups_of(provider) as groups:
                found += [await measure(group, rounds=rounds, block=block) for group in groups]
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    parser.add_argument(
        "--only", action="append", choices=["http", "stdio", "start", "load", "pages"], help="only these; repeatable"
    )
    parser.add_argument("--rounds", type=int, default=10, help="turns of calls and loads (default 10)")
    parser.add_argument("--block", type=int, default=20, help="calls in a row (default 20)")
    parser.add_argument("--starts", type=int, default=12, help="starts of each (default 12)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
