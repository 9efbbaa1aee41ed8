"""Connectors for tests: a small provider called Notes, in a manifest that tests may change."""

from __future__ import annotations

from pathlib import Path

from connectory.catalog.catalog import Catalog, compile_connector
from connectory.catalog.connector import Connector
from connectory.catalog.loading import parse_manifest
from connectory.catalog.manifest import Manifest
from connectory.errors import ManifestInvalid

NOTES_YAML = """
format: 1
name: notes
title: Notes
description: Keep notes.
category: productivity
docs: https://notes.example/docs
servers: {api: "https://api.notes.example/v1"}
headers: {Accept: application/json}
auth:
  token: {method: api_key, headers: {Authorization: "Bearer {credential.token}"}}
verify: {request: {get: /me}, account: {id: id, name: login}, scopes: {header: X-Scopes}}
errors:
  - when: {status: [403], headers: {x-remaining: "0"}}
    code: rate_limited
    retry: {header: x-reset, as: unix_seconds}
tasks: [Show my notes.]
actions:
  list_notes:
    title: List notes
    description: List the notes of one Notes book, newest first.
    effect: read
    inputs:
      book: {type: string, required: true, description: The book's name.}
      state: {type: string, enum: [open, closed, all]}
      tags: {type: array, items: {type: string}}
    request: {get: "/books/{book}/notes", query: {state: "{state}", tag: "{tags}", per_page: "{limit}"}}
    pages: {style: link_header, max_size: 100}
    answer: {items: "@", item: "{id: id, title: title}"}
    docs: https://notes.example/docs/list
  read_file:
    title: Read a file
    description: Read one file of a Notes book.
    effect: read
    inputs:
      book: {type: string, required: true}
      path: {type: string, required: true}
    request: {get: "/books/{book}/files/{+path}"}
    answer: {as: text}
    docs: https://notes.example/docs/files
  create_note:
    title: Create a note
    description: Create a note in a Notes book.
    effect: write
    inputs:
      book: {type: string, required: true}
      title: {type: string, required: true, maxLength: 200}
      pinned: {type: boolean}
      priority: {type: integer, minimum: 0, maximum: 9}
    request: {post: "/books/{book}/notes", body: {title: "{title}", pinned: "{pinned}", meta: {priority: "{priority}"}}}
    docs: https://notes.example/docs/create
  delete_note:
    title: Delete a note
    description: Delete one note of a Notes book.
    effect: destructive
    inputs:
      book: {type: string, required: true}
      id: {type: integer, required: true}
    request: {delete: "/books/{book}/notes/{id}"}
    docs: https://notes.example/docs/delete
"""
OPEN_YAML = """
format: 1
name: open
title: Open
description: A service that anybody may use.
category: other
docs: https://open.example.com/docs
servers: {api: "https://open.example.com"}
auth:
  anybody: {method: none}
actions:
  get_news:
    title: Get the news
    description: Get the news of today.
    effect: read
    request: {get: /news}
    answer: {item: "{title: title}"}
    docs: https://open.example.com/docs/news
"""


def make_connector(yaml: str = NOTES_YAML, *, family: Manifest | None = None) -> Connector:
    """Compile a manifest, of a member with the one it signs in by. Raises `ManifestInvalid`."""
    manifest, problems = parse_manifest(
        yaml.encode(), Path("test.yaml"), family=None if family is None else family.auth
    )
    if manifest is None:
        raise ManifestInvalid("\n".join(map(str, problems)))
    return compile_connector(manifest, family)


def make_family(family: str, *members: str) -> list[Connector]:
    """Compile a family's manifest, and those of members that take their `auth` from it. Raises `ManifestInvalid`."""
    head = make_connector(family)
    return [head, *(make_connector(member, family=head.manifest) for member in members)]


def make_catalog(*connectors: Connector) -> Catalog:
    """A catalog of the given connectors, or of Notes alone."""
    chosen = connectors or (make_connector(),)
    return Catalog({connector.name: connector for connector in chosen})
