"""The API's own description, OpenAPI 3.1: what FastAPI knows, and what stands in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectory.web.problems import PROBLEM_TYPE
from connectory.web.visitors import CSRF_HEADER

UNSAFE = frozenset({"post", "put", "patch", "delete"})
OPERATIONS = frozenset({"get", *UNSAFE})
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "What failed (RFC 9457). `code` is stable; `hint` says what to do.",
    "required": ["type", "title", "status", "detail", "code", "hint"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "hint": {"type": "string"},
        "link": {"type": "string", "format": "uri", "description": "What a person must open first, where that helps."},
        "problems": {
            "type": "array",
            "description": "Where something is wrong with what was sent; never what was sent.",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
DESCRIPTION = (
    "The same as the pages, for programs: the same principals, roles, policies and errors. A program sends an API"
    " token as a bearer token. A page uses the cookie of its sign-in, and for a change the header as well."
)


def complete(document: dict[str, Any], cookie: str) -> dict[str, Any]:
    """Add to FastAPI's document who may call, and how errors look. `cookie`: the name of the session's."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    components["responses"] = {"Problem": {"description": "It failed; the body says why.", "content": content}}
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "An API token, `cny_...`."},
        "session": {"type": "apiKey", "in": "cookie", "name": cookie},
        "csrf": {"type": "apiKey", "in": "header", "name": CSRF_HEADER},
    }
    for method, operation in _operations(document):
        operation["responses"].pop("422", None)
        operation["responses"] |= {code: {"$ref": "#/components/responses/Problem"} for code in ("4XX", "5XX")}
        by_cookie: dict[str, list[str]] = {"session": []}
        operation["security"] = [{"token": []}, {**by_cookie, "csrf": []} if method in UNSAFE else by_cookie]
    return document


def names_in(document: dict[str, Any]) -> frozenset[str]:
    """Return the names of all parameters and members that a request may have: they are no secrets."""
    schemas = document["components"]["schemas"].values()
    members = {name for schema in schemas for name in schema.get("properties", ())}
    parameters = {one["name"] for _, operation in _operations(document) for one in operation.get("parameters", ())}
    return frozenset({"body", "query", "path"} | members | parameters)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in document["paths"].values():
        yield from ((method, operation) for method, operation in path.items() if method in OPERATIONS)
