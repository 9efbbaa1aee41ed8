"""Processes that refresh together (`refreshing_together.py`), and the sign-ins whose tokens have ended."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx2
from pydantic import SecretStr
from tests.auth.oauth.acme import ACME_YAML, Acme
from tests.e2e.programs import ROOT
from tests.oauth_servers.oidc import SECRET, OidcServer

from connectory.auth.refresh import LEASE_S
from connectory.identity.principal import local_principal
from connectory.settings import load_settings
from connectory.testing.connectors import make_catalog, make_connector
from connectory.vault.credentials import OAuthTokens
from connectory.vault.entities import Connection, Grant
from connectory.vault.grants import GrantStore
from connectory.wiring import Application, running

CATALOG = make_catalog(make_connector(ACME_YAML))
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Plan:
    """`callers` processes, each with `calls` through each connection, all at once.

    With `dies`, one process per connection goes before them, and is killed at that moment of its refresh.
    """

    connections: Sequence[str]
    callers: int
    calls: int
    lease_s: float = LEASE_S
    dies: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of one call, so many seconds after those who were killed had died."""

    connection: str
    code: str
    after_s: float
    text: str


@dataclass(frozen=True)
class Told:
    """What came of a plan: the signals that killed, and the calls."""

    deaths: Sequence[int]
    outcomes: Sequence[Outcome]

    def codes(self) -> Counter[str]:
        """How often each code, or "ok", came."""
        return Counter(one.code for one in self.outcomes)

    def last_s(self) -> float:
        """When the last call had its answer."""
        return max(one.after_s for one in self.outcomes)


@dataclass(frozen=True)
class SignIn:
    """A connection, and the refresh token that it begins with."""

    name: str
    refresh_token: str


@dataclass(frozen=True)
class Fleet:
    """The program, its database and the authorization server."""

    server: OidcServer
    environment: Mapping[str, str]
    program: subprocess.Popen[str]

    async def sign_in(self, count: int) -> list[SignIn]:
        """Sign `count` people in, and let their access tokens have ended."""
        async with (
            running(load_settings(self.environment), catalog=CATALOG) as application,
            httpx2.AsyncClient() as unused,
        ):
            principal = await local_principal(application.vault)
            there = len(await application.auth.list_connections(principal))
            browser = Acme(self.server, application, principal, unused)
            names = [f"p{there + number}" for number in range(count)]
            done = [await browser.connected(name, alias=name) for name in names]
            return [await _let_end(application, one.connection) for one in done]

    async def carry_out(self, plan: Plan) -> Told:
        """Let the processes do it."""
        told = json.loads(await asyncio.to_thread(self._answer, json.dumps(asdict(plan))))
        assert not told["crashed"], told["crashed"][0]
        return Told(told["deaths"], [Outcome(*one) for one in told["outcomes"]])

    def asked(self, sign_in: SignIn) -> list[int | None]:
        """The statuses of the answers to token requests with the first refresh token of a sign-in."""
        requests = self.server.requests()
        return [one.status for one in requests if one.body.get("refresh_token") == sign_in.refresh_token]

    def _answer(self, line: str) -> str:
        assert self.program.stdin is not None
        assert self.program.stdout is not None
        self.program.stdin.write(f"{line}\n")
        self.program.stdin.flush()
        return self.program.stdout.readline()


@contextmanager
def running_fleet(server: OidcServer, store: Mapping[str, str]) -> Iterator[Fleet]:
    """Start the program on the database that the settings in `store` name."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = {
        "ACME_CLIENT_ID": "connectory",
        "ACME_CLIENT_SECRET": SECRET,
        "CONNECTORY_ALLOW_HOSTS": urlsplit(server.issuer).netloc,
        "CONNECTORY_CALLS_PER_MINUTE": "100000",
        "CONNECTORY_LINKS_PER_HOUR": "100000",
        **store,
    }
    command = [sys.executable, "-m", "tests.e2e.refreshing_together"]
    with subprocess.Popen(
        command, cwd=ROOT, env={**kept, **environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        yield Fleet(server, environment, program)


async def _let_end(application: Application, connection: Connection) -> SignIn:
    """Make the access token one that was given two hours ago, has ended an hour ago, and is not taken any more."""
    vault, now = application.vault, datetime.now(UTC)
    grant = await _grant(application, connection)
    tokens = await vault.grants.open_credentials(grant)
    assert isinstance(tokens, OAuthTokens)
    assert tokens.refresh_token is not None
    ended = tokens.model_copy(update={"access_token": SecretStr("an-ended-token"), "expires_at": now - HOUR})
    two_hours_ago = GrantStore(vault.database, vault.keys, lambda: now - 2 * HOUR)
    await two_hours_ago.replace_credentials(grant, ended, expires_at=ended.expires_at)
    return SignIn(f"acme/{connection.alias}", tokens.refresh_token.get_secret_value())


async def _grant(application: Application, connection: Connection) -> Grant:
    found = await application.vault.grants.get(connection.workspace_id, connection.grant_id)
    assert found is not None
    return found
