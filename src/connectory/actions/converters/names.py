"""Names of resources, which some APIs write as paths: `properties/12/streams/7`."""

from __future__ import annotations

from typing import Any


def from_last_segment(value: Any) -> Any:
    """Return the last part of a path, an address or a resource's name: `things/12` gives `12`.

    A slash at the end, and a query or fragment behind it, do not count. What is no text comes back unchanged.
    """
    if not isinstance(value, str):
        return value
    return value.partition("#")[0].partition("?")[0].rstrip("/").rpartition("/")[2]
