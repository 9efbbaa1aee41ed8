"""The nine operations of design 5.1, through AuthManager."""

import asyncio
import inspect
from dataclasses import replace

import pytest
import sqlalchemy as sa
from tests.auth.making import GOOD_KEY, OTHER_KEY, RevokingBackend, world

from connectory.auth.backend import Backend, Connected, Entry, Form, Revocation
from connectory.auth.manager import AuthManager
from connectory.errors import (
    AlreadyExists,
    BackendUnavailable,
    InvalidArguments,
    NeedsReconnect,
    PolicyDenied,
    ProviderUnavailable,
    QuotaExceeded,
    RoleDenied,
    UnknownConnection,
    UnknownConnector,
)
from connectory.identity.principal import Principal
from connectory.vault.credentials import SecretFields
from connectory.vault.entities import GrantStatus, Role, SessionStatus
from connectory.vault.tables import connections

OPERATIONS = {
    "connect": ["principal", "connector", "alias", "backend", "scopes", "shared", "labels", "usable"],
    "disconnect": ["principal", "connection_id"],
    "get_connection": ["principal", "connection_id"],
    "list_connections": ["principal", "connector"],
    "get_credentials": ["principal", "connection_id", "valid_for_s"],
    "refresh_credentials": ["principal", "connection_id"],
    "supported_providers": ["principal", "backend"],
    "provider_config": ["principal", "connector", "backend"],
    "validate_config": ["principal", "connector", "backend", "entry"],
}
BACKEND = {
    "begin": ["session", "connector", "entry"],
    "session_of": ["family", "callback"],
    "complete": ["session", "callback"],
    "poll": ["session"],
    "code_of": ["session"],
    "page_of": ["session"],
    "access_new": ["connector", "new"],
    "access": ["grant", "valid_for_s", "direct"],
    "refresh": ["grant"],
    "revoke": ["grant"],
    "discard": ["credentials"],
    "look_after": ["workspace_id", "grants"],
    "configs": ["workspace_id", "connectors"],
    "validate": ["connector", "entry"],
    "why_not": ["workspace_id", "connector"],
}


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    [(AuthManager, *item) for item in OPERATIONS.items()] + [(Backend, *item) for item in BACKEND.items()],
)
def test_an_operation_has_the_design_s_signature(owner: type, name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(owner, name)).parameters) == ["self", *parameters]


def test_the_tables_are_whole() -> None:
    assert {name for name, _ in inspect.getmembers(Backend, inspect.isfunction) if name[0] != "_"} == set(BACKEND)


def test_there_are_nine_operations() -> None:
    assert len(OPERATIONS) == 9
    assert inspect.signature(AuthManager.get_credentials).parameters["valid_for_s"].default == 60


async def test_a_typed_key_becomes_a_connection_after_the_provider_has_taken_it() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "notes")
        assert w.auth.link_url(session) == f"http://localhost:8765/connect/{session.link}"
        assert await w.auth.list_connections(w.owner) == []

        done = await w.submit(session)

        assert isinstance(done, Connected)
        assert done.account.name == "octocat"
        [(connection, grant)] = await w.auth.list_connections(w.owner)
        assert connection == done.connection
        assert (connection.name, connection.owner) == ("notes/default", w.owner.user_id)
        assert (grant.account_id, grant.scopes, grant.method, grant.family) == ("1", ("repo",), "token", "notes")
        assert [host.origin for host in connection.hosts] == ["https://api.notes.example"]
        assert w.provider.asked[0].connection_id == connection.id
        access = await w.auth.get_credentials(w.owner, connection.id)
        assert isinstance(access.credentials, SecretFields)
        assert access.credentials.values["token"].get_secret_value() == GOOD_KEY


async def test_a_key_the_provider_refuses_is_not_kept_and_the_form_comes_back() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "notes")

        form = await w.submit(session, "k-bad")

        assert isinstance(form, Form)
        assert "did not accept" in form.problems[0].message
        assert "k-bad" not in repr(form)
        assert await w.auth.list_connections(w.owner) == []
        assert isinstance(await w.submit(session), Connected)


