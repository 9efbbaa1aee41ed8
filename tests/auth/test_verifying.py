"""AuthManager.verify: asking the provider again about a connection that stands."""

from __future__ import annotations

import pytest
from tests.auth.making import GOOD_KEY, world

from connectory.auth.backend import Account
from connectory.errors import (
    ConnectoryError,
    NeedsReconnect,
    ProviderForbidden,
    ProviderTimeout,
    ProviderUnauthorized,
    ProviderUnavailable,
    RateLimited,
    UnknownConnection,
)
from connectory.vault.entities import GrantStatus


async def test_the_stored_sign_in_is_shown_to_the_provider_as_it_would_be_for_a_call() -> None:
    async with world() as w:
        made = (await w.connected(w.owner)).connection

        assert await w.auth.verify(w.owner, made.id) == Account("1", "octocat", ("repo",))

        at_sign_in, again = w.provider.asked
        assert again.connection_id == made.id
        assert (again.hosts, again.facts, again.method) == (at_sign_in.hosts, at_sign_in.facts, at_sign_in.method)
        assert again.credentials == at_sign_in.credentials


async def test_a_refused_key_needs_the_person_from_then_on() -> None:
    async with world() as w:
        made = (await w.connected(w.owner)).connection
        w.provider.failure = ProviderUnauthorized("Notes said 401.")

        with pytest.raises(ProviderUnauthorized):
            await w.auth.verify(w.owner, made.id)

        [(_, grant)] = await w.auth.list_connections(w.owner)
        assert grant.status is GrantStatus.NEEDS_RECONNECT


async def test_one_refusal_is_about_that_request_alone() -> None:
    async with world() as w:
        made = (await w.connected(w.owner)).connection
        w.provider.at_first = ProviderUnauthorized("Notes said 401.")

        assert await w.auth.verify(w.owner, made.id) == Account("1", "octocat", ("repo",))

        [(_, grant)] = await w.auth.list_connections(w.owner)
        assert grant.status is GrantStatus.ACTIVE


@pytest.mark.parametrize(
    "failure",
    [
        ProviderUnavailable("It is down."),
        ProviderTimeout("It is slow."),
        RateLimited("Too many."),
        ProviderForbidden("Not this account."),
    ],
    ids=lambda failure: failure.code,
)
async def test_what_is_no_refusal_of_the_sign_in_is_told_and_changes_nothing(failure: ConnectoryError) -> None:
    async with world() as w:
        made = (await w.connected(w.owner)).connection
        w.provider.failure = failure

        with pytest.raises(type(failure)):
            await w.auth.verify(w.owner, made.id)

        [(_, grant)] = await w.auth.list_connections(w.owner)
        assert (grant.status, grant.version) == (GrantStatus.ACTIVE, 1)


async def test_what_must_be_renewed_is_not_sent_again() -> None:
    async with world() as w:
        made = (await w.connected(w.owner)).connection
        await w.auth.mark_needs_reconnect(*(await w.auth.list_connections(w.owner))[0])

        with pytest.raises(NeedsReconnect):
            await w.auth.verify(w.owner, made.id)

        assert len(w.provider.asked) == 1


async def test_nobody_verifies_what_they_may_not_see() -> None:
    async with world() as w:
        made = (await w.connected(w.member, GOOD_KEY)).connection

        for principal in (w.owner, w.viewer, w.stranger):
            with pytest.raises(UnknownConnection):
                await w.auth.verify(principal, made.id)

        assert len(w.provider.asked) == 1
