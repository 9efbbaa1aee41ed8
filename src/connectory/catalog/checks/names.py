"""Which placeholders may stand where, and what is wrong with a template."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from connectory.catalog.manifest import Input
from connectory.catalog.problems import Finding
from connectory.catalog.template import KEY, Placeholder, Template, parse_template
from connectory.catalog.yaml_document import KeyPath
from connectory.spelling import did_you_mean

ALWAYS_KNOWN = "id"  # `{connection.id}`: in a verify call the id that the new connection will have
PAGING = ("limit", "cursor")
FILE_MEMBERS = {"name": Input(type="string"), "size": Input(type="integer"), "media_type": Input(type="string")}
COMPOUND = ("array", "object", "file")  # what has no one spelling inside a text
Files = Literal["none", "one", "many", "members", "anywhere"]
"""Where a tree may have whole files: be one, be one or a list of them, have such members, or have them at any depth."""
INSTEAD_OF_INPUTS = ("inputs", "input", "params", "args", "arguments", "query", "body")  # what others write before it


@dataclass(frozen=True, slots=True)
class Names:
    """Which placeholders a template may use, at the place it stands in."""

    inputs: Mapping[str, Input] = field(default_factory=dict)
    needs: Sequence[Sequence[str]] = ()  # of each, at least one input is given
    facts: Collection[str] | None = ()  # None: the family that declares them is not at hand
    lacking: Mapping[str, str] = field(default_factory=dict)  # facts of only some connections, and why
    secrets: Collection[str] | None = None  # None: `{credential.x}` is not legal here
    paging: Collection[str] = ()  # of limit and cursor, those at hand
    steps: Collection[str] = ()  # what earlier requests of the call give
    has_key: bool = False  # whether `{idempotency_key}` is
    many: bool = False  # whether `{+x}` is
    has_each: bool = False  # whether `{each}` is
    element: Input | None = None  # what `{each}` is, where that is known
    files: Files = "none"
    flat: bool = False  # whether a leaf must have one spelling: headers and the like

    def spec_of(self, placeholder: Placeholder) -> Input | None:
        """Return what the placeholder stands for, where an input says it."""
        if placeholder.scope not in ("input", "each"):
            return None
        spec = self.element if placeholder.scope == "each" else self.inputs.get(placeholder.name)
        for member in placeholder.path:
            known = FILE_MEMBERS if spec is not None and spec.type == "file" else (spec and spec.properties) or {}
            spec = known.get(member)
        return spec

    def refuse(self, placeholder: Placeholder) -> tuple[str, str] | None:
        """Return why the placeholder is wrong here and what was meant, or None where it is right."""
        name = placeholder.name
        if placeholder.many and not (self.many and placeholder.scope in ("input", "each")):
            return f"{{+{name}}} stands for path segments and is legal in a request's path only.", f"Write {{{name}}}."
        if placeholder.scope == "credential":
            return self._refuse_secret(name)
        if placeholder.scope == "connection":
            return self._refuse_fact(name)
        if placeholder.scope == "steps":
            return self._refuse_step(name)
        if placeholder.scope == "each":
            if not self.has_each:
                hint = "{each} is the element inside `each: ... of:`, and the item inside `expand.request`."
                return "{each} is not at hand here.", hint
            return _refuse_members(placeholder, self.element)
        if name in self.inputs:
            return _refuse_members(placeholder, self.inputs[name])
        if name in PAGING:
            return _refuse_paging(placeholder, self.paging)
        if name == KEY:
            return _refuse_key(placeholder, at_hand=self.has_key)
        return self._refuse_input(placeholder)

    def _refuse_input(self, placeholder: Placeholder) -> tuple[str, str]:
        name = placeholder.name
        if name in INSTEAD_OF_INPUTS and placeholder.path[:1] and placeholder.path[0] in self.inputs:
            return f"{placeholder}: an input goes by its own name.", f"Write {{{'.'.join(placeholder.path)}}}."
        for scope, known in (("credential", self.secrets), ("connection", self.facts)):
            if name in (known or ()):
                return f"{{{name}}} is no input.", f"Write {{{scope}.{name}}}."
        hint = did_you_mean(name[:60], self.inputs) or (
            "Declare it under `inputs`." if self.inputs else "No input can stand here."
        )
        return f"{{{name}}} is no input.", hint

    def _refuse_step(self, name: str) -> tuple[str, str] | None:
        if name in self.steps:
            return None
        hint = did_you_mean(name[:60], self.steps) or "An earlier one of the action's `steps` keeps it, under `keep`."
        return f"{{steps.{name}}} is nothing that an earlier step gives.", hint

    def _refuse_fact(self, name: str) -> tuple[str, str] | None:
        if self.facts is None or name == ALWAYS_KNOWN or name in self.facts:
            return None
        if name in self.lacking:
            hint = "Let every way to sign in give it; an address that only some have stands in `servers_by_method`."
            return f"{{connection.{name}}} cannot stand here: {self.lacking[name]}.", hint
        hint = (
            did_you_mean(name[:60], self.facts)
            or "Declare it among the fields of the auth method, as a field that is no secret."
        )
        return f"{{connection.{name}}} is no fact that can stand here.", hint

    def _refuse_secret(self, name: str) -> tuple[str, str] | None:
        if self.secrets is None:
            return (
                f"{{credential.{name}}} is legal under `auth` only.",
                "Place the credential by the auth method's header or query.",
            )
        if name in self.secrets:
            return None
        hint = did_you_mean(name[:60], self.secrets) or "Declare it among the method's fields, with `kind: secret`."
        return f"{{credential.{name}}} is no secret field of this method.", hint


def _refuse_paging(placeholder: Placeholder, at_hand: Collection[str]) -> tuple[str, str] | None:
    name = placeholder.name
    if name in at_hand and placeholder.path:
        return f"{placeholder}: '{name}' is one value, which has no members.", f"Write {{{name}}}."
    if name in at_hand:
        return None
    hint = {
        "limit": "It is there where `pages` say how the list goes on; in a path it never is.",
        "cursor": "It is there with `pages` of a style cursor, page, offset or last_id; in a path it never is.",
    }
    return f"{{{name}}} is not at hand here.", hint[name]


def _refuse_key(placeholder: Placeholder, *, at_hand: bool) -> tuple[str, str] | None:
    if placeholder.path:
        return f"{placeholder}: '{KEY}' is one text, which has no members.", f"Write {{{KEY}}}."
    hint = "It is there in query, headers, body and variables of a write; in a path it never is."
    return None if at_hand else (f"{{{KEY}}} is not at hand here.", hint)


def _refuse_members(placeholder: Placeholder, spec: Input | None) -> tuple[str, str] | None:
    """`{x.member}` is one of the object's `properties`, level by level, or of an object that takes any."""
    word = "each" if placeholder.scope == "each" else placeholder.name
    for member in placeholder.path:
        if spec is None:
            return None
        if spec.type == "file":
            if member in FILE_MEMBERS:
                return None
            return f"{placeholder}: a file has no member '{member}'.", f"It has {', '.join(FILE_MEMBERS)}."
        if spec.type not in ("object", None):
            return f"{placeholder}: '{word}' is of type {spec.type}, which has no members.", f"Write {{{word}}}."
        known = spec.properties or {}
        if member not in known and spec.properties is not None and not spec.additional_properties:
            hint = did_you_mean(member[:60], known) or f"Its properties are: {', '.join(known) or 'none'}."
            return f"{placeholder}: '{word}' has no member '{member}'.", hint
        spec, word = known.get(member), f"{word}.{member}"
    return None


