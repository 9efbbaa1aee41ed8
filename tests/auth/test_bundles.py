"""A bundle is one sign-in for all that it includes: each connector proven for itself, all on one grant."""

from __future__ import annotations

from typing import Any

import pytest
from tests.auth.making import GOOD_KEY, OTHER_KEY, SUITE, RevokingBackend, World, world

from connectory.auth.backend import Connected, Entry, Form
from connectory.errors import AlreadyExists, ProviderForbidden, ProviderUnauthorized
from connectory.net.address import HostRule
from connectory.vault.entities import GrantId, GrantStatus, SessionStatus


async def bundle(w: World, key: str = GOOD_KEY, alias: str | None = None, **entry: Any) -> Form | Connected:
    step = await w.submit(await w.auth.connect(w.owner, "suite", alias=alias), key, **entry)
    assert isinstance(step, Form | Connected)
    return step


async def single(w: World, connector: str, backend: str | None = None) -> Connected:
    done = await w.submit(await w.auth.connect(w.owner, connector, backend=backend), GOOD_KEY)
    assert isinstance(done, Connected)
    return done


async def standing(w: World) -> dict[str, GrantId]:
    return {row.name: row.grant_id for row, _ in await w.auth.list_connections(w.owner)}


async def test_connecting_it_connects_each_on_one_grant_proven_by_its_own_call() -> None:
    async with world(connectors=SUITE) as w:
        done = await bundle(w, alias="work")

        assert isinstance(done, Connected)
        made = (done.connection, *done.further)
        assert [row.name for row in made] == ["mail/work", "files/work"]
        assert [row.hosts for row in made] == [
            (HostRule("https://mail.suite.example"),), (HostRule("https://files.suite.example"),)
        ]  # fmt: skip
        assert len({row.grant_id for row in made}) == 1
        assert sorted(w.provider.asked_by) == ["files", "mail"]
        assert {new.connection_id for new in w.provider.asked} == {row.id for row in made}
        assert (done.connector.name, done.account.name, done.left_out) == ("suite", "octocat", ())


async def test_one_that_fails_is_told_by_name_and_the_others_stand() -> None:
    async with world(connectors=SUITE) as w:
        w.provider.refusals["mail"] = ProviderForbidden("Mail said 403.")
        session = await w.auth.connect(w.owner, "suite")

        done = await w.submit(session)

        assert isinstance(done, Connected)
        assert [row.name for row in (done.connection, *done.further)] == ["files/default"]
        said = "Mail was not connected: It could not be checked with Mail: Mail said 403."
        assert done.left_out == (said,)
        again = await w.auth.open_session(w.owner, "suite")
        assert again is not None
        assert (again.id, again.status, again.problem) == (session.id, SessionStatus.CONNECTED, said)
        assert [row.name for row in await w.auth.made_by(w.owner, again)] == ["files/default"]
        assert await w.auth.made_by(w.owner, session) == []  # as it was before the sign-in


async def test_where_none_can_be_proven_nothing_is_kept_and_each_is_named() -> None:
    async with world(connectors=SUITE) as w:
        w.provider.failure = ProviderUnauthorized("no")

        form = await bundle(w)

        assert isinstance(form, Form)
        assert [problem.message.split(":")[0] for problem in form.problems] == [
            "Mail was not connected", "Files was not connected"
        ]  # fmt: skip
        assert await standing(w) == {}


async def test_it_is_connected_when_all_that_it_includes_is() -> None:
    async with world(connectors=SUITE) as w:
        await single(w, "mail")
        assert (await w.auth.connect(w.owner, "suite")).status is SessionStatus.PENDING
        await bundle(w)

        with pytest.raises(AlreadyExists) as refusal:
            await w.auth.connect(w.owner, "suite")

        assert "octocat (mail/default, files/default)" in refusal.value.message
        assert "alias='default'" in refusal.value.hint


async def test_renewing_it_renews_the_shared_grant_once() -> None:
    async with world(connectors=SUITE) as w:
        first = await bundle(w)
        assert isinstance(first, Connected)
        [(row, grant), _] = await w.auth.list_connections(w.owner)
        await w.auth.mark_needs_reconnect(row, grant)
        w.provider.accounts = {OTHER_KEY: w.provider.accounts[GOOD_KEY]}

        again = await bundle(w, OTHER_KEY)

        assert isinstance(again, Connected)
        assert (again.connection, again.further) == (first.connection, first.further)
        [(_, now), (_, same)] = await w.auth.list_connections(w.owner)
        assert now == same
        assert (now.id, now.version, now.status) == (grant.id, grant.version + 1, GrantStatus.ACTIVE)


@pytest.mark.parametrize("confirmed", [False, True])
async def test_another_account_must_be_meant(confirmed: bool) -> None:
    async with world(connectors=SUITE) as w:
        await single(w, "files")

        outcome = await bundle(w, OTHER_KEY, account_change_confirmed=confirmed)

        if confirmed:
            assert isinstance(outcome, Connected)
            assert {grant.account_name for _, grant in await w.auth.list_connections(w.owner)} == {"hubot"}
        else:
            assert isinstance(outcome, Form)
            assert outcome.problems[0].confirm == "account_change_confirmed"
            assert "files/default has been Files account octocat" in outcome.problems[0].message
            assert list(await standing(w)) == ["files/default"]


async def test_what_was_connected_one_by_one_comes_onto_one_grant_and_the_other_is_withdrawn() -> None:
    async with world(connectors=SUITE, with_builtin=True) as w:
        mail, files = await single(w, "mail"), await single(w, "files", backend="builtin")
        builtin = w.backends["builtin"]
        assert isinstance(builtin, RevokingBackend)
        before = await standing(w)
        assert len(set(before.values())) == 2

        done = await bundle(w, alias="default")

        assert isinstance(done, Connected)
        assert (done.connection.id, done.further[0].id) == (mail.connection.id, files.connection.id)
        assert set((await standing(w)).values()) == {before["mail/default"]}
        assert [grant.id for grant in builtin.revoked] == [before["files/default"]]
        assert await w.vault.grants.get(w.owner.workspace_id, before["files/default"]) is None


async def test_one_that_the_new_key_does_not_work_for_keeps_its_own_sign_in() -> None:
    async with world(connectors=SUITE) as w:
        mail = await single(w, "mail")
        w.provider.refusals["mail"] = ProviderForbidden("Mail said 403.")

        done = await bundle(w, OTHER_KEY, alias="default")

        assert isinstance(done, Connected)
        assert [row.name for row in (done.connection, *done.further)] == ["files/default"]
        assert done.left_out[0].startswith("Mail (mail/default) could not be checked")
        after = await standing(w)
        assert after["mail/default"] == mail.connection.grant_id != after["files/default"]
        grant = await w.vault.grants.get(w.owner.workspace_id, mail.connection.grant_id)
        assert grant is not None
        assert (grant.account_name, grant.version) == ("octocat", 1)


async def test_the_account_of_one_can_be_used_for_all() -> None:
    async with world(connectors=SUITE) as w:
        mail = await single(w, "mail")
        session = await w.auth.connect(w.owner, "suite")
        form = await w.auth.sign_in.first_step(session)
        assert isinstance(form, Form)
        [account] = form.accounts

        done = await w.auth.sign_in.submit(session, "b1", Entry("", {}, grant_id=account.grant_id))

        assert isinstance(done, Connected)
        assert [row.name for row in (done.connection, *done.further)] == ["mail/default", "files/default"]
        assert set((await standing(w)).values()) == {mail.connection.grant_id}