async def test_a_provider_that_is_down_is_said_to_be_down() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "notes")
        w.provider.failure = ProviderUnavailable("Notes is down.", hint="Try again later.")

        form = await w.submit(session)

        assert isinstance(form, Form)
        assert "Notes is down." in form.problems[0].message


async def test_a_connector_without_sign_in_needs_no_more_than_a_click() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "open-data")
        done = await w.auth.sign_in.submit(session, "b1", Entry("none", {}))

        assert isinstance(done, Connected)
        assert done.connection.name == "open-data/default"


async def test_asking_twice_gives_the_same_link_and_spends_one() -> None:
    async with world() as w:
        first = await w.auth.connect(w.owner, "notes")
        again = await w.auth.connect(w.owner, "notes")
        other = await w.auth.connect(w.owner, "notes", alias="work")

        assert again.link == first.link
        assert other.link != first.link
        assert len(w.links) == 2


async def test_a_link_of_one_s_own_and_a_shared_one_are_not_mixed_up() -> None:
    async with world() as w:
        own = await w.auth.connect(w.owner, "notes")
        shared = await w.auth.connect(w.owner, "notes", shared=True)

        assert own.link != shared.link
        assert (await w.auth.connect(w.owner, "notes", shared=True)).link == shared.link
        assert (await w.auth.connect(w.owner, "notes")).link == own.link


async def test_a_default_that_works_is_named_instead_of_overwritten() -> None:
    async with world() as w:
        await w.connected(w.owner)

        with pytest.raises(AlreadyExists, match=r"already connected as octocat \(notes/default\)") as refusal:
            await w.auth.connect(w.owner, "notes")
        assert "to connect another account pass alias" in refusal.value.hint.lower()


async def test_an_alias_given_for_an_existing_connection_renews_it() -> None:
    async with world() as w:
        before = (await w.connected(w.owner)).connection
        session = await w.auth.connect(w.owner, "notes", alias="default")
        assert session.connection_id == before.id

        done = await w.submit(session)

        assert isinstance(done, Connected)
        assert (done.connection.id, done.connection.alias, done.connection.grant_id) == (
            before.id,
            before.alias,
            before.grant_id,
        )
        assert w.provider.asked[-1].connection_id == before.id
        assert len(await w.auth.list_connections(w.owner)) == 1


async def test_a_default_that_the_provider_refused_is_renewed_without_an_alias() -> None:
    async with world() as w:
        before = (await w.connected(w.owner)).connection
        [(_, grant)] = await w.auth.list_connections(w.owner)
        await w.auth.mark_needs_reconnect(before, grant)
        with pytest.raises(NeedsReconnect, match="notes/default"):
            await w.auth.get_credentials(w.owner, before.id)

        session = await w.auth.connect(w.owner, "notes")
        assert session.connection_id == before.id
        await w.submit(session)

        [(connection, grant)] = await w.auth.list_connections(w.owner)
        assert connection.id == before.id
        assert grant.status is GrantStatus.ACTIVE


async def test_a_late_refusal_does_not_mark_a_grant_renewed_meanwhile() -> None:
    async with world() as w:
        connection = (await w.connected(w.owner)).connection
        [(_, old)] = await w.auth.list_connections(w.owner)
        await w.submit(await w.auth.connect(w.owner, "notes", alias="default"))

        await w.auth.mark_needs_reconnect(connection, old)

        [(_, grant)] = await w.auth.list_connections(w.owner)
        assert grant.status is GrantStatus.ACTIVE


async def test_another_account_under_the_old_name_must_be_confirmed() -> None:
    async with world() as w:
        before = (await w.connected(w.owner)).connection
        session = await w.auth.connect(w.owner, "notes", alias="default")

        form = await w.submit(session, OTHER_KEY)

        assert isinstance(form, Form)
        assert form.problems[0].confirm == "account_change_confirmed"
        assert "hubot" in form.problems[0].message
        assert "octocat" in form.problems[0].message
        [(_, grant)] = await w.auth.list_connections(w.owner)
        assert grant.account_name == "octocat"

        done = await w.submit(session, OTHER_KEY, account_change_confirmed=True)
        assert isinstance(done, Connected)
        assert done.connection.id == before.id
        [(_, grant)] = await w.auth.list_connections(w.owner)
        assert grant.account_name == "hubot"


