"""Compare a body tree of the manifest with the schema of the body, branch by branch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.contracts.description import Description, Schema, is_open, types_of
from tests.contracts.inputs import EACH, Inputs, check_given, given_by
from tests.contracts.presence import comes_with, is_always_there

from connectory.catalog.manifest import Input
from connectory.catalog.template import parse_template
from connectory.catalog.trees import Form, form_of

TEXT_CONVERTERS = ("base64", "base64url", "json_text", "mime_message", "html", "utc_without_zone")
NUMBER_CONVERTERS = ("unix_seconds", "unix_milliseconds")


def check_tree(tree: Any, place: str, schema: Schema, inputs: Inputs, description: Description) -> Iterator[str]:
    """Yield what is wrong with a branch that stands where `schema` is due."""
    alternatives = description.alternatives(schema)
    if (form := form_of(tree)) is not None:
        yield from _check_form(form, place, schema, inputs, description)
    elif isinstance(tree, dict):
        objects = [one for one in alternatives if not types_of(one) or "object" in types_of(one)]
        if not objects:
            yield f"{place} is no object there"
            return
        yield from _check_object(tree, place, objects, inputs, description)
    elif isinstance(tree, list):
        inner = _inner(alternatives)
        if inner is None:
            yield f"{place} is no list there"
            return
        for index, member in enumerate(tree):
            yield from check_tree(member, f"{place}[{index}]", inner, inputs, description)
    else:
        yield from check_given(given_by(tree, inputs), place, schema, description)


def _check_object(
    tree: Mapping[str, Any], place: str, objects: list[Schema], inputs: Inputs, description: Description
) -> Iterator[str]:
    """One of the schemas must take it whole, as `oneOf` says; else what is wrong by all of them together is told."""
    for schema in objects if len(objects) > 1 else ():
        if next(_check_members(tree, place, [schema], inputs, description), None) is None:
            return
    yield from _check_members(tree, place, objects, inputs, description)


def _check_members(
    tree: Mapping[str, Any],
    place: str,
    objects: list[Schema],
    inputs: Inputs,
    description: Description,
) -> Iterator[str]:
    properties = {name: one for schema in objects for name, one in schema.get("properties", {}).items()}
    takes_more = any(is_open(one) for one in objects)
    for name, branch in tree.items():
        if name in properties:
            if all(one.get("deprecated") for one in description.alternatives(properties[name])):
                yield f"{place}.{name} is deprecated"
            yield from check_tree(branch, f"{place}.{name}", properties[name], inputs, description)
        elif not takes_more:
            yield f"{place} has no member '{name}'; it has {', '.join(properties)}"
    needed = set.intersection(*(set(one.get("required", ())) for one in objects))
    for name in sorted(needed):
        if name not in tree:
            yield f"{place}.{name} is required and not sent"
        elif not (is_always_there(tree[name], inputs) or comes_with(tree[name], list(tree.values()), inputs)):
            yield f"{place}.{name} is required, and may be left out"


def _check_form(form: Form, place: str, schema: Schema, inputs: Inputs, description: Description) -> Iterator[str]:
    """What a form makes: a list by `each`, the tree itself by `when` and `merge`, mostly a text by the others."""
    if form.name == "when":
        yield from check_tree(form.of, place, schema, _given(form.argument, inputs), description)
    elif form.name == "merge":
        yield from check_tree(form.of, place, schema, inputs, description)
        alternatives = description.alternatives(schema)
        needing_nothing = {"anyOf": [{**one, "required": []} for one in alternatives]}  # the tree has what is required
        yield from check_given(given_by(form.argument, inputs), place, needing_nothing, description)
    elif form.name == "each":
        inner = _inner(description.alternatives(schema))
        if inner is None:
            yield f"{place} is no list there"
            return
        spec = given_by(form.argument, inputs).spec
        one = spec.items if spec is not None and spec.items is not None else None
        # The element itself is always there.
        known = inputs if one is None else inputs.with_({EACH: one.model_copy(update={"required": True})})
        yield from check_tree(form.of, f"{place}[]", inner, known, description)
    elif form.name != "convert" or form.argument in (*TEXT_CONVERTERS, *NUMBER_CONVERTERS):
        made, word = ("integer", "number") if form.argument in NUMBER_CONVERTERS else ("string", "text")
        types = {kind for one in description.alternatives(schema) for kind in types_of(one) or {made}}
        if made not in types and not (made == "integer" and "number" in types):
            yield f"{place} is a {word}, and takes {' or '.join(sorted(types))}"


def _given(condition: Any, inputs: Inputs) -> Inputs:
    """The inputs as they are below a `when`: those that it names were given."""
    known = inputs.with_({})
    for part in parse_template(condition).placeholders if isinstance(condition, str) else ():
        if part.scope == "input" and part.name in known:
            known[part.name] = _required(known[part.name], part.path)
    return known


def _required(spec: Input, path: tuple[str, ...]) -> Input:
    if not path:
        return spec.model_copy(update={"required": True})
    members = spec.properties or {}
    inner = {path[0]: _required(members[path[0]], path[1:])} if path[0] in members else {}
    return spec.model_copy(update={"properties": {**members, **inner}})


def _inner(alternatives: list[Schema]) -> Schema | None:
    lists = [one for one in alternatives if not types_of(one) or "array" in types_of(one)]
    return {"anyOf": [one.get("items", {}) for one in lists]} if lists else None
