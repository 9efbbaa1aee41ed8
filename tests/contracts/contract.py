"""What one connector is held to: its provider's own word, and the differences from it that are accepted.

`providers/<connector>.py` has a `CONTRACT` of this kind for each packaged connector (README.md beside this file).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from tests.contracts.description import Description, Schema

from connectory.catalog.connector import Action, Connector
from connectory.catalog.manifest import Request

PROVIDERS = Path(__file__).parent / "providers"
EVERY, VERIFY = "*", "(verify)"  # in place of an action: every one of them; the calls that prove a sign-in
Kind = Literal["description", "sdk"]
Answers = tuple[Sequence[Schema], Description]  # the schemas that good answers follow, and where these stand
Expressions = Sequence[tuple[str | None, str]]  # `items` and `item` over an answer


class Source(Protocol):
    """A provider's own word on its API: a description, a schema, or what its SDK was seen to send."""

    @property
    def kind(self) -> Kind:
        """How a check by it is counted."""

    @property
    def missing(self) -> str | None:
        """Why it cannot be read on this machine, or None."""

    def check(self, connector: Connector, action: Action) -> list[str] | None:
        """Return every difference as a sentence, or None where it knows nothing of what the action calls."""

    def check_lookup(self, connector: Connector, request: Request, expressions: Expressions) -> list[str] | None:
        """The same of a request without inputs."""

    def answers(self, connector: Connector, action: Action) -> Answers:
        """What the answer to an action that it knows may follow."""


@dataclass(frozen=True)
class Contract:
    """The sources of a connector, the first that knows an operation counts; and what is accepted.

    `accepted`: action (or `EVERY`, `VERIFY`) → part of the sentence that tells the difference → reason.
    `unchecked`: action → why no source knows it.
    """

    sources: Sequence[Source]
    accepted: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unchecked: Mapping[str, str] = field(default_factory=dict)
    signed_in_by: str | None = None  # the method whose servers count, where these differ
    # For the doubles of tests/e2e: members of answers that have this value wherever they stand (`ABSENT`: are not
    # there), and facts of the connection.
    given: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> str | None:
        """Why it cannot be checked on this machine, or None."""
        return next((why for one in self.sources if (why := one.missing) is not None), None)

    def seen(self, connector: Connector) -> Connector:
        """The connector as connections of the method see it that is compared."""
        return connector if self.signed_in_by is None else connector.signed_in_by(self.signed_in_by)

    def source_of(self, connector: Connector, action: Action) -> Source | None:
        """The source that an action is held to; None: it is unchecked."""
        found = self._first(self.seen(connector), action)
        return None if found is None else found[0]

    def source_of_verify(self, connector: Connector) -> Source | None:
        """The source that knows the call that proves a sign-in."""
        verify = self.seen(connector).manifest.verify
        if verify is None:
            return None
        known = (one for one in self.sources if one.check_lookup(self.seen(connector), verify.request, []) is not None)
        return next(known, None)

    def kind_of(self, connector: Connector, action: Action) -> Kind | Literal["unchecked"]:
        """By what an action is checked."""
        source = self.source_of(connector, action)
        return "unchecked" if source is None else source.kind

    def accepted_of(self, name: str) -> Mapping[str, str]:
        """What is accepted of an action, by part of the sentence."""
        return {**self.accepted.get(EVERY, {}), **self.accepted.get(name, {})}

    def found(self, connector: Connector, action: Action) -> list[str]:
        """Every difference of an action, accepted or not."""
        seen = self.seen(connector)
        first = self._first(seen, action)
        if action.name in self.unchecked:
            return [] if first is None else ["it is told as unchecked, and a source knows it"]
        request = action.manifest.request
        return [f"no source knows {request.method} {request.path}"] if first is None else first[1]

    def differences(self, connector: Connector, action: Action) -> list[str]:
        """What of an action is not as the provider says, nor accepted; and what is accepted and not there."""
        return self._judged(action.name, self.found(connector, action))

    def verify_differences(self, connector: Connector) -> list[str]:
        """The same of the calls that prove a sign-in."""
        return self._judged(VERIFY, self.verify_found(connector))

    def verify_found(self, connector: Connector) -> list[str]:
        """Every difference of the calls that prove a sign-in, accepted or not."""
        verify = self.seen(connector).manifest.verify
        proofs = [] if verify is None else [one for one in (verify, verify.otherwise) if one is not None]
        found: list[str] = []
        for proof in proofs:
            paths = [(None, one) for one in (proof.account.id, proof.account.name) if one is not None]
            checks = (one.check_lookup(self.seen(connector), proof.request, paths) for one in self.sources)
            known = next((one for one in checks if one is not None), None)
            found += [f"no source knows {proof.request.method} {proof.request.path}"] if known is None else known
        return found

    def idle(self, connector: Connector) -> list[str]:
        """What is told of actions that are not there, or accepted of all and found at none."""
        names = {*connector.actions, EVERY, VERIFY}
        strange = [f"there is no action '{name}'" for name in {**self.accepted, **self.unchecked} if name not in names]
        found = [one for action in connector.actions.values() for one in self.found(connector, action)]
        found += self.verify_found(connector)
        everywhere = self.accepted.get(EVERY, {})
        return strange + [f"accepted of all and found at none: {part}" for part in everywhere if not _in(part, found)]

    def _first(self, connector: Connector, action: Action) -> tuple[Source, list[str]] | None:
        for source in self.sources:
            if (found := source.check(connector, action)) is not None:
                return source, found
        return None

    def _judged(self, name: str, found: list[str]) -> list[str]:
        accepted = self.accepted_of(name)
        strange = [one for one in found if not any(part in one for part in accepted)]
        own = self.accepted.get(name, {})
        return strange + [f"accepted, and no longer so: {part}" for part in own if not _in(part, found)]


def contract_of(connector: str) -> Contract | None:
    """The contract of a connector by its name, or None where no module says it."""
    name = connector.replace("-", "_")
    if not (PROVIDERS / f"{name}.py").exists():
        return None
    contract = importlib.import_module(f"tests.contracts.providers.{name}").CONTRACT
    assert isinstance(contract, Contract), f"providers/{name}.py has no CONTRACT"
    return contract


def _in(part: str, sentences: Sequence[str]) -> bool:
    return any(part in one for one in sentences)
