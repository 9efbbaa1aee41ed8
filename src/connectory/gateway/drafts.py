"""Trying a manifest that is kept nowhere, for whoever may keep one (design 4, custom connectors).

The draft stands in a catalog of its own for that one call, with what was typed for it alone: what serves stays as it
is, and no connection, key or OAuth app of a connector of its name goes anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectory.actions.watching import Seen
from connectory.auth.backend import Entry, MethodForm, Problem
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.catalog.own_manifests import CheckedManifest
from connectory.errors import AddressRefused, BadInput, InvalidArguments, ProviderError
from connectory.gateway.passing import OpenPassing, PassingCalls
from connectory.gateway.trial import Trial, run_trial
from connectory.identity.custom_connectors import CustomConnectors
from connectory.identity.principal import Principal


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
    problems: tuple[Problem, ...] = ()


class DraftTrials:
    """Checks drafts, says how one signs in to them, and calls their actions."""

    def __init__(self, catalog: Catalog, custom_connectors: CustomConnectors, passing: OpenPassing) -> None:
        self._catalog = catalog
        self._custom_connectors = custom_connectors
        self._passing = passing

    async def check(self, principal: Principal, text: str) -> CheckedManifest:
        """Judge a manifest for somebody who may try it. Raises `RoleDenied`, `PolicyDenied`."""
        await self._custom_connectors.require_changing(principal, "try manifests")
        return await self._custom_connectors.check(principal, text)

    async def ways(self, principal: Principal, draft: Connector) -> tuple[MethodForm, ...]:
        """Return the ways to sign in to a checked draft; only those without `leaves` can be used for a call.

        Raises `RoleDenied`, `PolicyDenied`, `BackendUnavailable`.
        """
        await self._custom_connectors.require_changing(principal, "try manifests")
        async with self._passing(principal, self._beside(draft), _unwatched) as calls:
            return await calls.ways(principal, draft.name)

    async def run(self, principal: Principal, draft: Connector, call: DraftCall) -> Tried:
        """Sign in and call an action of a checked draft once. What the call itself comes to stands in the trial.

        Raises `RoleDenied`, `PolicyDenied`, `UnknownAction`, and whatever keeps the request from being made.
        """
        await self._custom_connectors.require_changing(principal, "try manifests")
        catalog = self._beside(draft)
        trial = Trial(catalog.action(call.tool), draft)
        async with self._passing(principal, catalog, trial.seen.append) as calls:
            problems = await _enter(calls, principal, draft, call)
            if not problems:
                await run_trial(calls.gateway, principal, trial, call.arguments, send=call.send)
        return Tried(trial, problems)

    def _beside(self, draft: Connector) -> Catalog:
        """A catalog with the draft, and with those that its sign-in is about."""
        wanted = {draft.manifest.auth_family, *draft.manifest.includes} - {draft.name}
        there = self._catalog.with_manifest
        return Catalog({**{name: there[name] for name in wanted if name in there}, draft.name: draft})


async def _enter(calls: PassingCalls, principal: Principal, draft: Connector, call: DraftCall) -> tuple[Problem, ...]:
    """Sign in, or, where nothing is sent, suppose so. Returns what is wrong with the entry."""
    way = next((one for one in await calls.ways(principal, draft.name) if one.method == call.entry.method), None)
    if way is None:
        raise InvalidArguments(f"{draft.title} has no such way to sign in.", hint="Choose one of those it has.")
    if not call.send:
        return await calls.suppose(principal, draft.name, call.entry)
    if way.leaves:
        return (Problem("", "One signs in this way in the browser, which no single call can. Keep it and connect it."),)
    try:
        return await calls.sign_in(principal, draft.name, call.entry)
    except AddressRefused as error:
        return (Problem("", error.text, "private_confirmed"),)
    except (ProviderError, BadInput) as error:
        return (Problem("", error.text),)


def _unwatched(_: Seen) -> None:
    """Nothing is sent."""
