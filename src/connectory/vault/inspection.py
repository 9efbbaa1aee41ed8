"""Looking at a database file from outside, changing nothing in it: no migration, no mode.

SQLite may leave the two files beside it that every reader makes; the next start takes them away. For whoever must
tell what is wrong with it (`doctor`), and before it is taken into use (`restore`).
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from connectory.errors import CannotDecrypt
from connectory.vault.database_errors import translate
from connectory.vault.keys import KeyRing, place
from connectory.vault.schema import HEAD

WAIT_S = 5.0
MOST_PROBLEMS = 3  # of the integrity check that are told
SEALED = (
    ("grants", "credentials"),
    ("connect_sessions", "link"),
    ("oauth_flows", "body"),
    ("oauth_clients", "body"),
    ("confirmations", "link"),
    ("confirmations", "arguments"),
    ("kept_results", "body"),
)
NEEDED_TABLES = frozenset({"alembic_version", "workspaces", "grants", "connections"})
_TOKEN = (
    "SELECT api_tokens.expires_at FROM api_tokens JOIN memberships USING (workspace_id, user_id)"
    " WHERE hash = ? AND revoked_at IS NULL"
)
_ON_GRANT = "SELECT connector || '/' || alias, owner = workspace_id FROM connections WHERE grant_id = ? ORDER BY 1"


@dataclass(frozen=True, slots=True)
class SealedRows:
    """How many values are encrypted, how many of them do not open, and the connections that are lost by that."""

    total: int
    lost: int
    connections: tuple[str, ...]
    shared: frozenset[str] = frozenset()  # those of them that a whole workspace uses


@contextlib.contextmanager
def inspecting(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file for reading alone. Raises `DatabaseUnusable` or `DatabaseLocked`, also from within the block."""
    try:
        with contextlib.closing(_open(path)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise translate(error, str(path)) from error


def schema_revision(connection: sqlite3.Connection) -> str | None:
    """Return which version the tables have, None where there are none of ours."""
    if "alembic_version" not in _tables(connection):
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None


def is_newer(revision: str) -> bool:
    """Whether a newer version of Connectory has written a database of this revision."""
    return re.fullmatch(r"\d{4}", revision) is None or revision > HEAD


def integrity_problems(connection: sqlite3.Connection) -> Sequence[str]:
    """Return the first of what SQLite finds damaged; an empty list is good."""
    rows = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({MOST_PROBLEMS})")]
    return [] if rows == ["ok"] else rows


def foreign_parts(connection: sqlite3.Connection) -> Sequence[str]:
    """Return what our databases never have, or lack: a foreign file's trigger would run with our next write."""
    rows = connection.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_schema").fetchall()
    odd = [
        f"a {kind} '{name}'"
        for kind, name, sql in rows
        if kind not in ("table", "index") or sql.upper().startswith("CREATE VIRTUAL")
    ]
    return odd + [f"no table '{name}'" for name in sorted(NEEDED_TABLES - _tables(connection))]


def count_sealed(connection: sqlite3.Connection, keys: KeyRing | None) -> SealedRows:
    """Try every encrypted value with the keys at hand; without any, nothing opens."""
    total, lost, on_lost = 0, 0, list[tuple[str, bool]]()
    there = _tables(connection)
    for table, column in SEALED:
        if table not in there:
            continue
        query = f"SELECT id, workspace_id, {column} FROM {table} ORDER BY id"  # noqa: S608 # constants of this module
        for row_id, workspace_id, sealed in connection.execute(query).fetchall():
            total += 1
            if keys is None or not _opens(keys, sealed, place(table, column, row_id, workspace_id)):
                lost += 1
                on_lost += _connections(connection, row_id) if table == "grants" else []
    shared = frozenset(name for name, is_shared in on_lost if is_shared)
    return SealedRows(total, lost, tuple(name for name, _ in on_lost), shared)


def token_works(connection: sqlite3.Connection, hash: str, now: datetime) -> bool:  # noqa: A002 (the column's word)
    """Whether the API token with this hash still lets its user in."""
    if "api_tokens" not in _tables(connection):
        return False
    row = connection.execute(_TOKEN, (hash,)).fetchone()
    return row is not None and (row[0] is None or datetime.fromisoformat(row[0]).replace(tzinfo=UTC) > now)


def newest_audit_line(connection: sqlite3.Connection) -> datetime | None:
    """Return when the last line of the audit was written: an hour that has been."""
    if "audit" not in _tables(connection):
        return None
    found = connection.execute("SELECT max(at) FROM audit").fetchone()[0]
    return datetime.fromisoformat(found).replace(tzinfo=UTC) if found else None


def _open(path: Path) -> sqlite3.Connection:
    place_of_file = path.resolve().as_uri()
    connection = sqlite3.connect(f"{place_of_file}?mode=ro", uri=True, timeout=WAIT_S)
    try:
        connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        if path.with_name(path.name + "-wal").exists():
            raise
        # In a folder that cannot be written, the files beside a database in WAL mode cannot be made; nobody uses it.
        connection = sqlite3.connect(f"{place_of_file}?immutable=1", uri=True)
        connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
    return connection


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {str(row[0]) for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def _connections(connection: sqlite3.Connection, grant_id: str) -> list[tuple[str, bool]]:
    return [(str(name), bool(is_shared)) for name, is_shared in connection.execute(_ON_GRANT, (grant_id,))]


def _opens(keys: KeyRing, sealed: bytes, bound_to: str) -> bool:
    try:
        keys.open(sealed, bound_to=bound_to)
    except CannotDecrypt:
        return False
    return True
