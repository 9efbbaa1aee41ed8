"""Checks of trees: the forms in a body, a query or variables, and the templates that are their leaves (design 4.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from connectory.catalog.checks.names import Files, Names, check_template, is_certain, only_of, parsed, placeholders_of
from connectory.catalog.checks.queries import check_quote
from connectory.catalog.manifest import Input
from connectory.catalog.problems import Finding
from connectory.catalog.template import KEY, Placeholder
from connectory.catalog.trees import CONVERTERS, EXTRAS, FORMS, QUERY_LANGUAGES, Form, form_of
from connectory.catalog.yaml_document import KeyPath
from connectory.spelling import did_you_mean, nearest

# Converters that take files, and whether they may stand further in.
OF_FILES: Mapping[object, Files] = {"base64": "one", "base64url": "one", "mime_message": "anywhere"}
# What the branches of a tree may have, by what the tree may.
IN_MAPPING: Mapping[Files, Files] = {"members": "many", "anywhere": "anywhere"}
IN_LIST: Mapping[Files, Files] = {"many": "one", "anywhere": "anywhere"}


def check_tree(path: KeyPath, tree: object, names: Names) -> Iterator[Finding]:
    """Yield what is wrong with a tree's forms and with the templates that are its leaves."""
    if isinstance(tree, str):
        yield from check_template(path, tree, names)
    elif isinstance(tree, Mapping):
        form = form_of(tree)
        if form is not None:
            yield from _check_form(path, form, names)
            return
        yield from _check_near_form(path, tree)
        inner = replace(names, files=IN_MAPPING.get(names.files, "none"))
        for key, branch in tree.items():
            yield from check_tree((*path, key), branch, inner)
    elif isinstance(tree, list):
        inner = replace(names, files=IN_LIST.get(names.files, "none"))
        for index, branch in enumerate(tree):
            yield from check_tree((*path, index), branch, inner)


def check_root(path: KeyPath, tree: Mapping[str, Any], what: str, instead: str) -> Iterator[Finding]:
    """Yield a finding where a mapping of names is written like a form, which stands in none's place."""
    if "of" in tree:
        named = next((name for name in FORMS if name in tree), None)
        message = f"The form {named} cannot stand for {what}." if named else f"'of' is kept for forms, also in {what}."
        yield Finding(path if named else (*path, "of"), message, instead)


def is_surely_given(tree: object, names: Names) -> bool:
    """Whether the tree always has a value, whatever the agent leaves out (`actions/filling.py` prunes the rest)."""
    by_need = (all(is_surely_given(tree, _given(names, name)) for name in need) for need in names.needs)
    return _is_always_there(tree, names) or any(by_need)


def _given(names: Names, name: str) -> Names:
    """The names where this input is given, one of those that may not all be left out."""
    spec = names.inputs.get(name, Input(type="string")).model_copy(update={"required": True, "nullable": False})
    return replace(names, inputs={**names.inputs, name: spec}, needs=())


def _is_always_there(tree: object, names: Names) -> bool:
    if isinstance(tree, str):
        template = parsed(tree)
        return template is not None and all(_is_sure(item, names) for item in template.placeholders)
    if isinstance(tree, Mapping):
        form = form_of(tree)
        if form is None:
            return not tree or any(is_surely_given(branch, names) for branch in tree.values())
        return _is_form_sure(form, names)
    if isinstance(tree, list):
        return not tree or any(is_surely_given(branch, names) for branch in tree)
    return tree is not None


def _is_form_sure(form: Form, names: Names) -> bool:
    if form.name == "each":
        only = only_of(form.argument)
        spec = names.spec_of(only) if only is not None else None
        is_filled = spec is not None and is_certain(spec) and (spec.min_items or 0) > 0
        inner = replace(names, has_each=True, element=spec.items if spec is not None else None)
        return is_filled and is_surely_given(form.of, inner)
    if form.name == "merge":
        return is_surely_given(form.of, names) or is_surely_given(form.argument, names)
    if form.name == "when":
        return is_surely_given(form.argument, names) and is_surely_given(form.of, names)
    return is_surely_given(form.of, names)


def _is_sure(item: Placeholder, names: Names) -> bool:
    if item.scope == "each":
        return not item.path or is_certain(names.spec_of(item))
    if item.scope != "input":
        return True
    own = names.inputs.get(item.name)
    if own is None:
        return item.name in ("limit", KEY)  # a cursor is absent on the first page
    return is_certain(own) and not own.nullable and (not item.path or is_certain(names.spec_of(item)))


def _check_form(path: KeyPath, form: Form, names: Names) -> Iterator[Finding]:
    match form.name:
        case "each":
            yield from _check_each(path, form, names)
        case "join":
            yield from _check_join(path, form, names)
        case "quote":
            yield from check_quote(path, form, names)
        case "convert":
            yield from _check_convert(path, form, names)
        case "merge":
            yield from _check_merge(path, form, names)
        case "when":
            if only_of(form.argument) is None:
                yield Finding(
                    (*path, "when"), "`when` takes exactly one placeholder.", 'Write it like when: "{email}".'
                )
            yield from check_tree((*path, "when"), form.argument, replace(names, files="anywhere", flat=False))
            yield from check_tree((*path, "of"), form.of, names)


