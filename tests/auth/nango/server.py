"""A Nango to run the client against: the double, or the real server that `NANGO_HOST` and `NANGO_SECRET_KEY` name.

What is made begins with a name of its own, and is removed at the end, whatever failed.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx2
from pydantic import SecretStr
from tests.nango.serving import NangoDouble, nango_double
from tests.nango.talking import PREFIX

from connectory.auth.nango.client import NangoClient
from connectory.auth.nango.models import NangoApp, NangoSession
from connectory.auth.nango.way import open_way_out
from connectory.settings import Settings

NEEDED = 30  # requests of one test
APP = NangoApp(
    type="OAUTH2", client_id="an-id", client_secret=SecretStr("s3cret-of-the-app"), scopes=("repo", "read:user")
)
OAUTH1_APP = NangoApp(type="OAUTH1", client_id="an-id", client_secret=SecretStr("s3cret-of-the-app"))
TBA_APP = NangoApp(type="TBA", client_id="an-id", client_secret=SecretStr("s3cret-of-the-app"))


@dataclass(frozen=True)
class Place:
    """Where a Nango is, and the key of one of its environments."""

    host: str
    key: str = field(repr=False)
    double: NangoDouble | None = None

    def settings(self, **more: Any) -> Settings:
        """Our settings for it."""
        return Settings.model_validate({"NANGO_HOST": self.host, "NANGO_SECRET_KEY": self.key, **more})


@dataclass
class Bench:
    """A client, and names for what a test makes with it."""

    place: Place
    client: NangoClient
    prefix: str

    def name(self, word: str) -> str:
        """An integration's key that is removed at the end."""
        return f"{self.prefix}{word}"

    async def integration(self, provider: str, app: NangoApp | None = None) -> str:
        """Make an integration; returns its key."""
        await self.client.create_integration(self.name(provider), provider, app=app)
        return self.name(provider)

    async def imported(self, provider: str, credentials: Mapping[str, Any], **more: Any) -> tuple[str, str]:
        """Make an integration with a connection; returns id and key."""
        key = await self.integration(provider, more.pop("app", None))
        connection = await self.client.import_connection(key, credentials, **more)
        return connection.connection_id, key

    async def sign_in_by_key(self, session: NangoSession, integration: str, key: str) -> str:
        """Type an API key as a person does on Nango's page; returns the connection's id."""
        query = {"connect_session_token": session.token.get_secret_value()}
        async with httpx2.AsyncClient(base_url=self.place.host, trust_env=False, verify=False, timeout=60) as browser:
            done = await browser.post(f"/api-auth/api-key/{integration}", params=query, json={"apiKey": key})
        assert done.status_code == 200, done.text
        return str(done.json()["connectionId"])


@contextmanager
def some_place() -> Iterator[Place]:
    """The server at hand, else the double."""
    key = os.environ.get("NANGO_SECRET_KEY")
    if key:
        yield Place(os.environ.get("NANGO_HOST", "http://localhost:3003").rstrip("/"), key)
        return
    with nango_double() as double:
        yield Place(double.origin, double.dev.key, double)


async def _wait_for_room(place: Place) -> None:
    """A real server counts what is asked in a minute: begin no test that would meet its limit in the middle."""
    if place.double is not None:
        return
    headers = {"authorization": f"Bearer {place.key}"}
    async with httpx2.AsyncClient(
        base_url=place.host, trust_env=False, verify=False, headers=headers, timeout=60
    ) as asking:
        answer = await asking.get("/providers/exa")
    if int(answer.headers.get("x-ratelimit-remaining", "1000")) < NEEDED:
        await asyncio.sleep(max(0.0, float(answer.headers["x-ratelimit-reset"]) - time.time()) + 1)


@asynccontextmanager
async def bench(place: Place, **more: Any) -> AsyncIterator[Bench]:
    """A client of the place; then whatever integration has the test's name is deleted, with its connections."""
    settings = place.settings()
    out = open_way_out(settings)
    made = Bench(place, NangoClient(out, settings, **more), f"{PREFIX}{uuid4().hex[:8]}-")
    await _wait_for_room(place)
    try:
        yield made
    finally:
        for row in await made.client.integrations():
            if row.integration.startswith(made.prefix):
                await made.client.delete_integration(row.integration)
        await out.aclose()
