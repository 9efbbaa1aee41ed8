"""What a database's own errors mean to whoever must mend them: the one place that translates them."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from connectory.errors import (
    AlreadyExists,
    BadInput,
    ConnectoryError,
    DatabaseFull,
    DatabaseLocked,
    DatabaseUnusable,
)

_PRIMARY = 0xFF  # SQLite's extended result codes keep the primary one in the low byte
_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
# A full disk is SQLITE_FULL only in the database's own file: the files beside it, quotas and limits fail like this.
_NOT_WRITTEN = frozenset(
    {
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_SHMSIZE,
        sqlite3.SQLITE_IOERR_SHMMAP,
        sqlite3.SQLITE_IOERR_TRUNCATE,
    }
)
_WRONG_FILE = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})
_NO_ACCESS = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH})


def translate(error: DBAPIError | sqlite3.Error, database: str) -> ConnectoryError:
    """Return the error of ours that says what happened to `database` and what to do. It holds no value of a row."""
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "sqlite_errorcode", 0)
    if isinstance(original, sqlite3.IntegrityError):
        return _conflict(code)
    match code & _PRIMARY:
        case primary if primary in _LOCKED:
            return locked(database)
        case sqlite3.SQLITE_FULL:
            return DatabaseFull(
                f"The disk that holds {database} is full; nothing was written.", hint="Free some space, then try again."
            )
        case sqlite3.SQLITE_IOERR if code in _NOT_WRITTEN:
            return DatabaseFull(
                f"The disk that holds {database} takes no more: it is full, or a quota or a limit is reached "
                f"({original}); nothing was written.",
                hint="Free some space or raise the limit, then try again; if there is space, check the disk.",
            )
        case primary if primary in _NO_ACCESS:
            return DatabaseUnusable(
                f"The database {database} cannot be opened for writing: {original}.",
                hint="Check that this user owns the file and the folder around it and may write to both, and that the "
                "disk is not mounted read-only.",
            )
        case primary if primary in _WRONG_FILE:
            return DatabaseUnusable(
                f"The file {database} is damaged, or is not Connectory's database: {original}.",
                hint="Restore it from a backup, or move it away to begin with an empty one.",
            )
        case _:
            return DatabaseUnusable(
                f"The database {database} failed: {original}.",
                hint="Check its disk, and that no other program writes to the file.",
            )


def locked(database: str) -> DatabaseLocked:
    """The error for a lock that outlasts our patience."""
    return DatabaseLocked(
        f"Another process holds the database {database} locked; nothing was written.",
        hint="Try again; if it lasts, look for a backup or database tool that has the file open and end it.",
    )


def _conflict(code: int) -> ConnectoryError:
    if code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
        return BadInput("What this belongs to does not exist any more.", hint="List what there is, then try again.")
    return AlreadyExists("Something of this name exists already.", hint="Choose another name.")
