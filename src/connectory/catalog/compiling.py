"""Connectors and actions by name, each compiled when it is first asked for.

A start needs all names and few connectors: those that somebody has connected. Parsing one costs about half a
millisecond.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectory.catalog.connector import Action, Connector, compile_connector, tool_name
from connectory.catalog.index import Compiled


class CompiledConnectors(Mapping[str, Connector]):
    """The connectors of some manifests, in their order; `families` has the manifests that members sign in by."""

    def __init__(self, manifests: Mapping[str, Compiled], families: Mapping[str, Compiled]) -> None:
        self._manifests = manifests
        self._families = families
        self._made: dict[str, Connector] = {}

    @property
    def tools(self) -> dict[str, str]:
        """The name of every tool, and the connector that it belongs to."""
        outlines = [compiled.outline for compiled in self._manifests.values()]
        return {tool_name(one.name, action): one.name for one in outlines for action in one.actions}

    def __getitem__(self, name: str) -> Connector:
        made = self._made.get(name)
        return made if made is not None else self._made.setdefault(name, self._compile(self._manifests[name]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._manifests)

    def __len__(self) -> int:
        return len(self._manifests)

    def __contains__(self, name: object) -> bool:
        return name in self._manifests

    def _compile(self, compiled: Compiled) -> Connector:
        family = self._families[compiled.outline.family] if compiled.outline.is_member else None
        return compile_connector(compiled.manifest(), family.manifest() if family is not None else None)


class Layers(Mapping[str, Connector]):
    """Connectors that stay, and behind them some that come and go; no name is of both."""

    def __init__(self, base: Mapping[str, Connector], further: Mapping[str, Connector]) -> None:
        self._base, self._further = base, further

    def __getitem__(self, name: str) -> Connector:
        further = self._further.get(name)
        return further if further is not None else self._base[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._base
        yield from self._further

    def __len__(self) -> int:
        return len(self._base) + len(self._further)

    def __contains__(self, name: object) -> bool:
        return name in self._further or name in self._base


class ActionsByTool(Mapping[str, Action]):
    """All actions by their tool's name."""

    def __init__(self, connectors: Mapping[str, Connector], tools: Mapping[str, str]) -> None:
        self._connectors = connectors
        self._tools = tools

    def __getitem__(self, tool: str) -> Action:
        name = self._tools[tool]
        return self._connectors[name].actions[tool[len(tool_name(name, "")) :]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tools)

    def __len__(self) -> int:
        return len(self._tools)

    def __contains__(self, tool: object) -> bool:
        return tool in self._tools
