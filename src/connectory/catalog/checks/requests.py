"""Checks of one request: path, server, query, headers, and whether its body fits its encoding (design 4.2)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from urllib.parse import unquote

from connectory.catalog.checks.facts import Sign
from connectory.catalog.checks.graphql import check_graphql, is_query
from connectory.catalog.checks.names import Files, Names, check_template, only_of, parsed
from connectory.catalog.checks.queries import check_marks, check_queries
from connectory.catalog.checks.trees import check_root, check_tree
from connectory.catalog.checks.words import check_headers
from connectory.catalog.habits import as_path
from connectory.catalog.manifest import METHODS, Input, Request
from connectory.catalog.problems import Finding
from connectory.catalog.trees import form_of
from connectory.catalog.yaml_document import KeyPath
from connectory.net.headers import is_media_type
from connectory.spelling import did_you_mean

OF_FORMS = frozenset({"form", "form_brackets", "multipart"})  # encodings of names with values
PART_KEYS = ("content", "content_type")
READ_INSTEAD = "Use get, or a POST that only reads."
FILES: Mapping[str, Files] = {"multipart": "members", "raw": "one"}


def check_request(
    path: KeyPath, request: Request, sign: Sign, names: Names, *, certain: Collection[str] | None
) -> Iterator[Finding]:
    """Yield what is wrong with a request whose templates may use `names`, and its path the facts in `certain`."""
    yield from _check_server(path, request, sign)
    here = (*path, next(name for name in METHODS if getattr(request, name) is not None))
    yield from check_template(
        here, request.path, replace(names, facts=certain, many=True, flat=True, paging=(), has_key=False)
    )
    if not request.is_address:
        yield from _check_path(here, request.path, sign, names)
    yield from _check_headers(path, request, sign, names)
    yield from _check_query(path, request, names)
    yield from _check_body(path, request, names)
    key = sign.manifest.idempotency.variable if sign.manifest.idempotency is not None else None
    yield from check_graphql(path, request, names, key=key)


def reads(request: Request) -> bool:
    """Whether the request changes nothing, as far as its method and document tell; a POST may search."""
    if request.graphql is not None:
        return is_query(request.graphql)
    return request.method in ("GET", "HEAD", "POST")


def would_change(request: Request) -> str:
    """What of a request that does not only read is to blame."""
    return "its mutation" if request.graphql is not None else request.method


def _check_server(path: KeyPath, request: Request, sign: Sign) -> Iterator[Finding]:
    servers = sign.manifest.servers
    if request.server is not None and request.server not in servers:
        hint = did_you_mean(request.server[:60], servers) or f"There are: {', '.join(servers)}."
        yield Finding((*path, "server"), f"There is no server '{request.server}'.", hint)


def _check_path(path: KeyPath, text: str, sign: Sign, names: Names) -> Iterator[Finding]:
    template = parsed(text)
    if template is None:
        return
    filled = "".join(part if isinstance(part, str) else "x" for part in template.parts)
    segments = unquote(filled).replace("\\", "/").split("/")
    plain = filled.isascii() and filled.isprintable() and not re.search(r"[?#\\\s]", filled)
    if not plain or not filled.startswith("/") or filled.startswith("//") or "." in segments or ".." in segments:
        yield Finding(path, *as_path(text, tuple(sign.manifest.servers.values())))
    for name in re.findall(r"/[:<]([a-z][a-z0-9_]*)", text):
        if name in names.inputs:
            yield Finding(path, f"'{name}' is plain text there.", f"Write {{{name}}}.")


def _check_headers(path: KeyPath, request: Request, sign: Sign, names: Names) -> Iterator[Finding]:
    yield from check_headers((*path, "headers"), request.headers, names)
    common = {header.lower(): header for header in sign.manifest.headers}
    key = sign.manifest.idempotency.header if sign.manifest.idempotency is not None else None
    for header, text in request.headers.items():
        yield from check_marks((*path, "headers", header), text, names)
        here = (*path, "headers", header)
        if common.get(header.lower(), header) != header:
            yield Finding(here, f"Header {header} is spelled {common[header.lower()]} in `headers`.")
        if key is not None and header.lower() == key.lower():
            yield Finding(here, f"Header {header} is set by `idempotency`.", "Leave it out.")


def _check_query(path: KeyPath, request: Request, names: Names) -> Iterator[Finding]:
    here = (*path, "query")
    broken = list(check_root(here, request.query, "the whole query", "A form is the value of one parameter."))
    if broken:
        yield from broken
        return
    for key, tree in request.query.items():
        yield from check_tree((*here, key), tree, names)
        yield from _check_flat((*here, key), tree, names, "A query parameter")
    yield from check_queries(here, request.query, names)


def _check_flat(path: KeyPath, tree: object, names: Names, what: str) -> Iterator[Finding]:
    """A list repeats its key, deeper than that no pair of key and text can go."""
    if isinstance(tree, Mapping):
        form = form_of(tree)
        if form is None or form.name == "merge":
            yield Finding(path, f"{what} is a text or a list of texts.", "`convert: json_text` makes a text of it.")
        elif form.name in ("each", "when"):
            yield from _check_flat((*path, "of"), form.of, names, what)
        return
    spec = _whole_input(tree, names)
    of_items = spec.items.type if spec is not None and spec.items is not None else None
    if spec is not None and (spec.type == "object" or of_items in ("object", "array")):
        hint = "`convert: json_text` makes a text of it, `join` one of a list."
        yield Finding(path, f"{what} cannot hold {tree}, which is or holds an object or list.", hint)
    for index, branch in enumerate(tree if isinstance(tree, list) else ()):
        if isinstance(branch, list):
            yield Finding((*path, index), f"{what} is a text or a list of texts.", "Flatten it.")
        else:
            yield from _check_flat((*path, index), branch, names, what)


def _check_body(path: KeyPath, request: Request, names: Names) -> Iterator[Finding]:
    here = (*path, "body")
    body = request.body
    if body is None:
        yield from _check_no_body(path, request)
        return
    if request.method in ("GET", "HEAD"):
        yield Finding(here, f"A {request.method} has no body.", "Use `query`.")
    if request.encoding == "multipart_related":
        yield from _check_parts(here, body, names)
    else:
        yield from check_tree(here, body, replace(names, files=FILES.get(request.encoding, "none")))
        yield from _check_shape(here, body, request.encoding, names)
    yield from check_queries(here, body, names)
    yield from _check_content_type(path, request, names)


def _check_no_body(path: KeyPath, request: Request) -> Iterator[Finding]:
    if request.graphql is not None:
        return
    for key in ("encoding", "content_type"):
        if key in request.model_fields_set:
            yield Finding((*path, key), f"`{key}` says how the body is written, and there is none.", "Add a `body`.")
    if request.variables:
        yield Finding((*path, "variables"), "`variables` are those of `graphql`, and there is none.", "Use `body`.")


def _check_shape(path: KeyPath, body: object, encoding: str, names: Names) -> Iterator[Finding]:
    form = form_of(body)
    if form is not None and form.name == "when":
        yield from _check_shape((*path, "of"), form.of, encoding, names)
    elif encoding in OF_FORMS:
        yield from _check_names(path, body, encoding, names)
    elif encoding == "raw" and not _is_raw(body, names):
        yield Finding(path, "A raw body is one text or one file.", "Write one template, or use another encoding.")


def _check_names(path: KeyPath, body: object, encoding: str, names: Names) -> Iterator[Finding]:
    """A form's body is a mapping, one with further members (`merge`), or an input that is an object."""
    form = form_of(body)
    if form is not None and form.name == "merge":
        path, body = (*path, "of"), form.of
    elif form is not None or not (isinstance(body, Mapping) or _is_whole_object(body, names)):
        yield Finding(path, f"A body in {encoding} is a mapping of names.", "Write keys with values.")
        return
    if encoding == "form" and isinstance(body, Mapping) and form_of(body) is None:
        for key, branch in body.items():
            yield from _check_flat((*path, key), branch, names, "A form's value")


