"""The audit trail over a log that is slow, locked or refuses a line: no line is lost, no call fails for its line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from structlog.testing import capture_logs
from tests.auth.making import START, Clock, make_people, open_test_vault

from connectory.errors import DatabaseLocked, PolicyDenied
from connectory.gateway.audit import CLOSE_S, AuditTrail
from connectory.identity.principal import Principal
from connectory.vault.audit import AuditLog
from connectory.vault.entities import AuditLine, Outcome, WorkspaceId
from connectory.vault.vault import Vault

MOST = 10  # lines that wait
SOON_S = CLOSE_S - 5  # a moment is meant; the machine may be busy


@dataclass
class SlowLog(AuditLog):
    """The real log behind a gate; locked as often as told."""

    inner: AuditLog
    open: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    locked: int = 0  # how many more times the database takes nothing

    async def write(self, lines: Sequence[AuditLine]) -> None:
        self._refuse_if_locked()
        await self.inner.write(lines)
        self.entered.set()
        await self.open.wait()  # committed, and the caller does not know yet

    async def finish(self, line_id: str, outcome: Outcome, code: str | None, duration_ms: int | None) -> bool:
        self._refuse_if_locked()
        return await self.inner.finish(line_id, outcome, code, duration_ms)

    def _refuse_if_locked(self) -> None:
        if self.locked:
            self.locked -= 1
            raise DatabaseLocked("Locked.")


@dataclass
class Scene:
    """A trail, its log, and who acts."""

    vault: Vault
    log: SlowLog
    trail: AuditTrail
    principal: Principal

    async def act(self, action: str, principal: Principal | None = None, *, starts: bool = False) -> None:
        async with self.trail.enclose(principal or self.principal, action, "write", {"a": 1}) as line:
            if starts:
                await line.start()

    async def lines(self) -> dict[str, str]:
        """Action and outcome of all that is in the log."""
        found = await self.vault.audit.list(self.principal.workspace_id, limit=100)
        return {line.action: line.outcome for line in found}


@asynccontextmanager
async def scene(*, is_open: bool = True) -> AsyncIterator[Scene]:
    async with open_test_vault(Clock()) as vault:
        owner, *_ = await make_people(vault)
        log = SlowLog(vault.audit)
        if is_open:
            log.open.set()
        trail = AuditTrail(log, lambda: START, lambda: ("notes",), key=b"k" * 32, most_waiting=MOST)
        yield Scene(vault, log, trail, owner)
        log.open.set()
        await trail.aclose()


async def test_a_call_cancelled_while_its_start_commits_costs_no_line() -> None:
    async with scene(is_open=False) as s:
        call = asyncio.create_task(s.act("cancelled", starts=True))
        await s.log.entered.wait()
        await s.act("neighbour")
        call.cancel()
        s.log.open.set()
        with pytest.raises(asyncio.CancelledError):
            await call

        await s.trail.flush()

        assert await s.lines() == {"cancelled": "error", "neighbour": "ok"}


async def test_a_call_whose_start_cannot_be_written_fails_before_anything_is_sent_and_is_on_record_later() -> None:
    async with scene() as s:
        s.log.locked = 1

        with pytest.raises(DatabaseLocked):
            await s.act("write", starts=True)

        await s.trail.flush()
        assert await s.lines() == {"write": "error"}


async def test_a_write_that_was_done_does_not_fail_when_its_line_cannot_be_ended() -> None:
    async with scene() as s:
        async with s.trail.enclose(s.principal, "write", "write", {}) as line:
            await line.start()
            s.log.locked = 1
        assert await s.lines() == {"write": "started"}

        await s.trail.flush()

        assert await s.lines() == {"write": "ok"}


async def test_what_a_locked_database_does_not_take_is_kept_in_order_and_told_once() -> None:
    async with scene() as s:
        s.log.locked = 2
        with capture_logs() as logs:
            await s.act("first")
            while s.log.locked:
                with pytest.raises(DatabaseLocked):
                    await s.trail.flush()
            await s.act("second")
            await s.trail.flush()

        assert await s.lines() == {"first": "ok", "second": "ok"}
        assert len(logs) <= 1


async def test_lines_wait_in_bounded_number() -> None:
    async with scene() as s:
        s.log.locked = 1
        for number in range(MOST + 5):
            await s.act(f"a{number}")
        with pytest.raises(DatabaseLocked):
            await s.trail.flush()
        await s.trail.flush()

        kept = await s.lines()

        assert len(kept) == MOST
        assert "a4" not in kept
        assert "a5" in kept


async def test_one_bad_line_does_not_cost_its_neighbours() -> None:
    async with scene() as s:
        nobody = replace(s.principal, workspace_id=WorkspaceId("ws_gone"))
        with capture_logs() as logs:
            await s.act("before")
            await s.act("bad", nobody)
            await s.act("after")
            await s.trail.flush()

        assert await s.lines() == {"before": "ok", "after": "ok"}
        assert [(log["action"], log["log_level"]) for log in logs] == [("bad", "warning")]


async def test_a_line_added_while_others_are_written_is_written_without_a_further_call() -> None:
    async with scene(is_open=False) as s:
        await s.act("first")
        await asyncio.wait_for(s.log.entered.wait(), SOON_S)  # the writer is at it
        await s.act("second")
        s.log.open.set()

        async with asyncio.timeout(SOON_S):
            while await s.lines() != {"first": "ok", "second": "ok"}:
                pass


async def test_closing_writes_what_waits_at_once_and_ends_though_the_database_is_locked() -> None:
    async with scene() as s:
        await s.act("kept")
        await s.trail.aclose()
        assert await s.lines() == {"kept": "ok"}

        s.log.locked = 1000
        await s.act("lost")
        with capture_logs() as logs:
            async with asyncio.timeout(SOON_S):
                await s.trail.aclose()
        assert logs[-1]["lines"] == 1


async def test_what_was_not_done_though_nothing_was_raised_counts_as_refused() -> None:
    async with scene() as s:
        async with s.trail.enclose(s.principal, "sign_in", "write", {}) as line:
            line.refuse("provider_unauthorized")
        await s.trail.flush()

        [found] = await s.vault.audit.list(s.principal.workspace_id)
        assert (found.outcome, found.code) == ("refused", "provider_unauthorized")


async def test_only_a_refusal_leaves_a_line_where_the_deed_itself_is_put_on_record_elsewhere() -> None:
    async with scene() as s:
        async with s.trail.enclose_refusal(s.principal, "disconnect", "destructive", {}):
            pass
        with pytest.raises(PolicyDenied):
            async with s.trail.enclose_refusal(s.principal, "disconnect", "destructive", {}):
                raise PolicyDenied("No.")
        await s.trail.flush()

        assert await s.lines() == {"disconnect": "refused"}