async def test_another_server_under_the_old_name_must_be_confirmed_too() -> None:
    async with world() as w:
        values = {"server": "https://a.example", "username": "u", "password": GOOD_KEY}
        session = await w.auth.connect(w.owner, "kinto")
        assert isinstance(await w.auth.sign_in.submit(session, "b1", Entry("basic", values)), Connected)
        session = await w.auth.connect(w.owner, "kinto", alias="default")

        form = await w.auth.sign_in.submit(session, "b1", Entry("basic", {**values, "server": "https://b.example"}))

        assert isinstance(form, Form)
        assert form.problems[0].confirm == "account_change_confirmed"


async def test_unknown_connectors_and_impossible_aliases_are_refused() -> None:
    async with world() as w:
        with pytest.raises(UnknownConnector, match="note") as refusal:
            await w.auth.connect(w.owner, "note")
        assert "'notes'" in refusal.value.hint
        for alias in ("", "Work", "-work", "a" * 33, "wörk", "work\n", "a/b"):
            with pytest.raises(InvalidArguments):
                await w.auth.connect(w.owner, "notes", alias=alias)
        assert not w.links


async def test_viewers_and_read_only_tokens_connect_and_disconnect_nothing() -> None:
    async with world() as w:
        shared = (await w.connected(w.owner, shared=True)).connection
        mine = (await w.connected(w.owner, alias="mine")).connection
        with pytest.raises(RoleDenied):
            await w.auth.connect(w.viewer, "notes")
        with pytest.raises(RoleDenied):
            await w.auth.disconnect(w.viewer, shared.id)
        read_only = replace(w.owner, read_only=True)
        with pytest.raises(PolicyDenied):
            await w.auth.connect(read_only, "notes")
        with pytest.raises(PolicyDenied):
            await w.auth.disconnect(read_only, mine.id)
        assert len(await w.auth.list_connections(w.owner)) == 2


async def test_only_owners_make_and_remove_shared_connections() -> None:
    async with world() as w:
        with pytest.raises(RoleDenied):
            await w.auth.connect(w.member, "notes", shared=True)
        shared = (await w.connected(w.owner, shared=True)).connection
        with pytest.raises(RoleDenied):
            await w.auth.disconnect(w.member, shared.id)
        assert await w.auth.get_connection(w.member, shared.id) == shared


async def test_a_role_taken_between_link_and_sign_in_ends_the_link_s_right() -> None:
    async with world() as w:
        session = await w.auth.connect(w.member, "notes")
        await w.vault.workspaces.set_member(w.member.workspace_id, w.member.user_id, Role.VIEWER)

        with pytest.raises(RoleDenied):
            await w.submit(session)
        assert not w.provider.asked


async def test_a_used_up_quota_gives_no_link() -> None:
    async with world() as w:

        async def refuse(principal: Principal) -> None:
            raise QuotaExceeded("Too many links.")

        auth = AuthManager(
            w.vault, w.catalog, w.settings, w.backends, w.provider.verify, allow_link=refuse, now=w.clock
        )
        with pytest.raises(QuotaExceeded):
            await auth.connect(w.owner, "notes")


async def test_the_grant_is_withdrawn_with_its_last_connection() -> None:
    async with world(with_builtin=True) as w:
        done = await w.connected(w.owner, backend="builtin")
        [(_, grant)] = await w.auth.list_connections(w.owner)

        assert await w.auth.disconnect(w.owner, done.connection.id) is Revocation.REVOKED

        backend = w.backends["builtin"]
        assert isinstance(backend, RevokingBackend)
        assert [one.id for one in backend.revoked] == [grant.id]
        assert await w.auth.list_connections(w.owner) == []
        assert await w.vault.grants.get(w.owner.workspace_id, grant.id) is None
        with pytest.raises(UnknownConnection):
            await w.auth.disconnect(w.owner, done.connection.id)


