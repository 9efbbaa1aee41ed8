"""The key file beside an embedded database: made once, with the first start, and never replaced (design 7.1).

It is written under another name and linked into place: of several processes that start at once one wins, and no
reader ever sees half a file.
"""

from __future__ import annotations

import os
import secrets
import shlex
import stat
from pathlib import Path

from connectory.errors import KeyInvalid
from connectory.vault.data_folder import PRIVATE_FILE, refused_by_disk
from connectory.vault.key_forms import KEY_BYTES

MAX_FILE_BYTES = 16_384
_OTHER_WAY = "or set CONNECTOR_ENCRYPTION_KEY."


def how_to_put_back(path: Path) -> str:
    """Return what mends a key file that is missing while stored values need it."""
    quoted = shlex.quote(str(path))
    return (
        f"Put the file back from where you keep it (then `chmod 600 {quoted}`), {_OTHER_WAY} If the key is lost, make"
        f" another with `(umask 077 && openssl rand -hex 32 > {quoted})`, then connect the accounts again."
    )


def read_or_make_key_file(path: Path) -> str:
    """Return what the key file says, after making it with a new random key where there is none.

    Raises `KeyInvalid` for one that cannot be read, or that others could read or own; it is left as it is. Where the
    disk takes no file: `DatabaseFull` or `DatabaseUnusable`.
    """
    text = read_key_file(path)
    if text is None:
        try:
            _make(path)
        except OSError as error:
            refused = refused_by_disk(f"The key file {path} cannot be made", error)
            raise refused or _unusable(path, error) from error
        text = read_key_file(path)
    if text is None:
        raise KeyInvalid(f"The key file {path} vanished while it was read.", hint="Start again.")
    return text


def read_key_file(path: Path) -> str | None:
    """Return what the key file says, None where there is none. Raises `KeyInvalid` as `read_or_make_key_file` does."""
    try:
        return _read(path)
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> KeyInvalid:
    return KeyInvalid(
        f"The key file {path} cannot be read or made: {error.strerror}.",
        hint=f"Check who owns it and the folder it stands in, {_OTHER_WAY}",
    )


def _read(path: Path) -> str | None:
    """The file's text; None where there is no file."""
    try:  # a pipe in its place must not stop the start for ever
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        if path.is_symlink():
            raise
        return None
    with os.fdopen(descriptor, "rb") as file:
        _check_private(path, os.fstat(descriptor))
        return file.read(MAX_FILE_BYTES).decode("ascii", errors="replace")


def _check_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyInvalid(f"The key file {path} is not a regular file.", hint=f"Move it away, {_OTHER_WAY}")
    if status.st_uid != os.geteuid():
        raise KeyInvalid(
            f"The key file {path} belongs to another user (id {status.st_uid}), who can read and change it.",
            hint=f"If the key in it is yours, run `sudo chown {os.geteuid()} {path} && chmod 600 {path}`, {_OTHER_WAY}",
        )
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise KeyInvalid(
            f"The key file {path} has mode {mode:04o}: other users of this machine can get at it.",
            hint=f"Run `chmod 600 {path}`, then start again.",
        )


def _make(path: Path) -> None:
    """Make the file whole or not at all; somebody else's, made meanwhile, is as good."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, PRIVATE_FILE)
            file.write(secrets.token_hex(KEY_BYTES).encode() + b"\n")
            file.flush()
            os.fsync(descriptor)
        _link(draft, path)
    finally:
        draft.unlink()


def _link(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    folder = os.open(path.parent, os.O_RDONLY)  # the name too must survive a power cut: what is sealed needs this key
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
