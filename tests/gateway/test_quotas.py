"""Allowances: counted per user, refused with the time at which they grow back, and by no thread."""

from __future__ import annotations

import threading

import pytest

from connectory.errors import QuotaExceeded
from connectory.gateway.quotas import Quotas
from connectory.gateway.windows import LoopStorage
from connectory.identity.principal import Principal
from connectory.testing.application import make_settings
from connectory.vault.entities import Role, UserId, WorkspaceId


def principal(user: str) -> Principal:
    return Principal(WorkspaceId("ws_1"), UserId(user), Role.OWNER)


def test_each_user_has_an_allowance_of_their_own_and_calls_do_not_use_up_links() -> None:
    quotas = Quotas(make_settings(CONNECTORY_CALLS_PER_MINUTE="2", CONNECTORY_LINKS_PER_HOUR="1"))
    ann, bob = principal("us_ann"), principal("us_bob")

    quotas.use_call(ann)
    quotas.use_call(ann)
    with pytest.raises(QuotaExceeded, match="2 calls per minute") as refusal:
        quotas.use_call(ann)

    assert refusal.value.retry_after_s is not None
    assert 1 <= refusal.value.retry_after_s <= 120
    quotas.use_call(bob)
    quotas.use_link(ann)
    with pytest.raises(QuotaExceeded, match="1 links per hour"):
        quotas.use_link(ann)


def test_counting_starts_no_thread() -> None:
    quotas, ann = Quotas(make_settings()), principal("us_ann")
    quotas.use_call(ann)
    for thread in threading.enumerate():  # the library's storage starts one when it is made, for 10 ms
        if isinstance(thread, threading.Timer):
            thread.join()

    quotas.use_call(ann)

    assert not any(isinstance(thread, threading.Timer) for thread in threading.enumerate())


def test_windows_that_are_over_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    storage = LoopStorage()
    assert [storage.incr("one", 60), storage.incr("one", 60), storage.incr("other", 600)] == [1, 2, 1]

    now[0] += 61
    assert storage.incr("third", 60) == 1

    assert (set(storage.storage), set(storage.expirations)) == ({"other", "third"}, {"other", "third"})
    assert storage.incr("one", 60) == 1