async def test_a_provider_that_is_down_keeps_nobody_from_disconnecting() -> None:
    async with world(with_builtin=True) as w:
        done = await w.connected(w.owner, backend="builtin")
        backend = w.backends["builtin"]
        assert isinstance(backend, RevokingBackend)
        backend.failure = ProviderUnavailable("down")

        assert await w.auth.disconnect(w.owner, done.connection.id) is Revocation.FAILED
        assert await w.auth.list_connections(w.owner) == []


async def test_of_two_disconnects_at_once_from_one_grant_exactly_one_withdraws_it() -> None:
    async with world(with_builtin=True) as w:
        one = (await w.connected(w.owner, backend="builtin")).connection
        other = (await w.connected(w.owner, backend="builtin", alias="other")).connection
        share = sa.update(connections).where(connections.c.id == other.id).values(grant_id=one.grant_id)
        await w.vault.database.change(share)

        outcomes = await asyncio.gather(w.auth.disconnect(w.owner, one.id), w.auth.disconnect(w.owner, other.id))

        assert sorted(outcomes) == [Revocation.KEPT, Revocation.REVOKED]
        backend = w.backends["builtin"]
        assert isinstance(backend, RevokingBackend)
        assert [grant.id for grant in backend.revoked] == [one.grant_id]


async def test_of_two_disconnects_of_one_connection_one_finds_nothing() -> None:
    async with world(with_builtin=True) as w:
        done = await w.connected(w.owner, backend="builtin")
        twice = (w.auth.disconnect(w.owner, done.connection.id) for _ in range(2))

        outcomes = await asyncio.gather(*twice, return_exceptions=True)

        assert outcomes.count(Revocation.REVOKED) == 1
        assert [type(outcome) for outcome in outcomes].count(UnknownConnection) == 1


async def test_what_a_crash_left_to_be_withdrawn_is_withdrawn_later() -> None:
    async with world(with_builtin=True) as w:
        done = await w.connected(w.owner, backend="builtin")
        await w.vault.connections.delete(w.owner.workspace_id, done.connection.id)  # and here it crashed

        await w.auth.withdraw_left()

        backend = w.backends["builtin"]
        assert isinstance(backend, RevokingBackend)
        assert [grant.id for grant in backend.revoked] == [done.connection.grant_id]
        assert await w.vault.grants.revoking() == []


async def test_a_typed_key_can_be_neither_renewed_nor_withdrawn() -> None:
    async with world() as w:
        done = await w.connected(w.owner)

        with pytest.raises(NeedsReconnect) as refusal:
            await w.auth.refresh_credentials(w.owner, done.connection.id)
        assert refusal.value.hint
        assert await w.auth.disconnect(w.owner, done.connection.id) is Revocation.NOT_SUPPORTED


async def test_what_can_be_connected_and_how() -> None:
    async with world() as w:
        assert await w.auth.supported_providers(w.owner) == ["kinto", "notes", "open-data"]
        assert await w.auth.supported_providers(w.owner, "nango") == []
        [config] = await w.auth.provider_config(w.owner, "kinto", "direct")
        assert [method.method for method in config.methods] == ["basic"]
        assert list(config.methods[0].fields) == ["server", "username", "password"]
        with pytest.raises(BackendUnavailable):
            await w.auth.provider_config(w.owner, "kinto", "nango")
        assert await w.auth.validate_config(w.owner, "notes", "direct", Entry("token", {"token": "x"})) == []
        assert (await w.auth.validate_config(w.owner, "notes", "direct", Entry("token", {})))[0].field == "token"
        assert await w.auth.validate_config(w.owner, "notes", "direct", Entry("oauth", {}))


async def test_the_page_learns_the_form_without_changing_anything() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "notes")

        step = await w.auth.sign_in.first_step(session)

        assert isinstance(step, Form)
        assert [method.method for method in step.methods] == ["token"]
        assert (await w.sessions.open_link(session.link)).status is SessionStatus.PENDING
