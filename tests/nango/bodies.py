"""What becomes of a body on its way through the proxy: without the prefixed type a form arrives as JSON."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, quote_plus

from tests.nango.asking import Asked

WITH_BODY = ("POST", "PUT", "PATCH", "DELETE")
FORM = "application/x-www-form-urlencoded"
_PART = re.compile(rb'name="([^"]*)"(?:; *filename="([^"]*)")?')


def body_of(asked: Asked, wanted: str | None) -> tuple[bytes | None, str | None]:
    """The body that the provider gets and its type. `wanted`: what `Nango-Proxy-Content-Type` says."""
    found, kind = asked.body, asked.request.headers.get("content-type", "")
    if asked.request.method not in WITH_BODY:
        return None, wanted
    if found in (None, b""):
        return None, wanted or (None if asked.request.method == "DELETE" else FORM)
    if not isinstance(found, bytes):  # it was JSON, and is written anew
        return _json(found), wanted or "application/json"
    if kind.startswith(FORM):
        pairs = parse_qsl(found.decode(), keep_blank_values=True)
        if wanted is not None and wanted.startswith(FORM):
            return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs).encode(), wanted
        return _json(_nested(pairs)), "application/json"
    if kind.startswith("multipart/"):
        if wanted is not None and wanted.startswith("multipart/"):
            return found, kind  # a real one makes a new boundary, and puts the fields first
        return _json(_fields(found)), "application/json"
    return found, wanted or FORM


def _nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """As Express reads a form: `c[]` is a list."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name.endswith("[]"):
            found.setdefault(name[:-2], []).append(value)
        else:
            found[name] = value
    return found


def _json(value: Any) -> bytes:
    return json.dumps(_numbers(value), separators=(",", ":"), ensure_ascii=False).encode()


def _numbers(value: Any) -> Any:
    """JavaScript has one kind of number: `1.0` is `1`."""
    if isinstance(value, dict):
        return {key: _numbers(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_numbers(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e21 else value


def _fields(raw: bytes) -> dict[str, str]:
    """The fields of a multipart body; its files are lost."""
    boundary = raw.split(b"\r\n", 1)[0]
    found = {}
    for part in raw.split(boundary):
        head, _, value = part.partition(b"\r\n\r\n")
        match = _PART.search(head)
        if match is not None and match[2] is None:
            found[match[1].decode()] = value.removesuffix(b"\r\n").decode()
    return found