def check_template(path: KeyPath, text: str, names: Names) -> Iterator[Finding]:
    """Yield what is wrong with a template: braces, placeholders that are not at hand, values that cannot be text."""
    try:
        template = parse_template(text)
    except ValueError as error:
        yield Finding(path, f"{error}."[:300], "A placeholder is {name}, without $." if "${" in text else "")
        return
    for placeholder in template.placeholders:
        if (refused := names.refuse(placeholder)) is not None:
            yield Finding(path, *refused)
        elif (spec := names.spec_of(placeholder)) is not None:
            yield from _check_spelling(path, template, placeholder, spec, names)


def _check_spelling(
    path: KeyPath, template: Template, placeholder: Placeholder, spec: Input, names: Names
) -> Iterator[Finding]:
    is_many = spec.items is not None and spec.items.type == "file"
    is_files = spec.type == "file" or is_many
    if spec.type in COMPOUND and (template.only is None or names.flat):
        hint = "A list can be put together by `join`." if spec.type == "array" and not is_files else ""
        yield Finding(path, f"{placeholder} is of type {spec.type}, which cannot stand inside a text here.", hint)
    elif is_files and names.files not in (("many", "anywhere") if is_many else ("one", "many", "anywhere")):
        hint = (
            "A file is a whole part of multipart, a raw body, the whole `content` of a related part, or goes through "
            "`convert` by base64, base64url or mime_message."
        )
        if is_many and names.files == "one":
            hint = f"Only one file can: make '{placeholder.name}' of type file."
        yield Finding(path, f"The file {placeholder} cannot stand here.", hint)


def parsed(text: object) -> Template | None:
    """Parse a template that may be broken; what is wrong with it is another check's to tell."""
    try:
        return parse_template(text) if isinstance(text, str) else None
    except ValueError:
        return None


def only_of(text: object) -> Placeholder | None:
    """Return the placeholder that a text is as a whole, or None."""
    template = parsed(text)
    return template.only if template is not None else None


def texts_of(tree: object) -> Iterator[str]:
    """Yield every text in `tree`."""
    if isinstance(tree, str):
        yield tree
    branches = tree.values() if isinstance(tree, Mapping) else tree if isinstance(tree, list | tuple) else ()
    for branch in branches:
        yield from texts_of(branch)


def placeholders_of(tree: object) -> Iterator[Placeholder]:
    """Yield every placeholder of the templates in `tree`; broken templates have none."""
    for text in texts_of(tree):
        template = parsed(text)
        yield from template.placeholders if template else ()


def used_inputs(tree: object) -> set[str]:
    """Return the names of the inputs that the templates in `tree` use, `limit` and `cursor` among them."""
    return {item.name for item in placeholders_of(tree) if item.scope == "input"}


def meant_inputs(tree: object) -> set[str]:
    """Return the names of the inputs that placeholders such as `{inputs.state}` mean: those are told by themselves."""
    return {item.path[0] for item in placeholders_of(tree) if item.name in INSTEAD_OF_INPUTS and item.path}


def has_doubled(tree: object, name: str) -> bool:
    """Whether a text of `tree` holds the name in two braces, which are literal ones."""
    return any(f"{{{{{name}}}}}" in text for text in texts_of(tree))


def is_certain(spec: Input | None) -> bool:
    """Whether the input always has a value."""
    return spec is not None and (spec.required or spec.default is not None)
