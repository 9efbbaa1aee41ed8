"""The catalog: every connector there is, from the packaged manifests and further folders (design 4).

A broken manifest is left out and reported; the rest serve. A packaged name can never be taken by a custom manifest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from connectory.catalog.compiling import ActionsByTool, CompiledConnectors
from connectory.catalog.connector import Action, Connector, compile_connector
from connectory.catalog.gathering import gather
from connectory.catalog.index import ManifestIndex
from connectory.catalog.problems import ManifestProblem
from connectory.errors import UnknownAction, UnknownConnector

if TYPE_CHECKING:
    from connectory.catalog.search import ActionSearch

__all__ = ["Catalog", "compile_connector", "load_catalog", "packaged_folder"]


class Catalog:
    """Connectors and actions by name, and search over them. Immutable: reloading makes another one.

    From files, a connector is compiled when it is first asked for: walking all of them takes some tens of milliseconds.
    """

    def __init__(self, connectors: Mapping[str, Connector], problems: Sequence[ManifestProblem] = ()) -> None:
        if isinstance(connectors, CompiledConnectors):
            tools = connectors.tools
        else:
            connectors = MappingProxyType(dict(connectors))
            tools = {action.tool: one.name for one in connectors.values() for action in one.actions.values()}
        self.connectors: Mapping[str, Connector] = connectors
        self.problems: tuple[ManifestProblem, ...] = tuple(problems)
        self.actions: Mapping[str, Action] = ActionsByTool(self.connectors, tools)

    def connector(self, name: str) -> Connector:
        """Return a connector. Raises `UnknownConnector` with the nearest names."""
        found = self.connectors.get(name)
        if found is None:
            raise self._unknown(name)
        return found

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

        return ActionSearch(self.connectors.values())


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
