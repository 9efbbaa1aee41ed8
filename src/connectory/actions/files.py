"""A file as an action gives or takes it: bytes in memory, never a path of the server's disk (attack 41)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class File:
    """Bytes with what is known of them. `media_type` and `name` are a provider's or caller's word: check before use."""

    data: bytes = field(repr=False)
    media_type: str = "application/octet-stream"
    name: str | None = None
