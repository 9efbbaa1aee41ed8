"""An authorization server of device codes on loopback (RFC 8628), which asks nobody: it does what the test says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

USER_CODE = "WDJB-MJHT"
DEVICE = """\
  oauth:
    method: oauth2
    title: Sign in with Acme
    fields: {server: {title: Server, kind: origin}}
    device_url: "{connection.server}/device"
    token_url: "{connection.server}/token"
    client_authentication: none
    scopes: {read: Read things}
    register:
      url: https://acme.example/apps/new
"""
SITES = """\
    choose: {request: {get: /sites}, items: "@", id: id, name: name}
    facts: {site: {chosen: id}}
"""


@dataclass
class DeviceServer:
    """`answers` are the token endpoint's errors, in turn, before the tokens; `account` is who signs in."""

    port: int
    answers: list[str] = field(default_factory=list)
    sites: list[dict[str, str]] = field(default_factory=list)
    account: str = "alice"
    expires_in: int = 600
    gives_codes: bool = True
    polls: int = 0

    @property
    def origin(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def verification_uri(self) -> str:
        """Where the code is to be typed."""
        return f"{self.origin}/activate"

    def answer(self, path: str, form: dict[str, list[str]]) -> tuple[int, Any]:
        """Return status and body."""
        if path == "/device":
            code = {"device_code": "d1", "user_code": USER_CODE, "verification_uri": self.verification_uri}
            given = (200, {**code, "expires_in": self.expires_in, "interval": 1})
            return given if self.gives_codes else (400, {"error": "unauthorized_client"})
        if path == "/token":
            self.polls += 1
            assert form["device_code"] == ["d1"]
            return (400, {"error": self.answers.pop(0)}) if self.answers else (200, self._tokens())
        return (
            (200, self.sites)
            if path == "/sites"
            else (200, {"sub": self.account, "email": f"{self.account}@x.example"})
        )

    def _tokens(self) -> dict[str, Any]:
        return {"access_token": "a-token", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "r-token"}


@contextmanager
def device_server() -> Iterator[DeviceServer]:
    """Answer until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            status, said = found.answer(self.path, parse_qs(body))
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = reply  # noqa: N815 # the names that the standard library looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the standard library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = DeviceServer(server.server_address[1])
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
