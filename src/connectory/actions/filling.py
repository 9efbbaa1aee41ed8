"""Fill templates and trees, escaped by the place they stand in (design 4.1, 4.2). Pure functions of data.

A value reaches a path as exactly one percent-encoded segment, a query as one encoded value, a header only when it can
break no line, a body with its type. Nothing is ever decoded, so nothing can be decoded twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from connectory.actions.files import File
from connectory.actions.quoting import bare_text, quote_value
from connectory.actions.scalars import as_text, is_single, whole_number
from connectory.catalog.template import Placeholder, parse_template
from connectory.catalog.trees import Form, FormName, form_of
from connectory.errors import InvalidArguments, InvalidPath

_ABSENT = object()
DOT_SEGMENTS = frozenset({".", ".."})


@dataclass(frozen=True, slots=True)
class Values:
    """What placeholders stand for: inputs by name, facts, secrets, what steps gave, and the element of an `each`.

    Null counts as not given, but for the inputs named in `nullable`, and for members of objects: the schema has let
    those pass.
    """

    inputs: Mapping[str, Any]
    facts: Mapping[str, str]
    secrets: Mapping[str, SecretStr] = field(default_factory=dict, repr=False)
    each: Any = _ABSENT
    nullable: frozenset[str] = frozenset()
    steps: Mapping[str, Any] = field(default_factory=dict)

    def with_each(self, element: Any) -> Values:
        """Return these values with `element` as what `{each}` stands for."""
        return replace(self, each=element)

    def get(self, placeholder: Placeholder) -> Any:
        """Return the value, or the absent mark: of an input or member that was not given, or is no member of it."""
        if placeholder.scope == "connection":
            return self.facts.get(placeholder.name, _ABSENT)
        if placeholder.scope == "credential":
            secret = self.secrets.get(placeholder.name)
            return _ABSENT if secret is None else secret.get_secret_value()
        if placeholder.scope == "steps":
            return whole_number(self.steps.get(placeholder.name, _ABSENT))
        value = self.each if placeholder.scope == "each" else self._input(placeholder.name)
        for member in placeholder.path:
            value = _member(value, member)
        return whole_number(value)

    def _input(self, name: str) -> Any:
        value = self.inputs.get(name, _ABSENT)
        return _ABSENT if value is None and name not in self.nullable else value


def _member(value: Any, name: str) -> Any:
    """A member of an object, or what is known of a file: its name, size and media type."""
    if isinstance(value, Mapping):
        return value.get(name, _ABSENT)
    if isinstance(value, File):
        known = {"name": value.name, "size": len(value.data), "media_type": value.media_type}
        return known.get(name) or _ABSENT
    return _ABSENT


def absent(value: Any) -> bool:
    """Whether a filled value stands for nothing."""
    return value is _ABSENT


def fill_path(template: str, values: Values) -> str:
    """Fill a path. Raises `InvalidPath` on a missing value, an empty or dot segment, or a control character."""
    filled = []
    for part in parse_template(template).parts:
        if isinstance(part, str):
            filled.append(part)
            continue
        value = values.get(part)
        if value is _ABSENT or value is None:
            raise InvalidPath(f"'{_word(part)}' is needed for the path {template}.", hint=f"Give '{_word(part)}'.")
        text = _one_text(value, part)
        segments = text.split("/") if part.many else [text]
        filled.append("/".join(_segment(segment, _word(part)) for segment in segments))
    return "".join(filled)


def fill_query(tree: Mapping[str, Any], values: Values) -> list[tuple[str, str]]:
    """Fill query parameters; a list repeats its key, absent inputs fall away."""
    filled = ((key, fill_tree(template, values)) for key, template in tree.items())
    return as_pairs({key: value for key, value in filled if value is not _ABSENT})


def as_pairs(filled: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Flatten filled values to key and text pairs: a list repeats its key, null is an empty text.

    Raises `InvalidArguments` on objects, lists of lists and files, which a flat list of pairs cannot hold.
    """
    pairs: list[tuple[str, str]] = []
    for key, value in filled.items():
        for item in value if isinstance(value, list) else [value]:
            if not is_single(item):
                raise InvalidArguments(
                    f"'{key}' takes a text, number, boolean or a list of these.", hint="Give it no object and no file."
                )
            pairs.append((str(key), as_text(item)))
    return pairs


