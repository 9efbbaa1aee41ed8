"""The provider behind the measured calls: a small HTTP server in its own process, and the manifest that speaks to it.

`python -m benchmarks.provider PORT` runs it.
"""

from __future__ import annotations

import json
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TOKEN = "benchmark-token"
TOOL = "parts_list_parts"
MANIFEST = """\
format: 1
name: parts
title: Parts
description: A list of parts that never changes.
category: development
docs: https://parts.example/docs
servers: {api: "{connection.server}"}
headers: {Accept: application/json}
auth:
  token:
    method: api_key
    headers: {Authorization: "Bearer {credential.token}"}
    fields:
      server: {title: Server, origin: true}
      token: {title: Token, secret: true}
verify: {get: /me, account: {id: id, name: name}}
actions:
  list_parts:
    title: List parts
    description: List the parts of one box.
    effect: read
    inputs:
      box: {type: string, required: true, description: Name of the box.}
    request: {get: "/boxes/{box}/parts"}
    answer: {items: data, item: "{id: id, title: title, state: state, owner: owner.login}"}
    docs: https://parts.example/docs/list
"""
PARTS = [
    {
        "id": number,
        "title": f"Part number {number} of the box",
        "state": "open" if number % 3 else "closed",
        "owner": {"login": f"person-{number % 4}", "url": f"https://parts.example/people/{number % 4}"},
        "created_at": "2026-01-01T00:00:00Z",
    }
    for number in range(12)
]
ANSWER = json.dumps({"data": PARTS}, separators=(",", ":")).encode()  # about 2 KB


async def _parts(_: Request) -> Response:
    return Response(ANSWER, media_type="application/json")


async def _me(_: Request) -> Response:
    return Response(b'{"id": 1, "name": "benchmark"}', media_type="application/json")


app = Starlette(routes=[Route("/boxes/{box}/parts", _parts), Route("/me", _me)])

if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
