"""Checks that go beyond the model: whether the parts of a manifest fit each other (design 4).

They run when a YAML file is read, not when the compiled index is: what the index holds has passed them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectory.catalog.action_checks import check_action, check_request
from connectory.catalog.findings import (
    ALWAYS_KNOWN,
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
    secret_fields,
)
from connectory.catalog.manifest import AuthMethod, CredentialField, Manifest
from connectory.catalog.problems import Finding
from connectory.catalog.wording import check_wording
from connectory.catalog.yaml_document import KeyPath
from connectory.errors import InvalidPath
from connectory.net.url import parse_url

# The tools that are always there (design 6); no connector's tool may stand in the place of one.
FIXED_TOOLS = frozenset(
    {"list_connectors", "connect", "list_connections", "disconnect", "search_actions", "call_action", "request",
     "read_result", "sync", "search_records"}
)  # fmt: skip
# Values that would move a server's address to another host; no pattern of a field used there may match one whole.
ESCAPES = (
    "evil.example/",
    "evil.example#",
    "evil.example?",
    "evil.example\\",
    "x@evil.example",
    "evil.example:1",
    "x y",
    "",
    ".",
    "a\n",
)


def check_manifest(manifest: Manifest) -> list[Finding]:
    """Return everything wrong with a manifest that has the right shape; an empty list is good."""
    return list(_findings(manifest))


def _findings(manifest: Manifest) -> Iterator[Finding]:
    yield from _check_name(manifest.name)
    yield from check_wording(manifest)
    facts = known_facts(manifest)
    for name, text in manifest.servers.items():
        yield from _check_server(("servers", name), text, manifest)
    yield from check_headers(("headers",), manifest.headers, Names(facts=facts))
    for name, method in manifest.auth.items():
        yield from _check_method(("auth", name), method, manifest)
    yield from _check_verify(manifest)
    yield from check_expression(("message",), manifest.message)
    for index, rule in enumerate(manifest.errors):
        path: KeyPath = ("errors", index)
        yield from check_expression((*path, "when", "body"), rule.when.body)
        yield from check_expression((*path, "message"), rule.message)
        if rule.retry is not None:
            yield from check_header_name((*path, "retry", "header"), rule.retry.header)
            yield from check_expression((*path, "retry", "body"), rule.retry.body)
        for header in rule.when.header:
            yield from check_header_name((*path, "when", "header", header), header)
    for name, action in manifest.actions.items():
        yield from check_action(("actions", name), action, manifest)


def _check_name(name: str) -> Iterator[Finding]:
    """What a connector's tools begin with is nothing that one of our own tools is called or begins with."""
    prefix = name.replace("-", "_")
    met = next((tool for tool in sorted(FIXED_TOOLS) if f"{tool}_".startswith(f"{prefix}_")), None)
    if met is not None:
        yield Finding(
            ("name",),
            f"The tools of '{name}' would look like {met}, which is one of Connectory's own tools.",
            "Choose another name.",
        )


def _check_server(path: KeyPath, text: str, manifest: Manifest) -> Iterator[Finding]:
    """An address is where credentials go: only certain facts may build it, each held to a pattern or an origin."""
    yield from check_template(path, text, Names(facts=certain_facts(manifest)))
    template = parsed(text)
    if template is None or any(item.scope != "connection" for item in template.placeholders):
        return
    for item in template.placeholders:
        for method in manifest.auth.values():
            field = method.fields.get(item.name)
            if item.name == ALWAYS_KNOWN:
                yield Finding(path, "{connection.id} cannot be part of an address.", "Use a field with a pattern.")
                return
            if field is not None and not field.is_origin and field.pattern is None and not field.choices:
                hint = f"Give the field '{item.name}' a `pattern`, or `kind: origin` if it is the whole server address."
                yield Finding(
                    path, f"{{connection.{item.name}}} decides where credentials are sent, and may be anything.", hint
                )
                return
    yield from _check_address(path, text, manifest)


def _check_address(path: KeyPath, text: str, manifest: Manifest) -> Iterator[Finding]:
    template = parsed(text)
    assert template is not None
    origins = {name for method in manifest.auth.values() for name, field in method.fields.items() if field.is_origin}
    filled = ""
    for part in template.parts:
        if isinstance(part, str):
            filled += part
        elif part.name in origins and filled:
            yield Finding(path, f"{{connection.{part.name}}} is a whole origin: it must stand at the beginning.")
            return
        else:
            filled += "https://host.example" if part.name in origins else "x"
    try:
        target = parse_url(filled).target
    except InvalidPath:
        target = None
    if target is None or "?" in filled or "#" in filled or "//" in target:
        yield Finding(
            path, "This is no base address.", "Write it like https://api.example.com/v1: no query, user name or dots."
        )


