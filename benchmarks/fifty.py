"""Fifty manifests, and what reading them at a start costs: GitHub's first eight actions under fifty names."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from benchmarks.subjects import Group, Once
from connectory.catalog.catalog import Catalog, load_catalog, packaged_folder
from connectory.catalog.yaml_document import read_document

MANIFESTS = 50
ACTIONS = 8


@asynccontextmanager
async def load_groups(provider: str) -> AsyncIterator[list[Group]]:
    """Load from the index, with one file changed, and with every connector compiled; the floor is JSON's own parser."""
    del provider
    with tempfile.TemporaryDirectory(prefix="connectory-bench-") as name:
        folder, index = Path(name) / "manifests", Path(name) / "index"
        _write(folder)
        load = _loader(folder, index)
        load()
        changes = count(1)

        def changed() -> None:
            os.utime(folder / "shop-07.yaml", ns=(0, next(changes)))
            load()

        def compiled() -> None:
            catalog = load()
            assert all(action.input_schema for action in catalog.actions.values())

        def floor() -> None:
            for file in index.iterdir():
                for line in file.read_bytes().split(b"\n")[:-1]:
                    json.loads(line)

        yield [
            Group("load of fifty manifests", _once(load), _once(floor)),
            Group("load, one of them changed", _once(changed), _once(floor)),
            Group("load, and compile all", _once(compiled), _once(floor)),
        ]


def _write(folder: Path) -> None:
    folder.mkdir()
    tree = read_document((packaged_folder() / "github.yaml").read_bytes()).value
    tree["actions"] = dict(list(tree["actions"].items())[:ACTIONS])
    for number in range(MANIFESTS):
        name = f"shop-{number:02}"
        (folder / f"{name}.yaml").write_text(json.dumps({**tree, "name": name, "title": name}, indent=2))


def _loader(folder: Path, index: Path) -> Callable[[], Catalog]:
    def load() -> Catalog:
        catalog = load_catalog([folder], index_dir=index)
        assert len(catalog.connectors) == MANIFESTS, catalog.problems
        assert len(catalog.actions) == MANIFESTS * ACTIONS
        return catalog

    return load


def _once(act: Callable[[], object]) -> Once:
    async def once() -> None:
        act()

    return once
