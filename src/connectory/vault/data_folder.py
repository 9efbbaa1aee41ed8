"""The folder and files that hold what must stay private: 0700 and 0600 whatever the umask (attack 116)."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from connectory.errors import DatabaseFull, DatabaseUnusable, SetupError

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
_DATABASE = "connectory.db"
_ELSEWHERE = "or set CONNECTORY_DATA_DIR to a folder on another one; then start again."
_OURS = frozenset(
    {
        *(f"{name}{ending}" for name in (_DATABASE, "demo.db") for ending in ("", "-wal", "-shm")),
        "key",
        "web.lock",
        "manifests",
        "index",
    }
)


def prepare_folder(folder: Path) -> None:
    """Make `folder` private, with its missing parents, and refuse one into which others can write.

    An existing folder is tightened if our database is in it, or nothing but files of ours; any other is left as it is,
    since it may be somebody's home. Raises `DatabaseUnusable` saying what to do.
    """
    try:
        for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
            _make_folder(missing)
        _check_folder(folder)
    except OSError as error:
        cure = "Set CONNECTORY_DATA_DIR to a folder that this user can write to, on a disk with space left."
        raise _refused(f"The data folder {folder} cannot be used", error, cure) from error


def make_private_file(path: Path) -> None:
    """Create `path` empty with mode 0600 unless it exists; one of ours that is looser is tightened.

    SQLite gives the files it makes beside it the same mode; those that lie there already are tightened too.
    """
    flags = os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        _make_or_tighten(path, flags | os.O_CREAT)
        for companion in (path.with_name(path.name + ending) for ending in ("-wal", "-shm")):
            with contextlib.suppress(FileNotFoundError):
                _make_or_tighten(companion, flags)
    except OSError as error:
        cure = "Check who owns it and that this user may write to it, or set CONNECTORY_DATA_DIR to another folder."
        raise _refused(f"The database file {path} cannot be opened", error, cure) from error


def refused_by_disk(what: str, error: OSError) -> SetupError | None:
    """Return the error where the disk as a whole takes nothing: neither another owner nor another key mends that."""
    told = f"{what}: {error.strerror}."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DatabaseFull(told, hint=f"Free some space on that disk, {_ELSEWHERE}")
    if error.errno == errno.EROFS:
        return DatabaseUnusable(told, hint=f"Mount that disk for writing, {_ELSEWHERE}")
    return None


def _refused(what: str, error: OSError, hint: str) -> SetupError:
    return refused_by_disk(what, error) or DatabaseUnusable(f"{what}: {error.strerror}.", hint=hint)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=PRIVATE_FOLDER)
    except FileExistsError:
        return  # another process was faster, and made it the same way
    folder.chmod(PRIVATE_FOLDER)  # a umask of 0777 would have taken our own rights too


def _check_folder(folder: Path) -> None:
    status = folder.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(None, "it is not a folder", str(folder))
    mode = stat.S_IMODE(status.st_mode)
    is_own = status.st_uid == os.geteuid()
    names = {entry.name for entry in folder.iterdir()} if is_own and mode & 0o077 else set()
    if is_own and mode & 0o077 and (_DATABASE in names or names <= _OURS):
        folder.chmod(PRIVATE_FOLDER)
        return
    if mode & 0o002 or (is_own and mode & 0o020):  # a foreign owner's group is how volumes are shared with a container
        raise DatabaseUnusable(
            f"Others can write into the data folder {folder}.",
            hint=f"Run `chmod 700 {folder}`, or set CONNECTORY_DATA_DIR to a folder of its own.",
        )


def _make_or_tighten(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags, PRIVATE_FILE)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(None, "it is not a regular file", str(path))
        if stat.S_IMODE(status.st_mode) != PRIVATE_FILE and status.st_uid == os.geteuid():
            os.fchmod(descriptor, PRIVATE_FILE)
    finally:
        os.close(descriptor)
