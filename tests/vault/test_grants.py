"""Grants: sealed credentials, and no overwriting of newer ones."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from tests.vault.rows import (
    NOW,
    Clock,
    Place,
    bound_session,
    key,
    make_connection,
    make_place,
    new_session,
    new_use,
    signed_in,
)

from connectory.errors import CannotDecrypt, UnknownObject
from connectory.vault.credentials import OAuthTokens
from connectory.vault.entities import Grant, GrantStatus
from connectory.vault.grants import GrantStore
from connectory.vault.keys import KeyRing
from connectory.vault.keys import place as cell
from connectory.vault.tables import grants
from connectory.vault.vault import Vault


async def make_grant(vault: Vault, where: Place, value: str = "s3cret-token") -> Grant:
    connection = await make_connection(vault, where, alias=f"a{secrets.token_hex(4)}", value=value)
    grant = await vault.grants.get(where.workspace_id, connection.grant_id)
    assert grant is not None
    return grant


async def again(vault: Vault, grant: Grant) -> Grant:
    found = await vault.grants.get(grant.workspace_id, grant.id)
    assert found is not None
    return found


async def test_credentials_are_sealed_at_rest_and_open_again(vault: Vault, place: Place) -> None:
    grant = await make_grant(vault, place)

    assert b"s3cret" not in grant.sealed_credentials
    assert "sealed" not in repr(grant)
    assert await vault.grants.open_credentials(grant) == key()


async def test_renewed_credentials_replace_those_that_were_seen(vault: Vault, place: Place) -> None:
    grant = await make_grant(vault, place)
    expires_at = NOW + timedelta(hours=1)
    tokens = OAuthTokens(access_token=SecretStr("at"), refresh_token=SecretStr("rt"), expires_at=expires_at)

    renewed = await vault.grants.replace_credentials(grant, tokens, expires_at=expires_at)

    assert (renewed.version, renewed.expires_at) == (2, expires_at)
    assert renewed == await again(vault, grant)
    assert await vault.grants.open_credentials(renewed) == tokens


async def test_tokens_beside_the_access_token_are_secrets_like_it(vault: Vault, place: Place) -> None:
    tokens = OAuthTokens(access_token=SecretStr("xoxb-1"), further={"user_token": SecretStr("xoxp-2")})

    kept = await vault.grants.replace_credentials(await make_grant(vault, place), tokens, expires_at=None)
    opened = await vault.grants.open_credentials(kept)

    assert {name: one.get_secret_value() for name, one in opened.secrets().items()} == {
        "access_token": "xoxb-1", "user_token": "xoxp-2",
    }  # fmt: skip
    assert "xoxp-2" not in f"{opened!r} {opened.model_dump_json()} {kept!r}"
    assert b"xoxp-2" not in kept.sealed_credentials


async def test_a_renewal_may_change_facts_and_scopes_and_ends_the_lease(vault: Vault, place: Place) -> None:
    grant = await make_grant(vault, place)
    lease = {"lease_by": "process 1", "lease_until": NOW + timedelta(seconds=30)}
    await vault.database.change(sa.update(grants).values(**lease, problem="refused"))

    renewed = await vault.grants.replace_credentials(
        grant, key("new"), expires_at=None, facts={"shop": "other"}, scopes=["repo", "gist"]
    )

    assert (renewed.facts, renewed.scopes) == ({"shop": "other"}, ("repo", "gist"))
    row = await vault.database.row(sa.select(grants))
    assert row is not None
    assert (row.lease_by, row.lease_until, row.problem) == (None, None, None)
    kept = await vault.grants.replace_credentials(renewed, key("newer"), expires_at=None)
    assert (kept.facts, kept.scopes) == (renewed.facts, renewed.scopes)


async def test_a_grant_names_the_connector_whose_method_it_is_of(vault: Vault, place: Place) -> None:
    assert (await make_grant(vault, place)).connector == "github"


async def test_whoever_comes_second_gets_the_credentials_that_won(vault: Vault, place: Place) -> None:
    grant = await make_grant(vault, place)
    await vault.grants.replace_credentials(grant, key("first"), expires_at=None)

    second = await vault.grants.replace_credentials(grant, key("second"), expires_at=None)

    assert await vault.grants.open_credentials(second) == key("first")
    assert (await again(vault, grant)).version == 2


async def test_renewed_credentials_heal_the_grant(vault: Vault, place: Place) -> None:
    grant = await make_grant(vault, place)
    await vault.grants.set_status(place.workspace_id, grant.id, GrantStatus.NEEDS_RECONNECT, if_version=None)
    before = await vault.workspaces.revision(place.workspace_id)

    renewed = await vault.grants.replace_credentials(await again(vault, grant), key("new"), expires_at=None)

    assert renewed.status is GrantStatus.ACTIVE
    assert await vault.workspaces.revision(place.workspace_id) > before


async def test_a_refusal_counts_only_if_the_row_is_what_was_sent(vault: Vault, place: Place) -> None:
    grant = await make_grant(vault, place)
    where = place.workspace_id, grant.id, GrantStatus.NEEDS_RECONNECT
    await vault.grants.replace_credentials(grant, key("new"), expires_at=None)
    before = await vault.workspaces.revision(place.workspace_id)

    assert not await vault.grants.set_status(*where, if_version=1)
    assert (await again(vault, grant)).status is GrantStatus.ACTIVE
    assert await vault.workspaces.revision(place.workspace_id) == before
    assert await vault.grants.set_status(*where, if_version=2)
    assert not await vault.grants.set_status(*where, if_version=2)
    assert (await again(vault, grant)).status is GrantStatus.NEEDS_RECONNECT
    assert await vault.workspaces.revision(place.workspace_id) == before + 1


async def test_a_grant_that_is_being_withdrawn_is_changed_by_nobody_and_forgotten_once(
    vault: Vault, place: Place
) -> None:
    grant = await make_grant(vault, place)
    assert not await vault.grants.forget(grant)  # it is in use
    [connection] = await vault.connections.list_all(place.workspace_id)
    await vault.connections.delete(place.workspace_id, connection.id)

    assert not await vault.grants.set_status(place.workspace_id, grant.id, GrantStatus.ACTIVE, if_version=None)
    for seen in (grant, await again(vault, grant)):
        renewed = await vault.grants.replace_credentials(seen, key("new"), expires_at=None)
        assert renewed.status is GrantStatus.REVOKING
        assert await vault.grants.open_credentials(renewed) == key()

    assert await vault.grants.forget(grant)
    assert not await vault.grants.forget(grant)
    with pytest.raises(UnknownObject):
        await vault.grants.replace_credentials(grant, key("newer"), expires_at=None)


async def test_what_does_not_open_is_listed_and_named_and_kept(vault: Vault, place: Place) -> None:
    grant = await make_grant(vault, place)
    wrong = GrantStore(vault.database, KeyRing([secrets.token_bytes(32)]), lambda: NOW)

    assert await vault.grants.unreadable() == []
    assert await wrong.unreadable(place.workspace_id) == await wrong.unreadable() == [grant]
    with pytest.raises(CannotDecrypt, match="octocat") as refusal:
        await wrong.open_credentials(grant)

    assert "Put back the key" in refusal.value.hint
    assert await again(vault, grant) == grant


async def test_a_sealed_value_of_another_shape_is_not_shown(vault: Vault, place: Place) -> None:
    grant = await make_grant(vault, place)
    odd = vault.keys.seal(b'{"kind": "s3cret"}', bound_to=cell("grants", "credentials", grant.id, grant.workspace_id))
    await vault.database.change(sa.update(grants).values(credentials=odd))

    with pytest.raises(CannotDecrypt) as refusal:
        await vault.grants.open_credentials(await again(vault, grant))

    assert "s3cret" not in f"{refusal.value.text} {refusal.value.__cause__!r}"
    assert refusal.value.__suppress_context__


LEASE_ENDS = NOW + timedelta(seconds=30)


async def test_of_many_that_want_to_renew_a_grant_at_once_one_may(racing: list[Vault]) -> None:
    grant = await make_grant(racing[0], await make_place(racing[0]))

    taken = await asyncio.gather(
        *(vault.grants.take_lease(grant, f"process {n}", until=LEASE_ENDS) for n, vault in enumerate(racing))
    )

    assert sorted(taken) == [False] * 19 + [True]
    row = await racing[0].database.row(sa.select(grants))
    assert row is not None
    assert row.lease_by == f"process {taken.index(True)}"
    assert (await again(racing[0], grant)).lease_until == LEASE_ENDS


async def test_a_lease_holds_until_its_time_is_over(vault: Vault, place: Place, clock: Clock) -> None:
    grant = await make_grant(vault, place)
    assert await vault.grants.take_lease(grant, "process 1", until=LEASE_ENDS)

    clock.advance(seconds=29)
    for holder in ("process 1", "process 2"):
        assert not await vault.grants.take_lease(grant, holder, until=LEASE_ENDS + timedelta(minutes=1))
    clock.advance(seconds=1)

    assert await vault.grants.take_lease(grant, "process 2", until=LEASE_ENDS + timedelta(minutes=1))


async def test_nobody_may_renew_what_somebody_has_renewed_meanwhile(vault: Vault, place: Place) -> None:
    grant = await make_grant(vault, place)
    renewed = await vault.grants.replace_credentials(grant, key("new"), expires_at=None)

    assert not await vault.grants.take_lease(grant, "process 2", until=LEASE_ENDS)
    assert await vault.grants.take_lease(renewed, "process 2", until=LEASE_ENDS)


async def test_a_lease_is_given_back_by_its_holder_alone(vault: Vault, place: Place) -> None:
    grant, other = await make_grant(vault, place), await make_grant(vault, place)
    for one in (grant, other):
        assert await vault.grants.take_lease(one, "process 1", until=LEASE_ENDS)

    await vault.grants.end_lease(grant, "process 2", retry_at=LEASE_ENDS)
    held = await again(vault, grant)
    assert (held.lease_until, held.failures, held.retry_at) == (LEASE_ENDS, 0, None)
    await vault.grants.end_lease(grant, "process 1")

    assert await again(vault, grant) == grant
    assert await vault.grants.take_lease(grant, "process 2", until=LEASE_ENDS)
    assert (await again(vault, other)).lease_until == LEASE_ENDS


async def test_refreshes_that_fail_are_counted_until_one_succeeds(vault: Vault, place: Place, clock: Clock) -> None:
    grant = await make_grant(vault, place)
    for failures in (1, 2):
        retry_at = clock() + timedelta(minutes=1)
        assert await vault.grants.take_lease(grant, "process 1", until=clock() + timedelta(seconds=30))
        await vault.grants.end_lease(grant, "process 1", retry_at=retry_at)
        failed = await again(vault, grant)
        assert (failed.failures, failed.retry_at, failed.lease_until) == (failures, retry_at, None)
        assert (failed.version, failed.refreshed_at) == (grant.version, None)
        clock.advance(minutes=1)
    assert await vault.grants.take_lease(grant, "process 1", until=clock() + timedelta(seconds=30))

    renewed = await vault.grants.replace_credentials(failed, key("new"), expires_at=None)

    assert (renewed.failures, renewed.retry_at, renewed.lease_until) == (0, None, None)
    assert (renewed.version, renewed.refreshed_at) == (2, NOW + timedelta(minutes=2))


async def test_a_refusal_says_why_and_ends_the_lease_until_the_grant_is_healed(vault: Vault, place: Place) -> None:
    grant = await make_grant(vault, place)
    where = place.workspace_id, grant.id
    assert await vault.grants.take_lease(grant, "process 1", until=LEASE_ENDS)

    refused = GrantStatus.NEEDS_RECONNECT
    assert not await vault.grants.set_status(*where, refused, if_version=7, problem="Of another version.")
    assert (await again(vault, grant)).lease_until == LEASE_ENDS
    assert await vault.grants.set_status(*where, refused, if_version=1, problem="GitHub refused it.")

    lost = await again(vault, grant)
    assert (lost.status, lost.problem, lost.lease_until) == (refused, "GitHub refused it.", None)
    assert await vault.grants.set_status(*where, GrantStatus.ACTIVE, if_version=1)
    assert (await again(vault, grant)).problem is None


async def test_after_a_failure_nobody_tries_before_its_time_whatever_they_have_read(
    vault: Vault, place: Place, clock: Clock
) -> None:
    seen = await make_grant(vault, place)
    assert await vault.grants.take_lease(seen, "process 1", until=LEASE_ENDS)
    await vault.grants.end_lease(seen, "process 1", retry_at=NOW + timedelta(minutes=1))

    clock.advance(seconds=59)
    assert not await vault.grants.take_lease(seen, "process 2", until=clock() + timedelta(seconds=30))
    clock.advance(seconds=1)
    assert await vault.grants.take_lease(seen, "process 2", until=clock() + timedelta(seconds=30))


@pytest.mark.parametrize("status", [GrantStatus.NEEDS_RECONNECT, GrantStatus.REVOKING])
async def test_nobody_may_renew_what_was_refused_or_is_being_withdrawn(
    vault: Vault, place: Place, status: GrantStatus
) -> None:
    seen = await make_grant(vault, place)
    await vault.grants.set_status(place.workspace_id, seen.id, status, if_version=1)

    assert not await vault.grants.take_lease(seen, "process 1", until=LEASE_ENDS)


async def test_reconnecting_ends_what_was_wrong_with_the_grant(vault: Vault, place: Place) -> None:
    grant = await make_grant(vault, place)
    [old] = await vault.connections.list_all(place.workspace_id)
    assert await vault.grants.take_lease(grant, "process 1", until=LEASE_ENDS)
    await vault.grants.end_lease(grant, "process 1", retry_at=LEASE_ENDS)
    refused = GrantStatus.NEEDS_RECONNECT
    assert await vault.grants.set_status(place.workspace_id, grant.id, refused, if_version=1, problem="Refused.")
    session = await bound_session(vault, replace(new_session(place), connection_id=old.id))

    use = new_use(connection_id=old.id)
    await vault.sessions.finish(session, signed_in("renewed", use, grant_id=grant.id, client_id="Iv1.new"))

    healed = await again(vault, grant)
    assert (healed.failures, healed.retry_at, healed.problem, healed.client_id) == (0, None, None, "Iv1.new")
