"""Tokens from Nango: asked for once by all who wait, kept for minutes, never beyond their expiry, in no text."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest
from structlog.testing import capture_logs
from tests.auth.nango.scene import Scene, at_once, scene
from tests.nango.state import Fault

from connectory.auth.nango.client import NangoClient
from connectory.auth.nango.tokens import TokensAtNango
from connectory.auth.nango.way import open_way_out
from connectory.errors import NangoUnavailable, NeedsReconnect, ProviderUnavailable
from connectory.testing.application import make_settings
from connectory.vault.entities import Connection

GET = "/connections/[^/]+"


async def ended(s: Scene) -> Connection:
    """A connection whose first token has ended."""
    connection = await s.connected()
    s.clock.pass_by(hours=2)
    s.nango.state.seen.clear()
    return connection


async def test_a_hundred_at_once_ask_once_and_there_is_one_refresh() -> None:
    async with scene() as s:
        connection = await ended(s)

        tokens = await at_once(100, lambda: s.token(connection))

        assert len(set(tokens)) == 1
        assert str(tokens[0]).startswith("alice")
        assert s.asked("GET", GET) == 1
        assert s.tokens.refreshed == 1


async def test_the_same_token_is_kept_for_five_minutes_and_then_asked_for_again() -> None:
    async with scene() as s:
        connection = await ended(s)
        first = await s.token(connection)
        s.clock.pass_by(minutes=4)
        assert await s.token(connection) == first
        assert s.asked("GET", GET) == 1

        s.clock.pass_by(minutes=2)

        assert await s.token(connection) == first
        assert s.asked("GET", GET) == 2


async def test_a_token_is_not_used_beyond_its_expiry_though_nango_is_down() -> None:
    async with scene() as s:
        s.tokens.lasts_s = 1000.0
        connection = await s.connected()
        assert (await s.token(connection)).startswith("alice")
        s.nango.fail(503, times=50)
        s.clock.pass_by(minutes=12)
        assert (await s.token(connection)).startswith("alice")  # it still lives

        s.clock.pass_by(minutes=6)

        with pytest.raises(NangoUnavailable):
            await s.token(connection)


async def test_a_key_without_an_expiry_is_used_for_a_quarter_of_an_hour_without_nango() -> None:
    async with scene() as s:
        connection = await s.connected(method="token")
        await s.token(connection)
        s.nango.fail(503, times=50)
        s.clock.pass_by(minutes=14)
        assert await s.token(connection) == "alice-key"

        s.clock.pass_by(minutes=2)

        with pytest.raises(NangoUnavailable):
            await s.token(connection)


async def test_a_caller_who_leaves_does_not_end_the_question_of_the_others() -> None:
    async with scene() as s:
        connection = await ended(s)
        may_end = threading.Event()
        late = Fault(200, may_end=may_end)  # an answer that is late, and then none
        s.nango.state.faults.append(late)
        leaving = asyncio.create_task(s.token(connection))
        staying = asyncio.create_task(s.token(connection))
        assert await asyncio.to_thread(late.has_begun.wait, 30)
        leaving.cancel()
        may_end.set()

        outcome = await asyncio.gather(leaving, staying, return_exceptions=True)

        assert isinstance(outcome[0], asyncio.CancelledError)
        assert isinstance(outcome[1], NangoUnavailable)
        assert s.asked("GET", GET) == 1


async def test_a_token_that_the_provider_refuses_is_renewed_by_force_once_for_all() -> None:
    async with scene() as s:
        connection = await s.connected()
        old = await s.token(connection)
        s.provider.is_revoked = True  # the verify call too is answered by 401

        grant = await s.grant(connection)
        renewed = await at_once(20, lambda: s.backend.refresh(grant))

        assert s.tokens.refreshed == 1
        secrets = {one.credentials.secrets()["access_token"].get_secret_value() for one in renewed}
        assert len(secrets) == 1
        assert old not in secrets


async def test_a_good_token_is_never_renewed_by_force_because_of_one_refused_request() -> None:
    """Where a forced refresh fails, Nango hides the good token from everybody for half a minute."""
    async with scene() as s:
        connection = await s.connected()
        await s.token(connection)

        with pytest.raises(NeedsReconnect):
            await s.backend.refresh(await s.grant(connection))

        assert s.tokens.refreshed == 0
        assert (await s.grant(connection)).status.value == "active"


async def test_a_token_that_nango_has_renewed_meanwhile_is_taken_without_force() -> None:
    async with scene() as s:
        connection = await s.connected()
        old = await s.token(connection)
        there = await s.there(connection)
        there.credentials = {**there.credentials, "access_token": "alice-by-the-cron"}
        s.provider.is_revoked = True

        access = await s.backend.refresh(await s.grant(connection))

        assert access.credentials.secrets()["access_token"].get_secret_value() == "alice-by-the-cron" != old
        assert s.tokens.refreshed == 0


async def test_a_typed_key_that_is_refused_cannot_be_renewed() -> None:
    async with scene() as s:
        connection = await s.connected(method="token")
        s.provider.is_revoked = True

        with pytest.raises(NeedsReconnect, match="cannot renew"):
            await s.backend.refresh(await s.grant(connection))


async def test_a_forced_refresh_that_fails_leaves_the_token_that_others_use() -> None:
    async with scene() as s:
        connection = await s.connected()
        old = await s.token(connection)
        s.provider.is_revoked = s.tokens.refuses = True

        with pytest.raises(ProviderUnavailable):
            await s.backend.refresh(await s.grant(connection))

        assert await s.token(connection) == old  # from memory: Nango would hide it now


async def test_no_token_stands_in_a_log_or_an_error_s_text() -> None:
    async with scene() as s:
        with capture_logs() as logs, at_level(logging.DEBUG) as records:
            connection = await ended(s)
            s.tokens.refuses = True
            texts = [str(one) for one in await at_once(3, lambda: s.token(connection))]
        there = await s.there(connection)
        secrets = [there.credentials["access_token"], there.credentials["refresh_token"], s.environment.key]
        written = f"{logs}{texts}{records}"

        assert not [one for one in secrets if one in written]


async def test_nothing_is_kept_after_the_end() -> None:
    async with scene() as s:
        connection = await s.connected()
        settings = make_settings(NANGO_SECRET_KEY=s.environment.key, NANGO_HOST=s.nango.origin)
        out = open_way_out(settings)
        tokens = TokensAtNango(NangoClient(out, settings), s.clock)
        reference = await s.reference(connection)
        assert await tokens.get(reference, valid_for_s=60) is not None

        await tokens.aclose()
        await out.aclose()

        assert tokens.kept(reference) is None


async def test_where_the_key_may_not_read_credentials_the_error_names_scope_and_way_out() -> None:
    async with scene() as s:
        connection = await s.connected()
        allowed = ("integrations:list", "connections:list", "connections:read", "connect_sessions:write")
        s.environment.keys[s.environment.key] = frozenset(f"environment:{one}" for one in allowed)
        s.clock.pass_by(minutes=10)

        with pytest.raises(Exception, match="read_credentials") as refusal:
            await s.token(connection)

        assert "NANGO_PROXY=always" in getattr(refusal.value, "hint", "")
        assert (await s.grant(connection)).status.value == "active"


async def test_by_the_proxy_no_credential_comes_here_unless_a_call_needs_it() -> None:
    async with scene(NANGO_PROXY="always") as s:
        connection = await s.connected()
        grant = await s.grant(connection)

        carried = await s.backend.access(grant, valid_for_s=60)
        direct = await s.backend.access(grant, valid_for_s=60, direct=True)

        assert (carried.route, carried.credentials) == ("nango_proxy", await s.reference(connection))
        assert (direct.route, list(direct.credentials.secrets())) == ("direct", ["access_token"])


async def test_by_the_proxy_a_key_that_may_not_read_credentials_will_do() -> None:
    async with scene(NANGO_PROXY="always") as s:
        scopes = ("integrations:list", "connections:list", "connections:read", "connect_sessions:write", "proxy")
        s.environment.keys[s.environment.key] = frozenset(f"environment:{one}" for one in scopes)
        connection = await s.connected()

        assert (await s.grant(connection)).account_name == "user-alice"
        assert (await s.backend.access(await s.grant(connection), valid_for_s=60)).route == "nango_proxy"


class at_level(logging.Handler):  # noqa: N801 # it reads as a block
    """What is logged by the standard library meanwhile."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def __enter__(self) -> list[str]:
        root = logging.getLogger()
        self._before = root.level
        root.setLevel(self.level)
        root.addHandler(self)
        return self.lines

    def __exit__(self, *_: object) -> None:
        root = logging.getLogger()
        root.removeHandler(self)
        root.setLevel(self._before)
