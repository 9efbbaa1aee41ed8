"""95. Deleted means gone: first at the provider (RFC 7009), then here in all stores; who must help is told so."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from tests.attacks.lying_server import says
from tests.attacks.planted import files_with
from tests.attacks.real_sign_in import RealSignIn, real_sign_in
from tests.attacks.signing_in import Scene, scene

from connectory.identity.principal import local_principal
from connectory.settings import load_settings
from connectory.vault.credentials import OAuthTokens
from connectory.vault.entities import GrantStatus
from connectory.vault.tables import metadata
from connectory.vault.vault import open_vault


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSignIn]:
    with real_sign_in(tmp_path_factory.mktemp("gone")) as running:
        yield running


async def _stored(real: RealSignIn) -> tuple[OAuthTokens, list[str]]:
    """The tokens of the one connection, and the ids under which it stands."""
    vault = await open_vault(load_settings(real.install.environment))
    try:
        principal = await local_principal(vault)
        [(row, grant)] = await vault.connections.list(principal.workspace_id, owners=(str(principal.user_id),))
        tokens = await vault.grants.open_credentials(grant)
        assert isinstance(tokens, OAuthTokens)
        return tokens, [row.id, grant.id]
    finally:
        await vault.aclose()


def _tables_with(database: Path, ids: list[str]) -> set[str]:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        found = {
            table.name
            for table in metadata.sorted_tables
            for row in connection.execute(f"SELECT * FROM {table.name}")
            if any(one in str(row) for one in ids)
        }
    connection.close()
    return found


def _me(real: RealSignIn, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.get(f"{real.server.issuer}/me", headers=headers, trust_env=False, timeout=60).status_code


@pytest.mark.slow
def test_attack_95_after_disconnect_nothing_is_left_in_any_store_or_at_the_provider(real: RealSignIn) -> None:
    real.connect("alice", "read")
    assert "alice" in real.outside.call("acme_get_me").text
    tokens, ids = asyncio.run(_stored(real))
    assert tokens.refresh_token is not None
    plain = [tokens.access_token.get_secret_value(), tokens.refresh_token.get_secret_value()]
    assert _me(real, plain[0]) == 200

    said = real.outside.call("disconnect", connection="acme/default")

    assert "was told to forget the sign-in" in said.text
    assert real.server.counts().revocation == 1
    assert real.server.requests("/token/revocation")[0].body["token"] == plain[1]
    assert _me(real, plain[0]) == 401  # the access token went with it
    database = real.install.folder / "data/connectory.db"
    assert _tables_with(database, ids) <= {"audit"}  # what was done stays on record, by the connection's id alone
    assert files_with(plain, real.install.folder) == set()
    called = real.outside.call("acme_get_me")
    assert called.failed
    assert "alice" not in called.text
    assert real.outside.call("disconnect", connection=ids[0]).failed


class Held(Response):
    """An answer that waits until the test has looked."""

    def __init__(self, asked: asyncio.Event, go_on: asyncio.Event) -> None:
        super().__init__(status_code=200)
        self._asked, self._go_on = asked, go_on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._asked.set()
        await self._go_on.wait()
        await super().__call__(scope, receive, send)


async def _grants(s: Scene) -> list[GrantStatus]:
    return [grant.status for grant in await s.face.application.vault.grants.revoking()]


async def test_attack_95_the_provider_is_told_before_the_row_goes_so_that_a_crash_forgets_nothing() -> None:
    async with scene() as s, s.browser() as browser:
        await s.connected(browser)
        asked, go_on = asyncio.Event(), asyncio.Event()
        s.server.answers["/revoke"] = lambda _: Held(asked, go_on)
        leaving = asyncio.create_task(s.face.call(s.token, "disconnect", connection="p/default"))
        await asyncio.wait_for(asked.wait(), 10)
        assert await _grants(s) == [GrantStatus.REVOKING]  # a start after a crash goes on with it
        assert await s.connections() == []  # and nobody can use it meanwhile
        assert (await s.face.call(s.token, "p_list_things")).failed
        go_on.set()
        assert "was told to forget the sign-in" in (await leaving).text
        assert await _grants(s) == []
        assert s.server.asked("/things") == []
        [told] = s.server.asked("/revoke")
        assert told.form["token"].startswith("rt-1")


@pytest.mark.parametrize("status", [302, 400, 401, 404, 500, 503])
async def test_attack_95_where_the_provider_did_not_take_it_the_person_is_told(status: int) -> None:
    async with scene() as s, s.browser() as browser:
        await s.connected(browser)
        s.server.answers["/revoke"] = says({"error": "no"}, status, Location="https://evil.example/revoke")
        said = await s.face.call(s.token, "disconnect", connection="p/default")
        assert not said.failed  # a provider that is down keeps nobody from leaving
        assert "could not be told" in said.text
        assert "remove the access there" in said.text
        assert await _grants(s) == []
        assert await s.connections() == []
        assert s.evil.heard == []
        [line] = [one for one in await s.lines() if one.action == "disconnect"]
        assert line.outcome == "ok"
        assert "rt-1" not in repr(line)


async def test_attack_95_so_it_is_where_the_provider_cannot_be_told_at_all() -> None:
    async with scene() as s, s.browser() as browser:
        s.server.lies["revocation_endpoint"] = None
        await s.connected(browser)
        said = await s.face.call(s.token, "disconnect", connection="p/default")
        assert "may delete" in said.text or "remove the access" in said.text
        assert "was told to forget" not in said.text


async def test_attack_95_a_kept_result_and_an_open_link_go_with_it() -> None:
    async with scene(environment={"CONNECTORY_RESULT_TOKENS": "200"}) as s, s.browser() as browser:
        await s.connected(browser)
        s.server.answers["/things"] = says([{"id": number, "text": "private words " * 20} for number in range(40)])
        read = await s.face.call(s.token, "p_list_things")
        handle = re.search(r"rs_\w+", read.text)
        assert handle
        assert not (await s.face.call(s.token, "read_result", result=handle[0])).failed
        s.clock.ahead = timedelta(minutes=3)  # within two it would still be news that it is connected
        link = await s.link(alias="default")
        await s.face.call(s.token, "disconnect", connection="p/default")
        gone = await s.face.call(s.token, "read_result", result=handle[0])
        assert gone.failed
        assert "private words" not in gone.text
        left = await s.face.rows()
        assert left["kept_results"] == left["connections"] == left["grants"] == left["oauth_flows"] == []
        assert (await browser.open(link)).status in (404, 410)
