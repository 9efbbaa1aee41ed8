"""Run as a program: several processes take an empty data folder into use at the same instant, round after round.

Everything is imported first and the processes are forked, so that they differ by microseconds where two commands would
by tenths of a second. Prints one line of JSON per round: what each process says.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback
from pathlib import Path

import alembic.command  # noqa: F401 # imported by the first start otherwise

from connectory.catalog.catalog import Catalog, load_catalog, packaged_folder
from connectory.cli.acting import principal_of
from connectory.settings import Settings
from connectory.wiring import running

PROCESSES = 3
WHOLE_ROUNDS = 2  # in which each process compiles the manifests too, as a first start does; it takes most of the time


async def start(folder: Path, number: int, catalog: Catalog | None) -> None:
    """Do what a first start does, and two writes."""
    async with running(Settings(data_dir=folder), catalog=catalog) as application:
        principal = await principal_of(application)
        await application.auth.connect(principal, "demo", alias=f"a{number}")
        await application.tokens.create(principal, f"t{number}")


def run_round(folder: Path, catalog: Catalog | None) -> list[str]:
    """Fork the processes, let them go at once, and return "ok" or the trace of each."""
    gate, opener = os.pipe()
    children: list[tuple[int, int]] = []
    for number in range(PROCESSES):
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(opener)
            os.read(gate, 1)  # until the opener is closed everywhere
            try:
                asyncio.run(start(folder, number, catalog))
                said = "ok"
            except BaseException:  # noqa: BLE001 # told to the test, whatever it is
                said = traceback.format_exc()
            os.write(writing, said[-8000:].encode())
            os._exit(0)
        os.close(writing)
        children.append((pid, reading))
    os.close(opener)
    os.close(gate)
    results = []
    for pid, reading in children:
        with os.fdopen(reading) as file:
            results.append(file.read())
        os.waitpid(pid, 0)
    return results


if __name__ == "__main__":
    loaded = load_catalog([packaged_folder()], index_dir=None)
    for turn in range(int(sys.argv[2])):
        said = run_round(Path(sys.argv[1]) / str(turn), None if turn < WHOLE_ROUNDS else loaded)
        print(json.dumps(said), flush=True)  # noqa: T201 # its result
