"""Putting a backup in the place of a data folder: checked first, staged beside its place, then moved in by renames.

What is there already is never deleted: it is moved aside, as a whole, and moved back if anything fails half-way.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectory.errors import AlreadyExists, BadInput, ConnectoryError, DatabaseLocked, DatabaseUnusable, KeyInvalid
from connectory.settings import Settings
from connectory.vault.archive import DATABASE, DEMO, KEY, Archive, not_written, read_archive
from connectory.vault.backup import MANIFESTS
from connectory.vault.clock import Clock, utc_now
from connectory.vault.data_folder import PRIVATE_FOLDER, prepare_folder
from connectory.vault.database_errors import translate
from connectory.vault.inspection import (
    SealedRows,
    count_sealed,
    foreign_parts,
    inspecting,
    integrity_problems,
    is_newer,
    schema_revision,
)
from connectory.vault.key_forms import parse_keys
from connectory.vault.keys import find_keys
from connectory.vault.vault import database_path

BESIDE = ("", "-wal", "-shm", "-journal")  # what SQLite keeps with a database


@dataclass(frozen=True, slots=True)
class Restored:
    """What stands now; `sealed` counts with the key that the next start will use, which may be missing."""

    archive: Archive
    folder: Path
    aside: tuple[Path, ...]
    has_key: bool
    sealed: SealedRows


@dataclass(frozen=True, slots=True)
class _Item:
    """One thing that a backup brings, or a data folder has."""

    target: Path
    staged: Path | None

    @property
    def present(self) -> list[Path]:
        """What lies at its place now, companions of a database included."""
        endings = BESIDE if self.target.suffix == ".db" else ("",)
        paths = [self.target.with_name(self.target.name + ending) for ending in endings]
        return [path for path in paths if path.is_symlink() or path.exists()]


def restore_backup(settings: Settings, file: Path, *, replace: bool, now: Clock = utc_now) -> Restored:
    """Put the backup in place. Blocks; whether a server holds the folder's lock is for the caller to ask before.

    Raises `BadInput` for what is no backup, `DatabaseUnusable` for a newer or broken one, `AlreadyExists` where data
    lie in the folder and `replace` is not set, `DatabaseLocked` while any process of ours uses it, `SetupError`.
    """
    archive = read_archive(file)
    database = database_path(settings)
    try:
        was_there = settings.data_dir.exists()
        items = _items(settings, archive, database, token := secrets.token_hex(6))
        present = [item.target for item in items if item.present]
        if present and not replace:
            raise _data_there(settings.data_dir, present)
        for folder in {settings.data_dir, database.parent}:
            prepare_folder(folder)
        try:
            _stage(archive, items)
            with _nobody_uses(database):
                aside = _swap(items, f"replaced-{now():%Y%m%dT%H%M%SZ}-{token}")
        finally:
            for item in items:
                _remove(item.staged)
            if not was_there:
                with contextlib.suppress(OSError):  # it is empty where nothing came of it
                    settings.data_dir.rmdir()
    except OSError as error:
        raise not_written(settings.data_dir, error) from error
    return _look(settings, archive, aside)


def _data_there(folder: Path, present: Sequence[Path]) -> AlreadyExists:
    return AlreadyExists(
        f"There is data in {folder} already: {', '.join(path.name for path in present)}.",
        hint="Repeat it with --replace: what is there is moved aside, not deleted. Or set CONNECTORY_DATA_DIR to"
        " another folder.",
    )


def _items(settings: Settings, archive: Archive, database: Path, token: str) -> list[_Item]:
    """Everything that is replaced. A backup without a key leaves the key that is there: it may be the right one."""
    folder = settings.data_dir
    places = {DATABASE: database, DEMO: folder / DEMO, KEY: folder / KEY, MANIFESTS: folder / MANIFESTS}
    brought = {MANIFESTS if name.startswith(f"{MANIFESTS}/") else name for name in archive.members}
    return [
        _Item(target, target.with_name(f".{target.name}.{token}.new") if name in brought else None)
        for name, target in places.items()
        if name in brought or name != KEY
    ]


def _stage(archive: Archive, items: Sequence[_Item]) -> None:
    """Write all members beside their places, and look at them there."""
    by_name = {item.target.name: item.staged for item in items}
    by_name[DATABASE] = items[0].staged  # which the settings may call otherwise
    for member in archive.members:
        folder, _, name = member.rpartition("/")
        staged = by_name[folder or member]
        assert staged is not None  # whatever the archive has is brought
        if folder:
            staged.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        archive.extract(member, staged / name if folder else staged)
        if member in (DATABASE, DEMO):
            _check_database(staged, archive, is_ours=member == DATABASE)
    if KEY in archive.members:
        _check_key(archive)


def _check_database(staged: Path, archive: Archive, *, is_ours: bool) -> None:
    try:
        with inspecting(staged) as connection:
            problems = list(integrity_problems(connection))
            problems += foreign_parts(connection) if is_ours else []
            revision = schema_revision(connection)
    except DatabaseUnusable:
        problems, revision = ["it is no database"], None
    if problems:
        raise BadInput(
            f"The database in {archive.file} is damaged, or is not Connectory's ({'; '.join(problems)})."
            " Nothing was changed.",
            hint="Take another backup.",
        )
    if is_ours and (revision is None or is_newer(revision)):
        raise DatabaseUnusable(
            f"The backup was made by a newer version of Connectory ({archive.info.version}). Nothing was changed.",
            hint="Upgrade Connectory, then restore it.",
        )


def _check_key(archive: Archive) -> None:
    try:
        parse_keys(archive.read(KEY), source="The key in the backup")
    except KeyInvalid as error:
        raise BadInput(f"{error.message} Nothing was changed.", hint="Take another backup.") from error


@contextlib.contextmanager
def _nobody_uses(database: Path) -> Iterator[None]:
    """Hold the present database alone: every process of ours keeps it open while it runs, and that is a lock.

    Leaving WAL mode needs that nobody else has it open, and puts all that is committed into the one file. Raises
    `DatabaseLocked`.
    """
    if not database.exists():
        yield
        return
    connection = sqlite3.connect(database, timeout=0, isolation_level=None)
    try:
        try:
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            if isinstance(problem := translate(error, str(database)), DatabaseLocked):
                raise in_use(database.parent) from error
            if not isinstance(problem, DatabaseUnusable):
                raise problem from error
            # What no server can use either, being damaged, is moved aside like the rest.
        yield
    finally:
        connection.close()


def in_use(folder: Path) -> DatabaseLocked:
    """The error for a data folder that a process of ours works on."""
    return DatabaseLocked(
        f"Connectory is running on {folder}, so nothing was changed.",
        hint="End `connectory serve` and quit every assistant that starts Connectory, then repeat this."
        " `pgrep -af connectory` lists what still runs.",
    )


def _swap(items: Sequence[_Item], aside_name: str) -> tuple[Path, ...]:
    """Move what is there aside and the new in; undone in reverse where a step fails. Returns the folders aside."""
    done: list[tuple[Path, Path]] = []
    aside: dict[Path, None] = {}
    try:
        for item in items:
            for path in item.present:
                folder = path.parent / aside_name
                folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
                aside[folder] = None
                _move(path, folder / path.name, done)
        for item in items:
            if item.staged is not None:
                _move(item.staged, item.target, done)
    except BaseException:
        for source, target in reversed(done):
            target.rename(source)
        for folder in aside:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
    return tuple(aside)


def _move(source: Path, target: Path, done: list[tuple[Path, Path]]) -> None:
    source.rename(target)
    done.append((source, target))


def _remove(staged: Path | None) -> None:
    if staged is None:
        return
    if staged.is_dir():
        shutil.rmtree(staged, ignore_errors=True)
    else:
        staged.unlink(missing_ok=True)


def _look(settings: Settings, archive: Archive, aside: tuple[Path, ...]) -> Restored:
    """Say whether the key that the next start will use opens what was restored."""
    try:
        found = find_keys(settings)
        keys = found.parse() if found is not None else None
    except ConnectoryError:  # one that is unusable opens nothing; `doctor` says why
        found = keys = None
    with inspecting(database_path(settings)) as connection:
        sealed = count_sealed(connection, keys)
    return Restored(archive, settings.data_dir, aside, found is not None, sealed)
