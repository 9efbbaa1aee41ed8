"""One's own manifests: the folder `manifests/` of the data folder, and the catalog that has what is in it (design 7.7).

What is put here is judged as it will stand beside all others: it takes no name that is another's, and leaves nothing
out that served before. Each process looks at the folder twice a minute. Files are read and written in threads; what the
catalog has is exchanged by the event loop alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import structlog

from connectory.catalog.catalog import Catalog, load_catalog
from connectory.catalog.connector import Connector
from connectory.catalog.gathering import SUFFIXES
from connectory.catalog.problems import Finding, ManifestProblem, file_text, place

if TYPE_CHECKING:
    from connectory.catalog.manifest import Manifest

MOST_BYTES = 1_000_001  # of a file: one more than may stand in a manifest
LOOK_EVERY_S = 30.0
SHOWN = Path("manifest.yaml")  # how problems call a text that is no file yet
Seen = Mapping[Path, tuple[int, int]]  # the folder's files: time of change, size
Load = Callable[[Path | None], Catalog]
"""Reads all manifests there are, with a draft that may be newer than one of one's own."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CheckedManifest:
    """What a manifest's text is, or what is wrong with it; `connector` is None where it cannot serve."""

    name: str | None
    problems: tuple[ManifestProblem, ...]
    advice: tuple[ManifestProblem, ...] = ()
    connector: Connector | None = None
    replaces: bool = False  # one of one's own that has its name already


@dataclass(frozen=True, slots=True)
class OwnManifest:
    """One file of the folder. A broken one goes by its file's name."""

    name: str
    file: Path
    text: str
    problems: tuple[ManifestProblem, ...]


