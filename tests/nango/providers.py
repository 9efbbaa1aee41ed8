"""Nango's catalogue: its own file where it is at hand (`TEST_SPECS_DIR`), else a dozen entries written here.

The file is under the Elastic License 2.0, so it is read and never copied in.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

Provider = dict[str, Any]
SPECS = Path(os.environ.get("TEST_SPECS_DIR", Path(__file__).parents[3] / "shared/specs"))
FILE = SPECS / "nango-providers.yaml"
LOCAL = Path(__file__).parent / "local_providers.yaml"
OWN = Path(__file__).parent / "providers.yaml"


def load_providers() -> dict[str, Provider]:
    """Every entry by name, aliases resolved. A test may put others in; the entries themselves are shared."""
    return dict(_read(FILE if FILE.exists() else OWN))


def own_providers() -> dict[str, Provider]:
    """The entries written here, wherever the file is."""
    return dict(_read(OWN))


def local_providers() -> dict[str, Provider]:
    """Those that a test plays itself (`local_provider`)."""
    return dict(_read(LOCAL))


@lru_cache
def _read(file: Path) -> dict[str, Provider]:
    found: dict[str, Provider] = yaml.load(file.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for name, entry in found.items():  # in the file's order: an alias may be of one that was an alias before
        other = found.get(entry.get("alias", ""))
        if other is not None:
            found[name] = {key: value for key, value in {**other, **entry}.items() if key != "alias"}
    return found
