"""Step 7: the audit line that encloses a call, refusals included (design 7.6).

A write's line is committed as "started" before the write is sent, and finished afterwards even when the caller has
left. All other lines are committed in groups, at most 50 ms late. Argument names and a digest are kept, no values.
What the database does not take at once waits for it, within bounds: a call never fails for its line's end.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic
from typing import Any

import structlog

from connectory.errors import BadInput, ConnectoryError
from connectory.gateway.cursors import digest
from connectory.identity.principal import Principal
from connectory.vault.audit import AuditLog
from connectory.vault.entities import AuditLine, Outcome, new_id

GROUP_S = 0.05
RETRY_S = 1.0  # between two tries while the database takes nothing
MOST_WAITING = 10_000  # lines; beyond it the oldest are given up
CLOSE_S = 15.0  # a little more than a lock is waited for
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class OpenLine:
    """The line of a call under way; the steps fill in what they learn."""

    line: AuditLine
    _trail: AuditTrail
    done: Outcome = "ok"  # what the block comes to if nothing is raised
    code: str | None = None
    starting: asyncio.Task[None] | None = None

    def learn(
        self, *, connection_id: str | None = None, connector: str | None = None, effect: str | None = None
    ) -> None:
        """Add what a later step found out."""
        known = self.line
        self.line = replace(
            known,
            connection_id=connection_id or known.connection_id,
            connector=connector or known.connector,
            effect=effect or known.effect,
        )

    def refuse(self, code: str) -> None:
        """Note that the block ends without an error, and yet what was asked for was not done."""
        self.done, self.code = "refused", code

    def preview(self) -> None:
        """Note that the block only shows what would be sent: a read, and no use of the connection."""
        self.learn(effect="read")
        self.done = "previewed"

    async def start(self) -> None:
        """Commit the line as "started": call it before anything that changes the provider.

        A caller who is cancelled meanwhile does not undo it. Raises `SetupError` leaves where it cannot be written.
        """
        self.starting = self._trail.own(self._trail.write_now(self.line))
        await asyncio.shield(self.starting)


class AuditTrail:
    """Writes audit lines, and owns the tasks that do. `aclose` commits what is left."""

    def __init__(
        self,
        log: AuditLog,
        now: Callable[[], datetime],
        connectors: Callable[[], Collection[str]],
        *,
        key: bytes,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._log, self._now, self._digest_key = log, now, key
        self._connectors = connectors
        self._waiting: deque[_Waiting] = deque(maxlen=most_waiting)
        self._owned: set[asyncio.Task[None]] = set()
        self._writer: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()  # one group at a time: after `flush` all earlier lines are there
        self._closing = asyncio.Event()
        self._is_failing = False

    @asynccontextmanager
    async def enclose(
        self, principal: Principal, action: str, effect: str, arguments: Mapping[str, Any]
    ) -> AsyncIterator[OpenLine]:
        """Open a line, and close it with the outcome of the block, whatever that is."""
        began = monotonic()
        opened = OpenLine(self._new_line(principal, action, effect, arguments), self)
        outcome: Outcome = "error"
        code: str | None = "cancelled"
        try:
            yield opened
            outcome, code = opened.done, opened.code
        except ConnectoryError as error:
            is_refusal = error.fault in ("rules", "caller", "person")
            outcome, code = "refused" if is_refusal else "error", error.code
            raise
        except Exception:
            code = "internal_error"
            raise
        finally:
            duration_ms = round((monotonic() - began) * 1000)
            line = replace(opened.line, outcome=outcome, code=code, duration_ms=duration_ms)
            if opened.starting is None:
                self._keep(_Waiting(line, is_started=False))
            else:  # the caller may have left; the provider has not
                await asyncio.shield(self.own(self._finish_started(opened.starting, line)))

    @asynccontextmanager
    async def enclose_refusal(
        self, principal: Principal, action: str, effect: str, arguments: Mapping[str, Any]
    ) -> AsyncIterator[None]:
        """Leave a line only if the block raises: what goes through is put on record by whoever does it."""
        try:
            yield
        except ConnectoryError:
            async with self.enclose(principal, action, effect, arguments):
                raise

    async def write_now(self, line: AuditLine) -> None:
        """Commit one line at once."""
        await self._log.write([line])

    async def flush(self) -> None:
        """Commit the lines that wait; what the database does not take waits on. Raises `SetupError` leaves then."""
        await asyncio.shield(self.own(self._write()))

    async def aclose(self) -> None:
        """Commit what is left, in one try and limited time, and end the tasks."""
        self._closing.set()
        try:
            async with asyncio.timeout(CLOSE_S):
                if self._owned:
                    await asyncio.wait(set(self._owned))
                await self.flush()
        except (ConnectoryError, TimeoutError) as error:
            _log.error("audit lines were lost at the end", lines=len(self._waiting), reason=type(error).__name__)

    def own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task that goes on when the caller leaves, and that `aclose` waits for."""
        task = asyncio.create_task(work, name="audit")
        self._owned.add(task)
        task.add_done_callback(self._owned.discard)
        return task

    async def _finish_started(self, starting: asyncio.Task[None], line: AuditLine) -> None:
        """End a line whose start was asked for, whether that succeeded or not."""
        await asyncio.wait({starting})
        is_started = not starting.cancelled() and starting.exception() is None
        try:
            if is_started:
                await self._finish(line)
        except ConnectoryError:  # what the provider did is done: the end of the line waits, the call does not fail
            is_ended = False
        else:
            is_ended = is_started
        if not is_ended:
            self._keep(_Waiting(line, is_started))

    def _keep(self, waiting: _Waiting) -> None:
        self._waiting.append(waiting)
        if self._writer is None or self._writer.done():
            self._writer = self.own(self._write_soon())

    async def _write_soon(self) -> None:
        """Write as long as lines wait: one that comes while others are written must not wait for the one after it."""
        pause_s = GROUP_S
        while self._waiting:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), pause_s)
            try:
                await self.flush()
                pause_s, self._is_failing = GROUP_S, False
            except ConnectoryError as error:
                if not self._is_failing:
                    _log.error("audit lines cannot be written; they wait", code=error.code, hint=error.hint)
                pause_s, self._is_failing = RETRY_S, True
                if self._closing.is_set():
                    return

    async def _write(self) -> None:
        """Write all that waits; what fails by the database's fault, and what is behind it, goes on waiting."""
        async with self._turn:
            left, self._waiting = self._waiting, deque(maxlen=self._waiting.maxlen)
            try:
                left = await self._insert_new(left)
                while left:
                    await self._write_alone(left[0])
                    left.popleft()
            finally:
                self._waiting = deque([*left, *self._waiting], self._waiting.maxlen)

    async def _insert_new(self, waiting: deque[_Waiting]) -> deque[_Waiting]:
        """Insert in one transaction what is not in the log, and return the rest: all of them, if one was bad."""
        try:
            await self._log.write([one.line for one in waiting if not one.is_started])
        except BadInput:  # such as a line whose workspace has gone: that must not cost the others
            return waiting
        return deque(one for one in waiting if one.is_started)

    async def _write_alone(self, one: _Waiting) -> None:
        try:
            await (self._finish(one.line) if one.is_started else self._log.write([one.line]))
        except BadInput as error:
            _log.warning(
                "an audit line could not be kept", action=one.line.action, outcome=one.line.outcome, code=error.code
            )

    async def _finish(self, line: AuditLine) -> None:
        await self._log.finish(line.id, line.outcome, line.code, line.duration_ms)

    def _new_line(self, principal: Principal, action: str, effect: str, arguments: Mapping[str, Any]) -> AuditLine:
        named = arguments.get("connector")  # of whatever else a caller writes there no value is kept
        return AuditLine(
            id=new_id("au"),
            at=self._now(),
            workspace_id=principal.workspace_id,
            user_id=principal.user_id,
            token_id=principal.token_id,
            connection_id=None,
            connector=named if isinstance(named, str) and named in self._connectors() else None,
            action=action[:100],
            effect=effect,
            outcome="started",
            code=None,
            argument_names=tuple(sorted(str(name)[:64] for name in arguments))[:50],
            digest=digest(self._digest_key, action, "", arguments),
            duration_ms=None,
        )


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A line that the log does not hold as it is yet: not at all, or as "started" still."""

    line: AuditLine
    is_started: bool