def fill_headers(templates: Mapping[str, str], values: Values) -> dict[str, str]:
    """Fill headers; one with an absent input falls away. Raises `InvalidArguments` on what would break the line."""
    headers = {}
    for name, template in templates.items():
        value = fill_text(template, values)
        if value is not _ABSENT:
            headers[name] = header_value(name, value)
    return headers


def fill_body(tree: Any, values: Values) -> Any:
    """Fill a body or the variables: as `fill_tree`, but a root that is an object or list stays when all of it goes."""
    filled = fill_tree(tree, values)
    form = form_of(tree)
    if filled is not _ABSENT or isinstance(tree, str) or (form and form.name not in ("each", "merge")):
        return filled
    is_list = isinstance(tree, Sequence) or (form and form.name == "each")
    return [] if is_list else {}


def fill_tree(tree: Any, values: Values) -> Any:
    """Fill a tree: a leaf that is exactly one placeholder keeps its type, what is absent prunes its key or element.

    An object or list that loses all its members so is absent too; one that is empty in the manifest stays.
    """
    if isinstance(tree, str):
        only = parse_template(tree).only
        return values.get(only) if only else fill_text(tree, values)
    if form := form_of(tree):
        return _FORMS[form.name](form, values)
    if isinstance(tree, Mapping):
        filled = {key: fill_tree(branch, values) for key, branch in tree.items()}
        kept = {key: value for key, value in filled.items() if value is not _ABSENT}
        return kept if kept or not tree else _ABSENT
    if isinstance(tree, Sequence):
        return _present(tree, values) if tree else []
    return tree


def fill_text(template: str, values: Values) -> Any:
    """Fill a text; it is absent where one of its values is absent or null."""
    filled = []
    for part in parse_template(template).parts:
        if isinstance(part, str):
            filled.append(part)
            continue
        value = values.get(part)
        if value is _ABSENT or value is None:
            return _ABSENT
        filled.append(_one_text(value, part))
    return "".join(filled)


def fill_plain(template: str, values: Values) -> str:
    """Fill text that is escaped nowhere: user names and the like. Raises `InvalidPath` where a value is missing."""
    value = fill_text(template, values)
    if value is _ABSENT:
        names = ", ".join(part.name for part in parse_template(template).placeholders)
        raise InvalidPath(
            f"The connection lacks a value for {names}.", hint="Reconnect it, so that the value is asked again."
        )
    return str(value)


def merge_headers(*sets: Mapping[str, str]) -> dict[str, str]:
    """Merge headers, the later over the earlier whatever their case (RFC 9110 section 5.1)."""
    merged: dict[str, tuple[str, str]] = {}
    for headers in sets:
        merged |= {name.lower(): (name, value) for name, value in headers.items()}
    return dict(merged.values())


def header_value(name: str, value: Any) -> str:
    """Return `value` as a header's text. Raises `InvalidArguments` on control characters and what is not Latin-1."""
    text = as_text(value).strip()
    if any(ord(character) < 32 or 127 <= ord(character) < 160 or ord(character) > 255 for character in text):
        raise InvalidArguments(
            f"The value for header {name} holds a line break, control or non-Latin character.",
            hint="Give it as plain Latin text on one line.",
        )
    return text


def _each(form: Form, values: Values) -> Any:
    elements = fill_tree(form.argument, values)
    if elements is _ABSENT or elements is None:
        return elements
    if not isinstance(elements, list):
        raise InvalidArguments(f"{_named(form.argument)} must be a list.", hint="Give a list, even of one.")
    if not elements:
        return []  # given, and empty: that is how a list is cleared
    filled = [fill_tree(form.of, values.with_each(element)) for element in elements]
    return [value for value in filled if value is not _ABSENT] or _ABSENT


