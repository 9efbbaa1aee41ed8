"""The data folder and the database in it."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connectory.cli.doctor.finding import Finding, from_error, from_os_error, note, ok, wrong
from connectory.errors import ConnectoryError
from connectory.settings import Settings
from connectory.vault.inspection import inspecting, integrity_problems, is_newer, schema_revision
from connectory.vault.schema import HEAD
from connectory.vault.vault import database_path

FOLDER, GROUP = "data folder", "database"
FEWEST_BYTES, FEW_BYTES = 50_000_000, 500_000_000
ELSEWHERE = "or set CONNECTORY_DATA_DIR to another folder"


@dataclass(frozen=True, slots=True)
class Sound:
    """What the other groups may go on with: the file, if it can be read, and whether its tables are ours of today."""

    path: Path | None = None
    is_current: bool = False


def check_folder(settings: Settings) -> list[Finding]:
    """Whether the data folder can be used, and has room."""
    folder = settings.data_dir
    try:
        if not folder.exists():
            return [_missing(folder)]
        findings = [*_rights(folder), *_room(folder)]
        return findings or [ok(FOLDER, f"{folder} can be written, and is yours alone.")]
    except OSError as error:
        return [from_os_error(FOLDER, error)]


def check_database(settings: Settings) -> tuple[Sound, list[Finding]]:
    """Whether the database opens, is whole, and fits this version."""
    try:
        path = database_path(settings)
        if not path.exists():
            return Sound(), [ok(GROUP, f"There is none yet; the first start makes {path}.")]
        with inspecting(path) as connection:
            revision, problems = schema_revision(connection), integrity_problems(connection)
            has_tables = connection.execute("SELECT 1 FROM sqlite_schema").fetchone() is not None
    except ConnectoryError as error:
        return Sound(), [from_error(GROUP, error, cure=_restore(error))]
    except OSError as error:
        return Sound(), [from_os_error(GROUP, error)]
    if problems:
        return Sound(), [
            wrong(GROUP, f"{path} is damaged: {'; '.join(problems)}.", f"{RESTORE} Check the disk it lies on too.")
        ]
    if revision is None and has_tables:
        return Sound(), [
            wrong(GROUP, f"{path} is another program's database.", f"Move it away, {ELSEWHERE}, then start again.")
        ]
    return Sound(path, revision == HEAD), [_version(path, revision), *_modes(path)]


RESTORE = (
    "Bring a backup back with `connectory restore FILE --replace`; without one, move the file away to begin with an"
    " empty one."
)


def _restore(error: ConnectoryError) -> str:
    return f"{RESTORE} Check the disk it lies on too." if "damaged" in error.message else ""


def _missing(folder: Path) -> Finding:
    parent = next(path for path in folder.parents if path.exists())
    if _may(parent, os.W_OK | os.X_OK):
        return ok(FOLDER, f"{folder} is not there yet; the first start makes it.")
    return wrong(
        FOLDER, f"{folder} cannot be made: {parent} cannot be written to.", f"Make it for this user, {ELSEWHERE}."
    )


def _rights(folder: Path) -> Iterator[Finding]:
    status = folder.stat()
    if not stat.S_ISDIR(status.st_mode):
        yield wrong(FOLDER, f"{folder} is not a folder.", f"Move it away, {ELSEWHERE}.")
        return
    try:
        next(folder.iterdir(), None)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0" * 4096)
    except OSError as error:
        yield wrong(
            FOLDER,
            f"{folder} cannot be used: {error.strerror}.",
            f"Give it to this user (`sudo chown -R {os.geteuid()} {folder} && chmod 700 {folder}`), see that its disk"
            f" has space and is not mounted read-only, {ELSEWHERE}.",
        )
    if status.st_mode & 0o022:
        yield wrong(
            FOLDER, f"Others can write into {folder}.", f"Run `chmod 700 {folder}`, or name a folder of its own."
        )
    elif status.st_mode & 0o055:
        yield note(FOLDER, f"Others can look into {folder}.", f"Run `chmod 700 {folder}`.")


def _room(folder: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    said = f"The disk of {folder} has {free / 1e6:,.0f} MB left."
    if free < FEWEST_BYTES:
        yield wrong(FOLDER, said, f"Free some space, {ELSEWHERE} on another disk.")
    elif free < FEW_BYTES:
        yield note(FOLDER, said, "Free some space before it is used up: then nothing can be written.")


def _version(path: Path, revision: str | None) -> Finding:
    if revision is not None and is_newer(revision):
        return wrong(
            GROUP,
            f"{path} was written by a newer version of Connectory (its tables are {revision[:40]}, ours {HEAD}).",
            f"Upgrade Connectory here, {ELSEWHERE}.",
        )
    if revision != HEAD:
        return note(
            GROUP,
            f"{path} has tables of an earlier version.",
            "Nothing is to be done: the next start changes them. Make a backup before with `connectory backup FILE`.",
        )
    return ok(GROUP, f"{path} opens, is whole, and fits this version.")


def _modes(path: Path) -> Iterator[Finding]:
    status = path.stat()
    if not _may(path, os.R_OK | os.W_OK):
        yield wrong(
            GROUP, f"{path} cannot be written by this user.", f"Run `sudo chown {os.geteuid()} {path}` if it is yours."
        )
    if status.st_mode & 0o077:
        yield note(GROUP, f"Others can read {path}.", f"Run `chmod 600 {path}`.")


def _may(path: Path, how: int) -> bool:
    """Whether this user may, as the system would judge when it comes to it."""
    return os.access(path, how, effective_ids=os.access in os.supports_effective_ids)
