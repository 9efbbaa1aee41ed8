"""Grants whose tokens expire, in a vault in memory, and a provider that renews them as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import SecretStr
from tests.auth.making import Clock, Sleep, open_test_vault
from tests.vault.rows import Place, bound_session, make_place, new_session, signed_in

from connectory.auth.refresh import Renewed, TokenRefresher
from connectory.vault.credentials import Credentials, OAuthTokens
from connectory.vault.entities import Grant, GrantId, new_id
from connectory.vault.grants import GrantStore
from connectory.vault.vault import Vault

HOUR_S = 3600.0


@dataclass
class RenewingProvider:
    """Hands out tokens numbered by the requests; waits behind `gate`, then fails while it has a `failure`."""

    clock: Clock
    life_s: float | None = HOUR_S
    failure: BaseException | None = None
    asked: list[OAuthTokens] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    began: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def renew(self, grant: Grant, credentials: Credentials) -> Renewed:
        assert isinstance(credentials, OAuthTokens)
        self.asked.append(credentials)
        number = len(self.asked)
        self.began.set()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        tokens = make_tokens(
            self.clock, f"at-{number}", f"rt-{number}", life_s=self.life_s, entered=credentials.entered
        )
        return Renewed(tokens, tokens.expires_at)


@dataclass
class Renewing:
    """What a test of refreshing touches. Each refresher stands for a process."""

    vault: Vault
    place: Place
    clock: Clock
    provider: RenewingProvider

    def process(self, *, grants: GrantStore | None = None, **more: Any) -> TokenRefresher:
        more = {"sleep": Sleep(), **more}
        return TokenRefresher(grants or self.vault.grants, self.provider.renew, self.clock, **more)

    async def grant(self, *, left_s: float = 0.0, **tokens: Any) -> Grant:
        """A sign-in whose token, given for an hour unless `life_s` says otherwise, lasts for `left_s` more."""
        session = await bound_session(self.vault, new_session(self.place, alias=new_id("cn")[-8:]))
        given = make_tokens(self.clock, **tokens)
        if given.lifetime_s is not None:
            given = given.model_copy(update={"expires_at": self.clock() + timedelta(seconds=left_s)})
        done = await self.vault.sessions.finish(
            session, signed_in(credentials=given, backend="builtin", expires_at=given.expires_at)
        )
        return await self._stored(done.connections[0].grant_id)

    async def row(self, grant: Grant) -> Grant:
        """The row as it stands."""
        return await self._stored(grant.id)

    async def lease_elsewhere(self, grant: Grant, seconds: float = 30.0) -> None:
        """Let another process, which is not seen here, have the lease."""
        assert await self.vault.grants.take_lease(grant, "another", until=self.clock() + timedelta(seconds=seconds))

    async def store_elsewhere(self, grant: Grant, access: str = "at-other") -> Grant:
        """Let another process store what it got."""
        tokens = make_tokens(self.clock, access, "rt-other")
        return await self.vault.grants.replace_credentials(grant, tokens, expires_at=tokens.expires_at)

    async def _stored(self, grant_id: GrantId) -> Grant:
        found = await self.vault.grants.get(self.place.workspace_id, grant_id)
        assert found is not None
        return found


@asynccontextmanager
async def renewing() -> AsyncIterator[Renewing]:
    """Build it, and close the vault at the end."""
    clock = Clock()
    async with open_test_vault(clock) as vault:
        yield Renewing(vault, await make_place(vault), clock, RenewingProvider(clock))


def make_tokens(
    clock: Callable[[], Any],
    access: str = "at-0",
    refresh: str | None = "rt-0",
    *,
    life_s: float | None = HOUR_S,
    entered: Any = None,
) -> OAuthTokens:
    """Tokens as a provider gives them now."""
    return OAuthTokens(
        access_token=SecretStr(access),
        refresh_token=SecretStr(refresh) if refresh is not None else None,
        expires_at=None if life_s is None else clock() + timedelta(seconds=life_s),
        lifetime_s=life_s,
        entered=entered or {},
    )


def access_of(credentials: Credentials) -> str:
    """The access token in clear."""
    assert isinstance(credentials, OAuthTokens)
    return credentials.access_token.get_secret_value()
