"""The compiled index: manifests that passed every check, as JSON, so that a start does not parse YAML.

One file per manifest, believed only if this very program wrote it for this very file (path, time, size), it belongs to
us and nobody else may write it; else it is passed over and written anew. JSON, never pickle: reading it runs nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from connectory import __version__
from connectory.catalog.manifest import Manifest
from connectory.catalog.problems import file_text

MAX_BYTES = 4_000_000  # a manifest has at most 1 MB of YAML


class IndexEntry(BaseModel):
    """One compiled manifest, and what it was compiled from and by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    program: str
    file: str
    mtime_ns: int
    size: int
    manifest: Manifest


class ManifestIndex:
    """The folder of compiled manifests. A folder that cannot be written is no error: then YAML is parsed each time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, file: Path, status: os.stat_result) -> Manifest | None:
        """Return the compiled manifest of `file` as it is now, or None."""
        data = _read_own(self._place(file))
        if data is None:
            return None
        try:
            entry = IndexEntry.model_validate_json(data)
        except ValidationError:
            return None
        known = (entry.program, entry.file, entry.mtime_ns, entry.size)
        return entry.manifest if known == (_program(), file_text(file), status.st_mtime_ns, status.st_size) else None

    def keep(self, file: Path, status: os.stat_result, manifest: Manifest) -> None:
        """Store the compiled manifest, readable by us alone; written beside and moved into place, so never half."""
        entry = IndexEntry(
            program=_program(),
            file=file_text(file),
            mtime_ns=status.st_mtime_ns,
            size=status.st_size,
            manifest=manifest,
        )
        data = entry.model_dump_json(by_alias=True, exclude_unset=True).encode()
        place = self._place(file)
        draft = place.with_suffix(f".{secrets.token_hex(8)}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
            draft.replace(place)
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)

    def _place(self, file: Path) -> Path:
        return self._folder / f"{hashlib.sha256(os.fsencode(file)).hexdigest()[:32]}.json"


def _read_own(place: Path) -> bytes | None:
    """Read a file that is ours alone to write; anything else is None."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(stream.fileno())
        ours = status.st_uid == os.geteuid() and not status.st_mode & 0o022
        if not stat.S_ISREG(status.st_mode) or not ours or status.st_size > MAX_BYTES:
            return None
        return stream.read(MAX_BYTES)


@lru_cache(maxsize=1)
def _program() -> str:
    """Name this program: its version and, for those who work on it, the state of the modules that check manifests."""
    modules = sorted(Path(__file__).parent.rglob("*.py"))
    state = "".join(f"{module.name}:{(found := module.stat()).st_mtime_ns}:{found.st_size};" for module in modules)
    return f"{__version__}-{hashlib.sha256(state.encode()).hexdigest()[:16]}"
