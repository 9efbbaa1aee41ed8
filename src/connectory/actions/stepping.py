"""The requests of a call that come before its own (`steps`, design 4.2): each gives what the next ones need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectory.actions.answers import Reading, Reply
from connectory.actions.expressions import evaluate
from connectory.actions.sending import Exchange, Plan
from connectory.catalog.manifest import Answer, Step
from connectory.errors import UnexpectedResponse

READS = ("GET", "HEAD")


async def take_steps(exchange: Exchange, plan: Plan, reading: Reading, steps: Sequence[Step]) -> Plan:
    """Send the steps, one after the other, and return `plan` with what they gave.

    Raises what a call of the action raises; then nothing further is sent.
    """
    for step in steps:
        graphql = step.request.graphql is not None
        answer = Answer.model_validate({"as": step.kind})
        request = replace(plan, request=step.request, key=None).prepared()
        read = replace(reading, rules=replace(reading.rules, is_graphql=graphql), answer=answer, is_raw=False)
        reply = await exchange.ask(request, read, may_repeat=step.request.method in READS or None)
        plan = replace(plan, values=replace(plan.values, steps={**plan.values.steps, **_kept(step, reply, reading)}))
    return plan


def _kept(step: Step, reply: Reply, reading: Reading) -> Mapping[str, Any]:
    kept = {name: evaluate(path, reply.body) for name, path in step.keep.items()}
    lacking = next((name for name, value in kept.items() if value is None), None)
    if lacking is not None:
        raise UnexpectedResponse(
            f"{reading.title} answered without the {lacking} that the next request needs.", hint="Try again."
        )
    return kept