class OwnManifests:
    """Lists, checks, keeps and removes them, and keeps the catalog as the folder is."""

    def __init__(self, folder: Path, load: Load, catalog: Catalog, seen: Seen) -> None:
        self.catalog = catalog
        self._folder = folder
        self._load = load
        self._seen = seen

    @classmethod
    def open(cls, folder: Path, load: Load, catalog: Catalog | None = None) -> Self:
        """Read all manifests, unless a catalog that stands is given. Blocks."""
        seen = _seen_in(folder)
        return cls(folder, load, load(None) if catalog is None else catalog, seen)

    async def all(self) -> Sequence[OwnManifest]:
        """Return what is in the folder, by file, with why a file is left out."""
        await self.look()
        return await asyncio.to_thread(self._all)

    async def check(self, text: str) -> CheckedManifest:
        """Judge a text as if it stood in the folder."""
        await self.look()
        return await asyncio.to_thread(self._check, text)

    async def put(self, name: str, text: str) -> None:
        """Keep a good manifest, in the place of the one of its name, and take it up. Raises `OSError`."""
        await asyncio.to_thread(self._write, name, text)
        await self.renew()

    async def remove(self, name: str) -> None:
        """Remove the file of this name and leave the connector out. Raises `OSError`, `KeyError`."""
        await asyncio.to_thread(self._unlink, name)
        await self.renew()

    async def renew(self) -> None:
        """Read all manifests anew, and let the catalog have them."""
        state = await asyncio.to_thread(_seen_in, self._folder)
        there = await asyncio.to_thread(self._load, None)
        self.catalog.put_manifests(there.with_manifest, there.problems)
        self._seen = state

    async def look(self) -> None:
        """Read all manifests anew if the folder is not as it was."""
        if await asyncio.to_thread(_seen_in, self._folder) != self._seen:
            await self.renew()
            _log.info("one's own manifests were read anew", problems=len(self.catalog.problems))

    async def watch(self) -> None:
        """Look for what another process, or a person, has put into the folder, for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    def needing(self, name: str) -> Sequence[str]:
        """Return the connectors that would serve no more without this one: members of its family, bundles with it."""
        there = self.catalog.with_manifest.values()
        return [
            one.name
            for one in there
            if one.name != name and (one.manifest.auth_family == name or name in one.manifest.includes)
        ]

    def _all(self) -> list[OwnManifest]:
        told: dict[str, list[ManifestProblem]] = {}
        for problem in self.catalog.problems:
            told.setdefault(problem.file, []).append(replace(problem, file=Path(problem.file).name))
        found = []
        for file in _files(self._folder):
            text = _read(file)
            problems = tuple(told.get(file_text(file), ()))
            found.append(OwnManifest(_name_in(text) or file.stem, file, text, problems))
        return found

    def _check(self, text: str) -> CheckedManifest:
        from connectory.catalog.loading import parse_manifest

        data = _encoded(text)
        manifest, problems = parse_manifest(data, SHOWN)
        if manifest is None:
            return CheckedManifest(_name_in(text), problems)
        name, own = manifest.name, {one.name for one in self._all()}
        if name in self.catalog.connectors and name not in own:
            finding = Finding(("name",), f"There is a connector '{name}' already.", "Choose another name.")
            return CheckedManifest(name, _placed([finding], data))
        with tempfile.TemporaryDirectory(prefix="connectory-") as folder:
            draft = Path(folder).resolve() / SHOWN
            draft.write_bytes(data)
            there = self._load(draft)
            found = {name: there.with_manifest[name]} if name in there.with_manifest else {}
        told = [replace(one, file=SHOWN.name) for one in there.problems if one.file == file_text(draft)]
        told += self._left_out(data, there, name)
        if told or not found:
            return CheckedManifest(name, tuple(told), replaces=name in own)
        return CheckedManifest(name, (), _advice(data, manifest), found[name], name in own)

    def _write(self, name: str, text: str) -> None:
        """Written beside and moved into place, so never half; for this user alone."""
        file = next((one.file for one in self._all() if one.name == name), None) or self._free_place(name)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f".{secrets.token_hex(8)}"
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(_encoded(text))
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)

    def _unlink(self, name: str) -> None:
        {one.name: one.file for one in self._all()}[name].unlink()

    def _left_out(self, data: bytes, there: Catalog, name: str) -> Sequence[ManifestProblem]:
        """What served so far and would not beside this one: names of tools that meet, members whose family changes."""
        lost = sorted(self.catalog.with_manifest.keys() - there.with_manifest.keys() - {name})
        if not lost:
            return ()
        message = f"With it, {', '.join(lost)} would be left out."
        hint = "Two tools must not have one name, and what signs in by this one must still fit it."
        return _placed([Finding(("name",), message, hint)], data)

    def _free_place(self, name: str) -> Path:
        """A file that is not there yet; one of its name may have another connector in it."""
        taken = {file.name for file in _files(self._folder)}
        wanted = [f"{name}.yaml", *(f"{name}-{number}.yaml" for number in range(2, 100))]
        return self._folder / next(one for one in wanted if one not in taken)


def load_beside(given: Mapping[str, Connector], folder: Path) -> Load:
    """Return what reads the folder's manifests beside connectors that come from nowhere else, as a test's do."""

    def load(draft: Path | None) -> Catalog:
        folders = [*([draft.parent] if draft is not None else []), *([folder] if folder.is_dir() else [])]
        own = load_catalog(folders, index_dir=None)
        return Catalog({**own.with_manifest, **given}, own.problems)

    return load


def _files(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return sorted(file for file in folder.resolve().iterdir() if file.suffix in SUFFIXES and file.name[0] != ".")
    return []


def _seen_in(folder: Path) -> Seen:
    """What tells whether a file has changed."""
    found: dict[Path, tuple[int, int]] = {}
    for file in _files(folder):
        with contextlib.suppress(OSError):
            status = file.stat()
            found[file] = (status.st_mtime_ns, status.st_size)
    return found


def _encoded(text: str) -> bytes:
    """A text of an upload that is no UTF-8 has lone surrogates; as bytes it is refused, with its line."""
    return text.encode("utf-8", "surrogatepass")


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.read(MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def tree_of(text: str) -> object:
    """What a manifest's text holds, good or not; None where it is no YAML."""
    from connectory.catalog.yaml_document import DocumentInvalid, read_document  # YAML is for whoever needs it

    try:
        return read_document(_encoded(text)).value
    except DocumentInvalid:
        return None


def _name_in(text: str) -> str | None:
    """The name that a manifest gives itself, good or not."""
    value = tree_of(text)
    name = value.get("name") if isinstance(value, dict) else None
    return name[:80] if isinstance(name, str) and name else None


def _advice(data: bytes, manifest: Manifest) -> tuple[ManifestProblem, ...]:
    from connectory.catalog.checks.advice import advise

    return _placed(list(advise(manifest)), data)


def _placed(findings: Sequence[Finding], data: bytes) -> tuple[ManifestProblem, ...]:
    from connectory.catalog.yaml_document import read_document

    return place(findings, read_document(data), SHOWN)
