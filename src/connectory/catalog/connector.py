"""Connectors and actions as the rest of the program sees them: manifests, compiled once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectory.catalog.manifest import ActionManifest, Effect, Manifest


@dataclass(frozen=True, slots=True)
class Action:
    """One operation. `tool` is its name for agents; `input_schema` is JSON Schema 2020-12 with an object root."""

    tool: str
    name: str
    connector: str
    manifest: ActionManifest
    input_schema: Mapping[str, Any]

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
    """What we know of a provider. `actions` by their name without the connector's prefix."""

    name: str
    manifest: Manifest
    actions: Mapping[str, Action]

    @property
    def title(self) -> str:
        """The provider's name as a person would say it."""
        return self.manifest.title


def tool_name(connector: str, action: str) -> str:
    """Return the name that an action has as a tool."""
    return f"{connector.replace('-', '_')}_{action}"
