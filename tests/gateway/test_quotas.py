"""Allowances: counted per user, refused with the time at which they grow back, and by no thread."""

from __future__ import annotations

import threading

import pytest
from tests.gateway.windows import early_in_a_minute

from connectory.errors import QuotaExceeded
from connectory.gateway.quotas import Quotas
from connectory.identity.principal import Principal
from connectory.testing.application import make_settings
from connectory.vault.entities import Role, UserId, WorkspaceId


def principal(user: str) -> Principal:
    return Principal(WorkspaceId("ws_1"), UserId(user), Role.OWNER)


async def test_each_user_has_an_allowance_of_their_own_and_calls_do_not_use_up_links() -> None:
    quotas = Quotas(make_settings(CONNECTORY_CALLS_PER_MINUTE="2", CONNECTORY_LINKS_PER_HOUR="1"))
    ann, bob = principal("us_ann"), principal("us_bob")
    await early_in_a_minute()

    await quotas.use_call(ann)
    await quotas.use_call(ann)
    with pytest.raises(QuotaExceeded, match="2 calls per minute") as refusal:
        await quotas.use_call(ann)

    assert refusal.value.retry_after_s is not None
    assert 1 <= refusal.value.retry_after_s <= 120
    await quotas.use_call(bob)
    await quotas.use_link(ann)
    with pytest.raises(QuotaExceeded, match="1 links per hour"):
        await quotas.use_link(ann)


async def test_counting_starts_no_thread() -> None:
    quotas, ann = Quotas(make_settings()), principal("us_ann")

    await quotas.use_call(ann)

    assert not any(isinstance(thread, threading.Timer) for thread in threading.enumerate())
