"""Connectors and actions as the rest of the program sees them: manifests, compiled once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from connectory.catalog.brief_schema import brief_schema
from connectory.catalog.manifest import ActionManifest, AuthMethod, Effect, ErrorRule, Manifest, RetryTime, Verify
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

    @cached_property
    def listed_schema(self) -> Mapping[str, Any]:
        """The same in fewer words, for tool lists; whatever fits `input_schema` fits it."""
        return brief_schema(self.input_schema)

    @property
    def effect(self) -> Effect:
        """read, write or destructive."""
        return self.manifest.effect

    @property
    def description(self) -> str:
        """One sentence for a model, and which inputs may not all be left out."""
        needs = "".join(f" Needs {' or '.join(names)}." for names in self.manifest.needs)
        return f"{self.manifest.description}{needs}"


@dataclass(frozen=True, slots=True)
class Connector:
    """What we know of a provider. `actions` by their name without the connector's prefix."""

    name: str
    manifest: Manifest
    actions: Mapping[str, Action]
    family: Manifest | None = None  # of a member: the manifest it signs in by
    integration: str | None = None  # Nango's, of one that has no manifest: it is used by Nango's proxy alone

    @property
    def auth(self) -> Mapping[str, AuthMethod]:
        """The ways to sign in by name; a member's are its family's (design 4.4), its own manifest has none."""
        return self.manifest.auth if self.family is None else self.family.auth

    @property
    def errors(self) -> Sequence[tuple[str, Sequence[ErrorRule]]]:
        """The error rules of every action, and whose they are: the file's own go before its family's."""
        own = ("the file's errors", self.manifest.errors)
        return [own] if self.family is None else [own, ("the family's errors", self.family.errors)]

    @property
    def message(self) -> str | None:
        """Where the provider's message stands in an error answer; a member's file may leave it to its family's."""
        return self.manifest.message or (self.family.message if self.family is not None else None)

    @property
    def retry(self) -> RetryTime | None:
        """Where an answer says when to try again; a member's file may leave it to its family's."""
        return self.manifest.retry or (self.family.retry if self.family is not None else None)

    @property
    def title(self) -> str:
        """The provider's name as a person would say it."""
        return self.manifest.title

    def signed_in_by(self, method: str) -> Connector:
        """Return the connector as connections of this method see it: some have servers of their own (Jira)."""
        if method not in self.manifest.servers_by_method:
            return self
        servers = self.manifest.servers_of(method)
        return replace(self, manifest=self.manifest.model_copy(update={"servers": servers}))

    def verify_of(self, method: str) -> Verify | None:
        """Return the call that proves a sign-in by the method of this name, as `Manifest.verify_of` says."""
        return self.manifest.verify_of(self.auth.get(method))


def compile_connector(manifest: Manifest, family: Manifest | None = None) -> Connector:
    """Build the connector that a checked manifest describes; `family` is the one that a member signs in by."""
    actions = {
        name: Action(tool_name(manifest.name, name), name, manifest.name, spec)
        for name, spec in manifest.actions.items()
    }
    return Connector(manifest.name, manifest, MappingProxyType(actions), family and _lent(family, manifest))


def _lent(family: Manifest, member: Manifest) -> Manifest:
    """Return the family's manifest as a member signs in by it: at Nango each may be a provider of its own."""
    auth = {
        name: method.model_copy(update={"nango": member.nango_by_method.get(name, method.nango)})
        for name, method in family.auth.items()
    }
    return family.model_copy(update={"auth": auth}) if member.nango_by_method else family


def tool_name(connector: str, action: str) -> str:
    """Return the name that an action has as a tool."""
    return f"{connector.replace('-', '_')}_{action}"
