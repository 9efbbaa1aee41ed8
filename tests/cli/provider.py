"""A provider on loopback with one key that is right, and the manifest of a connector to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

KEY = "acme-key-5f2c9b7d1e"

MANIFEST = """\
format: 1
name: acme
title: Acme
description: Things at Acme.
category: other
docs: https://acme.example/docs
servers: {api: "{connection.server}"}
auth:
  key:
    method: api_key
    fields:
      server: {title: Server, kind: origin}
      token: {title: Key, kind: secret}
    headers: {Authorization: "Bearer {credential.token}"}
verify:
  request: {get: /me}
  account: {id: id, name: name}
actions:
  list_things:
    title: List things
    description: List the things at Acme.
    effect: read
    inputs:
      count: {type: integer, minimum: 1}
    request: {get: /things, query: {count: "{count}"}}
    answer: {items: "@"}
    docs: https://acme.example/docs/things
  delete_thing:
    title: Delete a thing
    description: Delete a thing at Acme.
    effect: destructive
    inputs:
      id: {type: integer, required: true}
    request: {delete: "/things/{id}"}
    docs: https://acme.example/docs/things
"""


@dataclass
class Provider:
    """`requests` are the paths asked for with the right key."""

    port: int
    requests: list[str] = field(default_factory=list)
    things: list[dict[str, Any]] | None = None  # in place of the usual two

    @property
    def origin(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self, folder: Path) -> dict[str, str]:
        """Settings under which a connector to it exists and its private address is allowed."""
        folder.mkdir(exist_ok=True)
        (folder / "acme.yaml").write_text(MANIFEST, encoding="utf-8")
        return {"CONNECTORY_MANIFESTS": str(folder), "CONNECTORY_ALLOW_HOSTS": f"127.0.0.1:{self.port}"}


@contextmanager
def provider(key: str = KEY) -> Iterator[Provider]:
    """Answer until the block ends. Whoever comes with another key gets it echoed, as some providers do."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            if self.headers.get("Authorization") != f"Bearer {key}":
                self.reply(401, {"message": f"bad key {self.headers.get('Authorization')}"})
                return
            found.requests.append(self.path)
            things = found.things or [{"id": 1}, {"id": 2}]
            self.reply(200, {"id": "a1", "name": "Acme Inc"} if self.path == "/me" else things)

        do_GET = do_DELETE = answer  # noqa: N815 # the names that the standard library looks for

        def reply(self, status: int, body: object) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the standard library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Provider(server.server_address[1])
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
