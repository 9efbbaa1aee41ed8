"""GitHub's own OpenAPI description, brought to a API's version that it names.

It describes 2022-11-28, and says under `x-github-breaking-changes` what each later version changes, as a JSON Patch
(RFC 6902; only `remove` and `replace` occur) or a merge patch (RFC 7386).
"""

from __future__ import annotations

import copy
from typing import Any

from tests.contracts.description import Description
from tests.contracts.openapi import TOOLS

GITHUB_DESCRIPTION = TOOLS / "octokit/api.github.com.json"
CHANGES = "x-github-breaking-changes"


def at_version(description: Description, version: str) -> Description:
    """The description as it is from `version` (a date) on; the given one stays as it is."""
    document = copy.deepcopy(dict(description.document))
    _change(document, version)
    return Description(document)


def _change(value: Any, version: str) -> None:
    """Apply the changes within a value, then what changes the value itself."""
    if isinstance(value, list):
        for member in value:
            _change(member, version)
    if not isinstance(value, dict):
        return
    changes = value.pop(CHANGES, ())
    for member in value.values():
        _change(member, version)
    due = [change["patch"] for change in changes if change["version"] <= version]
    for patch in due:
        if isinstance(patch, list):
            _apply(value, patch)
        else:
            _merge(value, patch)
    if due and isinstance(value.get("properties"), dict):
        # Each change lists what is required without its own field: two of one schema contradict each other.
        value["required"] = [name for name in value.get("required", ()) if name in value["properties"]]


def _merge(value: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, change in patch.items():
        if change is None:
            value.pop(key, None)
        elif isinstance(change, dict) and isinstance(value.get(key), dict):
            _merge(value[key], change)
        else:
            value[key] = change


def _apply(value: Any, patch: list[dict[str, Any]]) -> None:
    for step in patch:
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]]
        place = value
        for part in way:
            place = place[int(part) if isinstance(place, list) else part]
        key = int(last) if isinstance(place, list) else last
        if step["op"] == "remove":
            del place[key]
        elif step["op"] == "replace":
            place[key] = step["value"]
        else:
            raise ValueError(f"no such step in GitHub's changes: {step['op']}")
