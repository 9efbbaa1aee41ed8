"""What docs/manifests.md shows is true: every piece of YAML fits the format, and sends what stands below it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from docs.tables import DOCS
from pydantic import SecretStr

from connectory.actions.filling import Values
from connectory.actions.request import prepare
from connectory.catalog.catalog import compile_connector
from connectory.catalog.connector import Connector
from connectory.catalog.loading import parse_manifest
from connectory.catalog.manifest import ActionManifest, Manifest
from connectory.catalog.yaml_document import read_document

PAGE = (DOCS / "manifests.md").read_text(encoding="utf-8")
PIECE = re.compile(r"^```yaml\n(.*?)^```(?:\n\n```http\n(.*?)^```)?", re.DOTALL | re.MULTILINE)
TOPICS = (
    "Filling in",
    "Forms",
    "Encodings",
    "Files",
    "Converters",
    "Signing in",
    "Steps",
    "Pages",
    "Answers",
    "Errors",
    "Retries",
    "Streams",
    "Webhooks",
)
FILE_KEYS = {field.alias or name for name, field in Manifest.model_fields.items()}
ACTION_KEYS = {field.alias or name for name, field in ActionManifest.model_fields.items()}
ORIGIN = "https://api.acme.example"
BASE: dict[str, Any] = {
    "format": 1,
    "name": "acme",
    "title": "Acme",
    "description": "Orders of an Acme shop.",
    "category": "e-commerce",
    "docs": "https://acme.example/docs",
    "servers": {"api": f"{ORIGIN}/v2"},
    "auth": {
        "oauth": {
            "method": "oauth2",
            "authorize_url": "https://acme.example/authorize",
            "token_url": "https://acme.example/token",
            "scopes": {word: word for word in ("orders:read", "orders:write", "customers:read", "customers:write")},
        }
    },
    "verify": {"request": {"get": "/me"}, "account": {"id": "id", "name": "name"}},
    "actions": {},
}
ACTION: dict[str, Any] = {
    "title": "Do it",
    "description": "Do what this piece shows.",
    "effect": "read",
    "docs": "https://acme.example/docs",
}
PIECES = [(found[1], found[2]) for found in PIECE.finditer(PAGE) if "format: 1" not in found[1]]


def document(piece: str) -> dict[str, Any]:
    """A whole manifest around a piece, which is an action where it has a request, else lines of the file's top."""
    found = read_document(piece.encode()).value
    assert isinstance(found, dict)
    if "request" in found:
        assert found.keys() <= ACTION_KEYS, found.keys() - ACTION_KEYS
        return {**BASE, "actions": {"shown": {**ACTION, **found}}}
    assert found.keys() <= FILE_KEYS, found.keys() - FILE_KEYS
    whole = {**BASE, "actions": {"shown": {**ACTION, "request": {"get": "/orders"}}}, **found}
    return {key: value for key, value in whole.items() if value is not None}


def compiled(piece: str) -> Connector:
    """The connector that a piece is part of."""
    text = yaml.safe_dump(document(piece), sort_keys=False)
    manifest, problems = parse_manifest(text.encode(), Path("docs/manifests.md"))
    assert manifest is not None, "\n".join(map(str, problems))
    return compile_connector(manifest)


def sent_by(connector: Connector) -> str:
    """The request of the one action, with the first example of each input that has one."""
    action = connector.actions["shown"].manifest
    given = {name: spec.examples[0] for name, spec in action.inputs.items() if spec.examples}
    values = Values({**given, **({"limit": 25} if action.pages else {})}, {}, {"access_token": SecretStr("t")})
    request = prepare(connector, "oauth", action.request, values)
    body = f"\n{request.body.decode()}\n" if request.body is not None else ""
    return f"{request.method} {request.url.removeprefix(ORIGIN)}\n{body}"


@pytest.mark.parametrize("piece", [piece for piece, _ in PIECES])
def test_every_piece_is_part_of_a_good_manifest(piece: str) -> None:
    assert compiled(piece).actions


@pytest.mark.parametrize(("piece", "request_text"), [pair for pair in PIECES if pair[1] is not None])
def test_what_stands_below_a_piece_is_what_it_sends(piece: str, request_text: str) -> None:
    assert sent_by(compiled(piece)) == request_text


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_has_its_example(topic: str) -> None:
    section = PAGE.partition(f"\n## {topic}\n")[2].partition("\n## ")[0]

    assert "```yaml" in section


def test_pieces_and_requests_are_found() -> None:
    assert len(PIECES) >= 14
    assert len([text for _, text in PIECES if text is not None]) >= 8
