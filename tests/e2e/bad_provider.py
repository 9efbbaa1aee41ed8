"""A provider that misbehaves in every way a test asks for, over real sockets, and the manifest that reaches it."""

from __future__ import annotations

import contextlib
import gzip
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.programs import Install
from tests.web.ports import free_port

KEY = "correct-key-4f1c"
CAP_BYTES = 20_000
CALL_TIMEOUT_S = 1.5
MANIFEST = """
format: 1
name: shaky
title: Shaky
description: A service that fails in every way there is.
category: other
docs: https://shaky.example/docs
servers: {{api: "{url}"}}
auth:
  key:
    method: api_key
    title: API key
    help: Any key will do.
    headers: {{Authorization: "Bearer {{credential.token}}"}}
verify:
  request: {{get: /me}}
  account: {{id: id, name: name}}
actions:
  get_thing:
    title: Get a thing
    description: Get one thing of the shaky service.
    effect: read
    inputs:
      way: {{type: string, required: true, description: How to fail.}}
      color: {{enum: [red, green], description: Its color.}}
      size: {{type: integer, minimum: 1, maximum: 9, description: Its size.}}
    request: {{get: "/things/{{way}}", query: {{color: "{{color}}", size: "{{size}}"}}}}
    docs: https://shaky.example/docs#get
  save_thing:
    title: Save a thing
    description: Save one thing at the shaky service.
    effect: write
    inputs:
      way: {{type: string, required: true, description: How to fail.}}
    request: {{post: "/things/{{way}}"}}
    docs: https://shaky.example/docs#save
"""


def answer(status: int, body: object = None, *headers: str) -> bytes:
    """A whole HTTP answer: JSON, or bytes as they are."""
    raw = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    kind = (
        [] if any(line.lower().startswith("content-type") for line in headers) else ["Content-Type: application/json"]
    )
    lines = [f"HTTP/1.1 {status} Whatever", *kind, *headers, f"Content-Length: {len(raw)}", "Connection: close"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


HTML = b"<!doctype html><title>Sign in</title><h1>Please sign in</h1>"
ANSWERS = {
    "/me": answer(200, {"id": "7", "name": "pat"}),
    "/things/fine": answer(200, {"thing": "fine"}),
    "/things/401": answer(401, {"message": "Bad credentials"}),
    "/things/403": answer(403, {"message": "Admins only"}),
    "/things/404": answer(404, {"message": "No such thing"}),
    "/things/409": answer(409, {"message": "It was changed meanwhile"}),
    "/things/422": answer(422, {"message": "color must be blue"}),
    "/things/429": answer(429, {"message": "Slow down"}, "Retry-After: 17"),
    "/things/500": answer(500, {"message": "Something went wrong"}),
    "/things/503": answer(503, HTML, "Content-Type: text/html", "Retry-After: 30"),
    "/things/html": answer(200, HTML, "Content-Type: text/html"),
    "/things/large": answer(200, {"text": "x" * 2 * CAP_BYTES}),
    "/things/bomb": answer(200, gzip.compress(b'"' + b"x" * 50_000_000 + b'"'), "Content-Encoding: gzip"),
    "/things/circle": answer(302, None, "Location: /things/circle2"),
    "/things/circle2": answer(302, None, "Location: /things/circle"),
    "/things/elsewhere": answer(302, None, "Location: http://elsewhere.example/things"),
    "/things/nowhere": answer(304, None),
    "/things/truncated": answer(200, {"text": "x" * 5_000})[:-3_000],
    "/things/garbage": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "/things/silent": b"",
}


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(OSError):
            path = self.rfile.readline(9_000).split(b" ")[1].decode().partition("?")[0]
            while self.rfile.readline(9_000).strip():
                pass
            if path == "/things/slow":
                self.server.ending.wait(30)  # type: ignore[attr-defined]
            if self.server.revoked.is_set():  # type: ignore[attr-defined]
                path = "/things/401"
            self.wfile.write(ANSWERS.get(path, answer(404, {"message": "no such way"})))


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, revoked: threading.Event) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.ending = threading.Event()
        self.revoked = revoked


@dataclass
class BadProvider:
    """It runs inside `running`, and is down outside of it. While `revoked` is set, it takes no key."""

    folder: Path
    port: int
    revoked: threading.Event = field(default_factory=threading.Event)

    @property
    def extra(self) -> dict[str, str]:
        """Settings of an installation that uses it."""
        return {
            "CONNECTORY_MANIFESTS": str(self.folder),
            "CONNECTORY_ALLOW_HOSTS": f"127.0.0.1:{self.port}",
            "CONNECTORY_CALL_TIMEOUT_S": str(CALL_TIMEOUT_S),
            "CONNECTORY_MAX_RESPONSE_BYTES": str(CAP_BYTES),
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        """Answer for the length of the block."""
        server = _Server(self.port, self.revoked)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield
        finally:
            server.ending.set()
            server.shutdown()
            thread.join()
            server.server_close()

    def connect(self, install: Install) -> None:
        """Connect it by the command line, the key from the environment."""
        made = install.run("connect", "shaky", "--from-env", env={"SHAKY_TOKEN": KEY})
        assert made.returncode == 0, made.stderr


def make_bad_provider(folder: Path) -> BadProvider:
    """Write the manifest of a provider on a free port."""
    provider = BadProvider(folder, free_port())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shaky.yaml").write_text(MANIFEST.format(url=f"http://127.0.0.1:{provider.port}"))
    return provider
