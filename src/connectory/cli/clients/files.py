"""A client's file on disk: read whole, written whole or not at all, with its mode, its owner and a backup beside it.

What we make is for its owner alone whatever the umask (attack 116): a file that holds a token, and every backup.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from connectory.cli.clients.errors import ClientFileUnusable

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
MOST_BYTES = 50_000_000
BACKUP_ENDING = ".before-connectory"
_MARK = "\ufeff"  # some editors on Windows begin a file with it


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds, or that there is none yet. `file` is where it really stands: links are followed."""

    file: Path
    text: str
    has_mark: bool = False
    status: os.stat_result | None = None

    @property
    def backup(self) -> Path:
        """Where it is kept as it was before Connectory first changed it."""
        return self.file.with_name(self.file.name + BACKUP_ENDING)


def read_document(file: Path) -> Document:
    """Return the file's text; an empty one where there is no file. Raises `ClientFileUnusable`."""
    try:
        place = file.expanduser().resolve()
        with place.open("rb") as opened:
            status, raw = os.fstat(opened.fileno()), opened.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise ClientFileUnusable(f"{file} is too large to be a client's settings.", hint="Give another --file.")
        text = raw.decode("utf-8")
    except FileNotFoundError:
        return Document(place, "")
    except UnicodeDecodeError as error:
        raise ClientFileUnusable(
            f"{file} is not UTF-8 text (byte {error.start}).", hint="Save it as UTF-8 in an editor, then try again."
        ) from None
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        raise _unusable(file, "read", error) from error
    return Document(place, text.removeprefix(_MARK), text.startswith(_MARK), status)


def write_document(document: Document, text: str, *, holds_secret: bool) -> None:
    """Put `text` in the file's place at once. Raises `ClientFileUnusable`; then the file is as it was."""
    try:
        _make_folders(document.file.parent)
        if _status(document.file) != _identity(document.status):
            raise ClientFileUnusable(
                f"{document.file} was changed meanwhile, so it was left as it is.",
                hint="Close the client, then try again.",
            )
        mode = PRIVATE_FILE if holds_secret or document.status is None else stat.S_IMODE(document.status.st_mode)
        _replace(document.file, document, text, mode)
    except OSError as error:
        raise _unusable(document.file, "written", error) from error


def back_up(document: Document, *, again: bool) -> Path | None:
    """Keep the file's text beside it; None where there is nothing to keep, or a backup already unless `again`."""
    if document.status is None or (document.backup.exists() and not again):
        return None
    try:
        _replace(document.backup, document, document.text, PRIVATE_FILE)
    except OSError as error:
        raise _unusable(document.backup, "written", error) from error
    return document.backup


def is_private(document: Document) -> bool:
    """Whether others can neither read nor write the file."""
    return document.status is None or not stat.S_IMODE(document.status.st_mode) & 0o077


def _replace(place: Path, document: Document, text: str, mode: int) -> None:
    written = (_MARK if document.has_mark else "") + text
    descriptor, draft = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(written.encode("utf-8"))
            opened.flush()
            _give_to_owner(descriptor, document.status or place.parent.stat(), exists=document.status is not None)
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        Path(draft).replace(place)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        raise


def _give_to_owner(descriptor: int, owner: os.stat_result, *, exists: bool) -> None:
    """Let the file belong to whom it belonged to; root gives a new one to its folder's owner.

    A container that runs as another user could not read it otherwise.
    """
    made = os.fstat(descriptor)
    if made.st_uid == owner.st_uid and made.st_gid == owner.st_gid:
        return
    if made.st_uid == owner.st_uid or (not exists and os.geteuid() != 0):
        with contextlib.suppress(PermissionError):  # a group that we are not in: the owner is what counts
            os.fchown(descriptor, -1, owner.st_gid)
        return
    os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _make_folders(folder: Path) -> None:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=PRIVATE_FOLDER)
        owner = path.parent.stat()
        if os.geteuid() == 0:
            os.chown(path, owner.st_uid, owner.st_gid)


def _status(file: Path) -> tuple[int, ...] | None:
    try:
        return _identity(file.stat())
    except FileNotFoundError:
        return None


def _identity(status: os.stat_result | None) -> tuple[int, ...] | None:
    return None if status is None else (status.st_ino, status.st_size, status.st_mtime_ns)


def _unusable(file: Path, done: str, error: Exception) -> ClientFileUnusable:
    reason = (error.strerror if isinstance(error, OSError) else None) or "its links lead in a circle"
    return ClientFileUnusable(
        f"{file} cannot be {done}: {reason}.", hint="Check its owner and mode, or give another --file."
    )