def _join(form: Form, values: Values) -> Any:
    parts = fill_tree(form.of, values)
    if parts is _ABSENT:
        return _ABSENT
    flat = [item for part in _many(parts) for item in _many(part) if item is not None]
    if not all(is_single(item) for item in flat):
        raise InvalidArguments(f"{_named(form.of)} must hold only texts and numbers.", hint="Give a list of texts.")
    words = [form.extras.get("before", ""), form.argument, form.extras.get("after", "")]
    before, between, after = (fill_text(str(word), values) for word in words)
    if not flat and parts == [] and isinstance(form.of, str) and not (before or after):
        return ""  # a list that was given, and is empty: that is how it is cleared
    if not flat or _ABSENT in (before, between, after):
        return _ABSENT
    return f"{before}{between.join(map(as_text, flat))}{after}"


def _quote(form: Form, values: Values) -> Any:
    bare = _many(form.extras.get("bare", []))
    filled = []
    for part in parse_template(str(form.of)).parts:
        if isinstance(part, str):
            filled.append(part)
            continue
        value = values.get(part)
        if value is _ABSENT or value is None:
            return _ABSENT
        word = _word(part)
        filled.append(bare_text(value, word) if word in bare else quote_value(form.argument, value, word))
    return "".join(filled)


def _convert(form: Form, values: Values) -> Any:
    value = fill_tree(form.of, values)
    if value is _ABSENT or value is None:
        return value
    from connectory.actions.converters import TO  # parsers of mail and HTML, for the few requests that need them

    try:
        for name in _many(form.argument):
            value = TO[name](value)
    except InvalidArguments as error:
        raise InvalidArguments(f"{_named(form.of)} cannot be sent: {error.message}", hint=error.hint) from error
    return value


def _when(form: Form, values: Values) -> Any:
    return _ABSENT if fill_tree(form.argument, values) is _ABSENT else fill_tree(form.of, values)


def _merge(form: Form, values: Values) -> Any:
    own, further = fill_tree(form.of, values), fill_tree(form.argument, values)
    if further is _ABSENT or further is None:
        return own
    if not isinstance(further, Mapping):
        raise InvalidArguments(f"{_named(form.argument)} must be an object.", hint="Give names with their values.")
    named = {} if own is _ABSENT else own
    if twice := sorted(named.keys() & further.keys()):
        raise InvalidArguments(
            f"{_named(form.argument)} holds '{twice[0]}', which another argument gives already.", hint="Give it once."
        )
    return {**named, **further}


_FORMS: Mapping[FormName, Callable[[Form, Values], Any]] = {
    "each": _each,
    "join": _join,
    "quote": _quote,
    "convert": _convert,
    "when": _when,
    "merge": _merge,
}


def _present(trees: Sequence[Any], values: Values) -> Any:
    filled = [fill_tree(branch, values) for branch in trees]
    return [value for value in filled if value is not _ABSENT] or _ABSENT


def _many(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _one_text(value: Any, part: Placeholder) -> str:
    """A value inside a text. Raises `InvalidArguments` on a list, object or file, which have no one spelling there."""
    if not is_single(value):
        raise InvalidArguments(
            f"'{_word(part)}' stands inside a text, which takes no list, object or file.",
            hint=f"Give '{_word(part)}' as a text, number or boolean.",
        )
    return as_text(value)


def _word(part: Placeholder) -> str:
    """The placeholder as an agent knows it: without braces."""
    return str(part).strip("{+}")


def _named(tree: Any) -> str:
    """The inputs that a tree is made of, for an error."""
    names = dict.fromkeys(_words(tree))
    return " and ".join(f"'{name}'" for name in names) or "A value"


def _words(tree: Any) -> list[str]:
    if isinstance(tree, str):
        return [_word(part) for part in parse_template(tree).placeholders]
    branches = tree.values() if isinstance(tree, Mapping) else tree if isinstance(tree, list) else ()
    return [word for branch in branches for word in _words(branch)]


def _segment(text: str, name: str) -> str:
    if text == "" or text in DOT_SEGMENTS:
        raise InvalidPath(
            f"'{text}' is no name that can stand in a path (argument '{name}').", hint=f"Give a real '{name}'."
        )
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise InvalidPath(f"Argument '{name}' holds a control character.", hint="Remove it.")
    return quote(text, safe="")
