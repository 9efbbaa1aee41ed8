"""The client against Nango: the double, or a real server by `make test-nango`, unchanged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr
from tests.auth.nango.server import APP, OAUTH1_APP, TBA_APP, Bench, Place, bench, some_place

from connectory.auth.nango.kinds import (
    ApiKey,
    Basic,
    NangoCredentials,
    Nothing,
    OAuth1,
    OAuth2,
    OAuth2ClientCredentials,
    TokenBased,
)
from connectory.auth.nango.models import NangoApp, SessionDefaults
from connectory.errors import AlreadyExists, BackendUnavailable, NangoRefused

pytestmark = pytest.mark.slow

TOKENS = {"type": "OAUTH2", "access_token": "s3cret-token", "refresh_token": "s3cret-refresh"}
KEY = {"type": "API_KEY", "apiKey": "s3cret-key"}
IN_2100 = "2100-01-01T00:00:00.000Z"


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with some_place() as found:
        yield found


@pytest.fixture
async def nango(place: Place) -> AsyncIterator[Bench]:
    async with bench(place) as made:
        yield made


async def test_the_catalogue_has_each_provider_by_its_name(nango: Bench) -> None:
    providers = await nango.client.providers()

    assert providers["github"].auth_mode == "OAUTH2"
    assert providers["github"].proxy.base_url == "https://api.github.com"
    assert "subdomain" in providers["shopify"].connection_config
    assert providers["exa"] == await nango.client.provider("exa")


async def test_one_provider_is_found_without_the_catalogue_and_an_unknown_one_is_none(nango: Bench) -> None:
    found = await nango.client.provider("exa")

    assert found is not None
    assert (found.name, found.auth_mode, found.display_name) == ("exa", "API_KEY", "Exa")
    assert await nango.client.provider("no-such-provider") is None


async def test_an_integration_is_made_read_changed_and_deleted(nango: Bench) -> None:
    key = nango.name("github")
    made = await nango.client.create_integration(key, "github", app=APP, display_name="Our GitHub")
    plain = await nango.client.integration(key)
    told = await nango.client.integration(key, with_credentials=True)

    assert (made.integration, made.provider, made.display_name) == (key, "github", "Our GitHub")
    assert plain is not None
    assert plain.app is None
    assert told is not None
    assert told.app == APP
    assert key in {row.integration for row in await nango.client.integrations()}

    other = NangoApp(type="OAUTH2", client_id="other", client_secret=SecretStr("0ther-s3cret"))
    changed = await nango.client.update_integration(key, app=other, display_name="Changed", forward_webhooks=False)
    kept = await nango.client.integration(key, with_credentials=True)

    assert changed is not None
    assert (changed.display_name, changed.forward_webhooks) == ("Changed", False)
    assert kept is not None
    assert kept.app is not None
    assert (kept.app.client_id, kept.app.scopes) == ("other", APP.scopes), "scopes that are left out stay"
    assert await nango.client.delete_integration(key)
    assert not await nango.client.delete_integration(key)


async def test_an_integration_can_be_renamed_while_it_has_no_connection(nango: Bench) -> None:
    key = await nango.integration("exa")
    renamed = await nango.client.update_integration(key, new_key=nango.name("renamed"))

    assert renamed is not None
    assert await nango.client.integration(key) is None
    await nango.client.import_connection(nango.name("renamed"), KEY)
    with pytest.raises(NangoRefused, match="active connections"):
        await nango.client.update_integration(nango.name("renamed"), new_key=key)


async def test_what_is_not_there_is_none_or_false(nango: Bench) -> None:
    key, absent = await nango.integration("exa"), nango.name("absent")

    assert await nango.client.integration(absent) is None
    assert await nango.client.update_integration(absent, display_name="x") is None
    assert not await nango.client.delete_integration(absent)
    assert await nango.client.connection("absent", key) is None
    assert await nango.client.connection("absent", absent) is None
    assert not await nango.client.update_tags("absent", key, {"a": "1"})
    assert not await nango.client.update_tags("absent", absent, {"a": "1"})
    assert not await nango.client.delete_connection("absent", key)
    assert not await nango.client.delete_connection("absent", absent)
    assert await nango.client.connections(integration=absent) == ()
    assert await nango.client.reconnect_session("absent", key, tags={"a": "1"}) is None


async def test_an_integrations_key_is_taken_once(nango: Bench) -> None:
    key = await nango.integration("exa")

    with pytest.raises(AlreadyExists, match=key):
        await nango.client.create_integration(key, "exa")


@pytest.mark.parametrize(
    ("provider", "app", "says", "places"),
    [
        ("no-such-provider", None, "Invalid provider", ("provider",)),
        ("github", None, "Missing credentials", ()),
        ("github", OAUTH1_APP, "incompatible credentials", ()),
        ("exa", APP, "incompatible credentials", ()),
    ],
)
async def test_an_integration_that_cannot_be_is_refused_in_words(
    nango: Bench, provider: str, app: NangoApp | None, says: str, places: tuple[str, ...]
) -> None:
    with pytest.raises(NangoRefused, match=says) as refusal:
        await nango.client.create_integration(nango.name("x"), provider, app=app)

    assert (refusal.value.reason, refusal.value.places) == ("invalid_body", places)
    assert "s3cret" not in f"{refusal.value!r}{refusal.value.text}"


async def test_a_session_has_a_link_for_this_server_and_hides_it(nango: Bench) -> None:
    key = await nango.integration("exa")
    session = await nango.client.create_session({"Workspace": "ws_1"}, [key])
    query = parse_qs(urlsplit(session.link.get_secret_value()).query)

    assert query["session_token"] == [session.token.get_secret_value()]
    assert query["apiURL"] == [nango.place.host]
    assert timedelta(minutes=29) < session.expires_at - now(nango) < timedelta(minutes=31)
    assert session.token.get_secret_value() not in repr(session)
    await nango.client.delete_session(session.token)
    await nango.client.delete_session(session.token)


async def test_a_session_for_an_integration_that_is_not_there_says_so(nango: Bench) -> None:
    with pytest.raises(BackendUnavailable, match="no such integration"):
        await nango.client.create_session({"a": "1"}, [nango.name("absent")])


async def test_a_sign_in_is_found_by_its_tags_and_renewed_under_its_id(nango: Bench) -> None:
    key = await nango.integration("exa")
    defaults = {key: SessionDefaults(connection_config={"region": "eu"})}
    session = await nango.client.create_session({"Connect-Session": "cs_1"}, [key], defaults)
    signed_in = await nango.sign_in_by_key(session, key, "s3cret-key")
    await nango.client.delete_session(session.token)
    (listed,) = await nango.client.connections(tags={"connect-session": "cs_1"}, integration=key)
    first = await nango.client.connection(signed_in, key)

    assert listed.connection_id == signed_in
    assert listed.tags == {"connect-session": "cs_1"}
    assert first is not None
    assert isinstance(first.credentials, ApiKey)
    assert first.credentials.api_key.get_secret_value() == "s3cret-key"

    again = await nango.client.reconnect_session(signed_in, key, tags={"connect-session": "cs_2"})
    assert again is not None
    assert await nango.sign_in_by_key(again, key, "n3w-key") == signed_in
    await nango.client.delete_session(again.token)
    (renewed,) = await nango.client.connections(connection_id=signed_in, integration=key)
    second = await nango.client.connection(signed_in, key)

    assert renewed.tags == {"connect-session": "cs_2"}
    assert second is not None
    assert isinstance(second.credentials, ApiKey)
    assert second.credentials.api_key.get_secret_value() == "n3w-key"


@pytest.mark.parametrize(
    ("provider", "app", "credentials", "config", "kind"),
    [
        ("github", APP, {**TOKENS, "expires_at": IN_2100}, {}, OAuth2),
        (
            "domo",
            None,
            {"type": "OAUTH2_CC", "token": "s3cret-t", "client_id": "i", "client_secret": "s3cret-c"},
            {},
            OAuth2ClientCredentials,
        ),
        (
            "twitter",
            OAUTH1_APP,
            {"type": "OAUTH1", "oauth_token": "s3cret-t", "oauth_token_secret": "s3cret-s"},
            {},
            OAuth1,
        ),
        ("exa", None, KEY, {}, ApiKey),
        ("mixpanel", None, {"type": "BASIC", "username": "s3cret-u", "password": ""}, {}, Basic),
        (
            "netsuite-tba",
            TBA_APP,
            {"type": "TBA", "token_id": "s3cret-t", "token_secret": "s3cret-s", "config_override": {}},
            {"accountId": "tst1"},
            TokenBased,
        ),
        ("unauthenticated", None, {"type": "NONE"}, {}, Nothing),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_each_kind_of_credentials_comes_back_as_its_own_type_and_hidden(
    nango: Bench,
    provider: str,
    app: NangoApp | None,
    credentials: dict[str, Any],
    config: dict[str, str],
    kind: type[NangoCredentials],
) -> None:
    made = await nango.imported(provider, credentials, app=app, connection_config=config, tags={"A": "1"})
    found = await nango.client.connection(*made)

    assert found is not None
    assert type(found.credentials) is kind
    assert found.tags == {"a": "1"}
    assert "s3cret" not in repr(found)
    secrets = {value for value in credentials.values() if isinstance(value, str) and value.startswith("s3cret")}
    given = {one.get_secret_value() for one in found.credentials.__dict__.values() if isinstance(one, SecretStr)}
    assert secrets - {"s3cret-refresh"} <= given


async def test_a_refresh_token_comes_only_where_it_is_asked_for(nango: Bench) -> None:
    made = await nango.imported("github", {**TOKENS, "expires_at": IN_2100}, app=APP)
    plain = await nango.client.connection(*made)
    told = await nango.client.connection(*made, with_refresh_token=True)

    assert plain is not None
    assert isinstance(plain.credentials, OAuth2)
    assert plain.credentials.refresh_token is None
    assert "s3cret-refresh" not in str(plain.credentials.raw)
    assert plain.credentials.lasts_until == datetime(2100, 1, 1, tzinfo=UTC)
    assert told is not None
    assert isinstance(told.credentials, OAuth2)
    assert told.credentials.refresh_token == SecretStr("s3cret-refresh")


async def test_an_expired_token_that_nothing_can_refresh_comes_as_it_is(nango: Bench) -> None:
    expired = {"type": "OAUTH2", "access_token": "s3cret-token", "expires_at": "2000-01-01T00:00:00.000Z"}
    made = await nango.imported("github", expired, app=APP)
    found = await nango.client.connection(*made, force_refresh=True)

    assert found is not None
    assert found.credentials.lasts_until == datetime(2000, 1, 1, tzinfo=UTC)
    assert not found.is_broken


async def test_a_key_is_not_tried_by_a_forced_refresh(nango: Bench) -> None:
    made = await nango.imported("exa", KEY)
    found = await nango.client.connection(*made, force_refresh=True)

    assert found is not None
    assert isinstance(found.credentials, ApiKey)


async def test_an_import_of_the_same_id_empties_what_is_left_out(nango: Bench) -> None:
    made, key = await nango.imported("exa", KEY, connection_id="mine", tags={"a": "1"}, metadata={"m": 1})
    first = await nango.client.connection(made, key)
    await nango.client.import_connection(key, {**KEY, "apiKey": "n3w-key"}, connection_id="mine")
    second = await nango.client.connection(made, key)

    assert first is not None
    assert second is not None
    assert (first.id, first.metadata, first.tags) == (second.id, {"m": 1}, {"a": "1"})
    assert (second.metadata, second.tags) == ({}, {})


@pytest.mark.parametrize("provider", ["github-pat", "github"])
async def test_credentials_that_nango_will_not_take_are_in_no_text(nango: Bench, provider: str) -> None:
    key = await nango.integration(provider, APP if provider == "github" else None)

    with pytest.raises(NangoRefused) as refusal:
        await nango.client.import_connection(key, KEY)

    assert refusal.value.reason in ("connection_test_failed", "invalid_body")
    assert "s3cret" not in f"{refusal.value!r}{refusal.value.text}"


async def test_an_id_of_odd_characters_is_one_part_of_the_path(nango: Bench) -> None:
    odd = "a/b c|{d}@[e]$\"'"
    made, key = await nango.imported("exa", KEY, connection_id=odd)

    assert made == odd
    assert await nango.client.connection(odd, key) is not None
    assert await nango.client.update_tags(odd, key, {"b": "2"})
    (listed,) = await nango.client.connections(connection_id=odd, integration=key)
    assert listed.tags == {"b": "2"}
    assert await nango.client.delete_connection(odd, key)


async def test_connections_are_found_by_tag_by_id_and_by_integration_newest_first(nango: Bench) -> None:
    key, other = await nango.integration("exa"), await nango.integration("mixpanel")
    for number in range(3):
        tags = {"number": str(number), "Kind": "mine"}
        await nango.client.import_connection(key, KEY, connection_id=f"c{number}", tags=tags)
    basic = {"type": "BASIC", "username": "u", "password": "p"}
    await nango.client.import_connection(other, basic, connection_id="c0")

    async def ids(**wanted: Any) -> list[str]:
        return [row.connection_id for row in await nango.client.connections(**wanted)]

    assert await ids(integration=key) == ["c2", "c1", "c0"]
    assert await ids(integration=key, tags={"number": "1", "kind": "mine"}) == ["c1"]
    assert await ids(integration=key, tags={"number": "1", "kind": "other"}) == []
    assert await ids(connection_id="c0", integration=f"{key},{other}") == ["c0", "c0"]


async def test_a_long_list_is_read_to_its_last_page(place: Place) -> None:
    async with bench(place, page=2) as nango:
        key = await nango.integration("exa")
        for number in range(5):
            await nango.client.import_connection(key, KEY, connection_id=f"c{number}")
        found = await nango.client.connections(integration=key)
        await nango.client.delete_connection("c4", key)
        fewer = await nango.client.connections(integration=key)

    assert [row.connection_id for row in found] == ["c4", "c3", "c2", "c1", "c0"]
    assert [row.connection_id for row in fewer] == ["c3", "c2", "c1", "c0"]


def now(nango: Bench) -> datetime:
    return datetime.now(UTC) if nango.place.double is None else nango.place.double.clock.now()