def _check_each(path: KeyPath, form: Form, names: Names) -> Iterator[Finding]:
    only = only_of(form.argument)
    here = (*path, "each")
    spec = None
    if only is None:
        yield Finding(here, "`each` takes exactly one placeholder, of a list.", 'Write it like each: "{lines}".')
    elif (refused := names.refuse(only)) is not None:
        yield Finding(here, *refused)
    else:
        spec = names.spec_of(only)
        if spec is not None and spec.type != "array":
            yield Finding(here, f"{only} is of type {spec.type}; `each` goes over a list.", "Make it an array.")
    files = IN_LIST.get(names.files, "none")
    inner = replace(names, has_each=True, element=spec.items if spec is not None else None, files=files)
    yield from check_tree((*path, "of"), form.of, inner)
    if not any(item.scope == "each" for item in placeholders_of(form.of)):
        yield Finding((*path, "of"), "Nothing here is of the element.", "Write {each}, or {each.NAME} of an object.")


def _check_merge(path: KeyPath, form: Form, names: Names) -> Iterator[Finding]:
    only = only_of(form.argument)
    spec = names.spec_of(only) if only is not None else None
    if only is None:
        yield Finding((*path, "merge"), "`merge` takes exactly one placeholder.", 'Write merge: "{properties}".')
    elif spec is not None and spec.type != "object":
        yield Finding((*path, "merge"), f"{only} is of type {spec.type}; `merge` takes an object.")
    if not isinstance(form.of, Mapping) or form_of(form.of) is not None:
        yield Finding((*path, "of"), "`merge` adds to a mapping.", "Write the named members under `of`.")
    yield from check_tree((*path, "merge"), form.argument, replace(names, flat=False, files="none"))
    yield from check_tree((*path, "of"), form.of, names)


def _check_join(path: KeyPath, form: Form, names: Names) -> Iterator[Finding]:
    for key, text in (("join", form.argument), *form.extras.items()):
        if isinstance(text, str):
            yield from check_template((*path, key), text, replace(names, flat=True))
        else:
            yield Finding((*path, key), f"`{key}` takes a text.", "Put it into quotes.")
    of, inner = form.of, form_of(form.of)
    only = only_of(of)
    spec = names.spec_of(only) if only is not None else None
    is_list = isinstance(of, list) or (inner is not None and inner.name in ("each", "convert", "when"))
    if not is_list and (only is None or (spec is not None and spec.type != "array")):
        yield Finding((*path, "of"), "`join` takes a list.", 'Write one text per line, or one list: of: "{tags}".')
    yield from check_tree((*path, "of"), of, replace(names, files="none"))


def _check_convert(path: KeyPath, form: Form, names: Names) -> Iterator[Finding]:
    given = form.argument if isinstance(form.argument, list) else [form.argument]
    here = (*path, "convert")
    if not given:
        yield Finding(here, "No converter is named.", f"There are: {', '.join(CONVERTERS)}.")
    for at, name in enumerate(given):
        if name not in CONVERTERS:
            hint = did_you_mean(str(name)[:60], CONVERTERS) or f"There are: {', '.join(CONVERTERS)}."
            place = (*here, at) if isinstance(form.argument, list) else here
            yield Finding(place, f"There is no converter {str(name)[:60]!r}.", hint)
    files = OF_FILES.get(given[0], "none") if given and isinstance(given[0], str) else "none"
    yield from check_tree((*path, "of"), form.of, replace(names, files=files, flat=False))


def _check_near_form(path: KeyPath, tree: Mapping[str, Any]) -> Iterator[Finding]:
    """A mapping that is meant as a form and is none would be sent as it stands."""
    named = [name for name in FORMS if name in tree]
    if "of" in tree:
        yield from _check_with_of(path, tree, named)
        return
    for name in named:
        others = [key for key in tree if key != name and key not in EXTRAS[name]]
        mistyped = next((key for key in others if nearest(key, ["of"]) and len(key) <= 3), None)
        if mistyped is not None and len(others) == 1:
            yield Finding((*path, mistyped), f"'{mistyped}' is no key of the form {name}.", "Did you mean 'of'?")
        elif not others and _looks_meant(name, tree[name]):
            yield Finding(path, f"The form {name} lacks `of`.", "Write under `of` what it is made from.")


def _check_with_of(path: KeyPath, tree: Mapping[str, Any], named: list[Any]) -> Iterator[Finding]:
    if len(named) > 1:
        yield Finding(path, f"A form has one of {', '.join(named)}.", "Put one inside the other, under `of`.")
    elif named:
        known = [*EXTRAS[named[0]], named[0], "of"]
        for key in [key for key in tree if key not in known]:
            hint = did_you_mean(key[:60], known) or f"It takes: {', '.join(sorted(known))}."
            yield Finding((*path, key), f"'{key[:60]}' is no key of the form {named[0]}.", hint)
    else:
        others = [str(key) for key in tree if key != "of"]
        strange = [key for key in others if not any(key in extras for extras in EXTRAS.values())]
        near = nearest(strange[0], FORMS, most=1) if len(strange) == 1 else []
        if near and abs(len(near[0]) - len(strange[0])) <= 1:
            yield Finding((*path, strange[0]), f"'{strange[0]}' is no form.", f"Did you mean '{near[0]}'?")
            return
        beside = f"{', '.join(others)[:60]} is no form" if others else "no form stands beside it"
        hint = f"It belongs to one of {', '.join(FORMS)}; a member of its own it cannot be."
        yield Finding((*path, "of"), f"'of' is kept for forms, and {beside}.", hint)


def _looks_meant(name: str, argument: object) -> bool:
    """Whether it is no plain key of the provider's, going by what stands under it."""
    words = argument if isinstance(argument, list) else [argument]
    if name == "convert":
        return all(word in CONVERTERS for word in words)
    if name == "quote":
        return argument in QUERY_LANGUAGES
    return name in ("each", "merge") and only_of(argument) is not None
