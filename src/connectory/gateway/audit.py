"""Step 7: the audit line that encloses a call, refusals included (design 7.6).

A write's line is committed as "started" before the write is sent, and finished afterwards even when the caller has
left. All other lines are committed in groups, at most 50 ms late. Argument names and a digest are kept, no values.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import monotonic
from typing import Any, Literal

import structlog

from connectory.errors import ConnectoryError, Fault
from connectory.gateway.cursors import digest
from connectory.identity.principal import Principal
from connectory.vault.audit import AuditLog
from connectory.vault.entities import AuditLine, new_id

GROUP_S = 0.05
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class OpenLine:
    """The line of a call under way; the steps fill in what they learn."""

    line: AuditLine
    _trail: AuditTrail
    started: bool = field(default=False)

    def learn(self, *, connection_id: str | None = None, effect: str | None = None) -> None:
        """Add what a later step found out."""
        self.line = replace(
            self.line, connection_id=connection_id or self.line.connection_id, effect=effect or self.line.effect
        )

    async def start(self) -> None:
        """Commit the line as "started": call it before anything that changes the provider."""
        await self._trail.write_now(self.line)
        self.started = True


class AuditTrail:
    """Writes audit lines; owns the task that commits groups. `aclose` commits what is left."""

    def __init__(self, log: AuditLog, now: Callable[[], datetime]) -> None:
        self._log, self._now = log, now
        self._waiting: list[AuditLine] = []
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def enclose(
        self, principal: Principal, action: str, effect: str, arguments: Mapping[str, Any]
    ) -> AsyncIterator[OpenLine]:
        """Open a line, and close it with the outcome of the block, whatever that is."""
        began = monotonic()
        opened = OpenLine(self._new_line(principal, action, effect, arguments), self)
        outcome: Literal["ok", "error", "refused"] = "error"
        code: str | None = "cancelled"
        try:
            yield opened
            outcome, code = "ok", None
        except ConnectoryError as error:
            outcome, code = (
                "refused" if error.fault in (Fault.RULES, Fault.CALLER, Fault.PERSON) else "error",
                error.code,
            )
            raise
        except Exception:
            code = "internal_error"
            raise
        finally:
            duration_ms = round((monotonic() - began) * 1000)
            line = replace(opened.line, outcome=outcome, code=code, duration_ms=duration_ms)
            await self._close(line, started=opened.started)

    async def write_now(self, line: AuditLine) -> None:
        """Commit one line at once."""
        await self._log.write([line])

    async def flush(self) -> None:
        """Commit the lines that wait."""
        lines, self._waiting = self._waiting, []
        if lines:
            await self._log.write(lines)

    async def aclose(self) -> None:
        """Commit what is left and end the task."""
        if self._task is not None:
            await self._task
        await self.flush()

    async def _close(self, line: AuditLine, *, started: bool) -> None:
        if started:
            done = self._log.finish(line.id, line.outcome, line.code, line.duration_ms)
            await asyncio.shield(asyncio.ensure_future(done))  # the caller may have left; the provider has not
            return
        self._waiting.append(line)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._flush_soon(), name="audit")

    async def _flush_soon(self) -> None:
        await asyncio.sleep(GROUP_S)
        try:
            await self.flush()
        except ConnectoryError as error:
            _log.error("audit lines could not be written", code=error.code, hint=error.hint)

    def _new_line(self, principal: Principal, action: str, effect: str, arguments: Mapping[str, Any]) -> AuditLine:
        return AuditLine(
            id=new_id("au"),
            at=self._now(),
            workspace_id=principal.workspace_id,
            user_id=principal.user_id,
            token_id=principal.token_id,
            connection_id=None,
            action=action[:100],
            effect=effect,
            outcome="started",
            code=None,
            argument_names=tuple(sorted(str(name)[:64] for name in arguments))[:50],
            digest=digest(action, "", arguments),
            duration_ms=None,
        )
