"""Step 1 of a call: check arguments by the action's compiled schema, and say which, why, and what would be right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from connectory.catalog.connector import Action
from connectory.catalog.manifest import Input
from connectory.catalog.schema import DEFAULT_LIMIT
from connectory.errors import InvalidArguments
from connectory.gateway.fields import check_fields
from connectory.gateway.files import is_file, shown_file
from connectory.gateway.offered_keys import INSTEAD, looks_like_key
from connectory.spelling import nearest

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

WAYS = ("fields", "raw", "dry_run")  # arguments that every action takes (design 4.5)
MOST_FOUND = 50  # of a list of a million wrong items, that many are looked at
MOST_PROBLEMS = 5  # and that many told
MOST_CHOICES = 8
MOST_SHOWN = 22  # characters of a value in an error, quotes included
_PIECE = re.compile(r"\\.|\[(?:\\.|[^\]\\])*+\]?|.", re.DOTALL)  # of a pattern: escape, class, character
LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters long",
    "maxLength": "at most {} characters long",
    "minItems": "a list of at least {}",
    "maxItems": "a list of at most {}",
}


@dataclass(frozen=True, slots=True)
class CheckedArguments:
    """Arguments that fit the schema, the reserved ones (design 4.5) taken apart."""

    inputs: Mapping[str, Any]
    connection: str | None
    limit: int
    cursor: str | None
    shown: Mapping[str, Any]  # what a person who confirms the call sees and says yes to
    fields: tuple[str, ...] = ()  # of each item, only these; none: all
    raw: bool = False  # the provider's answer, unprojected
    dry_run: bool = False  # show the request, send nothing


@dataclass(frozen=True, slots=True)
class ArgumentProblem:
    """What is wrong, in words that name `where`; `argument` is the one at fault, empty where it is none or several."""

    text: str
    argument: str = ""


class ArgumentsRefused(InvalidArguments):
    """Arguments do not fit the action's schema; each problem by itself, for a form that shows it beside its field."""

    def __init__(self, message: str, problems: Sequence[ArgumentProblem], *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class ArgumentChecker:
    """Holds one compiled validator per action: compiling costs more than a call."""

    def __init__(self) -> None:
        self._validators: dict[int, tuple[Action, Draft202012Validator]] = {}

    def check(self, action: Action, arguments: Mapping[str, Any]) -> CheckedArguments:
        """Return the checked arguments. Raises `ArgumentsRefused` naming up to five things that are wrong."""
        require_unicode(arguments)
        asked, arguments = _take_ways(action, arguments)
        problems = find_problems(self._validator(action), arguments)
        problems += [
            ArgumentProblem(f"at least one of {', '.join(names)} is needed")
            for names in action.manifest.needs
            if not any(name in arguments for name in names)
        ]
        if problems:
            told = "; ".join(one.text for one in problems)
            hint = f"It takes: {describe_inputs(action)}."
            raise ArgumentsRefused(f"{action.tool} was not called: {told}.", problems, hint=hint)
        specs = action.manifest.inputs
        inputs = {name: value for name, value in arguments.items() if name in specs}
        for name, spec in specs.items():
            if name not in inputs and spec.default is not None:
                inputs[name] = spec.default
        shown: dict[str, Any] = {
            name: shown_file(value) if is_file(specs[name]) else value for name, value in inputs.items()
        }
        paging: dict[str, Any] = {name: arguments[name] for name in ("limit", "cursor") if name in arguments}
        return CheckedArguments(
            inputs=inputs,
            connection=arguments.get("connection"),
            limit=int(paging.get("limit", DEFAULT_LIMIT)),
            cursor=paging.get("cursor"),
            shown={**shown, **paging},
            **asked,
        )

    def _validator(self, action: Action) -> Draft202012Validator:
        known = self._validators.get(id(action))
        if known is None or known[0] is not action:
            known = self._validators[id(action)] = (action, compile_schema(action.input_schema))
        return known[1]


def _take_ways(action: Action, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Take out how the answer is wanted: every action takes it, and no tool's schema has to spend tokens on it."""
    rest = dict(arguments)
    asked: dict[str, Any] = {}
    for name in WAYS:
        value = rest.pop(name, None)
        if value is None:
            continue
        if name == "fields":
            if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
                raise InvalidArguments("'fields' must be a list of names.", hint='Write it like ["id", "title"].')
            check_fields(action, value)
            asked[name] = tuple(value)
        elif isinstance(value, bool):
            asked[name] = value
        else:
            raise InvalidArguments(f"'{name}' is {_short(value)} but must be true or false.", hint="Leave it out.")
    if asked.get("raw") and asked.get("fields"):
        raise InvalidArguments(
            "`raw` gives the provider's whole answer, `fields` a part of ours.", hint="Use one of them."
        )
    return asked, rest


def require_unicode(arguments: Mapping[str, Any]) -> None:
    """Raise `InvalidArguments` on what JSON can spell and nothing can send: half a character, or endless nesting."""
    try:
        json.dumps(dict(arguments), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InvalidArguments(
            "A text holds half of a character (a lone surrogate).", hint="Send whole characters, as UTF-8."
        ) from None
    except (RecursionError, ValueError):
        raise InvalidArguments(
            "The arguments are nested too deeply, or hold a number of thousands of digits.", hint="Send less at a time."
        ) from None


def compile_schema(schema: Mapping[str, Any]) -> Draft202012Validator:
    """Compile a JSON Schema (2020-12), formats checked too."""
    from jsonschema import Draft202012Validator, validators

    extend: Any = validators.extend  # which has no types
    compiled: Draft202012Validator = extend(Draft202012Validator, {"pattern": _check_pattern})(
        dict(schema), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return compiled


def _check_pattern(validator: Any, pattern: str, text: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    """Look for a pattern in what is no longer than it may be: on a longer text it may take too long (attack 104)."""
    from jsonschema import Draft202012Validator

    if not isinstance(text, str) or len(text) <= schema.get("maxLength", len(text)):
        yield from Draft202012Validator.VALIDATORS["pattern"](validator, _as_python(pattern), text, schema) or ()


@lru_cache(maxsize=1024)
def _as_python(pattern: str) -> str:
    """The pattern with an end that is one: Python's `$` passes over a last line break, that of ECMA-262 does not."""
    return _PIECE.sub(lambda piece: r"\Z" if piece[0] == "$" else piece[0], pattern)


def check_schema(validator: Draft202012Validator, arguments: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with `arguments`, in words; an empty list is good."""
    return [one.text for one in find_problems(validator, arguments)]


def find_problems(validator: Draft202012Validator, arguments: Mapping[str, Any]) -> list[ArgumentProblem]:
    """Return the same, with the argument that each is about."""
    found = islice(validator.iter_errors(dict(arguments)), MOST_FOUND)
    errors = sorted(found, key=lambda error: list(map(str, error.absolute_path)))
    problems = (problem for error in errors for problem in _describe(error))
    return list(dict.fromkeys(problems))[:MOST_PROBLEMS]  # each missing argument is an error of its own, about all


def describe_inputs(action: Action) -> str:
    """List an action's inputs, the required ones first and marked."""
    inputs = sorted(action.manifest.inputs.items(), key=lambda pair: not pair[1].required)
    words = [f"{name} ({_form(spec)}{', required' if spec.required else ''})" for name, spec in inputs]
    return ", ".join([*words, *(["limit", "cursor"] if action.manifest.pages else []), "connection"])


def _form(spec: Input) -> str:
    """What a right value looks like: its choices, or its type."""
    if spec.enum and len(spec.enum) <= MOST_CHOICES:
        return " | ".join(map(str, spec.enum))
    return spec.type or "any"


def _describe(error: ValidationError) -> list[ArgumentProblem]:
    path = list(map(str, error.absolute_path))
    if not path and error.validator == "required":
        missing = [name for name in cast("Any", error.validator_value) if name not in cast("Any", error.instance)]
        return [ArgumentProblem(f"'{name}' is missing", name) for name in missing]
    return [ArgumentProblem(text, path[0] if path else "") for text in _words_for(error)]


def _words_for(error: ValidationError) -> list[str]:
    where, wanted = ".".join(map(str, error.absolute_path)), cast("Any", error.validator_value)
    given = cast("Any", error.instance)
    match error.validator:
        case "additionalProperties":
            known = list(cast("Mapping[str, Any]", error.schema).get("properties", {}))
            extra = [name for name in given if name not in known][:MOST_PROBLEMS]
            return [f"unknown argument '{name}'{_meant(name, known)}" for name in extra]
        case "required":
            return [f"'{name}' is missing" for name in wanted if name not in given][:1]
        case "enum":
            return [f"'{where}' is {_short(given)} but must be one of {', '.join(map(str, wanted))}"]
        case "type":
            return [f"'{where}' is {_short(given)} but must be of type {wanted}"]
        case "pattern":
            wanted = cast("Mapping[str, Any]", error.schema)["pattern"]
            return [f"'{where}' is {_short(given)} but must match {wanted}{_example(error)}"]
        case "format":
            return [f"'{where}' is {_short(given)} but must be a {wanted}{_example(error)}"]
        case str() as rule if rule in LIMITS:
            return [f"'{where}' is {_short(given)} but must be {LIMITS[rule].format(wanted)}"]
    return [f"'{where or 'the call'}' is {_short(given)} but must keep to {error.validator}: {_brief(wanted)}"]


def _meant(name: str, known: list[str]) -> str:
    near = nearest(name, known)
    return f" (did you mean {' or '.join(near)}?)" if near else ""


def _example(error: ValidationError) -> str:
    """A right value, where the schema shows or describes one."""
    schema = cast("Any", error.schema)
    if examples := schema.get("examples"):
        return f", e.g. {_brief(examples[0])}"
    return f" ({schema['description'].rstrip('.')})" if schema.get("description") else ""


def _brief(value: Any) -> str:
    """A word of the schema's own."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:60] + "…"


def _short(value: Any) -> str:
    """A value as an error shows it: short ones only, for a long one may be a key."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_SHOWN and not looks_like_key(text) else INSTEAD
