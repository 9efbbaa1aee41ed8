"""Signing in to a real authorization server: by code, by device code, with registered and self-registered clients."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.auth.oauth.acme import ACME_YAML, CALLBACK, acme
from tests.oauth_servers.oidc import (
    SECRET,
    OidcServer,
    confidential_client,
    device_client,
    machine_client,
    oidc_server,
    public_client,
)
from tests.oauth_servers.pages import approve_device, deny, sign_in

from connectory.auth.backend import Connected, DeviceCode, Entry, Form, Revocation
from connectory.errors import ConnectoryError, MissingScope, SessionExpired
from connectory.vault.credentials import OAuthTokens
from connectory.vault.entities import GrantStatus, SessionStatus

pytestmark = pytest.mark.slow
MACHINE_YAML = ACME_YAML.replace("method: oauth2", "method: client_credentials").replace(
    "fields: {server: {title: Server, kind: origin}}",
    "fields: {server: {title: Server, kind: origin}, client_id: {title: Id}, client_secret: {title: S, kind: secret}}",
)
MACHINE_YAML = MACHINE_YAML.replace('issuer: "{connection.server}"', 'token_url: "{connection.server}/token"').replace(
    "    always_scopes: [openid, email]\n", ""
)
MACHINE_YAML = MACHINE_YAML.replace(
    "{get: /me}, account: {id: sub, name: email || sub}",
    '{get: /jwks}, account: {id: "keys[0].kid", name: "keys[0].kid"}',
)


@pytest.fixture(scope="module")
def server() -> Iterator[OidcServer]:
    clients = (
        confidential_client(CALLBACK),
        confidential_client(CALLBACK, client_id="basic", auth="client_secret_basic"),
        public_client(CALLBACK, client_id="public"),
        machine_client(client_id="machine"),
        device_client(client_id="device"),
    )
    with oidc_server(*clients) as running:
        yield running


async def test_a_person_signs_in_and_an_action_runs_as_them(server: OidcServer) -> None:
    async with acme(server) as one:
        done = await one.connected("alice")
        answer = await one.application.gateway.call_action(one.principal, "acme_get_me", {})

    assert (done.account.id, done.account.name, done.connection.name) == ("alice", "alice@example.test", "acme/default")
    assert answer.value["sub"] == "alice"


async def test_the_page_that_a_person_is_sent_to_has_what_the_specification_asks_for(server: OidcServer) -> None:
    async with acme(server) as one:
        session = await one.session()
        first, second = [parse_qs(urlsplit(await one.leave(session)).query) for _ in range(2)]

    assert first["response_type"] == ["code"]
    assert first["client_id"] == ["connectory"]
    assert first["redirect_uri"] == [CALLBACK]
    assert first["code_challenge_method"] == ["S256"]
    assert first["scope"] == ["read write openid email"]
    assert len(first["state"][0]) >= 43
    assert first["state"] != second["state"]
    assert first["code_challenge"] != second["code_challenge"]


async def test_only_what_was_ticked_is_asked_for_and_more_comes_later_without_losing_the_account(
    server: OidcServer,
) -> None:
    async with acme(server) as one:
        session = await one.session()
        url = await one.leave(session, scopes=("read",))
        assert parse_qs(urlsplit(url).query)["scope"] == ["read openid email"]
        done = await one.come_back(session, await sign_in(url))

        renewal = await one.session(alias="default", scopes=["write"])
        url = await one.leave(renewal)
        assert parse_qs(urlsplit(url).query)["scope"] == ["read write openid email"]
        again = await one.come_back(renewal, await sign_in(url))
        _, grant = (await one.application.auth.list_connections(one.principal))[0]

    assert isinstance(done, Connected)
    assert isinstance(again, Connected)
    assert again.connection.id == done.connection.id
    assert set(grant.scopes) >= {"read", "write"}


async def test_an_action_that_needs_more_than_was_ticked_says_so_with_the_link(server: OidcServer) -> None:
    yaml = ACME_YAML.replace(
        "    request: {get: /me}\n    docs", "    scopes: [write]\n    request: {get: /me}\n    docs"
    )
    async with acme(server, yaml=yaml) as one:
        session = await one.session()
        await one.come_back(session, await sign_in(await one.leave(session, scopes=("read",))))
        with pytest.raises(MissingScope) as refusal:
            await one.application.gateway.call_action(one.principal, "acme_get_me", {})

    assert "write" in refusal.value.message
    assert "/connect/" in refusal.value.hint


async def test_who_declines_is_told_so_and_can_try_again_by_the_same_link(server: OidcServer) -> None:
    async with acme(server) as one:
        session = await one.session()
        step = await one.come_back(session, await deny(await one.leave(session)))
        told = await one.application.auth.wait(one.principal, session, 0)
        again = await one.come_back(session, await sign_in(await one.leave(session)))

    assert isinstance(step, Form)
    assert told.status is SessionStatus.BOUND
    assert told.problem is not None
    assert "did not allow" in told.problem
    assert isinstance(again, Connected)


async def test_another_account_is_held_until_the_person_confirms_it(server: OidcServer) -> None:
    async with acme(server) as one:
        first = await one.connected("alice")
        session = await one.session(alias="default")
        asked = await one.come_back(session, await sign_in(await one.leave(session), login="bob"))
        shown = await one.application.auth.sign_in.first_step(session)
        still = (await one.application.auth.list_connections(one.principal))[0][1]
        entry = Entry("", {}, account_change_confirmed=True)
        done = await one.application.auth.sign_in.submit(session, "b1", entry)

    assert asked == shown
    assert "bob@example.test" in asked.problems[0].message
    assert still.account_id == "alice"
    assert isinstance(done, Connected)
    assert (done.connection.id, done.account.id) == (first.connection.id, "bob")


async def test_reconnecting_keeps_the_connection_and_several_accounts_stand_beside_each_other(
    server: OidcServer,
) -> None:
    async with acme(server) as one:
        first = await one.connected("alice")
        await one.connected("bob", alias="bob")
        again = await one.connected("alice", alias="default")
        found = await one.application.auth.list_connections(one.principal)

    assert again.connection.id == first.connection.id
    assert {(row.alias, grant.account_id) for row, grant in found} == {("default", "alice"), ("bob", "bob")}


async def test_disconnecting_withdraws_the_tokens_at_the_provider(server: OidcServer) -> None:
    async with acme(server) as one:
        done = await one.connected()
        before = server.counts().revocation
        outcome = await one.application.auth.disconnect(one.principal, done.connection.id)

    assert outcome is Revocation.REVOKED
    assert server.counts().revocation == before + 1


@pytest.mark.parametrize(
    ("client_id", "secret", "authentication"),
    [("basic", SECRET, "client_secret_basic"), ("connectory", SECRET, "client_secret_post"), ("public", "", "none")],
)
async def test_the_client_proves_itself_as_the_manifest_says(
    server: OidcServer, client_id: str, secret: str, authentication: str
) -> None:
    yaml = ACME_YAML.replace("    scopes: {", f"    client_authentication: {authentication}\n    scopes: {{")
    async with acme(server, yaml=yaml, environment={"ACME_CLIENT_ID": client_id, "ACME_CLIENT_SECRET": secret}) as one:
        await one.connected()

    assert server.requests()[-1].auth_method == authentication


async def test_a_server_that_registers_clients_needs_no_app_registered_by_hand(server: OidcServer) -> None:
    yaml = "".join(line for line in ACME_YAML.splitlines(keepends=True) if not _is_registering(line))
    async with acme(server, yaml=yaml, environment={}) as one:
        before = server.counts().registration
        done = await one.connected()
        again = await one.connected("bob", alias="bob")
        await one.application.auth.refresh_credentials(one.principal, again.connection.id)

    assert done.account.id == "alice"
    assert server.counts().registration == before + 1


async def test_a_machine_gets_tokens_by_its_own_rights(server: OidcServer) -> None:
    async with acme(server, yaml=MACHINE_YAML) as one:
        session = await one.session()
        values = {"server": server.issuer, "client_id": "machine", "client_secret": SECRET}
        done = await one.application.auth.sign_in.submit(session, "b1", Entry("oauth", values))
        assert isinstance(done, Connected), done
        row, grant = (await one.application.auth.list_connections(one.principal))[0]
        tokens = await one.application.vault.grants.open_credentials(grant)
        await one.application.auth.refresh_credentials(one.principal, row.id)

    assert isinstance(tokens, OAuthTokens)
    assert tokens.refresh_token is None
    assert server.counts().client_credentials.ok >= 2


async def test_a_code_typed_elsewhere_signs_a_headless_machine_in(server: OidcServer) -> None:
    async with acme(server, environment={"ACME_CLIENT_ID": "device"}) as one:
        session = await one.session()
        entry = Entry("oauth", {"server": server.issuer}, device=True)
        code = await one.application.auth.sign_in.submit(session, "b1", entry)
        assert isinstance(code, DeviceCode), code
        early = await one.application.auth.wait(one.principal, session, 0)
        await approve_device(code.verification_uri, user_code=code.user_code)
        late = await one.application.auth.wait(one.principal, session, 20)
        answer = await one.application.gateway.call_action(one.principal, "acme_get_me", {})

    assert early.status is SessionStatus.BOUND
    assert late.status is SessionStatus.CONNECTED
    assert answer.value["sub"] == "alice"


async def test_a_callback_counts_in_the_browser_that_left_and_once(server: OidcServer) -> None:
    async with acme(server) as one:
        session = await one.session()
        back = await sign_in(await one.leave(session))
        before = server.counts().authorization_code
        with pytest.raises(SessionExpired):
            await one.come_back(session, back, browser="b2")
        assert server.counts().authorization_code == before
        done = await one.come_back(session, back)
        with pytest.raises(ConnectoryError):
            await one.come_back(session, back)

    assert isinstance(done, Connected)


async def test_a_refused_refresh_ends_the_grant_with_the_link_that_mends_it(server: OidcServer) -> None:
    async with acme(server) as one:
        done = await one.connected()
        server.fail(400, error="invalid_grant")
        with pytest.raises(ConnectoryError) as refusal:
            await one.application.auth.refresh_credentials(one.principal, done.connection.id)
        with pytest.raises(ConnectoryError) as call:
            await one.application.gateway.call_action(one.principal, "acme_get_me", {})
        _, grant = (await one.application.auth.list_connections(one.principal))[0]

    assert refusal.value.code == call.value.code == "needs_reconnect"
    assert "/connect/" in call.value.hint
    assert grant.status is GrantStatus.NEEDS_RECONNECT


def _is_registering(line: str) -> bool:
    return any(word in line for word in ("register:", "acme.example/apps", "Make an app"))
