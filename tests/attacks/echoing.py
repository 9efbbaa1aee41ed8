"""A provider over real sockets that repeats whatever it is sent, in every way there is to fail.

What it repeats are the request's own headers and address: the worst that a careless service does with our credentials.
"""

from __future__ import annotations

import contextlib
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

MANIFEST = """
format: 1
name: echo
title: Echo
description: A service that repeats what it hears.
category: other
docs: https://echo.example/docs
servers: {api: "{connection.server}/v1"}
auth:
  key:
    method: api_key
    title: API key
    help: Any key.
    fields:
      server: {title: Server, kind: origin}
      token: {title: Key, kind: secret}
    headers: {X-Echo-Key: "{credential.token}", Authorization: "Bearer {credential.token}"}
  in_query:
    method: api_key
    title: API key in the address
    help: Any key.
    fields:
      server: {title: Server, kind: origin}
      token: {title: Key, kind: secret}
    query: {api_key: "{credential.token}"}
  account:
    method: basic
    title: Account
    help: Any account.
    fields:
      server: {title: Server, kind: origin}
verify: {request: {get: /me}, account: {id: id, name: name}}
actions:
  get_thing:
    title: Get a thing
    description: Get one thing from Echo.
    effect: read
    inputs: {way: {type: string, required: true}}
    request: {get: "/things/{way}"}
    docs: https://echo.example/docs#get
  list_things:
    title: List things
    description: List things at Echo.
    effect: read
    inputs: {way: {type: string, required: true}}
    request: {get: "/lists/{way}"}
    pages: {style: link_header, max_size: 2}
    answer: {items: "@"}
    docs: https://echo.example/docs#list
  save_thing:
    title: Save a thing
    description: Save a thing at Echo.
    effect: write
    inputs: {way: {type: string, required: true}}
    request: {post: "/things/{way}"}
    docs: https://echo.example/docs#save
"""


@dataclass
class EchoProvider:
    """`heard` is every request's first line and headers, as it came from the socket; `wrong` are keys it refuses.

    `connections` counts sockets, also those on which nothing came that it understands.
    """

    port: int = 0
    connections: int = 0
    heard: list[str] = field(default_factory=list)
    wrong: set[str] = field(default_factory=set)
    following: str = ""  # the next page that `/lists/page` names
    ending: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, head: str) -> bytes:
        """Answer by the path's last segment."""
        path = unquote(head.split(" ")[1].partition("?")[0])
        way = path.rpartition("/")[2]
        repeated = {"message": f"You sent: {head}", "errors": [head], "sent": head.split("\r\n")}
        if any(key in head for key in self.wrong):
            return self._reply(401, repeated)
        if way == "me":
            return self._reply(200, {"id": "7", "name": "pat"})
        if way.isdigit():
            return self._reply(int(way), repeated, "Retry-After: 1")
        if way == "html":
            return self._reply(200, f"<title>{head}</title>".encode(), "Content-Type: text/html")
        if way == "moved":
            return self._reply(302, repeated, f"Location: http://127.0.0.1:9/{head.replace(chr(13) + chr(10), '+')}")
        if way == "slow":
            self.ending.wait(20)
        if way == "page":
            return self._reply(200, [{"id": 1}, {"id": 2}], f'Link: <{self.following}>; rel="next"')
        if way == "garbage":
            return head.encode()
        return self._reply(200, {"thing": "fine"})

    def _reply(self, status: int, body: object, *headers: str) -> bytes:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = [] if isinstance(body, bytes) else ["Content-Type: application/json"]
        lines = [f"HTTP/1.1 {status} Word", *kind, *headers, f"Content-Length: {len(raw)}", "Connection: close"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


@contextmanager
def echoing() -> Iterator[EchoProvider]:
    """Answer until the block ends."""
    provider = EchoProvider()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            provider.connections += 1
            with contextlib.suppress(OSError):
                lines = []
                while line := self.rfile.readline(9_000).decode("latin-1").rstrip("\r\n"):
                    lines.append(line)
                provider.heard.append("\r\n".join(lines))
                self.wfile.write(provider.answer(provider.heard[-1]))

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    provider.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield provider
    finally:
        provider.ending.set()
        server.shutdown()
        thread.join()
        server.server_close()


def write_manifest(folder: Path) -> Path:
    """Put the connector into a folder for `CONNECTORY_MANIFESTS`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "echo.yaml").write_text(MANIFEST, encoding="utf-8")
    return folder
