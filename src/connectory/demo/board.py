"""The boards of the demo: tasks by sandbox, in an SQLite file. Synchronous; the transport calls from a thread."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

MAX_TASKS = 1_000  # on one board
MAX_BOARDS = 1_000  # the one longest unused goes first
UNUSED_FOR = timedelta(days=30)  # then a board goes: disconnecting tells no provider to delete what it has
NOTED_EVERY = timedelta(days=1)  # reads note no sooner again that a board is used
IN_MEMORY = ":memory:"
LOCK_WAIT_S = 5.0
FIELDS = ("title", "notes", "due", "state")
SEED = (
    ("Read what this board is for", "It shows how an assistant works with a service. Change it as you like.", "done"),
    ("Ask your assistant to add a task", "For example: add a task to water the plants by Friday.", "open"),
    ("Ask it to mark this task as done", "", "open"),
    ("Connect a real service", "For example: connect my GitHub.", "open"),
)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS boards (sandbox TEXT PRIMARY KEY, next_id INTEGER NOT NULL, used_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tasks (
    sandbox TEXT NOT NULL REFERENCES boards ON DELETE CASCADE, id INTEGER NOT NULL,
    title TEXT NOT NULL, notes TEXT NOT NULL, due TEXT, state TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, PRIMARY KEY (sandbox, id)
);
"""
# An absent filter is NULL; text is searched as it is, so % and _ of a LIKE have no part in it.
_FILTER = """
    FROM tasks WHERE sandbox = :sandbox AND (:state IS NULL OR state = :state)
    AND (:search IS NULL OR instr(lower(title || ' ' || notes), lower(:search)) > 0)
"""
_COLUMNS = "id, title, notes, due, state, created_at, updated_at"
_COUNT = f"SELECT count(*) {_FILTER}"  # only constants of this module
_LIST = f"SELECT {_COLUMNS} {_FILTER} ORDER BY id LIMIT :size OFFSET :start"
_GET = f"SELECT {_COLUMNS} FROM tasks WHERE sandbox = ? AND id = ?"  # noqa: S608

Task = dict[str, Any]


class BoardFull(Exception):
    """The board holds as many tasks as one may."""