def _check_method(path: KeyPath, method: AuthMethod, manifest: Manifest) -> Iterator[Finding]:
    secrets = {name for name, field in method.fields.items() if field.is_secret}
    names = Names(facts=set(method.fields) - secrets, secrets=secrets)
    for name, field in method.fields.items():
        yield from _check_field((*path, "fields", name), name, field, manifest)
    yield from check_headers((*path, "header"), method.header, names)
    yield from check_tree((*path, "query"), method.query, names)
    placed = [*method.header.values(), *method.query.values()]
    if method.basic is not None:
        placed += [method.basic.username, method.basic.password]
        yield from check_template((*path, "basic", "username"), method.basic.username, names)
        yield from check_template((*path, "basic", "password"), method.basic.password, names)
        if any(name.lower() == "authorization" for name in method.header):
            yield Finding((*path, "header"), "Basic sets the Authorization header itself.", "Leave it out.")
    used = {
        item.name
        for text in placed
        if (template := parsed(text))
        for item in template.placeholders
        if item.scope == "credential"
    }
    for name in sorted(secrets - used):
        hint = f"Place {{credential.{name}}} by `header` or `query`."
        yield Finding(
            (*path, "fields", name) if name in method.fields else path, f"The secret '{name}' is never sent.", hint
        )
    if method.method == "none" and secrets:
        yield Finding(path, "Method none has nothing to sign in with.", "Choose api_key or fields.")
    common = {header.lower() for header in manifest.headers}
    for header in method.header:
        if header.lower() in common:
            yield Finding((*path, "header", header), f"Header {header} stands in `headers` too.", "Keep one of them.")


def _check_field(path: KeyPath, name: str, field: CredentialField, manifest: Manifest) -> Iterator[Finding]:
    if name == ALWAYS_KNOWN and not field.is_secret:
        yield Finding(path, "{connection.id} is the connection's own id.", "Choose another name.")
    if field.is_secret and field.default is not None:
        yield Finding((*path, "default"), "A secret has no default.", "Remove it.")
    broken = list(check_pattern((*path, "pattern"), field.pattern))
    yield from broken
    if field.pattern is None or broken:
        return
    pattern = re.compile(field.pattern)
    if field.default is not None and not pattern.fullmatch(field.default):
        yield Finding((*path, "default"), "The default does not match the field's own pattern.")
    in_address = any(f"{{connection.{name}}}" in text for text in manifest.servers.values())
    if (
        in_address
        and not field.is_origin
        and (escape := next((text for text in ESCAPES if pattern.fullmatch(text)), None)) is not None
    ):
        hint = "It becomes part of a server's address: allow only what a host label holds, e.g. [a-z0-9-]{1,63}."
        yield Finding((*path, "pattern"), f"The pattern lets {escape!r} through.", hint)


def _check_verify(manifest: Manifest) -> Iterator[Finding]:
    verify = manifest.verify
    if verify is None:
        if any(method.method != "none" for method in manifest.auth.values()):
            hint = (
                "Name a cheap call that proves the credentials, and where the account's id and name are in its answer."
            )
            yield Finding(("verify",), "'verify' is missing.", hint)
        return
    yield from check_request(("verify", "request"), verify.request, manifest, Names(facts=known_facts(manifest)))
    if verify.request.method not in ("GET", "HEAD", "POST"):
        yield Finding(
            ("verify", "request"), f"A verify call changes nothing: {verify.request.method} would.", "Use get."
        )
    yield from check_expression(("verify", "account", "id"), verify.account.id)
    yield from check_expression(("verify", "account", "name"), verify.account.name)
    if verify.scopes is not None:
        yield from check_header_name(("verify", "scopes", "header"), verify.scopes.header)
        yield from check_expression(("verify", "scopes", "body"), verify.scopes.body)
    if secret_fields(manifest) and verify.request.method == "HEAD":
        yield Finding(("verify", "request", "head"), "A HEAD answer has no body to read the account from.", "Use get.")
