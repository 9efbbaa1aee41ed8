"""The file that a backup is: an uncompressed tar whose first member says what it holds.

Written whole or not at all. Read as what a stranger may have made: only the members named here count, as plain files
of a bounded size; the names in the file never decide where something is written.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import secrets
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from connectory.errors import AlreadyExists, BadInput, DatabaseFull, SetupError
from connectory.vault.data_folder import PRIVATE_FILE

INFO = "connectory-backup.json"
DATABASE, DEMO, KEY = "connectory.db", "demo.db", "key"
MANIFEST = re.compile(r"manifests/(?P<name>[^/\0]{1,200}\.ya?ml)")
MOST_MEMBERS = 2_000
MOST_BYTES = {INFO: 65_536, KEY: 16_384}  # of the small ones; the databases are bounded by the file's own size
MOST_MANIFEST_BYTES = 1_000_000


class BackupInfo(BaseModel):
    """What a backup says of itself."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    version: str  # of the Connectory that wrote it
    revision: str  # of the tables
    created_at: AwareDatetime
    has_key: bool
    manifests: int
    connections: int


@dataclass(frozen=True, slots=True)
class Archive:
    """A backup file that was checked; `members` by name, the info left out."""

    file: Path
    info: BackupInfo
    members: tuple[str, ...]

    def extract(self, member: str, target: Path) -> None:
        """Write one member to `target`, a new private file. Raises `OSError`, `BadInput` for a file cut short."""
        try:
            with tarfile.open(self.file, "r:") as tar:
                source = tar.extractfile(member)
                assert source is not None  # a regular file, as was checked
                with os.fdopen(_create(target), "wb") as out:
                    shutil.copyfileobj(source, out)
                    out.flush()
                    os.fsync(out.fileno())
        except tarfile.TarError:
            raise _no_backup(self.file, "it ends early") from None

    def read(self, member: str) -> str:
        """Return the text of a small member."""
        with tarfile.open(self.file, "r:") as tar:
            source = tar.extractfile(member)
            assert source is not None
            return source.read().decode("ascii", "replace")


def write_archive(file: Path, info: BackupInfo, members: Mapping[str, Path | bytes], *, force: bool) -> None:
    """Write a backup of mode 0600. Raises `AlreadyExists` unless `force`, `DatabaseFull`, `SetupError`."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}.part")
    try:
        try:
            with os.fdopen(_create(draft), "wb") as out:
                _fill(out, {INFO: info.model_dump_json(indent=2).encode(), **members})
                out.flush()
                os.fsync(out.fileno())
            if not force:
                os.close(_create(file))  # takes the name, or finds that it is taken
            draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(file.parent)
    except FileExistsError:
        raise already_there(file) from None
    except OSError as error:
        raise not_written(file, error) from error


def read_archive(file: Path) -> Archive:
    """Check a backup file and return what it holds. Raises `BadInput` for anything else; nothing is written."""
    try:
        with tarfile.open(file, "r:") as tar:
            names = list(_checked(file, tar))
            if INFO not in names or DATABASE not in names:
                raise _no_backup(file, f"it holds no {INFO if INFO not in names else DATABASE}")
            source = tar.extractfile(INFO)
            assert source is not None  # a regular file, as was checked
            info = BackupInfo.model_validate_json(source.read())
    except ValidationError:
        raise _no_backup(
            file, f"its {INFO} is not understood; a newer version of Connectory may have made it"
        ) from None
    except tarfile.TarError:
        raise _no_backup(file, "it is no tar file, or is cut short") from None
    except OSError as error:
        raise BadInput(f"The backup {file} cannot be read: {error.strerror}.", hint="Check the path.") from error
    if info.has_key is not (KEY in names):
        raise _no_backup(file, "it does not hold what it says")
    return Archive(file, info, tuple(name for name in names if name != INFO))


def already_there(file: Path) -> AlreadyExists:
    """The error for a backup that would overwrite something."""
    return AlreadyExists(f"{file} is there already.", hint="Choose another name, or overwrite it with --force.")


def not_written(file: Path, error: OSError) -> SetupError:
    """The error for a file that could not be written."""
    is_full = error.errno in (28, 122)  # ENOSPC, EDQUOT: told apart, since only space helps
    kind = DatabaseFull if is_full else SetupError
    hint = "Free some space, or choose another disk." if is_full else "Check that its folder exists and can be written."
    return kind(f"{file} could not be written: {error.strerror}.", hint=hint)


def _create(path: Path) -> int:
    """Make a new file, and never through a link that lies there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    with contextlib.suppress(PermissionError):  # a memory stick keeps no modes
        os.fchmod(descriptor, PRIVATE_FILE)
    return descriptor


def _fill(out: io.BufferedWriter, members: Mapping[str, Path | bytes]) -> None:
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.mode = PRIVATE_FILE
            if isinstance(content, bytes):
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
                continue
            with content.open("rb") as source:
                member.size = os.fstat(source.fileno()).st_size
                tar.addfile(member, source)


def _checked(file: Path, tar: tarfile.TarFile) -> Iterator[str]:
    """Yield the members' names. Raises `BadInput` for one that no backup of ours has."""
    seen: set[str] = set()
    left = file.stat().st_size
    for member in tar:
        name = member.name
        left -= member.size
        # The size of a sparse member, which is a regular one too, is what its few bytes would unfold to.
        if not member.isreg() or left < 0:
            raise _no_backup(file, "it holds a member that is no plain file")
        manifest = MANIFEST.fullmatch(name)
        is_manifest = manifest is not None and not manifest["name"].startswith(".") and "\\" not in name
        if name not in (INFO, DATABASE, DEMO, KEY) and not is_manifest:
            raise _no_backup(file, f"it holds {name[:80]!r}, which no backup of ours does")
        most = MOST_MANIFEST_BYTES if is_manifest else MOST_BYTES.get(name)
        if name in seen or len(seen) >= MOST_MEMBERS or (most is not None and member.size > most):
            raise _no_backup(file, f"{name[:80]!r} is there twice, or is too large")
        seen.add(name)
        yield name


def _no_backup(file: Path, why: str) -> BadInput:
    return BadInput(
        f"{file} cannot be restored: {why}. Nothing was changed.",
        hint="Name a file that `connectory backup` made; copy it again if it was sent or downloaded.",
    )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
