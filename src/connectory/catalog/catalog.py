"""The catalog: every connector there is, from the packaged manifests and further folders (design 4).

A broken manifest is left out and reported; the rest serve. A packaged name can never be taken by a custom manifest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from connectory.catalog.connector import Action, Connector, tool_name
from connectory.catalog.index import ManifestIndex
from connectory.catalog.manifest import Manifest
from connectory.catalog.problems import ManifestProblem, file_text
from connectory.catalog.schema import build_input_schema
from connectory.errors import UnknownAction, UnknownConnector

if TYPE_CHECKING:
    from connectory.catalog.search import ActionSearch

SUFFIXES = frozenset({".yaml", ".yml"})


class Catalog:
    """Connectors and actions by name, and search over them. Immutable: reloading makes another one."""

    def __init__(self, connectors: Mapping[str, Connector], problems: Sequence[ManifestProblem] = ()) -> None:
        self.connectors: Mapping[str, Connector] = MappingProxyType(dict(connectors))
        self.problems: tuple[ManifestProblem, ...] = tuple(problems)
        self._tools = {
            action.tool: action for connector in self.connectors.values() for action in connector.actions.values()
        }

    @property
    def actions(self) -> Mapping[str, Action]:
        """All actions by their tool's name."""
        return MappingProxyType(self._tools)

    def connector(self, name: str) -> Connector:
        """Return a connector. Raises `UnknownConnector` with the nearest names."""
        found = self.connectors.get(name)
        if found is None:
            raise self._unknown(name)
        return found

    def action(self, tool: str) -> Action:
        """Return an action by its tool's name. Raises `UnknownAction` with the nearest names."""
        found = self._tools.get(tool)
        if found is None:
            raise UnknownAction(tool, self._tools)
        return found

    def search(self, query: str, *, connector: str | None = None, limit: int = 10) -> list[Action]:
        """Return the actions that fit `query` best, best first; without words, a connector's actions in their order.

        Raises `UnknownConnector`.
        """
        if connector is not None:
            self.connector(connector)
        return self._search.find(query, connector=connector, limit=limit)

    def _unknown(self, name: str) -> UnknownConnector:
        """The error for a name that is not there; one whose manifest is broken is not a misspelt one."""
        error = UnknownConnector(name, self.connectors)
        file = next((Path(problem.file).name for problem in self.problems if Path(problem.file).stem == name), None)
        if file is not None:
            error.hint = (
                f"Its manifest {file} was left out because it breaks the format; whoever runs the server finds out "
                f"where with `connectory manifest check`."
            )
        return error

    @cached_property
    def _search(self) -> ActionSearch:
        from connectory.catalog.search import ActionSearch

        return ActionSearch(self.connectors.values())


def packaged_folder() -> Path:
    """Return the packaged manifests: a wheel has `connectory/manifests`, a checkout `manifests/` beside `src/`."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "manifests"
    return installed if installed.is_dir() else package.parent.parent / "manifests"


def load_catalog(folders: Sequence[Path], *, index_dir: Path | None) -> Catalog:
    """Read every manifest of `folders`, the packaged one first; each folder's files by name, subfolders not.

    A folder that does not exist is a problem like a broken file: leave out an optional one. Blocks: files are read, and
    YAML is parsed where the index (`index_dir`, None: none) does not know a file.
    """
    index = ManifestIndex(index_dir) if index_dir is not None else None
    connectors: dict[str, Connector] = {}
    sources: dict[str, Path] = {}
    tools: dict[str, str] = {}
    problems: list[ManifestProblem] = []
    for file in _files(folders, problems):
        manifest = _load(file, index, problems)
        if manifest is None:
            continue
        if (problem := _meeting(file, manifest, sources, tools)) is not None:
            problems.append(problem)
            continue
        connector = compile_connector(manifest)
        connectors[connector.name] = connector
        sources[connector.name] = file
        tools.update({action.tool: connector.name for action in connector.actions.values()})
    return Catalog(connectors, problems)


def compile_connector(manifest: Manifest) -> Connector:
    """Build the connector that a checked manifest describes."""
    actions = {
        name: Action(tool_name(manifest.name, name), name, manifest.name, spec, build_input_schema(spec))
        for name, spec in manifest.actions.items()
    }
    return Connector(manifest.name, manifest, MappingProxyType(actions))


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


def _load(file: Path, index: ManifestIndex | None, problems: list[ManifestProblem]) -> Manifest | None:
    """Take a manifest from the index or, where it is new or changed, from its YAML."""
    try:
        status = file.stat()
    except OSError as error:
        problems.append(ManifestProblem(file_text(file), 0, "", f"The file cannot be read: {error.strerror}."))
        return None
    manifest = index.find(file, status) if index is not None else None
    if manifest is not None:
        return manifest
    from connectory.catalog.loading import read_manifest

    manifest, found = read_manifest(file)
    problems.extend(found)
    if manifest is not None and index is not None:
        index.keep(file, status, manifest)
    return manifest


def _meeting(
    file: Path, manifest: Manifest, sources: Mapping[str, Path], tools: Mapping[str, str]
) -> ManifestProblem | None:
    """Return the problem of a manifest whose name, or one of whose tools, is taken: what was there first stays."""
    if manifest.name in sources:
        message = f"The connector '{manifest.name}' is there already, from {file_text(sources[manifest.name])}."
        return ManifestProblem(file_text(file), 0, "name", message, "Choose another name.")
    for action in manifest.actions:
        owner = tools.get(tool_name(manifest.name, action))
        if owner is not None:
            message = f"The tool {tool_name(manifest.name, action)} is there already, from connector '{owner}'."
            return ManifestProblem(file_text(file), 0, f"actions.{action}", message, "Choose another name.")
    return None
