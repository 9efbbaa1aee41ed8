"""A connector of a family uses an account that is connected already: by one click, and proven for itself."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from tests.auth.making import GOOD_KEY, HOME, OTHER_KEY, SUITE, World, world

from connectory.auth.backend import Connected, Entry, Form, Revocation
from connectory.errors import ProviderForbidden
from connectory.identity.principal import Principal
from connectory.net.address import HostRule
from connectory.vault.credentials import SecretFields
from connectory.vault.entities import ConnectSession, GrantId, GrantStatus
from connectory.vault.tables import grants


async def typed(w: World, who: Principal, connector: str = "mail", key: str = GOOD_KEY, **how: object) -> Connected:
    session = await w.auth.connect(who, connector, **how)  # type: ignore[arg-type]  # the call's own keywords
    done = await w.submit(session, key)
    assert isinstance(done, Connected), done
    return done


async def offered(w: World, session: ConnectSession) -> list[GrantId]:
    form = await w.auth.sign_in.first_step(session)
    assert isinstance(form, Form)
    return [account.grant_id for account in form.accounts]


async def use(w: World, session: ConnectSession, grant_id: GrantId) -> Form | Connected:
    step = await w.auth.sign_in.submit(session, "b1", Entry("", {}, grant_id=grant_id))
    assert isinstance(step, Form | Connected)
    return step


async def test_the_account_is_offered_by_name_and_serves_the_other_connector_by_its_own_proof() -> None:
    async with world(connectors=SUITE) as w:
        mail = (await typed(w, w.member)).connection
        session = await w.auth.connect(w.member, "files")
        form = await w.auth.sign_in.first_step(session)
        assert isinstance(form, Form)
        [account] = form.accounts
        assert (account.name, account.used_by, account.grant_id) == ("octocat", ("Mail",), mail.grant_id)

        done = await use(w, session, account.grant_id)

        assert isinstance(done, Connected)
        assert done.connection.grant_id == mail.grant_id
        assert done.connection.hosts == (HostRule("https://files.suite.example"),)
        assert w.provider.asked_by == ["mail", "files"]
        assert w.provider.asked[1].credentials == SecretFields.model_validate({"values": {"token": GOOD_KEY}})
        assert (w.provider.asked[1].hosts, w.provider.asked[1].connection_id) == (
            done.connection.hosts,
            done.connection.id,
        )
        access = await w.auth.get_credentials(w.member, done.connection.id)
        assert access.credentials == w.provider.asked[0].credentials


async def test_a_grant_remembers_whose_way_to_sign_in_it_is_of() -> None:
    async with world(connectors=SUITE) as w:
        await typed(w, w.owner)
        [(_, grant)] = await w.auth.list_connections(w.owner)

        assert (grant.connector, grant.family) == ("suite", "suite")


async def test_disconnecting_one_keeps_the_grant_for_the_other() -> None:
    async with world(connectors=SUITE) as w:
        mail = (await typed(w, w.owner)).connection
        files = await use(w, await w.auth.connect(w.owner, "files"), mail.grant_id)
        assert isinstance(files, Connected)

        assert await w.auth.disconnect(w.owner, mail.id) is Revocation.KEPT
        assert (await w.auth.get_credentials(w.owner, files.connection.id)).credentials == w.provider.asked[
            0
        ].credentials
        assert await w.auth.disconnect(w.owner, files.connection.id) is Revocation.NOT_SUPPORTED


async def test_what_the_provider_refuses_for_this_connector_connects_nothing() -> None:
    async with world(connectors=SUITE) as w:
        mail = (await typed(w, w.owner)).connection
        w.provider.refusals["files"] = ProviderForbidden("Files said 403.")
        session = await w.auth.connect(w.owner, "files")

        form = await use(w, session, mail.grant_id)

        assert isinstance(form, Form)
        assert "Files said 403." in form.problems[0].message
        assert [account.grant_id for account in form.accounts] == [mail.grant_id]
        assert [row.name for row, _ in await w.auth.list_connections(w.owner)] == ["mail/default"]


async def test_an_account_is_offered_to_its_owner_alone_and_taken_from_nobody_else() -> None:
    async with world(connectors=SUITE) as w:
        foreign = [
            (await typed(w, w.stranger)).connection.grant_id,  # of another workspace
            (await typed(w, w.member)).connection.grant_id,  # another person's
            (await typed(w, w.owner, shared=True)).connection.grant_id,  # the workspace's, for one's own connection
        ]
        session = await w.auth.connect(w.owner, "files")
        assert await offered(w, session) == []

        for grant_id in (*foreign, GrantId("gr_nothing")):
            form = await use(w, session, grant_id)
            assert isinstance(form, Form)
            assert "cannot be used here" in form.problems[0].message
        assert [name for name in w.provider.asked_by if name == "files"] == []

        for_all = await w.auth.connect(w.owner, "files", shared=True)
        assert await offered(w, for_all) == [foreign[2]]


async def test_only_a_working_account_of_the_same_family_is_offered_and_only_where_it_is_new() -> None:
    async with world() as other:
        await other.connected(other.owner)
        assert await offered(other, await other.auth.connect(other.owner, "notes", alias="second")) == []
    async with world(connectors=[*SUITE, other.catalog.connector("notes")]) as w:
        await w.connected(w.owner)
        session = await w.auth.connect(w.owner, "files")
        assert await offered(w, session) == []  # Notes is no family of Files
        mail = await typed(w, w.owner)
        assert await offered(w, session) == [mail.connection.grant_id]
        [(row, grant)] = await w.auth.list_connections(w.owner, "mail")
        await w.auth.mark_needs_reconnect(row, grant)
        assert await offered(w, session) == []


async def test_a_renewal_is_about_its_own_account_and_is_offered_no_other() -> None:
    async with world(connectors=SUITE) as w:
        await typed(w, w.owner, "mail")
        own = await typed(w, w.owner, "files")
        session = await w.auth.connect(w.owner, "files", alias="default")

        assert session.connection_id == own.connection.id
        assert await offered(w, session) == []


async def test_an_account_whose_credentials_do_not_open_any_more_is_not_offered() -> None:
    async with world(connectors=SUITE) as w:
        await typed(w, w.owner)
        session = await w.auth.connect(w.owner, "files")
        await w.vault.database.change(sa.update(grants).values(credentials=b"sealed with a lost key"))

        assert await offered(w, session) == []


@pytest.mark.parametrize(("scopes", "is_offered"), [((), True), (("files.read", "x"), True), (("mail.read",), False)])
async def test_an_account_that_is_known_to_lack_a_permission_is_not_offered(
    scopes: tuple[str, ...], is_offered: bool
) -> None:
    head, mail, files = SUITE
    needing = type(files)(
        files.name, files.manifest.model_copy(update={"scopes": ["files.read"]}), files.actions, files.family
    )
    async with world(connectors=[head, mail, needing]) as w:
        w.provider.accounts = {GOOD_KEY: type(w.provider.accounts[GOOD_KEY])("1", "octocat", scopes)}
        done = await typed(w, w.owner)

        found = await offered(w, await w.auth.connect(w.owner, "files"))

        assert found == ([done.connection.grant_id] if is_offered else [])


async def test_renewing_one_renews_the_grant_for_all_that_use_it() -> None:
    async with world(connectors=SUITE) as w:
        w.provider.facts = {"mail": {"box": "7"}, "files": {"drive": "d1"}}
        mail = (await typed(w, w.owner)).connection
        files = await use(w, await w.auth.connect(w.owner, "files"), mail.grant_id)
        assert isinstance(files, Connected)
        [(row, grant), _] = await w.auth.list_connections(w.owner)
        assert grant.facts == {"box": "7", "drive": "d1"}
        await w.auth.mark_needs_reconnect(row, grant)
        w.provider.accounts = {OTHER_KEY: w.provider.accounts[GOOD_KEY]}  # a new key of the same account
        w.provider.facts["mail"] = {}

        again = await typed(w, w.owner, key=OTHER_KEY)

        assert again.connection == mail
        assert again.further == ()
        assert again.left_out == ()
        assert {on.id for _, on in await w.auth.list_connections(w.owner)} == {mail.grant_id}
        for connection in (mail, files.connection):
            access = await w.auth.get_credentials(w.owner, connection.id)
            assert access.credentials == SecretFields.model_validate({"values": {"token": OTHER_KEY}})
        [_, (_, now)] = await w.auth.list_connections(w.owner)
        assert (now.status, dict(now.facts)) == (GrantStatus.ACTIVE, {"drive": "d1"})


async def test_a_renewal_says_which_of_the_others_it_does_not_work_for() -> None:
    async with world(connectors=SUITE) as w:
        mail = (await typed(w, w.owner)).connection
        await use(w, await w.auth.connect(w.owner, "files"), mail.grant_id)
        w.provider.refusals["files"] = ProviderForbidden("Files said 403.")

        again = await typed(w, w.owner, alias="default")

        assert again.left_out == (
            "Files (files/default) could not be checked: It could not be checked with Files: Files said 403.",
        )
        assert len(await w.auth.list_connections(w.owner)) == 2


async def home(w: World, connector: str, server: str, *, private: bool = False, other: bool = False) -> Connected:
    session = await w.auth.connect(w.owner, connector, alias="default")
    values = {"server": server, "token": GOOD_KEY}
    entry = Entry("token", values, private_confirmed=private, account_change_confirmed=other)
    done = await w.auth.sign_in.submit(session, "b1", entry)
    assert isinstance(done, Connected), done
    return done


async def test_the_server_that_was_typed_serves_the_others_too_and_a_confirmed_address_stays_confirmed() -> None:
    async with world(connectors=HOME) as w:
        mail = await home(w, "mail", "http://10.0.0.5:8000", private=True)
        files = await use(w, await w.auth.connect(w.owner, "files"), mail.connection.grant_id)
        assert isinstance(files, Connected)
        assert files.connection.hosts == (HostRule("http://10.0.0.5:8000", private_confirmed=True),)

        await home(w, "mail", "http://10.0.0.6:8000", private=True, other=True)

        hosts = {row.hosts for row, _ in await w.auth.list_connections(w.owner)}
        assert hosts == {(HostRule("http://10.0.0.6:8000", private_confirmed=True),)}


async def test_no_fact_that_proving_tells_changes_a_server_or_what_was_typed() -> None:
    async with world(connectors=HOME) as w:
        evil = {"server": "https://evil.example", "id": "cn_evil", "token": "x", "plan": "gold"}
        w.provider.facts = {"mail": evil, "files": {**evil, "plan": "tin", "size": "m"}}
        mail = await home(w, "mail", "https://home.example")
        await use(w, await w.auth.connect(w.owner, "files"), mail.connection.grant_id)

        for row, grant in await w.auth.list_connections(w.owner):
            assert row.hosts == (HostRule("https://home.example"),)
            assert dict(grant.facts) == {"server": "https://home.example", "plan": "gold", "size": "m"}


async def test_a_fact_that_proving_no_longer_tells_is_absent() -> None:
    async with world(connectors=SUITE) as w:
        w.provider.facts = {"mail": {"plan": "gold", "seat": "1"}}
        await typed(w, w.owner)
        w.provider.facts = {"mail": {"seat": "2"}}

        await typed(w, w.owner, alias="default")

        [(_, grant)] = await w.auth.list_connections(w.owner)
        assert dict(grant.facts) == {"seat": "2"}
