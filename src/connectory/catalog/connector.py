"""Connectors and actions as the rest of the program sees them: manifests, compiled once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

from connectory.catalog.manifest import ActionManifest, AuthMethod, Effect, Manifest
from connectory.catalog.schema import build_input_schema


@dataclass(frozen=True)
class Action:
    """One operation. `tool` is its name for agents."""

    tool: str
    name: str
    connector: str
    manifest: ActionManifest

    @cached_property
    def input_schema(self) -> Mapping[str, Any]:
        """JSON Schema 2020-12 with an object root, built when it is first asked for: of most actions it never is."""
        return build_input_schema(self.manifest)

    @property
    def effect(self) -> Effect:
        """read, write or destructive."""
        return self.manifest.effect

    @property
    def description(self) -> str:
        """One sentence for a model."""
        return self.manifest.description


@dataclass(frozen=True, slots=True)
class Connector:
    """What we know of a provider. `actions` by their name without the connector's prefix.

    `auth`: the ways to sign in, a family member's from its family (design 4.4); its own manifest has none.
    """

    name: str
    manifest: Manifest
    actions: Mapping[str, Action]
    auth: Mapping[str, AuthMethod]

    @property
    def title(self) -> str:
        """The provider's name as a person would say it."""
        return self.manifest.title


def compile_connector(manifest: Manifest, auth: Mapping[str, AuthMethod] | None = None) -> Connector:
    """Build the connector that a checked manifest describes; `auth` is its family's, where it is a member."""
    actions = {
        name: Action(tool_name(manifest.name, name), name, manifest.name, spec)
        for name, spec in manifest.actions.items()
    }
    ways = manifest.auth if auth is None else auth
    return Connector(manifest.name, manifest, MappingProxyType(actions), MappingProxyType(dict(ways)))


def tool_name(connector: str, action: str) -> str:
    """Return the name that an action has as a tool."""
    return f"{connector.replace('-', '_')}_{action}"