class Boards:
    """All boards. Each method does one transaction; a board is made, with a few tasks on it, when it is first used."""

    def __init__(self, place: Path | str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._place = place
        self._now = now
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None

    def list(
        self, sandbox: str, *, state: str | None, search: str | None, start: int, size: int
    ) -> tuple[list[Task], int]:
        """Return `size` tasks from position `start` on, oldest first, and how many there are in all."""
        with self._board(sandbox, changes=False) as database:
            asked = {"sandbox": sandbox, "state": state, "search": search, "start": start, "size": size}
            (count,) = database.execute(_COUNT, asked).fetchone()
            return [dict(row) for row in database.execute(_LIST, asked)], count

    def get(self, sandbox: str, task_id: int) -> Task | None:
        """Return one task."""
        with self._board(sandbox, changes=False) as database:
            return _find(database, sandbox, task_id)

    def create(self, sandbox: str, fields: Mapping[str, Any]) -> Task:
        """Store a new task. Numbers are never given twice. Raises `BoardFull`."""
        with self._board(sandbox, changes=True) as database:
            (count,) = database.execute("SELECT count(*) FROM tasks WHERE sandbox = ?", (sandbox,)).fetchone()
            if count >= MAX_TASKS:
                raise BoardFull
            return self._insert(database, sandbox, fields)

    def update(self, sandbox: str, task_id: int, fields: Mapping[str, Any]) -> Task | None:
        """Change the given fields of a task; None where there is no such task."""
        with self._board(sandbox, changes=True) as database:
            task = _find(database, sandbox, task_id)
            if task is None:
                return None
            changed = {**task, **{name: fields[name] for name in FIELDS if name in fields}}
            if changed == task:
                return task
            database.execute(
                "UPDATE tasks SET title = :title, notes = :notes, due = :due, state = :state, updated_at = :now"
                " WHERE sandbox = :sandbox AND id = :id",
                {**changed, "now": self._time(), "sandbox": sandbox},
            )
            return _find(database, sandbox, task_id)

    def delete(self, sandbox: str, task_id: int) -> bool:
        """Delete a task; False where there is none."""
        with self._board(sandbox, changes=True) as database:
            return database.execute("DELETE FROM tasks WHERE sandbox = ? AND id = ?", (sandbox, task_id)).rowcount > 0

    def close(self) -> None:
        """Close the file; a later call opens it again."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    @contextmanager
    def _board(self, sandbox: str, *, changes: bool) -> Iterator[sqlite3.Connection]:
        """Give the database for one transaction, with the board in it.

        What changes something takes the write lock first: several processes share the file, and one that reads and
        then writes could be refused in between. What only reads waits for no writer.
        """
        with self._lock:
            database = self._database = self._database or self._open()
            writes = changes or not self._is_noted(database, sandbox)
            database.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            try:
                if writes:
                    self._note(database, sandbox)
                yield database
            except BaseException:
                database.rollback()
                raise
            database.commit()

    def _is_noted(self, database: sqlite3.Connection, sandbox: str) -> bool:
        since = (self._now() - NOTED_EVERY).isoformat()
        asked = database.execute("SELECT 1 FROM boards WHERE sandbox = ? AND used_at > ?", (sandbox, since))
        return asked.fetchone() is not None

    def _note(self, database: sqlite3.Connection, sandbox: str) -> None:
        now = self._now().isoformat()
        if not database.execute("UPDATE boards SET used_at = ? WHERE sandbox = ?", (now, sandbox)).rowcount:
            self._seed(database, sandbox)

    def _seed(self, database: sqlite3.Connection, sandbox: str) -> None:
        database.execute("DELETE FROM boards WHERE used_at <= ?", ((self._now() - UNUSED_FOR).isoformat(),))
        database.execute(
            "DELETE FROM boards WHERE sandbox IN (SELECT sandbox FROM boards ORDER BY used_at DESC LIMIT -1 OFFSET ?)",
            (MAX_BOARDS - 1,),
        )
        database.execute("INSERT INTO boards VALUES (?, 1, ?)", (sandbox, self._now().isoformat()))
        for title, notes, state in SEED:
            self._insert(database, sandbox, {"title": title, "notes": notes, "state": state})

    def _insert(self, database: sqlite3.Connection, sandbox: str, fields: Mapping[str, Any]) -> Task:
        (task_id,) = database.execute(
            "UPDATE boards SET next_id = next_id + 1 WHERE sandbox = ? RETURNING next_id - 1", (sandbox,)
        ).fetchone()
        task = {
            "notes": "",
            "due": None,
            "state": "open",
            **fields,
            "id": task_id,
            "sandbox": sandbox,
            "now": self._time(),
        }
        database.execute("INSERT INTO tasks VALUES (:sandbox, :id, :title, :notes, :due, :state, :now, :now)", task)
        found = _find(database, sandbox, task_id)
        assert found is not None
        return found

    def _open(self) -> sqlite3.Connection:
        if self._place != IN_MEMORY:
            _make_private(Path(self._place))
        database = sqlite3.connect(self._place, timeout=LOCK_WAIT_S, isolation_level=None, check_same_thread=False)
        database.row_factory = sqlite3.Row
        database.execute("PRAGMA foreign_keys = ON")
        database.executescript(_SCHEMA)
        return database

    def _time(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _find(database: sqlite3.Connection, sandbox: str, task_id: int) -> Task | None:
    row = database.execute(_GET, (sandbox, task_id)).fetchone()
    return dict(row) if row is not None else None


def _make_private(place: Path) -> None:
    """Make the file ours alone before SQLite opens it: SQLite gives its journal the same mode."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)
