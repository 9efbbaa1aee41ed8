"""Run as a program: processes on one database call at the same instant, by sign-ins whose tokens have ended.

They are forked from one that has imported everything, so that they differ by microseconds. Before them, processes may
be killed at one moment of a refresh. Reads one `Plan` a line, and answers each by a line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa
from tests.e2e.refreshers import CATALOG, Plan

from connectory.auth.oauth.loading import load_flows
from connectory.auth.refresh import Moment, TokenRefresher, pass_on
from connectory.cli.logging import configure_logging
from connectory.errors import ConnectoryError
from connectory.identity.principal import local_principal
from connectory.settings import load_settings
from connectory.wiring import Application, running

Work = Callable[[Callable[[], Awaitable[None]]], Awaitable[object]]
"""What a process does; it is given what waits until all are ready."""


class Forked:
    """A process that makes itself ready, waits, works, and tells what came of it."""

    def __init__(self, work: Work) -> None:
        gate, self._gate = os.pipe()
        reading, writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            self._be(work, gate, writing)
        os.close(gate)
        os.close(writing)
        self._told = os.fdopen(reading)
        assert self._told.readline() == "ready\n", self._told.read()

    def begin(self) -> None:
        """Let it work."""
        os.write(self._gate, b".")

    def end(self) -> tuple[int, Any]:
        """Wait for its end; return the signal that ended it, or 0, and what it told."""
        with self._told as told:
            text = told.read()
        os.close(self._gate)
        _, status = os.waitpid(self._pid, 0)
        return os.WTERMSIG(status), json.loads(text) if text else None

    def _be(self, work: Work, gate: int, writing: int) -> None:
        async def wait() -> None:
            os.write(writing, b"ready\n")
            await asyncio.to_thread(os.read, gate, 1)

        try:
            told = json.dumps(asyncio.run(work(wait)))  # type: ignore[arg-type]  # an async function's result
        except BaseException:  # noqa: BLE001 # told to the test, whatever it is
            told = json.dumps(traceback.format_exc())
        with os.fdopen(writing, "w") as out:
            out.write(told)
        os._exit(0)


def kill_at(dies: str | None) -> Callable[[Moment], None]:
    """Return what ends this process as the kernel does, at one moment; "before the commit" is right before it."""

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def reached(moment: Moment) -> None:
        if moment.value == dies and moment is Moment.STORING:
            sa.event.listen(sa.Engine, "commit", die)  # the new tokens are in the transaction by then
        elif moment.value == dies:
            die()

    return reached


async def call_all(plan: Plan, connections: Sequence[str], calls: int, reached: Any, wait: Any) -> list[list[Any]]:
    """Call the action `calls` times through each connection, all at once."""
    make = partial(TokenRefresher, lease_s=plan.lease_s, reached=reached)
    async with running(load_settings(), catalog=CATALOG, make_refresher=make) as application:
        await wait()
        return await asyncio.gather(*(call(application, name) for name in connections for _ in range(calls)))


async def call(application: Application, connection: str) -> list[Any]:
    """Return through which connection, what came of it, when, and the error's words."""
    principal = await local_principal(application.vault)
    try:
        await application.gateway.call_action(principal, "acme_get_me", {}, connection=connection)
    except ConnectoryError as error:
        return [connection, error.code, time.monotonic(), error.text]
    return [connection, "ok", time.monotonic(), ""]


def carry_out(plan: Plan) -> dict[str, Any]:
    """Kill those who are to die, then let the callers call."""
    dying = plan.connections if plan.dies else []
    victims = [Forked(partial(call_all, plan, [name], 1, kill_at(plan.dies))) for name in dying]
    callers = [Forked(partial(call_all, plan, plan.connections, plan.calls, pass_on)) for _ in range(plan.callers)]
    for one in victims:
        one.begin()
    deaths = [one.end() for one in victims]
    began = time.monotonic()
    for one in callers:
        one.begin()
    told = [one.end()[1] for one in callers]
    crashed = [text for text in told if not isinstance(text, list)]
    outcomes = [[*one[:2], one[2] - began, one[3]] for lines in told if isinstance(lines, list) for one in lines]
    return {"deaths": [signal for signal, _ in deaths], "outcomes": outcomes, "crashed": crashed}


if __name__ == "__main__":
    configure_logging("warning", load_settings())  # to stderr
    asyncio.run(load_flows())
    for line in sys.stdin:
        print(json.dumps(carry_out(Plan(**json.loads(line)))), flush=True)  # noqa: T201 # its result