def _is_raw(body: object, names: Names) -> bool:
    """Whether it may be one text or one file."""
    form = form_of(body)
    if form is not None:
        return form.name in ("join", "quote", "convert")
    spec = _whole_input(body, names)
    return isinstance(body, str) and (spec is None or spec.type not in ("object", "array"))


def _is_whole_object(body: object, names: Names) -> bool:
    spec = _whole_input(body, names)
    return spec is not None and spec.type == "object"


def _check_parts(path: KeyPath, body: object, names: Names) -> Iterator[Finding]:
    if not isinstance(body, list) or not body:
        yield Finding(
            path, "A body in multipart_related is a list of parts.", "Write a list of {content_type, content}."
        )
        return
    for index, part in enumerate(body):
        here = (*path, index)
        if not isinstance(part, Mapping):
            yield Finding(here, "A part is a mapping of `content` and `content_type`.", "Write both keys.")
            continue
        for key in part:
            if key not in PART_KEYS:
                hint = did_you_mean(key[:60], PART_KEYS) or "It has `content` and `content_type`."
                yield Finding((*here, key), f"'{key[:60]}' is no key of a part.", hint)
        if "content" not in part:
            yield Finding((*here, "content"), "'content' is missing.", "It is what the part holds.")
        yield from check_tree((*here, "content"), part.get("content"), replace(names, files="one"))
        given = part.get("content_type")
        if given is not None and not isinstance(given, str):
            yield Finding((*here, "content_type"), "This should be text.", "Write it like application/json.")
        elif given is not None:
            yield from check_template((*here, "content_type"), given, replace(names, flat=True))
            if (template := parsed(given)) is not None and not template.placeholders:
                yield from _check_media_type((*here, "content_type"), given)


def _check_content_type(path: KeyPath, request: Request, names: Names) -> Iterator[Finding]:
    here = (*path, "content_type")
    given = request.content_type
    if given is None:
        if request.encoding == "raw" and not _is_file(request.body, names):
            yield Finding(here, "A raw text says what it is.", "Write it like content_type: text/plain; charset=utf-8.")
        return
    yield from _check_media_type(here, given)
    if request.encoding in ("multipart", "multipart_related") and not given.startswith("multipart/"):
        yield Finding(
            here, f"A body in {request.encoding} is of a type multipart/...", "Leave it out for the usual one."
        )


def _check_media_type(path: KeyPath, text: str) -> Iterator[Finding]:
    if not is_media_type(text):
        yield Finding(path, f"{text[:60]!r} is no media type.", "Write it like application/json, without placeholders.")


def _is_file(body: object, names: Names) -> bool:
    form = form_of(body)
    if form is not None and form.name == "when":
        return _is_file(form.of, names)
    spec = _whole_input(body, names)
    return spec is not None and spec.type == "file"


def _whole_input(body: object, names: Names) -> Input | None:
    """The input, or member of one, that a body is as a whole."""
    only = only_of(body)
    return names.spec_of(only) if only is not None else None
