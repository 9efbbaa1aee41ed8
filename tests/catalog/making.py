"""A small good manifest, and ways to spoil it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from connectory.catalog.loading import parse_manifest
from connectory.catalog.manifest import Manifest
from connectory.catalog.problems import ManifestProblem

GOOD: dict[str, Any] = {
    "format": 1,
    "name": "acme-shop",
    "title": "Acme",
    "description": "Orders at Acme.",
    "category": "other",
    "docs": "https://acme.example/docs",
    "servers": {"api": "https://{connection.shop}.acme.example/v1"},
    "headers": {"Accept": "application/json"},
    "auth": {
        "key": {
            "method": "api_key",
            "fields": {
                "shop": {"title": "Shop", "pattern": "[a-z0-9-]{1,63}"},
                "token": {"title": "Key", "kind": "secret"},
            },
            "headers": {"Authorization": "Bearer {credential.token}"},
        }
    },
    "verify": {"request": {"get": "/me"}, "account": {"id": "id", "name": "name"}},
    "actions": {
        "list_orders": {
            "title": "List orders",
            "description": "List the orders at Acme.",
            "effect": "read",
            "inputs": {
                "state": {"enum": ["open", "paid"], "description": "Only these."},
                "customer": {"type": "string", "required": True, "description": "Whose orders.", "examples": ["c1"]},
            },
            "request": {
                "get": "/customers/{customer}/orders",
                "query": {"state": "{state}", "n": "{limit}"},
            },
            "pages": "link_header",
            "answer": {"items": "data", "item": "{id: id}"},
            "docs": "https://acme.example/docs/orders",
        }
    },
}
ABSENT = object()


def changed(*changes: tuple[str, Any], base: dict[str, Any] = GOOD) -> dict[str, Any]:
    """Return the good manifest with values set, or removed by `ABSENT`, at paths like `actions/list/errors/0`."""
    tree: dict[str, Any] = json.loads(json.dumps(base))  # without parts that stand in two places
    for path, value in changes:
        *way, last = path.split("/")
        place: Any = tree
        for key in way:
            place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
        at: Any = int(last) if isinstance(place, list) else last
        if value is ABSENT:
            del place[at]
        else:
            place[at] = copy.deepcopy(value)
    return tree


def parse(tree: dict[str, Any]) -> tuple[Manifest | None, tuple[ManifestProblem, ...]]:
    """Read a manifest from a tree; JSON is YAML."""
    return parse_manifest(json.dumps(tree, indent=1).encode(), Path("acme.yaml"))


def problems_of(*changes: tuple[str, Any], base: dict[str, Any] = GOOD) -> list[str]:
    """Return the problems of the changed manifest as `key path: message hint`."""
    return [str(problem).split(": ", 1)[1] for problem in parse(changed(*changes, base=base))[1]]


def write(folder: Path, name: str, **values: Any) -> Path:
    """Write a good manifest under another name into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.yaml"
    file.write_text(json.dumps({**changed(("name", name)), **values}, indent=1))
    return file
