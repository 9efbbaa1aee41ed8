"""The double signs in at a real OAuth server and refreshes there (points 3 and 5 of the page's section 11)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from pydantic import SecretStr
from tests.auth.nango.server import Bench, Place, bench
from tests.nango.serving import NangoDouble, callback_of, nango_double
from tests.nango.state import Connection
from tests.oauth_servers.oidc import SECRET, OidcServer, confidential_client, oidc_server
from tests.oauth_servers.pages import Page, deny, sign_in
from tests.web.ports import free_port

from connectory.auth.nango.kinds import OAuth2
from connectory.auth.nango.models import NangoApp, NangoSession
from connectory.auth.nango.refusals import RefreshFailed, RefreshState

pytestmark = pytest.mark.slow

APP = NangoApp(type="OAUTH2", client_id="connectory", client_secret=SecretStr(SECRET), scopes=("read", "write"))
HOUR_S = 3600


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def oidc(port: int) -> Iterator[OidcServer]:
    client = confidential_client(callback_of(f"http://127.0.0.1:{port}"))
    with oidc_server(client, access_token_ttl_s=HOUR_S) as running:
        yield running


@pytest.fixture
def double(oidc: OidcServer, port: int) -> Iterator[NangoDouble]:
    with nango_double(port) as running:
        running.sign_in_at("github", oidc)
        yield running
        oidc.delay(0)


@pytest.fixture
async def nango(double: NangoDouble) -> AsyncIterator[Bench]:
    async with bench(Place(double.origin, double.dev.key, double)) as made:
        yield made


@pytest.fixture
async def key(nango: Bench) -> str:
    return await nango.integration("github", APP)


@pytest.fixture
async def browser() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(trust_env=False, verify=False, timeout=30) as client:
        yield client


async def to_the_provider(browser: httpx2.AsyncClient, link: str) -> str:
    """Open a connect link, press its button, and return the provider's address that it leads to."""
    page = await browser.get(link)
    form = Page(page.text)
    assert form.action is not None, page.text
    left = await browser.get(form.action, params={name: values[0] for name, values in form.fields.items()})
    assert left.status_code == 302, left.text
    return str(left.headers["location"])


async def signed_in(nango: Bench, browser: httpx2.AsyncClient, session: NangoSession) -> httpx2.Response:
    """Walk the whole way, and return Nango's last page."""
    away = await to_the_provider(browser, session.link.get_secret_value())
    return await browser.get(await sign_in(away))


async def connected(nango: Bench, browser: httpx2.AsyncClient, key: str) -> str:
    """A connection by OAuth; returns its id."""
    session = await nango.client.create_session({"cs": "1"}, [key])
    await signed_in(nango, browser, session)
    (listed,) = await nango.client.connections(tags={"cs": "1"}, integration=key)
    return listed.connection_id


def stored(double: NangoDouble, key: str, connection_id: str) -> Connection:
    return double.dev.connections[key, connection_id]


async def test_a_person_signs_in_and_the_connection_carries_the_tags(
    nango: Bench, browser: httpx2.AsyncClient, key: str
) -> None:
    session = await nango.client.create_session({"Workspace": "ws_1", "cs": "1"}, [key])
    done = await signed_in(nango, browser, session)
    (listed,) = await nango.client.connections(tags={"cs": "1"}, integration=key)
    found = await nango.client.connection(listed.connection_id, key)

    assert done.status_code == 200
    assert "successful" in done.text
    assert listed.tags == {"workspace": "ws_1", "cs": "1"}
    assert found is not None
    assert isinstance(found.credentials, OAuth2)
    assert found.credentials.refresh_token is None
    assert "refresh_token" not in found.credentials.raw
    assert found.credentials.lasts_until is not None
    assert found.metadata == {}


async def test_the_request_to_the_provider_has_state_scopes_and_pkce(
    nango: Bench, browser: httpx2.AsyncClient, key: str
) -> None:
    session = await nango.client.create_session({"cs": "1"}, [key])
    query = parse_qs(urlsplit(await to_the_provider(browser, session.link.get_secret_value())).query)

    assert query["scope"] == ["read write"]
    assert query["redirect_uri"] == [callback_of(nango.place.host)]
    assert query["code_challenge_method"] == ["S256"]
    assert query["state"][0]


async def test_a_session_signs_in_as_often_as_it_is_used_until_it_ends(
    double: NangoDouble, nango: Bench, browser: httpx2.AsyncClient, key: str
) -> None:
    session = await nango.client.create_session({"cs": "1"}, [key])
    for _ in range(2):
        await signed_in(nango, browser, session)
    assert len(await nango.client.connections(tags={"cs": "1"}, integration=key)) == 2

    double.clock.advance(minutes=31)
    expired = await browser.get(session.link.get_secret_value())
    assert "An error occurred" in expired.text


@pytest.mark.parametrize("api", [None, "https://api.nango.dev", "http://127.0.0.1:1"])
async def test_the_page_fails_without_the_right_api_address(
    nango: Bench, browser: httpx2.AsyncClient, key: str, api: str | None
) -> None:
    session = await nango.client.create_session({"cs": "1"}, [key])
    link = httpx2.URL(session.link.get_secret_value())
    other = link.copy_remove_param("apiURL") if api is None else link.copy_set_param("apiURL", api)

    assert "An error occurred" in (await browser.get(other)).text


