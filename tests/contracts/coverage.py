"""Writes what each connector's actions are checked by: `python -m tests.contracts.coverage`.

`test_coverage.py` fails where the page is stale, or too much is unchecked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.contracts.contract import Contract, contract_of
from tests.contracts.graphql_schema import GraphQl
from tests.contracts.openapi import ROOT, OpenApi
from tests.contracts.recordings import Recorded
from tests.gate.gate import packaged

from connectory.catalog.connector import Connector

PAGE = ROOT / "docs/connectors/coverage.md"
OURS = {"demo"}  # its provider answers inside our own process
MOST_UNCHECKED, MOST_UNCHECKED_OF_ONE = 0.10, 0.30
INTRO = """# Coverage

What each connector's actions are checked by, made by `python -m tests.contracts.coverage`; a test keeps it true.

- **Description**: the provider's own description (OpenAPI, Google's discovery document, GraphQL schema). Method, path,
  parameters, body, types, words, what is required, projected fields and scopes are compared with it, and every action
  is sent end to end to a double that validates each request by it.
- **SDK**: where there is none, what the provider's own SDK was seen to send for the same operation, likewise.
- **Unchecked**: neither knows the operation; why is told below.

Where a description is older than the API, differences are accepted by name, each with its reason
(`tests/contracts/providers/`).

"""
KINDS = ("description", "sdk", "unchecked")


@dataclass(frozen=True)
class Row:
    """One connector: how many of its actions are checked by what, and by which sources."""

    connector: Connector
    counts: Mapping[str, int]
    sources: str
    accepted: int
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def unchecked(self) -> int:
        """How many are not checked."""
        return self.counts.get("unchecked", 0)


def rows() -> list[Row]:
    """Every connector that has actions, and whose provider is another."""
    every = sorted(packaged().connectors.values(), key=lambda one: one.name)
    return [_row(one) for one in every if one.actions and one.name not in OURS]


def missing() -> str | None:
    """Why the page cannot be made on this machine."""
    found = [contract_of(name) for name in packaged().connectors]
    return next((one.missing for one in found if one is not None and one.missing is not None), None)


def page(found: list[Row]) -> str:
    """The page."""
    lines = ["| Connector | Actions | Description | SDK | Unchecked | Differences accepted | Checked by |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- |")
    for row in found:
        numbers = [
            len(row.connector.actions),
            *(row.counts.get(kind, 0) for kind in ("description", "sdk", "unchecked")),
        ]
        cells = [row.connector.title, *map(str, numbers), str(row.accepted), row.sources]
        lines.append(f"| {' | '.join(cells)} |")
    total = sum((Counter(row.counts) for row in found), Counter[str]())
    every = sum(total.values())
    numbers = [every, *(total.get(kind, 0) for kind in KINDS)]
    lines.append(f"| **all** | {' | '.join(map(str, numbers))} | {sum(row.accepted for row in found)} | |")
    reasons = [
        f"- {row.connector.title}, `{name}`: {why}." for row in found for name, why in sorted(row.reasons.items())
    ]
    told = ["", "## Unchecked", "", *(reasons or ["None."])]
    return INTRO + "\n".join([*lines, *told]) + "\n"


def _row(connector: Connector) -> Row:
    contract = contract_of(connector.name)
    if contract is None:
        return Row(connector, {"unchecked": len(connector.actions)}, "", 0, {"all": "it is held to nothing yet"})
    counts = Counter[str](contract.kind_of(connector, action) for action in connector.actions.values())
    accepted = sum(len(parts) for parts in contract.accepted.values())
    return Row(connector, counts, _sources(contract), accepted, contract.unchecked)


def _sources(contract: Contract) -> str:
    said = []
    for source in contract.sources:
        if isinstance(source, Recorded):
            said.append(source.sdk)
        elif isinstance(source, GraphQl):
            said.append(f"{_name(source.file)} (GraphQL)")
        elif isinstance(source, OpenApi):
            first, *more = map(_name, source.files)
            said.append(f"{first} and {len(more)} more" if more else first)
    return "; ".join(said)


def _name(file: Path) -> str:
    return f"`{file.name}`"


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(rows()), encoding="utf-8")
