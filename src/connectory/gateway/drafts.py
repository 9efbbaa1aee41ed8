"""Trying a manifest that is kept nowhere, for whoever may keep one (design 4, custom connectors).

The draft stands in a catalog of its own for that one call, with what was typed for it alone: what serves stays as it
is, and no connection, key or OAuth app of a connector of its name goes anywhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from connectory.actions.watching import Seen
from connectory.auth.backend import Entry, MethodForm, Problem
from connectory.auth.supposing import KEEP_IT
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.catalog.own_manifests import CheckedManifest
from connectory.errors import AddressRefused, BadInput, InvalidArguments, ProviderError
from connectory.gateway.passing import OpenPassing, PassingCalls
from connectory.gateway.trial import Part, Trial, parts_of, sign_in_parts
from connectory.identity.custom_connectors import CustomConnectors
from connectory.identity.principal import Principal

IN_BROWSER = f"One signs in this way in the browser, which no single call can. {KEEP_IT}"


@dataclass(frozen=True, slots=True)
class Draft:
    """A good manifest, and who may try it: made by `DraftTrials.check` alone, which has looked."""

    principal: Principal
    connector: Connector


@dataclass(frozen=True, slots=True)
class DraftCall:
    """What shall be tried. Without `send` nothing is: neither the call nor a sign-in, and no secret is read."""

    tool: str
    arguments: Mapping[str, Any]
    entry: Entry
    send: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it: `trial`, or what is wrong with the entry."""

    trial: Trial
    is_sent: bool
    problems: tuple[Problem, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is shown of it: the call's, or what the provider said to the sign-in."""
        if self.problems:
            return sign_in_parts(self.trial)
        return parts_of(self.trial, is_sent=self.is_sent, tells_error=True)


@dataclass(frozen=True, slots=True)
class OpenDraft:
    """A draft while it can be called, once. Of `ways` to sign in only those without `leaves` can be used for that."""

    draft: Draft
    ways: tuple[MethodForm, ...]
    calls: PassingCalls
    seen: list[Seen]

    async def run(self, call: DraftCall) -> Tried:
        """Sign in and call an action. What the call itself comes to stands in the trial.

        Raises `UnknownAction`, `PolicyDenied`, and whatever keeps the request from being made.
        """
        trial = Trial(self.calls.catalog.action(call.tool), self.draft.connector, seen=self.seen)
        problems = await self._enter(call)
        if not problems:
            await self.calls.run(self.draft.principal, trial, call.arguments, send=call.send)
        return Tried(trial, call.send, problems)

    async def _enter(self, call: DraftCall) -> tuple[Problem, ...]:
        """Sign in, or, where nothing is sent, suppose so. Returns what is wrong with the entry."""
        principal, draft = self.draft.principal, self.draft.connector
        way = next((one for one in self.ways if one.method == call.entry.method), None)
        if way is None:
            raise InvalidArguments(f"{draft.title} has no such way to sign in.", hint="Choose one of those it has.")
        if not call.send:
            return await self.calls.suppose(principal, draft.name, call.entry)
        if way.leaves:
            return (Problem("", IN_BROWSER),)
        try:
            return await self.calls.sign_in(principal, draft.name, call.entry)
        except AddressRefused as error:
            return (Problem("", error.text, "private_confirmed"),)
        except (ProviderError, BadInput) as error:
            return (Problem("", error.text),)


class DraftTrials:
    """Checks drafts, and opens them for a call."""

    def __init__(self, catalog: Catalog, custom_connectors: CustomConnectors, passing: OpenPassing) -> None:
        self._catalog = catalog
        self._custom_connectors = custom_connectors
        self._passing = passing

    async def check(self, principal: Principal, text: str) -> Draft | CheckedManifest:
        """Judge a manifest for somebody who may try it. What has nothing to be tried comes back as it was judged.

        Raises `RoleDenied`, `PolicyDenied`.
        """
        await self._custom_connectors.require_changing(principal, "try manifests")
        checked = await self._custom_connectors.check(principal, text)
        if checked.connector is None or not checked.connector.actions:
            return checked
        return Draft(principal, checked.connector)

    @asynccontextmanager
    async def opened(self, draft: Draft) -> AsyncIterator[OpenDraft]:
        """Let a draft stand ready while the block runs. Raises `BackendUnavailable` where nobody can sign in to it."""
        principal = draft.principal
        seen: list[Seen] = []
        async with self._passing(principal, self._beside(draft.connector), seen.append) as calls:
            yield OpenDraft(draft, await calls.ways(principal, draft.connector.name), calls, seen)

    def _beside(self, draft: Connector) -> Catalog:
        """A catalog with the draft, and with those that its sign-in is about."""
        wanted = {draft.manifest.auth_family, *draft.manifest.includes} - {draft.name}
        there = self._catalog.with_manifest
        return Catalog({**{name: there[name] for name in wanted if name in there}, draft.name: draft})
