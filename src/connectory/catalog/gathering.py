"""Gather the manifests of some folders: which of them serve beside each other, and what keeps the others out.

What concerns one file alone is judged by `loading.py`; here are names that meet, families and bundles.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from connectory.catalog.connector import tool_name
from connectory.catalog.index import Compiled, ManifestIndex
from connectory.catalog.problems import Finding, ManifestProblem, file_text
from connectory.spelling import did_you_mean

if TYPE_CHECKING:
    from connectory.catalog.manifest import Manifest
    from connectory.catalog.yaml_document import KeyPath

SUFFIXES = frozenset({".yaml", ".yml"})


@dataclass(frozen=True, slots=True)
class Gathered:
    """Manifests that passed their checks, by name: `serving` ones, and all those that families are taken from."""

    serving: Mapping[str, Compiled]
    families: Mapping[str, Compiled]
    problems: tuple[ManifestProblem, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    """One good file."""

    file: Path
    status: os.stat_result
    compiled: Compiled


@dataclass(slots=True)
class _Gathering:
    index: ManifestIndex | None
    keeps: bool = True  # what was compiled; never with a draft, which is nobody else's
    problems: list[ManifestProblem] = field(default_factory=list)

    def refuse(self, file: Path, finding: Finding) -> None:
        """Take down what keeps a file out; its line is looked up in the file, which is rare enough."""
        from connectory.catalog.loading import place_in

        self.problems.extend(place_in(file, [finding]))


def gather(folders: Sequence[Path], index: ManifestIndex | None, draft: Path | None = None) -> Gathered:
    """Read every manifest of `folders` in their order; what was there first stays where two meet.

    A `draft` comes right behind the first folder's: in the place of an older one of its name, but of no packaged one.
    A folder that does not exist is a problem like a broken file. Blocks.
    """
    run = _Gathering(index, keeps=draft is None)
    files = list(_files(folders[:1], run.problems))
    if draft is not None and draft.resolve() not in files:
        files.append(draft)
    others = (file for file in _files(folders[1:], run.problems) if draft is None or file != draft.resolve())
    return _gather(run, [*files, *others])


def check_files(files: Sequence[Path], beside: Sequence[Path] = ()) -> tuple[ManifestProblem, ...]:
    """Check manifests together, beside those in the folders `beside`: the problems of `files`, in their order.

    What meets, belongs to a family or is a bundle is judged as if these files were added to those folders. Blocks.
    """
    own = {file.resolve() for file in files}
    elsewhere: list[ManifestProblem] = []  # what is wrong with neighbours was not asked
    neighbours = [file for file in _files(beside, elsewhere) if file.resolve() not in own]
    run = _Gathering(None)
    _gather(run, [*neighbours, *files])
    told = {file_text(file): at for at, file in enumerate(files)}
    mine = [problem for problem in run.problems if problem.file in told]
    return tuple(sorted(mine, key=lambda problem: (told[problem.file], problem.line)))


def _gather(run: _Gathering, files: Sequence[Path]) -> Gathered:
    sources = _with_own_names(run, [found for file in files if (found := _load(run, file))])
    families = {name: source for name, source in sources.items() if not source.compiled.outline.is_member}
    members = {name: fitting for name, source in sources.items() if (fitting := _with_family(run, source, sources))}
    serving = {name: source for name, source in members.items() if _includes_fit(run, source, members)}
    own_tools = _with_own_tools(run, serving)
    if run.index is not None and run.keeps:
        run.index.save()
    return Gathered(
        {name: source.compiled for name, source in own_tools.items()},
        {name: source.compiled for name, source in families.items()},
        tuple(run.problems),
    )


def _files(folders: Sequence[Path], problems: list[ManifestProblem]) -> Iterator[Path]:
    for folder in folders:
        try:
            files = sorted(
                file for file in folder.resolve().iterdir() if file.suffix in SUFFIXES and file.name[0] != "."
            )
        except OSError as error:
            hint = "Check CONNECTORY_MANIFESTS and the folder's permissions."
            problems.append(
                ManifestProblem(file_text(folder), 0, "", f"The folder cannot be read: {error.strerror}.", hint)
            )
            continue
        for file in files:
            if file_text(Path(file.name)) == file.name:
                yield file
            else:
                problems.append(
                    ManifestProblem(file_text(file), 0, "", "The file's name is not UTF-8.", "Give it another name.")
                )


def _load(run: _Gathering, file: Path) -> _Source | None:
    """Take a manifest from the index or, where it is new or changed, from its YAML."""
    try:
        status = file.stat()
    except OSError as error:
        run.problems.append(ManifestProblem(file_text(file), 0, "", f"The file cannot be read: {error.strerror}."))
        return None
    compiled = run.index.find(file, status) if run.index is not None else None
    if compiled is not None:
        return _Source(file, status, compiled)
    from connectory.catalog.loading import read_manifest

    manifest, found = read_manifest(file)
    run.problems.extend(found)
    if manifest is None:
        return None
    compiled = Compiled.of(manifest)
    if run.index is not None and not compiled.outline.is_member:  # a member is kept once it fits its family
        run.index.keep(file, status, compiled)
    return _Source(file, status, compiled)


def _with_own_names(run: _Gathering, sources: Sequence[_Source]) -> dict[str, _Source]:
    kept: dict[str, _Source] = {}
    for source in sources:
        name = source.compiled.outline.name
        if name in kept:
            message = f"The connector '{name}' is there already, from {file_text(kept[name].file)}."
            run.refuse(source.file, Finding(("name",), message, "Choose another name."))
        else:
            kept[name] = source
    return kept


def _with_family(run: _Gathering, source: _Source, sources: Mapping[str, _Source]) -> _Source | None:
    """A member is checked together with its family, and again when either has changed."""
    outline = source.compiled.outline
    if not outline.is_member:
        return source
    families = {name: one for name, one in sources.items() if not one.compiled.outline.is_member}
    family = families.get(outline.family)
    if family is None:
        hint = did_you_mean(outline.family, families) or (
            "A connector of that name, without a family of its own, must be there and be good: it has the `auth`."
        )
        run.refuse(source.file, Finding(("family",), f"There is no family '{outline.family}'.", hint))
        return None
    if (strange := _strange_server(source, family, sources)) is not None:
        message = f"'{strange[1]}' is no server of the family '{outline.family}', which would send it its credentials."
        hint = "A family lends its sign-in to another folder for its own servers alone; give this an `auth` of its own."
        run.refuse(source.file, Finding(strange[0], message, hint))
        return None
    digest = family.compiled.outline.digest
    if source.compiled.family_digest == digest:
        return source
    from connectory.catalog.loading import read_manifest

    manifest, found = read_manifest(source.file, family=family.compiled.manifest().auth)
    run.problems.extend(found)
    if manifest is None:
        return None
    compiled = Compiled.of(manifest, digest)
    if run.index is not None:
        run.index.keep(source.file, source.status, compiled)
    return _Source(source.file, source.status, compiled)


def _strange_server(source: _Source, family: _Source, sources: Mapping[str, _Source]) -> tuple[KeyPath, str] | None:
    """The place and address of a member's server that nobody in its family's folder has; None in that very folder.

    Else a file that looks like one more of Google's services is sent the token of whoever has Google connected.
    """
    home = family.file.parent.resolve()  # who checks one of the packaged files may name it by a relative path
    if source.file.parent.resolve() == home:
        return None
    at_home = [
        one.compiled.manifest()
        for one in sources.values()
        if one.compiled.outline.family == family.compiled.outline.name and one.file.parent.resolve() == home
    ]
    known = {_origin(text) for one in at_home for _, text in _servers(one)}
    return next(((key, text) for key, text in _servers(source.compiled.manifest()) if _origin(text) not in known), None)


def _servers(manifest: Manifest) -> Iterator[tuple[KeyPath, str]]:
    yield from ((("servers", name), text) for name, text in manifest.servers.items())
    for way, servers in manifest.servers_by_method.items():
        yield from ((("servers_by_method", way, name), text) for name, text in servers.items())


def _origin(server: str) -> str:
    """What stands before the path of a server's address, placeholders included."""
    return "/".join(server.split("/")[:3]).casefold()


