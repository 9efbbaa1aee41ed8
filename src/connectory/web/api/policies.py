"""`policies`: what agents may do in the workspace, as a user, with a token."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from connectory.vault.entities import PolicyEffect
from connectory.web.api.callers import ApiRoute, By
from connectory.web.api.shapes import PolicyBody, PolicyInfo, Success
from connectory.web.api.views import view_policy

router = APIRouter(prefix="/api/workspace/{slug}/policies", route_class=ApiRoute, tags=["policies"])


@router.get("")
async def list_policies(by: By) -> list[PolicyInfo]:
    """The workspace's rules for owners; for everybody else those that concern them."""
    return [view_policy(rule) for rule in await by.services.policies.list(by.principal)]


@router.post("", status_code=201)
async def add_policies(by: By, body: PolicyBody) -> list[PolicyInfo]:
    """Add one rule for each pattern."""
    added = await by.services.policies.add(
        by.principal, PolicyEffect(body.effect), body.patterns, user=body.user, token=body.token
    )
    return [view_policy(rule) for rule in added]


@router.delete("/{policyId}")
async def remove_policy(by: By, policy_id: Annotated[str, Path(alias="policyId", max_length=100)]) -> Success:
    """Remove one rule; owners only, since that widens what is allowed, and never by a token that the rule concerns."""
    await by.services.policies.remove(by.principal, policy_id)
    return Success()