async def test_a_person_who_declines_makes_no_connection(nango: Bench, browser: httpx2.AsyncClient, key: str) -> None:
    session = await nango.client.create_session({"cs": "1"}, [key])
    callback = await deny(await to_the_provider(browser, session.link.get_secret_value()))
    done = await browser.get(callback)
    again = await browser.get(callback)

    assert (done.status_code, again.status_code) == (400, 400)
    assert await nango.client.connections(tags={"cs": "1"}, integration=key) == ()


async def test_a_callback_of_another_state_makes_no_connection(
    nango: Bench, browser: httpx2.AsyncClient, key: str
) -> None:
    session = await nango.client.create_session({"cs": "1"}, [key])
    callback = httpx2.URL(await sign_in(await to_the_provider(browser, session.link.get_secret_value())))
    forged = await browser.get(callback.copy_set_param("state", "other"))

    assert forged.status_code == 400
    assert await nango.client.connections(tags={"cs": "1"}, integration=key) == ()


async def test_a_reconnect_keeps_id_and_date_and_takes_the_new_tags(
    double: NangoDouble, nango: Bench, browser: httpx2.AsyncClient, key: str
) -> None:
    made = await connected(nango, browser, key)
    before = await nango.client.connection(made, key)
    double.clock.advance(minutes=1)
    session = await nango.client.reconnect_session(made, key, tags={"cs": "2"})
    assert session is not None
    await signed_in(nango, browser, session)
    (listed,) = await nango.client.connections(connection_id=made, tags={"cs": "2"})
    after = await nango.client.connection(made, key)

    assert listed.tags == {"cs": "2"}
    assert before is not None
    assert after is not None
    assert (after.id, after.updated_at) == (before.id, before.updated_at)
    assert after.credentials != before.credentials


async def test_many_readers_share_one_refresh_and_the_rotated_token_is_kept(
    double: NangoDouble, nango: Bench, browser: httpx2.AsyncClient, key: str, oidc: OidcServer
) -> None:
    made = await connected(nango, browser, key)
    first = stored(double, key, made).credentials["refresh_token"]
    before = oidc.counts().refresh_token
    double.clock.advance(seconds=HOUR_S - 14 * 60)
    oidc.delay(1500)
    found = await asyncio.gather(*(nango.client.connection(made, key) for _ in range(20)))
    tokens = {one.credentials.access_token for one in found if one and isinstance(one.credentials, OAuth2)}

    assert oidc.counts().refresh_token.ok == before.ok + 1
    assert len(tokens) == 1
    assert stored(double, key, made).credentials["refresh_token"] != first


async def test_a_token_is_not_refreshed_before_its_last_quarter_of_an_hour(
    double: NangoDouble, nango: Bench, browser: httpx2.AsyncClient, key: str, oidc: OidcServer
) -> None:
    made = await connected(nango, browser, key)
    before = oidc.counts().refresh_token
    double.clock.advance(seconds=HOUR_S - 16 * 60)
    await nango.client.connection(made, key)
    assert oidc.counts().refresh_token == before

    await nango.client.connection(made, key, force_refresh=True)
    assert oidc.counts().refresh_token.ok == before.ok + 1


async def test_a_failed_refresh_backs_off_marks_the_connection_and_clears_by_the_next_that_works(
    double: NangoDouble, nango: Bench, browser: httpx2.AsyncClient, key: str, oidc: OidcServer
) -> None:
    made = await connected(nango, browser, key)
    double.clock.advance(seconds=HOUR_S)
    oidc.fail(503)
    failed = await failure(nango, made, key)
    backing_off = await failure(nango, made, key)
    (listed,) = await nango.client.connections(connection_id=made, integration=key)

    assert failed.state is RefreshState.FAILED
    assert failed.connection is not None
    assert failed.connection.is_broken
    assert backing_off.state is RefreshState.BACKING_OFF
    assert listed.is_broken

    double.clock.advance(seconds=31)
    assert await nango.client.connection(made, key) is not None
    (listed,) = await nango.client.connections(connection_id=made, integration=key)
    assert not listed.is_broken


async def test_a_failed_forced_refresh_hides_a_good_token_and_force_bypasses_that(
    double: NangoDouble, nango: Bench, browser: httpx2.AsyncClient, key: str, oidc: OidcServer
) -> None:
    made = await connected(nango, browser, key)
    oidc.fail(400, error="invalid_grant")
    with pytest.raises(RefreshFailed):
        await nango.client.connection(made, key, force_refresh=True)

    assert (await failure(nango, made, key)).state is RefreshState.BACKING_OFF
    assert await nango.client.connection(made, key, force_refresh=True) is not None
    assert await nango.client.connection(made, key) is not None


async def test_failures_on_four_days_exhaust_a_connection_until_the_person_signs_in_again(
    double: NangoDouble, nango: Bench, browser: httpx2.AsyncClient, key: str, oidc: OidcServer
) -> None:
    made = await connected(nango, browser, key)
    for _ in range(4):
        double.clock.advance(days=1)
        oidc.fail(503)
        assert (await failure(nango, made, key)).state is RefreshState.FAILED
    double.clock.advance(days=1)
    before = oidc.counts().refresh_token
    assert (await failure(nango, made, key)).state is RefreshState.EXHAUSTED
    assert oidc.counts().refresh_token == before

    session = await nango.client.reconnect_session(made, key, tags={"cs": "2"})
    assert session is not None
    await signed_in(nango, browser, session)
    assert await nango.client.connection(made, key) is not None


async def failure(nango: Bench, made: str, key: str) -> RefreshFailed:
    with pytest.raises(RefreshFailed) as found:
        await nango.client.connection(made, key)
    return found.value
