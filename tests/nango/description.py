"""The double against Nango's own OpenAPI description: every good request and every answer that it covers.

The description is older than the server in places, and wrong in some. Where the two differ the reference page wins,
which was checked against a running 0.71.4; `DIFFERENCES` lists each such place with its reason. A difference that is
not listed fails the run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import jsonschema
import yaml
from tests.nango.differences import DIFFERENCES
from tests.nango.providers import SPECS
from tests.nango.state import Exchange

FILE = SPECS / "nango.yaml"
MOST_MEMBERS = 25  # of a list are compared
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """One place where the double and the description say different things."""

    operation: str  # GET /connections/{connectionId}
    part: str  # request, 200, 404, ...
    place: str  # data.*.metadata
    what: str

    def __str__(self) -> str:
        return f"{self.operation} | {self.part} | {self.place} | {self.what}"


def differences(exchanges: Iterable[Exchange]) -> list[Difference]:
    """Compare exchanges with the description; nothing where it is not at hand."""
    if not FILE.exists():
        return []
    found: dict[str, Difference] = {}
    for exchange in exchanges:
        for one in _compared(exchange):
            found.setdefault(str(one), one)
    return list(found.values())


def unlisted(exchanges: Iterable[Exchange]) -> list[str]:
    """The differences for which nobody has given a reason."""
    return [str(one) for one in differences(exchanges) if reason_of(one) is None]


def reason_of(difference: Difference) -> str | None:
    """Why a difference is right; None: it is not listed."""
    text = str(difference)
    return next((reason for pattern, reason in DIFFERENCES.items() if re.fullmatch(pattern, text)), None)


def operation_of(method: str, path: str) -> tuple[str, Mapping[str, Any]] | None:
    """The operation that a request goes to, by its name `GET /connections`; None: the description has none."""
    for template, item in _document()["paths"].items():
        pattern = re.sub(r"\{[^}]+\}", "[^/]+" if "anyPath" not in template else ".*", template)
        is_exact = "{" not in template
        if re.fullmatch(pattern, path) and method.lower() in item and (is_exact or path not in _document()["paths"]):
            return f"{method} {template}", item[method.lower()]
    return None


def _compared(exchange: Exchange) -> Iterator[Difference]:
    found = operation_of(exchange.method, exchange.path)
    if found is None or "/proxy" in exchange.path:  # what passes the proxy is the provider's
        return
    name, operation = found
    if 200 <= exchange.status < 300:
        yield from _request(name, operation, exchange)
    answers, status = operation["responses"], str(exchange.status)
    if status not in answers:
        yield Difference(name, status, "", "this status is not described")
    schema = _answer_schema(answers, status)
    if schema is not None:
        for place, what in _problems(schema, exchange.answer):
            yield Difference(name, status, place, what)


def _answer_schema(answers: Mapping[str, Any], status: str) -> Schema | None:
    """That of the status; else of the good answer, or the usual error."""
    if status in answers:
        content = _resolved(answers[status]).get("content", {})
        found: Schema | None = content["application/json"]["schema"] if content else None
        return found
    good = next((one for one in answers if one.startswith("2")), None)
    if status.startswith("2") and good is not None:
        return _answer_schema(answers, good)
    if status == "304":  # it has no body
        return None
    error: Schema = _document()["components"]["schemas"]["StdError"]
    return dict(error)


def _request(name: str, operation: Mapping[str, Any], exchange: Exchange) -> Iterator[Difference]:
    described = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    for parameter in sorted(exchange.query_names - described):
        yield Difference(name, "request", f"?{parameter}", "this parameter is not described")
    body = _resolved(operation.get("requestBody", {}))
    if body:
        for place, what in _problems(body["content"]["application/json"]["schema"], exchange.body):
            yield Difference(name, "request", place, what)


def _problems(schema: Schema, value: Any) -> Iterator[tuple[str, str]]:
    for error in _validator(id(schema), schema).iter_errors(_shortened(value)):
        yield from _told(error)


_VALIDATORS: dict[int, jsonschema.Draft202012Validator] = {}


def _validator(key: int, schema: Schema) -> jsonschema.Draft202012Validator:
    """One for each schema of the document, which is kept: making one reads all of its components."""
    if key not in _VALIDATORS:
        whole = {**_merged(schema), "components": _document()["components"]}
        _VALIDATORS[key] = jsonschema.Draft202012Validator(whole)
    return _VALIDATORS[key]


def _shortened(value: Any) -> Any:
    """The value with its longest lists cut: a thousand providers would be compared for seconds."""
    if isinstance(value, dict):
        return {key: _shortened(one) for key, one in value.items()}
    return [_shortened(one) for one in value[:MOST_MEMBERS]] if isinstance(value, list) else value


def _told(error: jsonschema.ValidationError) -> Iterator[tuple[str, str]]:
    """An error in words, without the value: of alternatives that are told apart by `type`, the one that is meant."""
    place = ".".join("*" if isinstance(part, int) else str(part) for part in error.absolute_path)
    if error.validator in ("anyOf", "oneOf") and error.context:
        meant = [one for one in error.context if one.schema_path[0] == _meant(error)]
        if meant:
            for one in meant:
                yield from _told(one)
            return
    yield place, _words(error)


def _meant(error: jsonschema.ValidationError) -> Any:
    """The index of the alternative whose `type` the value has; None: no alternative has it."""
    if not isinstance(error.instance, dict):
        return None
    wrong = {
        one.schema_path[0] for one in error.context or () if list(one.schema_path)[1:] == ["properties", "type", "enum"]
    }
    alternatives: Sequence[Any] = error.validator_value  # type: ignore[assignment]  # of anyOf it is a list
    for index, schema in enumerate(alternatives):
        if index not in wrong and "type" in _merged(_resolved(schema)).get("properties", {}):
            return index
    return None


def _words(error: jsonschema.ValidationError) -> str:
    if error.validator == "additionalProperties":
        known = cast("Schema", error.schema).get("properties", {})
        strange = sorted(one for one in cast("Mapping[str, Any]", error.instance) if one not in known)
        return f"members that are not described: {', '.join(strange)}"
    if error.validator == "required":
        return f"missing: {error.message.split(' ')[0]}"
    if error.validator == "type":
        return f"{type(error.instance).__name__} is not {error.validator_value}"
    return f"breaks {error.validator}"


@lru_cache
def _document() -> Mapping[str, Any]:
    document: dict[str, Any] = yaml.load(Path(FILE).read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    schemas = document["components"]["schemas"]
    for name in schemas:
        schemas[name] = _merged(schemas[name], schemas)
    return document


def _merged(schema: Schema, schemas: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A schema whose `allOf` is one object: read apart, each part forbids what the others have, and nothing fits."""
    if "allOf" not in schema:
        return dict(schema)
    merged: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema["allOf"]:
        whole = _merged(_resolved(part, schemas), schemas)
        for key, value in whole.items():
            if key == "properties":
                merged["properties"] = {**merged.get("properties", {}), **value}
            elif key == "required":
                merged["required"] = [*merged.get("required", ()), *value]
            else:
                merged[key] = value
    return merged


def _resolved(value: Mapping[str, Any], schemas: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    while "$ref" in value:
        found: Any = {"components": {"schemas": schemas}} if schemas is not None else _document()
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        value = found
    return value
