"""Checks of single words of a manifest: templates, expressions, patterns, headers. Each yields findings at its path."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from connectory.catalog.manifest import Manifest
from connectory.catalog.problems import Finding
from connectory.catalog.template import Placeholder, Template, parse_template
from connectory.catalog.yaml_document import KeyPath
from connectory.errors import did_you_mean
from connectory.net.headers import forbidden_headers

MAX_EXPRESSION = 2_000  # characters; jmespath raises RecursionError at 1,000 open parentheses (1.1, measured)
MAX_PATTERN = 200
ALWAYS_KNOWN = "id"  # `{connection.id}`: in a verify call the id that the new connection will have
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 section 5.6.2
CREDENTIAL_HEADERS = frozenset({"authorization", "cookie"})


@dataclass(frozen=True, slots=True)
class Names:
    """Which placeholders a template may use, at the place it stands in."""

    inputs: Collection[str] = ()
    facts: Collection[str] = ()
    secrets: Collection[str] | None = None  # None: `{credential.x}` is not legal here
    many: bool = False  # whether `{+x}` is

    def refuse(self, placeholder: Placeholder) -> tuple[str, str] | None:
        """Return why the placeholder is wrong here and what was meant, or None where it is right."""
        name = placeholder.name
        if placeholder.many and not (self.many and placeholder.scope == "input"):
            return f"{{+{name}}} stands for path segments and is legal in a request's path only.", f"Write {{{name}}}."
        if placeholder.scope == "credential":
            return self._refuse_secret(name)
        if placeholder.scope == "connection":
            if name == ALWAYS_KNOWN or name in self.facts:
                return None
            hint = (
                did_you_mean(name[:60], self.facts)
                or "Declare it among the fields of the auth method, as a field that is no secret."
            )
            return f"{{connection.{name}}} is no fact that can stand here.", hint
        if name in self.inputs:
            return None
        if name in ("limit", "cursor"):
            return (
                f"{{{name}}} is not at hand here.",
                "{limit} is, in a request whose action has `pages`; cursors are never sent.",
            )
        hint = did_you_mean(name[:60], self.inputs) or (
            "Declare it under `inputs`." if self.inputs else "No input can stand here."
        )
        return f"{{{name}}} is no input.", hint

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


def check_template(path: KeyPath, text: str, names: Names) -> Iterator[Finding]:
    """Yield what is wrong with a template: its braces, or placeholders that are not at hand."""
    try:
        template = parse_template(text)
    except ValueError as error:
        yield Finding(path, f"{error}."[:300])
        return
    for placeholder in template.placeholders:
        if (refused := names.refuse(placeholder)) is not None:
            yield Finding(path, *refused)


def check_tree(path: KeyPath, tree: object, names: Names) -> Iterator[Finding]:
    """Yield what is wrong with the templates that are a tree's leaves."""
    if isinstance(tree, str):
        yield from check_template(path, tree, names)
    elif isinstance(tree, dict):
        for key, branch in tree.items():
            yield from check_tree((*path, key), branch, names)
    elif isinstance(tree, list):
        for index, branch in enumerate(tree):
            yield from check_tree((*path, index), branch, names)


def used_inputs(tree: object) -> set[str]:
    """Return the names of the inputs that the templates in `tree` use; broken templates use none."""
    if isinstance(tree, str):
        template = parsed(tree)
        return {item.name for item in template.placeholders if item.scope == "input"} if template else set()
    branches = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return {name for branch in branches for name in used_inputs(branch)}


def parsed(text: str) -> Template | None:
    """Parse a template that may be broken; what is wrong with it is another check's to tell."""
    try:
        return parse_template(text)
    except ValueError:
        return None


def check_expression(path: KeyPath, text: str | None) -> Iterator[Finding]:
    """Yield what is wrong with a JMESPath expression (https://jmespath.org/specification.html)."""
    if text is None:
        return
    if len(text) > MAX_EXPRESSION:
        yield Finding(path, f"The expression has more than {MAX_EXPRESSION:,} characters.", "Project less.")
        return
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        jmespath.compile(text)
    except (JMESPathError, RecursionError) as error:
        reason = str(error).partition("\n")[0][:200] or "it is nested too deep"
        yield Finding(path, f"This is no JMESPath expression: {reason}.")


def check_pattern(path: KeyPath, text: str | None) -> Iterator[Finding]:
    """Yield what is wrong with a regular expression."""
    if text is None:
        return
    if len(text) > MAX_PATTERN:
        yield Finding(path, f"The pattern has more than {MAX_PATTERN} characters.", "Make it simpler.")
        return
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        yield Finding(path, f"This is no regular expression: {error}.")


def check_headers(path: KeyPath, headers: dict[str, str], names: Names) -> Iterator[Finding]:
    """Yield what is wrong with header names and templates; credentials' headers are legal only where secrets are."""
    seen: set[str] = set()
    for name, text in headers.items():
        here = (*path, name)
        yield from check_header_name(here, name)
        lowered = name.lower()
        if forbidden_headers([name]):
            yield Finding(
                here, f"Header {name} belongs to the connection between two machines; a manifest cannot set it."
            )
        if lowered == "content-type":
            yield Finding(here, "Content-Type follows from `encoding`.", "Leave it out.")
        if lowered in CREDENTIAL_HEADERS and names.secrets is None:
            yield Finding(
                here, f"Header {name} carries credentials.", "Place it under `auth`, in the method's `header`."
            )
        if lowered in seen:
            yield Finding(here, f"Header {name} stands here twice, differing in case.", "Keep one of them.")
        seen.add(lowered)
        if not (text.isascii() and text.isprintable()):
            yield Finding(here, "A header's value is printable ASCII on one line.")
        yield from check_template(here, text, names)


def check_header_name(path: KeyPath, name: str | None) -> Iterator[Finding]:
    """Yield what is wrong with a header's name (RFC 9110 section 5.1)."""
    if name is not None and not _HEADER_NAME.fullmatch(name):
        yield Finding(path, f"{name[:60]!r} is no header name.", "Use letters, digits and hyphens.")


def secret_fields(manifest: Manifest) -> set[str]:
    """Return the names of all secret fields of the manifest's auth methods."""
    return {name for method in manifest.auth.values() for name, field in method.fields.items() if field.is_secret}


def known_facts(manifest: Manifest) -> set[str]:
    """Return the names of the facts that some connection has: non-secret fields of any method."""
    return {name for method in manifest.auth.values() for name, field in method.fields.items() if not field.is_secret}


def certain_facts(manifest: Manifest) -> set[str]:
    """Return the names of the facts that every connection has, whichever way it signed in."""
    each = [
        {name for name, field in method.fields.items() if field.required and not field.is_secret}
        for method in manifest.auth.values()
    ]
    return set.intersection(*each) if each else set()
