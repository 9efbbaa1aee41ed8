"""Query languages: each value of an input reaches one through `quote`, or a quote in it would end the literal.

The runtime quotes what the manifest declares; here is what it forgot to declare (CWE-943, injection into query logic).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from connectory.catalog.checks.names import Names, check_template, parsed
from connectory.catalog.manifest import Input
from connectory.catalog.problems import Finding
from connectory.catalog.template import Placeholder, Template
from connectory.catalog.trees import QUERY_LANGUAGES, Form, form_of
from connectory.catalog.yaml_document import KeyPath
from connectory.spelling import did_you_mean

# Parameters that hold a query at most providers.
OF_QUERIES = frozenset({"q", "query", "$filter", "$search", "filter", "jql", "cql", "soql", "where", "criteria"})
PLAIN_TYPES = frozenset({"integer", "number", "boolean"})
PLAIN_FORMATS = frozenset({"date", "date-time", "uuid", "ipv4", "ipv6"})
_MARK = re.compile(r"""(?<![A-Za-z0-9])(?P<open>['"])|(?P<close>['"])""")  # an apostrophe within a word is neither


def check_quote(path: KeyPath, form: Form, names: Names) -> Iterator[Finding]:
    """Yield what is wrong with a `quote` form: its language, its text, and which names stand bare."""
    here = (*path, "quote")
    if form.argument not in QUERY_LANGUAGES:
        hint = did_you_mean(str(form.argument)[:60], QUERY_LANGUAGES) or f"There are: {', '.join(QUERY_LANGUAGES)}."
        yield Finding(here, f"There is no query language {str(form.argument)[:60]!r}.", hint)
    if not isinstance(form.of, str):
        yield Finding((*path, "of"), "`quote` takes one text.", "Several are put together by `join` around it.")
        return
    template = parsed(form.of)
    if template is None:
        yield from check_template((*path, "of"), form.of, names)
        return
    for item in template.placeholders:
        if (refused := names.refuse(item)) is not None:
            yield Finding((*path, "of"), *refused)
        elif (spec := names.spec_of(item)) is not None and (spec.type in ("object", "file")):
            yield Finding((*path, "of"), f"{item} is of type {spec.type}, which no query takes.")
    for item in _within_marks(template):
        yield Finding((*path, "of"), f"The quotes around {item} come from `quote`.", "Write it without them.")
    if not template.placeholders:
        yield Finding((*path, "of"), "There is nothing to quote.", "Write the text without the form.")
    yield from _check_bare(path, form, template, names)


def check_queries(
    path: KeyPath, tree: object, names: Names, *, key: str = "", within: bool = False
) -> Iterator[Finding]:
    """Yield the texts in a query or body that hold values between quotes, or of a query, without `quote`.

    `key` is the one around the tree, `within` whether its neighbours in a `join` are quoted.
    """
    if isinstance(tree, str):
        yield from _check_leaf(path, tree, names, is_query=within or key.lower() in OF_QUERIES)
        return
    form = form_of(tree)
    if form is not None and form.name == "quote":
        return
    if form is not None:
        parts = form.of if form.name == "join" and isinstance(form.of, list) else []
        spread = any(_is_quote(part) for part in parts)
        yield from check_queries((*path, "of"), form.of, names, key=key, within=within or spread)
    elif isinstance(tree, Mapping):
        for name, branch in tree.items():
            yield from check_queries((*path, name), branch, names, key=str(name))
    elif isinstance(tree, list):
        for index, branch in enumerate(tree):
            yield from check_queries((*path, index), branch, names, key=key, within=within)


def check_marks(path: KeyPath, text: str, names: Names) -> Iterator[Finding]:
    """Yield the values between quotes of a text that has no `quote`: a header's, where JSON may stand."""
    template = parsed(text)
    for item in _within_marks(template) if template is not None else ():
        spec = names.spec_of(item)
        if item.scope in ("input", "each") and not _is_plain(spec) and (spec is None or spec.pattern is None):
            hint = "Give the input a `pattern` that lets no quote through, or send it in `query` or `body`."
            yield Finding(path, f"{item} stands between quotes: a value with a quote in it would end them.", hint)


def _check_leaf(path: KeyPath, text: str, names: Names, *, is_query: bool) -> Iterator[Finding]:
    template = parsed(text)
    if template is None or template.only is not None:
        return
    hint = f"Put it into a form: {{quote: LANGUAGE, of: ...}} with one of {', '.join(QUERY_LANGUAGES)}."
    marked = [item for item in _within_marks(template) if not _is_plain(names.spec_of(item))]
    for item in marked:
        yield Finding(path, f"{item} stands between quotes: a value with a quote in it would end them.", hint)
    if is_query and not marked:
        for item in template.placeholders:
            if item.scope in ("input", "each") and not _is_plain(names.spec_of(item)):
                yield Finding(path, f"{item} stands in a query, where a value can say more than was meant.", hint)


def _check_bare(path: KeyPath, form: Form, template: Template, names: Names) -> Iterator[Finding]:
    bare = form.extras.get("bare", [])
    if not isinstance(bare, list):
        yield Finding((*path, "bare"), "`bare` takes a list of names.", "Write it like bare: [field].")
        return
    used = {str(item).strip("{}"): item for item in template.placeholders}
    for at, name in enumerate(bare):
        here = (*path, "bare", at)
        if not isinstance(name, str) or name not in used:
            hint = did_you_mean(str(name)[:60], used) or f"The text has: {', '.join(used) or 'none'}."
            yield Finding(here, f"'{str(name)[:60]}' stands nowhere in the text.", hint)
            continue
        spec = names.spec_of(used[name])
        inner = spec.items if spec is not None and spec.type == "array" else spec
        if inner is not None and inner.type in (*PLAIN_TYPES, "object", "array", "file"):
            hint = "Only texts are quoted, so only texts can stand bare: names, dates and times."
            yield Finding(here, f"'{name}' is of type {inner.type}.", hint)


def _within_marks(template: Template) -> Iterator[Placeholder]:
    """Yield the placeholders that stand between two quotation marks of the text."""
    mark, after_value = "", False
    for part in template.parts:
        if isinstance(part, Placeholder):
            if mark:
                yield part
            after_value = True
            continue
        for found in _MARK.finditer(part):
            if mark == found[0]:
                mark = ""
            elif not mark and found["open"] and not (after_value and found.start() == 0):
                mark = found[0]
        after_value = False


def _is_plain(spec: Input | None) -> bool:
    """Whether no value of it can hold a quote or a space: a number, a choice, a date."""
    if spec is None:
        return False
    return spec.type in PLAIN_TYPES or spec.enum is not None or spec.format in PLAIN_FORMATS


def _is_quote(tree: object) -> bool:
    form = form_of(tree)
    return form is not None and (form.name == "quote" or (form.name in ("when", "each") and _is_quote(form.of)))
