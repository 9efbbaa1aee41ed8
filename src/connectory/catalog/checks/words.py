"""Checks of headers: small parts that stand in many places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from connectory.catalog.checks.names import Names, check_template
from connectory.catalog.problems import Finding
from connectory.catalog.yaml_document import KeyPath
from connectory.net.headers import forbidden_headers

HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 section 5.6.2
CREDENTIAL_HEADERS = frozenset({"authorization", "cookie"})


def check_headers(path: KeyPath, headers: Mapping[str, str], names: Names) -> Iterator[Finding]:
    """Yield what is wrong with header names and templates; credentials' headers are legal only where secrets are."""
    if "of" in headers:
        hint = "A form stands in a body, in variables or in a parameter of `query`; a header is one text."
        yield Finding((*path, "of"), "'of' is kept for forms, and none stands in headers.", hint)
    seen: set[str] = set()
    names = replace(names, flat=True)
    for name, text in headers.items():
        here = (*path, name)
        yield from check_header_name(here, name)
        lowered = name.lower()
        if forbidden_headers([name]):
            yield Finding(
                here, f"Header {name} belongs to the connection between two machines; a manifest cannot set it."
            )
        if lowered == "content-type":
            yield Finding(here, "Content-Type follows from `encoding`.", "Another one stands in `content_type`.")
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
    if name is not None and not HEADER_NAME.fullmatch(name):
        yield Finding(path, f"{name[:60]!r} is no header name.", "Use letters, digits and hyphens.")
