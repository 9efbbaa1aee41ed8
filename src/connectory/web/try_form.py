"""A form made from an action's input schema, and the arguments that a filled one means. Pure.

Nothing is judged here: what does not fit goes on as it was typed, and the gateway says what would be right, which is
put beside the field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from connectory.catalog.connector import Action
from connectory.gateway.arguments import ArgumentProblem
from connectory.gateway.offered_keys import looks_like_key
from connectory.web.connect_form import VALUE_PREFIX

Kind = Literal["text", "long", "number", "choice", "lines", "json"]
HOW: Mapping[Kind, str] = {"lines": "One per line.", "json": "Written as JSON."}
NOT_TYPED = frozenset({"connection", "cursor"})  # the page is about one; and a button goes on
BOOLEANS: Mapping[str, Any] = {"true": True, "false": False}
BOOLEAN_TITLES = {"true": "Yes", "false": "No"}
LONG_TEXTS = frozenset({"body", "text", "content", "message", "description", "comment", "html", "markdown", "query"})
PLAIN = frozenset({"string", "integer", "number"})
OF_TYPE = re.compile(r"\bof type (\w+)")
TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a JSON object",
}
PRESENCE = ("Required. ", "Optional. ", "Required.", "Optional.")
MOST_SHOWN = 20_000  # characters of a value that is written into the page again


@dataclass(frozen=True, slots=True)
class InputView:
    """One input of the action, as a field."""

    id: str
    name: str
    label: str
    kind: Kind
    help: str
    placeholder: str
    value: str
    choices: Mapping[str, str]
    is_required: bool
    problem: str = ""

    @property
    def how(self) -> str:
        """How a value of more than one word is written."""
        return HOW.get(self.kind, "")

    @property
    def described_by(self) -> str:
        """The ids of the texts that belong to the field, for `aria-describedby`."""
        parts = [f"{self.id}-problem"] * bool(self.problem) + [f"{self.id}-help"] * bool(self.help or self.how)
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Typed:
    """The arguments that were typed, and what is wrong with those that could not be read."""

    arguments: Mapping[str, Any]
    problems: Mapping[str, str] = field(default_factory=dict)


def view_inputs(action: Action, form: Mapping[str, str], problems: Mapping[str, str]) -> tuple[InputView, ...]:
    """Return the fields, the required ones first; `form` is what was typed before, which stays in place."""
    required = set(action.input_schema.get("required", ()))
    names = [name for name in action.input_schema["properties"] if name not in NOT_TYPED]
    return tuple(
        _view(name, action.input_schema["properties"][name], form, problems, is_required=name in required)
        for name in sorted(names, key=lambda name: name not in required)
    )


def read_arguments(action: Action, form: Mapping[str, str]) -> Typed:
    """Return the arguments of a filled form; an empty field is an argument left out."""
    arguments: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, schema in action.input_schema["properties"].items():
        text = form.get(f"{VALUE_PREFIX}{name}", "").replace("\r\n", "\n")
        if name in NOT_TYPED or not text.strip():
            continue
        try:
            arguments[name] = _value(schema, text)
        except ValueError:
            problems[name] = f"This is not JSON. Write {_how_to_write(schema)}."
    return Typed(arguments, problems)


def write_arguments(action: Action, arguments: Mapping[str, Any]) -> dict[str, str]:
    """Return the form that means these arguments; what the form has no field for is left out."""
    properties = action.input_schema["properties"]
    return {
        f"{VALUE_PREFIX}{name}": _written(properties[name], value)
        for name, value in arguments.items()
        if name in properties and name not in NOT_TYPED
    }


def problems_at_fields(action: Action, problems: Iterable[ArgumentProblem]) -> dict[str, str]:
    """Return what the gateway found wrong with single arguments, in the words for their fields."""
    properties = action.input_schema["properties"]
    return {
        one.argument: _beside(properties[one.argument], one)
        for one in problems
        if one.argument in properties and one.argument not in NOT_TYPED
    }


def is_whole(action: Action, form: Mapping[str, str], arguments: Mapping[str, object]) -> bool:
    """Whether a filled form, as a page shows it, makes just these arguments."""
    is_shown = all(_shown(typed) == typed for typed in form.values())
    return is_shown and read_arguments(action, form).arguments == arguments


def _shown(typed: str) -> str:
    return "" if looks_like_key(typed) or len(typed) > MOST_SHOWN else typed


def _beside(schema: Mapping[str, Any], problem: ArgumentProblem) -> str:
    text = OF_TYPE.sub(lambda found: TYPES.get(found[1], found[0]), problem.text)
    if _is_plain_list(schema):
        text = re.sub(rf"^'{problem.argument}\.(\d+)'", lambda found: f"Line {int(found[1]) + 1}", text)
    return re.sub(rf"^'{problem.argument}'", "It", text) + "."


def _written(schema: Mapping[str, Any], value: Any) -> str:
    text = _typed(schema, value)
    try:
        is_same = isinstance(value, str) or (text.strip() != "" and _value(schema, text) == value)
    except ValueError:
        is_same = False
    return text if is_same else json.dumps(value, ensure_ascii=False)


def _view(
    name: str, schema: Mapping[str, Any], form: Mapping[str, str], problems: Mapping[str, str], *, is_required: bool
) -> InputView:
    typed = form.get(f"{VALUE_PREFIX}{name}", "")
    return InputView(
        id=f"input-{name}",
        name=f"{VALUE_PREFIX}{name}",
        label=schema.get("title") or name.replace("_", " "),
        kind=_kind(name, schema),
        help=_help(schema),
        placeholder=_example(schema),
        value=_shown(typed),
        choices=_titles(schema),
        is_required=is_required,
        problem=problems.get(name, ""),
    )


def _kind(name: str, schema: Mapping[str, Any]) -> Kind:
    if _choices(schema):
        return "choice"
    match _type(schema):
        case "integer" | "number":
            return "number"
        case "string":
            is_short = {"pattern", "format"} & schema.keys() or schema.get("maxLength", 1_000) < 300
            return "long" if name in LONG_TEXTS and not is_short else "text"
    return "lines" if _is_plain_list(schema) else "json"


def _type(schema: Mapping[str, Any]) -> str:
    """The type of a value, null aside: leaving a field empty says that."""
    named = schema.get("type", "")
    types = [named] if isinstance(named, str) else [one for one in named if one != "null"]
    return types[0] if len(types) == 1 else ""


def _is_plain_list(schema: Mapping[str, Any]) -> bool:
    """Whether each item of a list is written as one line."""
    items = schema.get("items", {})
    return _type(schema) == "array" and (bool(_choices(items)) or _type(items) in PLAIN)


def _choices(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """What can be chosen, by how it is written in the form."""
    if "enum" in schema:
        return {one if isinstance(one, str) else json.dumps(one): one for one in schema["enum"]}
    return BOOLEANS if _type(schema) == "boolean" else {}


def _titles(schema: Mapping[str, Any]) -> Mapping[str, str]:
    choices = _choices(schema)
    return BOOLEAN_TITLES if choices is BOOLEANS else {written: written for written in choices}


def _value(schema: Mapping[str, Any], text: str) -> Any:
    """What a text stands for. Raises `ValueError` where it has to be JSON and is none."""
    choices = _choices(schema)
    if choices:
        return choices.get(text, text)
    match _type(schema):
        case "string":
            return text
        case "integer" | "number":
            return _number(text.strip())
    if _is_plain_list(schema) and not text.lstrip().startswith("["):
        return [_value(schema["items"], line.strip()) for line in text.split("\n") if line.strip()]
    return _json(text)


def _number(text: str) -> Any:
    try:
        found = _json(text)
    except ValueError:
        return text
    return found if isinstance(found, int | float) else text


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _help(schema: Mapping[str, Any]) -> str:
    """What the schema says of a value, without the words by which models are told what is required."""
    text: str = schema.get("description", "")
    for word in PRESENCE:
        text = text.removeprefix(word)
    return text


def _how_to_write(schema: Mapping[str, Any]) -> str:
    """What to do about JSON that is none."""
    return "one per line, without brackets" if _is_plain_list(schema) else f"it like {_example(schema) or '{}'}"


def _example(schema: Mapping[str, Any]) -> str:
    """A right value as one would type it: the schema's own, or the shape of one."""
    if examples := schema.get("examples"):
        return _typed(schema, examples[0])
    if "default" in schema:
        return _typed(schema, schema["default"])
    if _is_plain_list(schema):
        items = schema["items"]
        return "\n".join([*_choices(items)][:2] or (["one", "two"] if _type(items) == "string" else ["1", "2"]))
    match _type(schema):
        case "array":
            return "[]"
        case "object":
            names = list(schema.get("properties", {}))[:2]
            return json.dumps(dict.fromkeys(names, "…"), ensure_ascii=False) if names else "{}"
    return ""


def _typed(schema: Mapping[str, Any], value: Any) -> str:
    """A value as one types it."""
    if isinstance(value, list) and _is_plain_list(schema):
        return "\n".join(_typed(schema["items"], one) for one in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
