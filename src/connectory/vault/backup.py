"""Making a backup of a data folder while servers go on using it.

SQLite's own online backup reads one snapshot, the -wal file beside the database included; copying the file does not.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connectory import __version__
from connectory.errors import DatabaseUnusable, KeyInvalid
from connectory.settings import Settings
from connectory.vault.archive import (
    DATABASE,
    DEMO,
    KEY,
    MANIFEST,
    MOST_MANIFEST_BYTES,
    BackupInfo,
    already_there,
    not_written,
    write_archive,
)
from connectory.vault.clock import Clock, utc_now
from connectory.vault.data_folder import make_private_file
from connectory.vault.database_errors import locked, translate
from connectory.vault.inspection import (
    SealedRows,
    count_sealed,
    foreign_parts,
    inspecting,
    integrity_problems,
    schema_revision,
)
from connectory.vault.keys import KeyText, find_keys
from connectory.vault.vault import database_path

MANIFESTS = "manifests"


@dataclass(frozen=True, slots=True)
class BackupMade:
    """What a backup holds, and what it does not: the key's place, and files of the manifests folder left out."""

    file: Path
    info: BackupInfo
    sealed: SealedRows
    key_source: str | None
    left_out: tuple[str, ...]
    is_private: bool  # whether the file has mode 0600: not every disk keeps modes


def make_backup(
    settings: Settings, file: Path, *, with_key: bool, force: bool = False, now: Clock = utc_now
) -> BackupMade:
    """Write everything that a move to another machine needs into `file`; the key only if that is asked for.

    Blocks. Raises `AlreadyExists`, `DatabaseUnusable` where there is none or it is damaged, `KeyInvalid`,
    `DatabaseLocked`, `DatabaseFull`, `SetupError`.
    """
    manifests, left_out = _look_first(settings, file, force=force)
    found = find_keys(settings)
    if with_key and found is None:
        raise KeyInvalid(
            "There is no key to put into the backup.", hint="Put the key file back, or leave out --with-key."
        )
    try:
        # Beside the file: as large as the database, and never on a disk that others read.
        with tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as scratch:
            copies = _copies(settings, Path(scratch))
            revision, connections, sealed = _look(copies[DATABASE], found)
            key = {KEY: _key_file(found)} if with_key and found is not None else {}
            info = BackupInfo(
                version=__version__,
                revision=revision,
                created_at=now(),
                has_key=with_key,
                manifests=len(manifests),
                connections=connections,
            )
            write_archive(file, info, {**copies, **manifests, **key}, force=force)
        is_private = file.stat().st_mode & 0o077 == 0
    except OSError as error:
        raise not_written(file, error) from error
    return BackupMade(file, info, sealed, found.source if found else None, left_out, is_private)


def _look_first(settings: Settings, file: Path, *, force: bool) -> tuple[Mapping[str, bytes], tuple[str, ...]]:
    """Return the manifests, if there is anything to back up, and a place for it."""
    database = database_path(settings)
    try:
        if file.exists() and not force:
            raise already_there(file)
        if not database.exists():
            raise DatabaseUnusable(
                f"There is nothing to back up: {database} does not exist.",
                hint="Is this the right data folder? `connectory settings` shows it (CONNECTORY_DATA_DIR).",
            )
        return _manifests(settings.data_dir / MANIFESTS)
    except OSError as error:
        raise DatabaseUnusable(
            f"A file cannot be read: {error.strerror} ({error.filename}).",
            hint="Run this as the user whom the data folder belongs to.",
        ) from error


def copy_database(source: Path, target: Path, *, wait_s: float) -> None:
    """Copy what is committed at one moment into the new file `target`. Raises as `translate` has it."""
    make_private_file(target)
    deadline = time.monotonic() + wait_s

    def give_up(status: int, _left: int, _all: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > deadline:
            raise locked(str(source))

    with inspecting(source) as origin:
        try:
            with contextlib.closing(sqlite3.connect(target)) as copy:
                origin.backup(copy, progress=give_up, sleep=0.05)
                copy.execute("PRAGMA journal_mode=DELETE")  # one file, without others beside it
        except sqlite3.Error as error:
            raise translate(error, str(source)) from error


def _copies(settings: Settings, scratch: Path) -> dict[str, Path]:
    sources = {DATABASE: database_path(settings), DEMO: settings.data_dir / DEMO}
    there = {name: source for name, source in sources.items() if source.exists()}
    for name, source in there.items():
        copy_database(source, scratch / name, wait_s=settings.database_wait_s)
    return {name: scratch / name for name in there}


def _key_file(found: KeyText) -> bytes:
    """What a key file says, wherever the keys stand now."""
    return found.text.get_secret_value().strip().encode() + b"\n"


def _look(copy: Path, found: KeyText | None) -> tuple[str, int, SealedRows]:
    """Check the copy: a backup that could not be restored must not calm anybody."""
    keys = found.parse() if found is not None else None
    with inspecting(copy) as connection:
        problems = [*integrity_problems(connection), *foreign_parts(connection)]
        revision = schema_revision(connection)
        if problems or revision is None:
            raise DatabaseUnusable(
                f"The database is damaged, or is not Connectory's ({'; '.join(problems) or 'no version in it'}):"
                " no backup was made.",
                hint="Restore an earlier backup. `connectory doctor` says more.",
            )
        (connections,) = connection.execute("SELECT count(*) FROM connections").fetchone()
        return revision, connections, count_sealed(connection, keys)


def _manifests(folder: Path) -> tuple[Mapping[str, bytes], tuple[str, ...]]:
    """Return the files that a start would read there, and the names of others."""
    taken, left_out = dict[str, bytes](), []
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        member = f"{MANIFESTS}/{file.name}"
        if MANIFEST.fullmatch(member) and file.name[0] != "." and "\\" not in file.name and file.is_file():
            with file.open("rb") as stream:
                content = stream.read(MOST_MANIFEST_BYTES + 1)
            if len(content) <= MOST_MANIFEST_BYTES:
                taken[member] = content
                continue
        left_out.append(file.name)
    return taken, tuple(left_out)