def _includes_fit(run: _Gathering, source: _Source, members: Mapping[str, _Source]) -> bool:
    """A bundle connects others of its family; where one is missing, the bundle is left out and not its family."""
    own = source.compiled.outline
    is_whole = True
    for at, name in enumerate(own.includes):
        other = members.get(name)
        message = hint = ""
        if other is None:
            message = f"There is no connector '{name}', or it is left out."
            hint = did_you_mean(name, members) or "Add its manifest, or remove it here."
        elif other.compiled.outline.family != own.family or other.compiled.outline.includes:
            message = f"'{name}' is not of the family '{own.family}'."
            hint = f"A bundle includes connectors with `family: {own.family}`, and no other bundle."
        if message:
            run.refuse(source.file, Finding(("includes", at), message, hint))
            is_whole = False
    return is_whole


def _with_own_tools(run: _Gathering, sources: Mapping[str, _Source]) -> dict[str, _Source]:
    tools: dict[str, str] = {}
    kept: dict[str, _Source] = {}
    for name, source in sources.items():
        own = {tool_name(name, action): action for action in source.compiled.outline.actions}
        met = next((tool for tool in own if tool in tools), None)
        if met is not None:
            message = f"The tool {met} is there already, from connector '{tools[met]}'."
            run.refuse(source.file, Finding(("actions", own[met]), message, "Choose another name."))
            continue
        tools.update(dict.fromkeys(own, name))
        kept[name] = source
    return kept
