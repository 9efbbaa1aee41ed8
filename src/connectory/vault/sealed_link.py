"""Links at rest: found by their hash, sealed so that the same one can be shown again (design 5.6)."""

from __future__ import annotations

import hashlib

from connectory.vault.keys import KeyRing, place


def hash_link(link: str) -> str:
    """SHA-256 of the secret part of a link, in hex. It has 256 random bits: no salt is needed."""
    return hashlib.sha256(link.encode()).hexdigest()


def seal_link(keys: KeyRing, link: str, table: str, row_id: str, workspace_id: str) -> bytes:
    """Seal a link for the row that holds it."""
    return keys.seal(link.encode(), bound_to=place(table, "link", row_id, workspace_id))


def open_sealed_link(keys: KeyRing, sealed: bytes, table: str, row_id: str, workspace_id: str) -> str:
    """The inverse of `seal_link`. Raises `CannotDecrypt`."""
    return keys.open(sealed, bound_to=place(table, "link", row_id, workspace_id)).decode()
