"""What a provider's own SDK was seen to send, as the source of a contract: for providers without a description.

`recordings/<name>.json` keeps it, written by hand or by a script from what a local server got of the SDK:

    {"sdk": {"registry": "npm", "name": "pipedrive", "version": "24.0.0"},
     "operations": {"get_deal": [
       {"call": "DealsApi.getDeal({id: 7, include_fields: ...})",
        "method": "GET", "path": "/api/v2/deals/{id}",
        "query": ["include_fields"], "required": [],
        "type": "application/json", "body": {...}, "answer": {...}}]}}

By action (or `(verify)`), one entry for each request that it sends or may send. `path` counts from the host, what was
an argument in braces. `query`: the names the SDK sends with every argument given; `required`: names of the query, and
members of the body, that it sends always or demands. `body`: as it was sent with every argument, an empty object where
it takes any members; `answer`: a sample with the members that the SDK's own types, or the provider's page, have.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.contracts.check import Call, compare_action, compare_lookup, compare_step, good_answers, inputs_of
from tests.contracts.contract import VERIFY, Answers, Expressions, Kind
from tests.contracts.description import Description
from tests.contracts.paths import PARAMETER, OurPath, path_of

from connectory.catalog.connector import Action, Connector
from connectory.catalog.manifest import Request, Step

RECORDINGS = Path(__file__).parent / "recordings"
KINDS: tuple[tuple[type, Any], ...] = (
    (bool, "boolean"), (int, ["integer", "number"]), (float, "number"), (str, "string"),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Recorded:
    """The recordings of one file."""

    name: str
    folder: Path = RECORDINGS

    @property
    def kind(self) -> Kind:
        """How a check by it is counted."""
        return "sdk"

    @property
    def missing(self) -> str | None:
        """It is always here."""
        return None

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """What the file says."""
        document: Mapping[str, Any] = json.loads((self.folder / f"{self.name}.json").read_bytes())
        return document

    @property
    def sdk(self) -> str:
        """The SDK and its version."""
        said = self.document["sdk"]
        return f"{said['registry']} {said['name']} {said['version']}"

    def describe(self, action: str) -> Description | None:
        """What was recorded for an action, as a description; None: nothing was."""
        entries = self.document["operations"].get(action)
        return None if entries is None else Description(as_openapi(entries))

    def check(self, connector: Connector, action: Action) -> list[str] | None:
        """Return every difference, of steps and the further request for each item too; None: nothing was recorded."""
        description = self.describe(action.name)
        if description is None:
            return None
        spec = action.manifest
        calls = _calls(connector, action, description)
        found = [one for call in calls for one in compare_action(connector, action, call)]
        if not calls and not spec.request.is_address:
            found.append(_unseen(spec.request))
        for step in spec.steps:
            found += _of_step(connector, action, step, description)
        if (expand := spec.answer.expand) is not None:
            pairs = [(expand.items, expand.item)]
            further = _call(connector, expand.request, description)
            found += (
                [_unseen(expand.request)]
                if further is None
                else compare_lookup(connector, expand.request, pairs, further)
            )
        return list(dict.fromkeys(found))

    def answers(self, connector: Connector, action: Action) -> Answers:
        """What the sample of the action's answer follows."""
        description = self.describe(action.name)
        assert description is not None
        calls = _calls(connector, action, description)
        if not calls:  # an address
            return [], description
        return good_answers(connector, action.manifest.request, calls[0]), description

    def check_lookup(self, connector: Connector, request: Request, expressions: Expressions) -> list[str] | None:
        """The same of a request that proves a sign-in."""
        description = self.describe(VERIFY)
        call = None if description is None else _call(connector, request, description)
        return None if call is None else compare_lookup(connector, request, expressions, call)


def as_openapi(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """An OpenAPI 3 document that says what was recorded; of several entries for one operation, all that was seen."""
    paths: dict[str, dict[str, Any]] = {}
    for entry in entries:
        paths.setdefault(entry["path"], {}).setdefault(entry["method"].lower(), []).append(entry)
    made = {
        path: {method: _operation(path, seen) for method, seen in methods.items()} for path, methods in paths.items()
    }
    return {"openapi": "3.1.0", "info": {"title": "recorded", "version": "1"}, "paths": made, "components": {}}


def _operation(path: str, seen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    required = set.intersection(*(set(entry.get("required", [])) for entry in seen))
    names = dict.fromkeys(name for entry in seen for name in entry.get("query", []))
    answers = [entry["answer"] for entry in seen if "answer" in entry]
    operation: dict[str, Any] = {
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": {}} for name in PARAMETER.findall(path)),
            *({"name": name, "in": "query", "required": name in required, "schema": {}} for name in names),
        ],
        "responses": {"200": _content("application/json", answers)} if answers else {"204": {}},
    }
    kinds: dict[str, list[Any]] = {}
    for entry in seen:
        if "body" in entry:
            kinds.setdefault(entry.get("type", "application/json"), []).append(entry["body"])
    if kinds:
        content = {kind: _content(kind, bodies)["content"][kind] for kind, bodies in kinds.items()}
        for one in content.values():
            one["schema"]["required"] = sorted(required & one["schema"].get("properties", {}).keys())
        operation["requestBody"] = {"required": all("body" in entry for entry in seen), "content": content}
    return operation


def schema_of(samples: Sequence[Any]) -> dict[str, Any]:
    """What all of these samples follow; null and what is empty leave it open."""
    given = [one for one in samples if one is not None]
    if given and all(isinstance(one, dict) for one in given):
        names = dict.fromkeys(name for one in given for name in one)
        members = {name: schema_of([one[name] for one in given if name in one]) for name in names}
        return {"type": "object", **({"properties": members, "additionalProperties": False} if members else {})}
    if given and all(isinstance(one, list) for one in given):
        return {"type": "array", "items": schema_of([member for one in given for member in one])}
    kinds = {repr(kind): kind for one in given for kind in [next((k for t, k in KINDS if isinstance(one, t)), None)]}
    return {"type": next(iter(kinds.values()))} if len(kinds) == 1 and None not in kinds.values() else {}


def _content(kind: str, samples: Sequence[Any]) -> dict[str, Any]:
    return {"content": {kind: {"schema": schema_of(samples), "example": samples[0]}}}


def _calls(connector: Connector, action: Action, description: Description) -> list[Call]:
    """What an action's own request was seen as: once, or once for each word that its path allows; none: unseen."""
    request = action.manifest.request
    if (whole := _call(connector, request, description)) is not None:
        return [whole]
    paths = path_of(connector, request).spelled_out(inputs_of(action))
    spelled = [_call(connector, request, description, one) for one in paths]
    return [one for one in spelled if one is not None] if None not in spelled else []


def _call(connector: Connector, request: Request, description: Description, path: OurPath | None = None) -> Call | None:
    path = path_of(connector, request) if path is None else path
    operation = description.operation(request.method, path.text)
    return None if operation is None else Call(path, operation, description)


def _of_step(connector: Connector, action: Action, step: Step, description: Description) -> list[str]:
    if step.request.is_address:
        return []
    call = _call(connector, step.request, description)
    return [_unseen(step.request)] if call is None else compare_step(connector, action, step, call)


def _unseen(request: Request) -> str:
    return f"the SDK was not seen to send {request.method} {request.path}"
