"""The database: units of work in threads, one writer and several readers, each on a connection that stays open.

A unit of work is a function of a SQLAlchemy connection. It runs whole in one thread: one hop to the thread and back
per unit, where an async driver hops for each cursor, fetch, begin and commit (measured: 4 times the time of a read, 5
of a write). And a caller who is cancelled leaves either a whole transaction behind, or none.

SQLite in WAL mode: readers never wait for a writer. Writers take the lock when they begin (BEGIN IMMEDIATE); taking
it only at the first change could fail at once, whatever the waiting time.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool

from connectory.errors import BadInput, DatabaseUnusable
from connectory.vault.data_folder import make_private_file, prepare_folder
from connectory.vault.database_errors import locked, translate

READERS = 4
RETRY_S = 0.02
T = TypeVar("T")
Work = Callable[[sa.Connection], T]
Values = Mapping[str, object]
_log = structlog.get_logger(__name__)


class Database:
    """Runs units of work. Made by `open_file` or `open_memory`; ended by `aclose`."""

    def __init__(self, name: str, wait_s: float, reading: sa.Engine, writing: sa.Engine) -> None:
        self._name = name
        self._wait_s = wait_s
        self._reading = reading
        self._writing = writing
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="vault-writer")
        # A database in memory is one connection: there, readers take their turn behind the writer.
        self._readers = (
            self._writer if reading is writing else ThreadPoolExecutor(READERS, thread_name_prefix="vault-reader")
        )
        self._is_closed = False

    @classmethod
    def open_file(cls, path: Path, *, wait_s: float) -> Database:
        """Take the SQLite file at `path`, made private if it is missing. Blocks: call it in a thread."""
        prepare_folder(path.parent)
        make_private_file(path)
        url = sa.URL.create("sqlite", database=str(path))
        common = {
            "hide_parameters": True,
            "poolclass": QueuePool,
            "max_overflow": 0,
            "connect_args": {"timeout": wait_s},
        }
        reading = sa.create_engine(
            url, pool_size=READERS, isolation_level="AUTOCOMMIT", pool_reset_on_return=None, **common
        )
        writing = sa.create_engine(url, pool_size=1, **common)
        sa.event.listen(reading, "connect", _prepare_reader)
        _let_write(writing, str(path), wait_s)
        return cls(str(path), wait_s, reading, writing)

    @classmethod
    def open_memory(cls) -> Database:
        """Make an empty database in memory, gone with `aclose`.

        No other process can hold it: a writer waits behind our own as long as they take.
        """
        engine = sa.create_engine(
            "sqlite://", hide_parameters=True, poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        _let_write(engine, ":memory:", wait_s=1.0)
        return cls("in memory", math.inf, engine, engine)

    async def read(self, work: Work[T]) -> T:
        """Run `work`, which only selects. Each of its statements sees what is committed by then."""
        return await self._run(self._readers, lambda: self._in_reader(work))

    async def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction: all of it is committed, or, if it raises, nothing.

        A caller who is cancelled meanwhile does not undo it. Raises `DatabaseLocked` after the waiting time at most
        twice: once behind our own writers, once behind other processes.
        """
        deadline = time.monotonic() + self._wait_s
        return await self._run(self._writer, lambda: self._in_writer(work, deadline))

    async def rebuild(self, work: Work[T]) -> T:
        """Run `work` as `write` does, while foreign keys are off: for migrations.

        SQLite changes a table by building another one, dropping the old and renaming the new. With foreign keys on, the
        drop deletes the rows that hang on the table; off, they find the new one under the old name (sqlite.org,
        "Making Other Kinds Of Table Schema Changes"). They are checked before the commit. Raises `DatabaseUnusable`
        where one does not fit any more.
        """
        deadline = time.monotonic() + self._wait_s
        return await self._run(self._writer, lambda: self._in_rebuilder(work, deadline))

    async def rows(self, statement: sa.Select[Any], values: Values | None = None) -> Sequence[sa.Row[Any]]:
        """Return all rows of one select."""
        return await self.read(lambda connection: connection.execute(statement, values).all())

    async def row(self, statement: sa.Select[Any], values: Values | None = None) -> sa.Row[Any] | None:
        """Return the first row of one select, or None."""
        return await self.read(lambda connection: connection.execute(statement, values).first())

    async def change(self, statement: sa.Executable, values: Values | Sequence[Values] | None = None) -> int:
        """Run one insert, update or delete in its own transaction; return how many rows it met."""
        return await self.write(lambda connection: connection.execute(statement, values).rowcount)

    async def aclose(self) -> None:
        """Let work under way end, then close every connection."""
        self._is_closed = True
        await asyncio.to_thread(self._close)

    async def _run(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        if self._is_closed:
            raise DatabaseUnusable("The database is closed.", hint="The server is ending; start it again.")
        return await asyncio.get_running_loop().run_in_executor(threads, self._translating, work)

    def _translating(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except (DBAPIError, sqlite3.Error) as error:
            raise translate(error, self._name) from error
        except UnicodeEncodeError:  # a lone surrogate, which JSON can carry and no database takes
            raise BadInput("The text holds a character that is no valid Unicode.", hint="Leave it out.") from None

    def _in_reader(self, work: Work[T]) -> T:
        with self._reading.connect() as connection:
            return work(connection)

    def _in_writer(self, work: Work[T], deadline: float) -> T:
        if time.monotonic() > deadline:
            raise locked(self._name)
        with self._writing.begin() as connection:
            return work(connection)

    def _in_rebuilder(self, work: Work[T], deadline: float) -> T:
        if time.monotonic() > deadline:
            raise locked(self._name)
        with self._writing.connect() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)  # tells the type checker
            driver.execute("PRAGMA foreign_keys=OFF")  # inside a transaction this would do nothing
            try:
                with connection.begin():
                    result = work(connection)
                    self._check_references(connection)
                return result
            finally:
                driver.execute("PRAGMA foreign_keys=ON")

    def _check_references(self, connection: sa.Connection) -> None:
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise DatabaseUnusable(
                f"Rows of the table '{broken[0]}' in {self._name} would lose what they belong to ('{broken[2]}');"
                " nothing was changed.",
                hint="Go back to the version of Connectory that wrote it, and report this with both versions.",
            )

    def _close(self) -> None:
        for threads in (self._readers, self._writer):
            threads.shutdown(wait=True)
        for engine in (self._reading, self._writing):
            engine.dispose()


def use_wal(connection: sqlite3.Connection, name: str, wait_s: float) -> None:
    """Turn WAL mode on; it stays on in the file. Where the file system cannot do it, say so and go on without.

    SQLite does not wait for its lock here, whatever the timeout, so processes that start at once would fail.
    """
    deadline = time.monotonic() + wait_s
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(RETRY_S)
        else:
            break
    if mode not in ("wal", "memory"):
        _log.warning(
            "the database is not in WAL mode: readers and writers will wait for each other",
            database=name,
            mode=mode,
            hint="Keep it on a local disk, not on a network drive: set CONNECTORY_DATA_DIR to a folder there.",
        )


def _let_write(engine: sa.Engine, name: str, wait_s: float) -> None:
    """Take transactions out of the driver's hands: it would begin them late, and not at all before DDL."""

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        use_wal(connection, name, wait_s)
        # FULL: a commit is on the disk when we go on. With NORMAL a power cut could undo the audit line of a write
        # that was sent, or a rotated refresh token. It costs 0.2 to 0.3 ms a commit (an SSD, measured), reads nothing.
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    sa.event.listen(engine, "connect", prepare)
    sa.event.listen(engine, "begin", begin)


def _prepare_reader(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA query_only=ON")
