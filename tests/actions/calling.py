"""Calls of one action through the executor alone: a manifest's lines, a provider's answers, what comes of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import yaml
from pydantic import SecretStr

from connectory.actions.executor import Outcome, Paging, Target, Verified
from connectory.actions.http import HttpExecutor
from connectory.actions.watching import Seen
from connectory.catalog.catalog import compile_connector
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Manifest
from connectory.net.address import HostRule
from connectory.net.client import OutboundClient
from connectory.testing.connectors import NOTES_YAML
from connectory.testing.provider import FakeProvider
from connectory.vault.credentials import SecretFields

ORIGIN = "https://api.notes.example"
KEY = "s3cret-token"
Answer = Callable[[httpx2.Request], httpx2.Response]


def connector_with(action: str, top: str = "") -> Connector:
    """Notes with one action, `things`, of the given lines, and further lines of the file's top in place of its own."""
    document = yaml.safe_load(NOTES_YAML)
    usual = {
        "title": "Things",
        "description": "List the things of Notes.",
        "effect": "read",
        "docs": "https://n.example",
    }
    document["actions"] = {"things": {**usual, **yaml.safe_load(action)}}
    return compile_connector(Manifest.model_validate({**document, **(yaml.safe_load(top) or {})}))


class Caller:
    """Calls `things` at a provider that answers by a function."""

    def __init__(
        self, action: str, answer: Answer, top: str = "", *, timeout_s: float = 50.0, most: int = 10_000_000
    ) -> None:
        self.connector = connector_with(action, top)
        self.provider = FakeProvider(answer)
        self._most = most
        self.seen: list[Seen] = []
        self.mount(self.provider)
        credentials = SecretFields(values={"token": SecretStr(KEY)})
        self.target = Target(self.connector, "token", {"id": "cn_1"}, (HostRule(ORIGIN),), credentials, timeout_s)

    def mount(self, transport: httpx2.AsyncBaseTransport) -> None:
        """Let another transport stand for the provider."""
        keys = iter(f"key-{number}" for number in range(100))
        client = OutboundClient(mounts={ORIGIN: transport}, max_response_bytes=self._most)
        self.executor = HttpExecutor(client, new_key=lambda: next(keys), watch=self.seen.append)

    @property
    def sent(self) -> list[httpx2.Request]:
        """What the provider received."""
        return self.provider.requests

    async def call(self, limit: int = 100, page: str | None = None, *, raw: bool = False, **inputs: Any) -> Outcome:
        """Run the action."""
        paging = Paging(limit, page)
        return await self.executor.run(self.target, self.connector.actions["things"], inputs, paging, raw=raw)

    async def preview(self, limit: int = 100, page: str | None = None, **inputs: Any) -> Outcome:
        """Show what the action would send."""
        return await self.executor.preview(self.target, self.connector.actions["things"], inputs, Paging(limit, page))

    async def verify(self) -> Verified:
        """Run the verify call; the provider answers it as anything else at another path than /me."""
        return await self.executor.verify(self.target)


def gives(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> httpx2.Response:
    """An answer: bytes as they are, all else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {"content-type": "application/json", **(headers or {})}
    return httpx2.Response(
        status, content=content, headers=[(name.encode(), value.encode()) for name, value in told.items()]
    )


def in_turn(*responses: httpx2.Response) -> Answer:
    """Give the answers one after the other; the last one stays."""
    left = list(responses)
    return lambda _: (
        left.pop(0)
        if len(left) > 1
        else httpx2.Response(left[0].status_code, content=left[0].content, headers=left[0].headers)
    )


def rows(*ids: int) -> list[dict[str, Any]]:
    """Items with an id."""
    return [{"id": number} for number in ids]
