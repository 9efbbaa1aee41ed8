"""What an attacker sees of a running `connectory serve`: its port, its log, and requests of any shape."""

from __future__ import annotations

import http.client
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.attacks.echoing import EchoProvider
from tests.attacks.face import Said, rpc
from tests.e2e.programs import Install


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: Mapping[str, str]  # lower-case names
    body: str

    @property
    def said(self) -> Said:
        """The tool result in it."""
        text = self.body
        if self.headers["content-type"].startswith("text/event-stream"):
            text = next(line[5:] for line in text.splitlines() if line.startswith("data:") and "{" in line)
        message = json.loads(text)
        assert "result" in message, message
        result = message["result"]
        return Said("\n".join(block["text"] for block in result["content"]), bool(result.get("isError")))


@dataclass(frozen=True)
class Outside:
    """The process, one good token, the provider it is connected to, and one that nothing may ever be sent to."""

    install: Install
    pid: int
    token: str
    echo: EchoProvider = field(default_factory=EchoProvider)
    evil: EchoProvider = field(default_factory=EchoProvider)
    key: ClassVar[str] = f"echo-key-{secrets.token_hex(12)}"

    @property
    def log(self) -> str:
        return self.install.log.read_text()

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: str | bytes = b"", host: str = "127.0.0.1"
    ) -> Answer:
        """One request, with these headers and no others but Content-Length; `Host` is the port's own if not given."""
        connection = http.client.HTTPConnection(host, self.install.port, timeout=30)
        try:
            raw = body.encode() if isinstance(body, str) else body
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            sent = {"Host": f"localhost:{self.install.port}", **headers, "Content-Length": str(len(raw))}
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders(raw)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read().decode())
        finally:
            connection.close()

    def post(
        self, method: str, params: Mapping[str, Any], path: str = "/mcp", *, host: str = "127.0.0.1", **headers: str
    ) -> Answer:
        """One JSON-RPC request; keyword names become headers, `x_y` as `X-Y`."""
        body, needed = rpc(method, **params)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("POST", path, {"Content-Type": "application/json", **needed, **named}, json.dumps(body), host)

    def call(self, tool: str, **arguments: Any) -> Said:
        """A tool call with a good token."""
        authorization = f"Bearer {self.token}"
        return self.post("tools/call", {"name": tool, "arguments": arguments}, Authorization=authorization).said
