"""The catalog: every connector there is, from the packaged manifests and further folders (design 4).

A broken manifest is left out and reported; the rest serve. A packaged name can never be taken by a custom manifest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from connectory.catalog.compiling import ActionsByTool, CompiledConnectors, Layers
from connectory.catalog.connector import Action, Connector, compile_connector
from connectory.catalog.gathering import gather
from connectory.catalog.index import ManifestIndex
from connectory.catalog.problems import ManifestProblem
from connectory.errors import ConnectoryError, UnknownAction, UnknownConnector

if TYPE_CHECKING:
    from connectory.catalog.search import ActionSearch

__all__ = ["Catalog", "compile_connector", "load_catalog", "packaged_folder"]


class Further(Protocol):
    """Where connectors without a manifest come from; they come and go while the catalog stands."""

    async def settled(self, name: str | None) -> None:
        """Wait, some seconds at most, until they are known; with a `name` that is not, they are asked for again."""
        ...

    def why_absent(self, name: str) -> ConnectoryError | None:
        """Return why a connector that was known is not, where that is why it is missing."""
        ...


class Catalog:
    """Connectors and actions by name, and search over them. What is there is exchanged while the catalog stands.

    Whoever holds `connectors` or `actions` goes on with what was there. From files, a connector is compiled when it is
    first asked for: walking all of them takes some tens of milliseconds.
    """

    further: Further | None = None
    with_manifest: Mapping[str, Connector]
    connectors: Mapping[str, Connector]
    actions: Mapping[str, Action]
    problems: tuple[ManifestProblem, ...]

    def __init__(self, connectors: Mapping[str, Connector], problems: Sequence[ManifestProblem] = ()) -> None:
        self._further: Mapping[str, Connector] = {}
        self.put_manifests(connectors, problems)

    def put_manifests(self, connectors: Mapping[str, Connector], problems: Sequence[ManifestProblem] = ()) -> None:
        """Take these in, in the place of all that had a manifest before."""
        if isinstance(connectors, CompiledConnectors):
            tools = connectors.tools
        else:
            connectors = MappingProxyType(dict(connectors))
            tools = {action.tool: one.name for one in connectors.values() for action in one.actions.values()}
        self.with_manifest = connectors
        self.actions = ActionsByTool(connectors, tools)
        self.problems = tuple(problems)
        self.__dict__.pop("_search", None)  # it is of what was there
        self.put_further(self._further)

    def put_further(self, connectors: Mapping[str, Connector]) -> None:
        """Take these in, in the place of those that came so before; whatever has a manifest keeps its name.

        They have no actions.
        """
        self._further = connectors
        further = {name: one for name, one in connectors.items() if name not in self.with_manifest}
        self.connectors = Layers(self.with_manifest, further) if further else self.with_manifest

    async def settled(self, name: str | None = None) -> None:
        """Wait until connectors from elsewhere are known, the one of this name too if there is one. Never an error."""
        if self.further is not None and (name is None or name not in self.connectors):
            await self.further.settled(name)

    def connector(self, name: str) -> Connector:
        """Return a connector. Raises `UnknownConnector` with the nearest names, or why it is not known now."""
        found = self.connectors.get(name)
        if found is None:
            raise (self.further.why_absent(name) if self.further is not None else None) or self._unknown(name)
        return found

    def title_of(self, name: str) -> str:
        """Return what people call a connector; its name where it has gone."""
        found = self.connectors.get(name)
        return found.title if found is not None else name

    def action(self, tool: str) -> Action:
        """Return an action by its tool's name. Raises `UnknownAction` with the nearest names."""
        found = self.actions.get(tool)
        if found is None:
            raise UnknownAction(tool, self.actions)
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

        return ActionSearch(self.with_manifest.values())


def packaged_folder() -> Path:
    """Return the packaged manifests: a wheel has `connectory/manifests`, a checkout `manifests/` beside `src/`."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "manifests"
    return installed if installed.is_dir() else package.parent.parent / "manifests"


def load_catalog(folders: Sequence[Path], *, index_dir: Path | None, draft: Path | None = None) -> Catalog:
    """Read every manifest of `folders`, the packaged one first; each folder's files by name, subfolders not.

    A folder that does not exist is a problem like a broken file: leave out an optional one. Blocks: files are read, and
    YAML is parsed where the index (`index_dir`, None: none) does not know a file. `draft` is a manifest that stands in
    none of the folders; it may be newer than one of the same name there, a packaged one aside.
    """
    gathered = gather(folders, ManifestIndex(index_dir) if index_dir is not None else None, draft)
    return Catalog(CompiledConnectors(gathered.serving, gathered.families), gathered.problems)
