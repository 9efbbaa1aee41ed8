"""Ask further for each item of a list whose items are bare (`expand`, design 4.6): a few at once, with an end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from connectory.actions.answers import Reading, Reply
from connectory.actions.expressions import evaluate_or_none, is_true
from connectory.actions.listing import Listing
from connectory.actions.sending import Exchange, Plan, beside, is_heavy
from connectory.catalog.manifest import Answer, Expand
from connectory.errors import ConnectoryError, ProviderUnauthorized, RateLimited

AT_ONCE = 4
MOST_REQUESTS = 100  # of one call


@dataclass(frozen=True, slots=True)
class _Slot:
    """An item that is to be expanded, and where what comes belongs."""

    raw: Any  # as the provider gave it: what `{each}` stands for
    values: list[Any]
    index: int


async def expand(exchange: Exchange, plan: Plan, reading: Reading, spec: Expand, listing: Listing) -> None:
    """Put what comes for each item into `listing.values`; what could not be read stays bare, and a note says so.

    Raises `ProviderUnauthorized`: then the sign-in is at fault and not an item.
    """
    rules = replace(reading.rules, is_graphql=spec.request.graphql is not None, is_read=True)
    answer = Answer(items=spec.items, item=spec.item)
    details = _Details(
        exchange, replace(plan, request=spec.request, key=None), replace(reading, rules=rules, answer=answer), spec
    )
    level = [_Slot(raw, listing.values, index) for index, raw in enumerate(listing.items)]
    for _ in range(spec.depth):
        level = await details.read(level)
    listing.notes += details.notes()


class _Details:
    """The further requests of one call, and how they went."""

    def __init__(self, exchange: Exchange, plan: Plan, reading: Reading, spec: Expand) -> None:
        self._exchange, self._plan, self._reading, self._spec = exchange, plan, reading, spec
        self._due = self._sent = self._cut = 0
        self._failures: list[ConnectoryError] = []
        self._stopped = ""  # why nothing further is asked for
        self._fatal: ProviderUnauthorized | None = None

    async def read(self, level: list[_Slot]) -> list[_Slot]:
        """Expand one level of items; return the next one's, which are those that came."""
        due = await beside(len(level) > MOST_REQUESTS, lambda: [slot for slot in level if self._is_due(slot)])
        self._due += len(due)
        below: dict[int, list[_Slot]] = {}
        waiting = iter(enumerate(due))
        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(AT_ONCE, len(due))):
                tasks.create_task(self._work(waiting, below))
        if self._fatal is not None:
            raise self._fatal
        return [slot for number in sorted(below) for slot in below[number]]

    def notes(self) -> Iterator[str]:
        """Say what stayed bare, and why."""
        if self._failures:
            yield f"{len(self._failures)} of {self._due} could not be read: {self._failures[0].text}"
        if self._cut:
            yield f"{self._cut} of {self._due} have more than came: only their first page is shown."
        if self._due > self._sent:
            yield f"{self._due - self._sent} of {self._due} were not asked for: {self._stopped}"

    async def _work(self, waiting: Iterator[tuple[int, _Slot]], below: dict[int, list[_Slot]]) -> None:
        for number, slot in waiting:
            if self._must_stop():
                return
            self._sent += 1
            try:
                request = replace(self._plan, values=self._plan.values.with_each(slot.raw)).prepared()
                reply = await self._exchange.ask(request, self._reading, ends_at=self._exchange.further_ends_at)
                has_more = await beside(is_heavy(reply.response.body), partial(self._has_more, reply.body))
            except ProviderUnauthorized as error:
                self._fatal = error
            except ConnectoryError as error:
                self._failures.append(error)
                if isinstance(error, RateLimited):
                    self._stopped = "the provider wants fewer requests."
            else:
                below[number] = self._place(slot, reply)
                self._cut += has_more

    def _is_due(self, slot: _Slot) -> bool:
        return self._spec.when is None or is_true(evaluate_or_none(self._spec.when, slot.raw))

    def _has_more(self, body: Any) -> bool:
        return self._spec.more is not None and is_true(evaluate_or_none(self._spec.more, body))

    def _must_stop(self) -> bool:
        if self._sent >= MOST_REQUESTS:
            self._stopped = f"one call asks for at most {MOST_REQUESTS}; use a smaller limit."
        elif asyncio.get_running_loop().time() >= self._exchange.further_ends_at:
            self._stopped = "the call's time was over; use a smaller limit."
        elif self._exchange.is_full:
            self._stopped = "the answers would be too large together; use a smaller limit."
        return bool(self._stopped) or self._fatal is not None

    def _place(self, slot: _Slot, reply: Reply) -> list[_Slot]:
        """Put what came where it belongs; return the items in it."""
        values, index, into = slot.values, slot.index, self._spec.into
        if into is None:
            values[index] = reply.value
        else:
            bare = values[index]
            values[index] = {**(bare if isinstance(bare, dict) else {"item": bare}), into: reply.value}
        if reply.items is None:
            return []
        return [_Slot(raw, reply.value, number) for number, raw in enumerate(reply.items)]
