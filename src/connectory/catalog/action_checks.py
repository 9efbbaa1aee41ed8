"""Checks of one action: its name, inputs, request, pages and answer fit each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from connectory.catalog.connector import tool_name
from connectory.catalog.findings import (
    Names,
    certain_facts,
    check_expression,
    check_header_name,
    check_headers,
    check_pattern,
    check_template,
    check_tree,
    known_facts,
    parsed,
    used_inputs,
)
from connectory.catalog.manifest import (
    METHODS,
    RESERVED_INPUTS,
    ActionManifest,
    Effect,
    Input,
    Manifest,
    NextUrlHeaderPages,
    PagesBase,
    Request,
)
from connectory.catalog.problems import Finding
from connectory.catalog.schema import property_schema
from connectory.catalog.yaml_document import KeyPath
from connectory.errors import did_you_mean

TOOL_NAME = re.compile(r"[a-z0-9_]{1,40}")
RAW_REQUEST = "request"  # policy and audit call a raw request `{connector}_request`


def check_action(path: KeyPath, action: ActionManifest, manifest: Manifest) -> Iterator[Finding]:
    """Yield what is wrong with one action."""
    tool = tool_name(manifest.name, str(path[-1]))
    if not TOOL_NAME.fullmatch(tool):
        yield Finding(
            path, f"The tool's name {tool} has {len(tool)} characters.", "At most 40 fit: shorten the action's name."
        )
    if path[-1] == RAW_REQUEST:
        yield Finding(path, f"Rules call a raw request {tool}, so no action has that name.", "Choose another name.")
    for name, spec in action.inputs.items():
        here = (*path, "inputs", name)
        if name in RESERVED_INPUTS:
            hint = "Name the input otherwise; the provider's own name stays in `query` or `body`."
            yield Finding(here, f"'{name}' is reserved: it means the same in every action.", hint)
        if spec.required and "default" in spec.model_fields_set:
            yield Finding(here, "A required input has no default.", "Remove one of the two.")
        yield from _check_input(here, spec)
    yield from _check_use(path, action, manifest)
    yield from check_expression((*path, "answer", "items"), action.answer.items)
    yield from check_expression((*path, "answer", "item"), action.answer.item)
    if action.pages is not None:
        if isinstance(action.pages, NextUrlHeaderPages):
            yield from check_header_name((*path, "pages", "header"), action.pages.header)
        if action.answer.items is None:
            yield Finding(
                (*path, "answer"),
                "An action with `pages` needs `answer.items`.",
                'Say where the list is; "@" is the whole answer.',
            )
        if action.request.method != "GET":
            yield Finding(
                (*path, "request"), "Only a GET has `pages` of this style: the next page is fetched by its address."
            )
        yield from _check_page_size((*path, "pages"), action.request, action.pages)


def check_request(path: KeyPath, request: Request, manifest: Manifest, names: Names) -> Iterator[Finding]:
    """Yield what is wrong with a request whose templates may use `names`."""
    if request.server is not None and request.server not in manifest.servers:
        hint = did_you_mean(request.server[:60], manifest.servers) or f"There are: {', '.join(manifest.servers)}."
        yield Finding((*path, "server"), f"There is no server '{request.server}'.", hint)
    here = (*path, next(name for name in METHODS if getattr(request, name) is not None))
    certain = Names(names.inputs, certain_facts(manifest), many=True)
    yield from check_template(here, request.path, certain)
    yield from _check_path(here, request.path)
    yield from check_headers((*path, "headers"), request.headers, names)
    common = {header.lower(): header for header in manifest.headers}
    for header in request.headers:
        if common.get(header.lower(), header) != header:
            yield Finding(
                (*path, "headers", header), f"Header {header} is spelled {common[header.lower()]} in `headers`."
            )
    yield from check_tree((*path, "query"), request.query, names)
    yield from check_tree((*path, "body"), request.body, names)
    if request.body is not None and request.method in ("GET", "HEAD"):
        yield Finding((*path, "body"), f"A {request.method} has no body.", "Use `query`.")
    if request.encoding == "form" and request.body is not None:
        flat = isinstance(request.body, dict) and not any(isinstance(value, dict) for value in request.body.values())
        if not flat:
            yield Finding((*path, "body"), "A form is a flat mapping.", "Write keys with texts or lists of texts.")


def _check_use(path: KeyPath, action: ActionManifest, manifest: Manifest) -> Iterator[Finding]:
    """Every placeholder is an input, every input is used, and what a path needs is required."""
    request = action.request
    extra = {"limit"} if action.pages is not None else set()
    yield from check_request(
        (*path, "request"), request, manifest, Names({*action.inputs, *extra}, known_facts(manifest))
    )
    in_path = used_inputs(request.path)
    used = in_path | used_inputs(request.query) | used_inputs(request.headers) | used_inputs(request.body)
    for name, spec in action.inputs.items():
        here = (*path, "inputs", name)
        if name not in used:
            yield Finding(
                here,
                f"The input '{name}' is used nowhere in the request.",
                f"Write {{{name}}} where it belongs, or remove it.",
            )
        if name in in_path and not spec.required:
            yield Finding(here, f"'{name}' stands in the path, so it must be given.", "Add `required: true`.")
        if name in in_path | used_inputs(request.headers) and spec.type in ("array", "object"):
            yield Finding(here, f"'{name}' stands in a path or header, which hold no {spec.type}.", "Make it a string.")
    if "limit" in in_path:
        yield Finding((*path, "request"), "{limit} cannot stand in a path.", "Put it into `query`.")
    if action.effect is not Effect.READ and action.pages is not None:
        yield Finding((*path, "pages"), "Only a read has `pages`.", "Set `effect: read` or remove `pages`.")


def _check_page_size(path: KeyPath, request: Request, pages: PagesBase) -> Iterator[Finding]:
    """The provider is asked for as many items as the agent wants, or its pages have one known size."""
    is_asked = any("limit" in used_inputs(place) for place in (request.query, request.headers, request.body))
    if not is_asked and "max_size" not in pages.model_fields_set:
        yield Finding(
            path,
            "Nothing in the request says how many items a page shall have.",
            'Write {limit} where the provider takes the size of a page, e.g. `query: {per_page: "{limit}"}`; where it '
            "takes none, say the fixed size: `pages: {style: link_header, max_size: 50}`.",
        )


def _check_path(path: KeyPath, text: str) -> Iterator[Finding]:
    template = parsed(text)
    if template is None:
        return
    filled = "".join(part if isinstance(part, str) else "x" for part in template.parts)
    segments = unquote(filled).replace("\\", "/").split("/")
    plain = filled.isascii() and filled.isprintable() and not re.search(r"[?#\\\s]", filled)
    if not plain or not filled.startswith("/") or filled.startswith("//") or "." in segments or ".." in segments:
        yield Finding(
            path, "This is no path.", "Write it like /items/{id}: from a slash, without host, query or dot segments."
        )


def _check_input(path: KeyPath, spec: Input) -> Iterator[Finding]:
    """Patterns compile, limits have an order, and enum, default and examples fit the input's own schema."""
    broken = list(check_pattern((*path, "pattern"), spec.pattern))
    yield from broken
    for low, high in (("minimum", "maximum"), ("min_length", "max_length"), ("min_items", "max_items")):
        least, most = getattr(spec, low), getattr(spec, high)
        if least is not None and most is not None and least > most:
            yield Finding(path, f"{low} is greater than {high}.")
    if spec.enum is not None and not spec.enum:
        yield Finding((*path, "enum"), "An empty enum allows nothing.")
    if not broken:
        yield from _check_samples(path, spec)
    if spec.items is not None:
        yield from _check_input((*path, "items"), spec.items)
    for name, member in (spec.properties or {}).items():
        yield from _check_input((*path, "properties", name), member)


def _check_samples(path: KeyPath, spec: Input) -> Iterator[Finding]:
    samples: list[tuple[KeyPath, object]] = [
        ((*path, "examples", index), value) for index, value in enumerate(spec.examples or ())
    ]
    samples += [((*path, "enum", index), value) for index, value in enumerate(spec.enum or ()) if spec.type is not None]
    if "default" in spec.model_fields_set:
        samples.append(((*path, "default"), spec.default))
    if not samples:
        return
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    validator = Draft202012Validator(property_schema(spec))
    for here, value in samples:
        try:
            error = next(validator.iter_errors(value), None)
        except (SchemaError, RecursionError):  # a nested pattern that does not compile is told at its own place
            continue
        if error is not None:
            yield Finding(here, f"This does not fit the input's own schema: {error.message[:200]}.")
