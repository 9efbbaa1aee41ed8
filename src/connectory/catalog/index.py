"""The compiled index: manifests that passed every check, as JSON, so that a start does not parse YAML.

One file, two lines per manifest: what it is, and the manifest, which is parsed when its connector is first asked for.
An entry is believed only if this very program wrote it for this very file (path, time, size) and it is whole; the file,
if it belongs to us and nobody else may write it. What is not believed is passed over and written anew. JSON, never
pickle: reading it runs nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pydantic
from pydantic import BaseModel, ConfigDict, ValidationError

from connectory import __version__
from connectory.catalog.manifest import Manifest
from connectory.catalog.problems import file_text

FILE_NAME = "manifests.jsonl"
MAX_BYTES = 64_000_000  # a manifest has at most 1 MB of YAML


class Outline(BaseModel):
    """What the catalog must know of a manifest before anybody asks for its connector."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    family: str
    includes: tuple[str, ...]
    actions: tuple[str, ...]
    digest: str  # of the manifest's JSON

    @property
    def is_member(self) -> bool:
        """Whether another connector, called like the family, has its ways to sign in."""
        return self.family != self.name


class IndexHead(BaseModel):
    """The first line of an entry: what was compiled, from what, and by what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    program: str
    file: str
    mtime_ns: int
    size: int
    family_digest: str  # of a member: the family that it was checked with
    outline: Outline


@dataclass(frozen=True, slots=True)
class Compiled:
    """A manifest that has passed its checks: its outline, and itself as JSON."""

    outline: Outline
    body: bytes
    family_digest: str = ""

    @staticmethod
    def of(manifest: Manifest, family_digest: str = "") -> Compiled:
        """Compile a checked manifest."""
        body = manifest.model_dump_json(by_alias=True, exclude_unset=True).encode()
        outline = Outline(
            name=manifest.name,
            family=manifest.auth_family,
            includes=tuple(manifest.includes),
            actions=tuple(manifest.actions),
            digest=_digest(body),
        )
        return Compiled(outline, body, family_digest)

    def manifest(self) -> Manifest:
        """Parse it; some tenths of a millisecond."""
        return Manifest.model_validate_json(self.body)


class ManifestIndex:
    """The compiled manifests of a folder. One that cannot be written is no error: then YAML is parsed each time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read = _entries(folder / FILE_NAME)
        self._used: dict[str, tuple[bytes, Compiled]] = {}
        self._is_changed = False

    def find(self, file: Path, status: os.stat_result) -> Compiled | None:
        """Return the compiled manifest of `file` as it is now, or None."""
        name = file_text(file)
        entry = self._read.get(name)
        if entry is None:
            return None
        head, line, body = entry
        known = (head.program, head.mtime_ns, head.size, head.outline.digest)
        if known != (_program(), status.st_mtime_ns, status.st_size, _digest(body)):
            return None
        compiled = Compiled(head.outline, body, head.family_digest)
        self._used[name] = (line, compiled)
        return compiled

    def keep(self, file: Path, status: os.stat_result, compiled: Compiled) -> None:
        """Take a compiled manifest in; `save` writes it."""
        head = IndexHead(
            program=_program(),
            file=file_text(file),
            mtime_ns=status.st_mtime_ns,
            size=status.st_size,
            family_digest=compiled.family_digest,
            outline=compiled.outline,
        )
        self._used[head.file] = (head.model_dump_json().encode(), compiled)
        self._is_changed = True

    def save(self) -> None:
        """Store what was found and kept, readable by us alone; written beside and moved into place, so never half."""
        if not self._is_changed:
            return
        place = self._folder / FILE_NAME
        draft = place.with_suffix(f".{secrets.token_hex(8)}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                for line, compiled in self._used.values():
                    stream.writelines((line, b"\n", compiled.body, b"\n"))
            draft.replace(place)
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)


def _entries(place: Path) -> dict[str, tuple[IndexHead, bytes, bytes]]:
    """Read the index file: heads, as objects and as they stand there, and bodies, by the file they are of."""
    lines = (_read_own(place) or b"").split(b"\n")
    found: dict[str, tuple[IndexHead, bytes, bytes]] = {}
    for line, body in zip(lines[::2], lines[1::2], strict=False):
        try:
            head = IndexHead.model_validate_json(line)
        except ValidationError:
            return found  # cut off, or of another program: what stands behind would be read out of step
        found[head.file] = (head, line, body)
    return found


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


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
    states = "".join(f"{module.name}:{(found := module.stat()).st_mtime_ns}:{found.st_size};" for module in modules)
    return f"{__version__}-{hashlib.sha256(f'{pydantic.VERSION};{states}'.encode()).hexdigest()[:16]}"
