"""A small provider of files, for tests: Filing, one action that gives a file and one that takes one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from connectory.identity.principal import Principal
from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.connectors import make_catalog, make_connector
from connectory.testing.provider import Answer, FakeProvider, answers
from connectory.wiring import Application

FILING_YAML = """
format: 1
name: filing
title: Filing
description: Keep files.
category: productivity
docs: https://filing.example/docs
servers: {api: "https://api.filing.example/v1"}
auth:
  token: {method: api_key, headers: {Authorization: "Bearer {credential.token}"}}
verify: {request: {get: /me}, account: {id: id, name: login}, scopes: {header: X-Scopes}}
actions:
  download:
    title: Download a file
    description: Download one file from Filing.
    effect: read
    inputs: {id: {type: string, required: true}}
    request: {get: "/files/{id}/content"}
    answer: {as: file}
    docs: https://filing.example/docs/download
  upload:
    title: Upload a file
    description: Upload a file to Filing.
    effect: write
    inputs:
      folder: {type: string, required: true}
      content: {type: file, required: true}
    request: {post: "/folders/{folder}/files", encoding: multipart, body: {note: "from {folder}", file: "{content}"}}
    docs: https://filing.example/docs/upload
  purge:
    title: Purge the folder
    description: Purge a folder of Filing.
    effect: destructive
    inputs: {folder: {type: string, required: true}}
    scopes: [write, [admin, purge]]
    request: {delete: "/folders/{folder}"}
    docs: https://filing.example/docs/purge
  tag:
    title: Tag a file
    description: Tag a file of Filing.
    effect: write
    inputs: {id: {type: string, required: true}}
    scopes: [[write, admin]]
    request: {put: "/files/{id}/tag"}
    docs: https://filing.example/docs/tag
"""


@asynccontextmanager
async def filing(answer: Answer) -> AsyncIterator[tuple[Application, Principal, FakeProvider]]:
    """A connected application; `/v1/me` tells the scopes read and write."""
    provider = FakeProvider(answer)
    catalog = make_catalog(make_connector(FILING_YAML))
    async with make_application(catalog=catalog, mounts={"https://api.filing.example": provider}) as application:
        principal = await make_principal(application)
        await connect(application, principal, "filing")
        yield application, principal, provider


def gives(content: bytes, media_type: str, **headers: str) -> Answer:
    """Answer reads with a file, writes with an id."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method != "GET":
            return answers(201, {"id": 7})(request)
        return httpx2.Response(200, content=content, headers={"content-type": media_type, **headers})

    return answer
