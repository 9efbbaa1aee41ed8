"""OpenAPI 3 descriptions, and what can be read as such, as the source of a contract."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import yaml
from tests.contracts.check import Call, compare_action, compare_lookup, compare_step, good_answers, inputs_of
from tests.contracts.contract import Answers, Expressions, Kind
from tests.contracts.description import Description
from tests.contracts.inputs import Inputs
from tests.contracts.paths import OurPath, fits, path_of
from tests.contracts.scopes import scope_differences

from connectory.catalog.connector import Action, Connector
from connectory.catalog.manifest import Request, Step

IN_NO_PACKAGE = "in no package: "  # for this reason tests/conftest.py lets a test be skipped everywhere
ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".test-tools"
SPECS = Path(os.environ.get("TEST_SPECS_DIR", ROOT.parent / "shared/specs"))


def read_document(file: Path) -> Description:
    """Read a description from a JSON or YAML file."""
    data = file.read_bytes()
    is_yaml = file.suffix in (".yaml", ".yml")
    document = yaml.load(data, yaml.CSafeLoader) if is_yaml else json.loads(data)
    return Description(document)


@dataclass(frozen=True, eq=False)
class OpenApi:
    """Descriptions of one provider, and how its connector's paths are led to theirs."""

    files: Sequence[Path]
    servers: Sequence[str] = ()  # the manifest's servers that they describe; none: all of them
    base: str | None = None  # what stands before their paths; unset: the path of their own first server
    moved: Mapping[str, str] = field(default_factory=dict)  # regular expression over our path → as it is called there
    read: Callable[[Path], Description] = read_document
    prepare: Callable[[Description], Description] = lambda description: description

    @property
    def kind(self) -> Kind:
        """How a check by it is counted."""
        return "description"

    @property
    def missing(self) -> str | None:
        """Which of its files is not on this machine, and where it would come from."""
        return missing_file(self.files)

    @cached_property
    def descriptions(self) -> Sequence[Description]:
        """What the files say."""
        found = [self.prepare(self.read(file)) for file in self.files]
        return found if self.base is None else [_based(one, self.base) for one in found]

    def check(self, connector: Connector, action: Action) -> list[str] | None:
        """Return every difference, of steps and the further request for each item too; None: no such operation."""
        spec = action.manifest
        calls = self.calls(connector, spec.request, inputs_of(action))
        if not calls:
            return None
        found = [one for call in calls for one in compare_action(connector, action, call)]
        found += [one for call in calls for one in scope_differences(action, call.operation)]
        for step in spec.steps:
            found += self._of_step(connector, action, step)
        if (expand := spec.answer.expand) is not None:
            further = self.calls(connector, expand.request, inputs_of(action))
            found += [] if further else [f"{expand.request.method} {expand.request.path} is no operation"]
            pairs = [(expand.items, expand.item)]
            found += [one for call in further for one in compare_lookup(connector, expand.request, pairs, call)]
            found += [one for call in further for one in scope_differences(action, call.operation)]
        return list(dict.fromkeys(found))

    def check_lookup(self, connector: Connector, request: Request, expressions: Expressions) -> list[str] | None:
        """The same of a request without inputs."""
        calls = self.calls(connector, request, Inputs({}))
        return [one for call in calls for one in compare_lookup(connector, request, expressions, call)] or (
            [] if calls else None
        )

    def _of_step(self, connector: Connector, action: Action, step: Step) -> list[str]:
        if step.request.is_address:
            return []
        calls = self.calls(connector, step.request, inputs_of(action))
        if not calls:
            return [f"{step.request.method} {step.request.path} is no operation"]
        return [one for call in calls for one in compare_step(connector, action, step, call)]

    def answers(self, connector: Connector, action: Action) -> Answers:
        """What the action's answer may follow."""
        call = self.calls(connector, action.manifest.request, inputs_of(action))[0]
        return good_answers(connector, action.manifest.request, call), call.description

    def calls(self, connector: Connector, request: Request, inputs: Inputs) -> list[Call]:
        """The operations that a request calls: one, or one for each word that its path allows; none: unknown."""
        server = request.server or next(iter(connector.manifest.servers))
        if request.graphql is not None or (self.servers and server not in self.servers):
            return []
        path = path_of(connector, request).moved(self.moved)
        if (whole := self._call(request.method, path)) is not None:
            return [whole]
        spelled = [self._call(request.method, one) for one in path.spelled_out(inputs)]
        return [one for one in spelled if one is not None] if None not in spelled else []

    def cut(self, connector: Connector) -> Iterator[Description]:
        """The descriptions, of each only the operations that the connector calls."""
        for description in self.descriptions:
            called: dict[str, set[str]] = {}
            for request, inputs in _sent(connector):
                for call in self.calls(connector, request, inputs):
                    if call.description is description:
                        called.setdefault(call.operation.path, set()).add(call.operation.method.lower())
            yield description.cut(called)

    def _call(self, method: str, path: OurPath) -> Call | None:
        """The most exact operation of all: `/{module}` in one file gives way to `/org` in another."""
        found = [(one, one.operation(method, path.text)) for one in self.descriptions]
        calls = [Call(path, operation, description) for description, operation in found if operation is not None]
        return max(calls, key=lambda one: fits(one.described_path, path.text), default=None)


def missing_file(files: Sequence[Path]) -> str | None:
    """Which of these is not on this machine, and where it would come from; None: all are there."""
    gone = next((file for file in files if not file.exists()), None)
    if gone is None:
        return None
    if gone.is_relative_to(TOOLS):
        return f"{gone.name} is not there: `make test` fetches it into .test-tools"
    return f"{IN_NO_PACKAGE}{gone.name}; TEST_SPECS_DIR names their folder"


def specs(*names: str) -> Sequence[Path]:
    """Where these descriptions are, that are in no package."""
    return [SPECS / name for name in names]


def _based(description: Description, base: str) -> Description:
    return Description({**description.document, "servers": [{"url": base}]})


def _sent(connector: Connector) -> Iterator[tuple[Request, Inputs]]:
    for action in connector.actions.values():
        for request in action.manifest.requests:
            yield request, inputs_of(action)
    if (verify := connector.manifest.verify) is not None:
        yield verify.request, Inputs({})
        if verify.otherwise is not None:
            yield verify.otherwise.request, Inputs({})
