"""What the client says of each way in which Nango fails: whose move it is, when to try again, and no secret in it."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import SecretStr
from tests.auth.nango.server import APP, Bench, Place, bench
from tests.nango.serving import NangoDouble, nango_double
from tests.web.ports import free_port

from connectory.auth.nango.calls import NangoCalls
from connectory.auth.nango.catalogue import ProviderCatalogue
from connectory.auth.nango.client import NangoClient
from connectory.auth.nango.kinds import Nothing
from connectory.auth.nango.models import NangoApp
from connectory.auth.nango.refusals import RefreshFailed, RefreshState
from connectory.auth.nango.way import open_way_out
from connectory.errors import BackendUnavailable, ConnectoryError, NangoRefused, NangoUnavailable, RateLimited
from connectory.settings import Settings

pytestmark = pytest.mark.slow

HTML = b"<!doctype html><title>Nango</title>"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
TOKENS = {"type": "OAUTH2", "access_token": "s3cret-token", "refresh_token": "s3cret-refresh"}
SECRETS = ("s3cret", UNKNOWN, "nango_connect_session_")


@dataclass
class Waits:
    """A sleep that notes for how long it was asked, and returns at once."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture(scope="module")
def double() -> Iterator[NangoDouble]:
    with nango_double() as running:
        yield running


@pytest.fixture(autouse=True)
def without_faults(double: NangoDouble) -> Iterator[None]:
    yield
    double.state.faults.clear()


@pytest.fixture
async def nango(double: NangoDouble) -> AsyncIterator[Bench]:
    async with bench(Place(double.origin, double.dev.key, double)) as made:
        yield made


def error(code: str, message: str = "s3cret words") -> bytes:
    return json.dumps({"error": {"code": code, "message": message}}).encode()


def assert_silent(refusal: BaseException, *more: str) -> None:
    """No secret stands in it, nor in what led to it."""
    told = "".join(traceback.format_exception(refusal)) + repr(vars(refusal))
    for secret in (*SECRETS, *more):
        assert secret not in told


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (500, b"", NangoUnavailable, "status 500"),
        (500, error("server_error"), NangoUnavailable, "status 500, server_error"),
        (500, error("generic_error_support"), NangoUnavailable, "generic_error_support"),
        (502, b"", NangoUnavailable, "status 502"),
        (503, HTML, NangoUnavailable, "not Nango's API"),
        (200, HTML, NangoUnavailable, "not Nango's API"),
        (404, HTML, NangoUnavailable, "not Nango's API"),
        (200, b"[]", NangoUnavailable, "not Nango's API"),
        (200, b'{"data": ', NangoUnavailable, "not Nango's API"),
        (200, b'{"other": []}', NangoUnavailable, "no list 'data'"),
        (200, b'{"data": [{"unique_key": "s3cret"}]}', NangoUnavailable, "not what it documents"),
        (302, error("moved"), NangoUnavailable, "not Nango's API"),
        (402, error("plan_limit"), NangoRefused, "plan is reached"),
        (400, error("resource_capped"), NangoRefused, "plan is reached"),
        (403, error("forbidden"), NangoRefused, "does not allow this"),
        (409, error("conflict", "Two keys."), NangoRefused, "list its integrations (409 conflict: Two keys.)"),
        (415, error("invalid_content_type", ""), NangoRefused, "415 invalid_content_type"),
        (418, b"{}", NangoRefused, "418 without a code"),
    ],
)
async def test_each_answer_that_is_none_has_its_error(
    double: NangoDouble, nango: Bench, status: int, body: bytes, kind: type[ConnectoryError], says: str
) -> None:
    is_html = body == HTML
    double.fail(status, body, content_type="text/html" if is_html else "application/json")

    with pytest.raises(kind) as refusal:
        await nango.client.integrations()

    assert says in refusal.value.message
    assert refusal.value.hint
    assert refusal.value.retryable == (kind is NangoUnavailable)
    assert_silent(refusal.value, double.dev.key)


async def test_what_nango_repeats_of_a_request_is_taken_out(double: NangoDouble, nango: Bench) -> None:
    app = NangoApp(type="OAUTH2", client_id="i", client_secret=SecretStr("s3cret-one"))
    asked: list[Awaitable[object]] = [
        nango.client.import_connection("a", {"type": "API_KEY", "apiKey": "s3cret-one"}),
        nango.client.create_integration("a", "github", app=app),
        nango.client.update_integration("a", app=app),
        nango.client.delete_session(SecretStr("s3cret-one")),
        nango.client.integrations(),
    ]
    for ask in asked:
        double.fail(400, error("invalid_body", f"It is s3cret-one or {double.dev.key}."))
        with pytest.raises(NangoRefused, match=r"It is .* or .*\.") as refusal:
            await ask
        if ask is not asked[-1]:
            assert_silent(refusal.value)
        if ask is not asked[-2]:  # there the token goes in the key's place
            assert double.dev.key not in refusal.value.text


async def test_an_answer_that_does_not_call_itself_json_is_none(double: NangoDouble, nango: Bench) -> None:
    double.fail(200, b'{"data": []}', content_type="text/html")

    with pytest.raises(NangoUnavailable, match="not Nango's API"):
        await nango.client.integrations()


async def test_a_nango_that_is_down_says_where_it_should_be() -> None:
    port = free_port()
    async with client_of(f"http://127.0.0.1:{port}", UNKNOWN) as client:
        with pytest.raises(NangoUnavailable, match=f"http://127.0.0.1:{port} cannot be reached") as refusal:
            await client.integrations()

    assert "NANGO_HOST" in refusal.value.hint
    assert_silent(refusal.value)


async def test_a_nango_that_is_slow_is_not_waited_for(double: NangoDouble) -> None:
    async with client_of(double.origin, double.dev.key, timeout_s=3.0) as client:
        await client.integrations()
        may_end = threading.Event()
        double.fail(200, may_end=may_end)
        with pytest.raises(NangoUnavailable, match=r"did not answer within 3 s") as refusal:
            await client.integrations()
        may_end.set()

    assert refusal.value.retryable
    assert_silent(refusal.value, double.dev.key)


@pytest.mark.parametrize(
    ("key", "reason", "says"),
    [
        (UNKNOWN, "unknown_account", "does not know the key"),
        ("s3cret-of-no-form", "invalid_secret_key_format", "those are UUIDs"),
        ("", "invalid_secret_key_format", "those are UUIDs"),
        ("s3cret\nline", "", "character that no key has"),
    ],
)
async def test_a_key_that_is_not_accepted_is_the_operators_to_mend(
    double: NangoDouble, key: str, reason: str, says: str
) -> None:
    async with client_of(double.origin, key) as client:
        with pytest.raises(NangoRefused, match=says) as refusal:
            await client.integrations()

    assert refusal.value.reason == reason
    assert "NANGO_SECRET_KEY" in refusal.value.hint
    assert_silent(refusal.value)


SCOPED: Mapping[str, tuple[Callable[[NangoClient], Awaitable[object]], str]] = {
    "integrations": (lambda client: client.integrations(), "integrations:list"),
    "integration": (lambda client: client.integration("a"), "integrations:read"),
    "create": (lambda client: client.create_integration("a", "exa"), "integrations:create"),
    "update": (lambda client: client.update_integration("a", display_name="b"), "integrations:update"),
    "delete": (lambda client: client.delete_integration("a"), "integrations:delete"),
    "session": (lambda client: client.create_session({"a": "1"}, ["a"]), "connect_sessions:write"),
    "reconnect": (lambda client: client.reconnect_session("a", "a", tags={"a": "1"}), "connect_sessions:write"),
    "connections": (lambda client: client.connections(), "connections:list"),
    "connection": (lambda client: client.connection("a", "a"), "connections:read"),
    "import": (lambda client: client.import_connection("a", TOKENS), "connections:create"),
    "tags": (lambda client: client.update_tags("a", "a", {"a": "1"}), "connections:update"),
    "delete_connection": (lambda client: client.delete_connection("a", "a"), "connections:delete"),
}


@pytest.mark.parametrize(("ask", "scope"), SCOPED.values(), ids=SCOPED.keys())
async def test_a_key_without_a_scope_names_it(
    double: NangoDouble, ask: Callable[[NangoClient], Awaitable[object]], scope: str
) -> None:
    key = double.dev.add_key("nothing:at_all")
    async with client_of(double.origin, key) as client:
        with pytest.raises(NangoRefused, match=f"lacks the scope environment:{scope}") as refusal:
            await ask(client)

    assert refusal.value.reason == "forbidden"
    assert refusal.value.places[0] == f"environment:{scope}"
    assert_silent(refusal.value, key)


async def test_a_key_that_may_not_read_credentials_sees_the_connection_without_them(nango: Bench) -> None:
    assert nango.place.double is not None
    made = await nango.imported("github", TOKENS, app=APP)
    key = nango.place.double.dev.add_key("connections:read")
    async with client_of(nango.place.host, key) as client:
        found = await client.connection(*made)
        with pytest.raises(NangoRefused, match="environment:connections:read_credentials"):
            await client.connection(*made, force_refresh=True)

    assert found is not None
    assert found.credentials == Nothing()


async def test_the_providers_need_no_scope_and_are_asked_for_once(double: NangoDouble) -> None:
    async with client_of(double.origin, double.dev.add_key("nothing:at_all")) as client:
        before = len(double.state.seen)
        both = await asyncio.gather(client.providers(), client.providers())
        await client.provider("github")

    assert both[0] is both[1]
    assert double.state.seen[before:] == [("GET", "/providers")]


async def test_a_catalogue_that_has_not_changed_is_not_sent_again(double: NangoDouble) -> None:
    out = open_way_out(Settings.model_validate({"NANGO_HOST": double.origin}))
    catalogue = ProviderCatalogue(NangoCalls(out, double.origin, SecretStr(double.dev.key)), kept_s=0)
    first, second = await catalogue.all(), await catalogue.all()
    double.state.providers["brand-new"] = {"display_name": "New", "auth_mode": "NONE", "docs": ""}
    third = await catalogue.all()
    del double.state.providers["brand-new"]
    await out.aclose()

    assert first is second, "the answer was 304"
    assert set(third) - set(first) == {"brand-new"}


async def test_a_provider_of_an_unknown_form_does_not_hide_the_others(double: NangoDouble, nango: Bench) -> None:
    body = json.dumps({"data": [{"name": "new", "auth_mode": ["A"]}, {"name": "exa", "auth_mode": "API_KEY"}]})
    double.fail(200, body.encode())

    assert set(await nango.client.providers()) == {"exa"}


async def test_a_short_rate_limit_is_waited_for(double: NangoDouble) -> None:
    waits = Waits()
    async with client_of(double.origin, double.dev.key, sleep=waits) as client:
        double.fail(429, error("too_many_request"), headers={"retry-after": "2"})
        assert await client.integrations() == ()

    assert waits.seconds == [pytest.approx(2.0, abs=0.5)]


async def test_a_long_rate_limit_is_an_error_at_once_and_stops_the_next_call_too(double: NangoDouble) -> None:
    waits = Waits()
    async with client_of(double.origin, double.dev.key, sleep=waits) as client:
        double.fail(429, error("too_many_request"), headers={"retry-after": "37"})
        for _ in range(2):
            with pytest.raises(RateLimited) as refusal:
                await client.integrations()
            assert refusal.value.retry_after_s == pytest.approx(37.0, abs=1.0)
        seen = double.state.seen[-1]

    assert seen == ("GET", "/integrations")
    assert len([one for one in double.state.faults if one.status == 429]) == 0
    assert waits.seconds == []
    assert_silent(refusal.value, double.dev.key)


@pytest.mark.parametrize("said", ["99999999999", "9" * 400, "soon", "", None])
async def test_a_retry_after_that_makes_no_sense_stops_nobody_for_long(double: NangoDouble, said: str | None) -> None:
    async with client_of(double.origin, double.dev.key, sleep=Waits()) as client:
        headers = {} if said is None else {"retry-after": said}
        double.fail(429, error("too_many_request"), times=2, headers=headers)
        with pytest.raises(RateLimited) as refusal:
            await client.integrations()
        double.state.faults.clear()

    assert refusal.value.retry_after_s is not None
    assert refusal.value.retry_after_s <= 120


async def test_the_doubles_own_limit_is_met_and_ends_with_its_window(double: NangoDouble) -> None:
    double.state.windows.clear()
    double.state.rate_limit = 3
    try:
        async with client_of(double.origin, double.dev.key, sleep=Waits()) as client:
            for _ in range(3):
                await client.integrations()
            with pytest.raises(RateLimited):
                await client.integrations()
        double.clock.advance(seconds=61)
        async with client_of(double.origin, double.dev.key) as client:
            await client.integrations()
    finally:
        double.state.rate_limit = 200


@pytest.mark.parametrize(
    ("status", "message", "state"),
    [
        (400, "The external API returned an error when trying to refresh the access token.", RefreshState.FAILED),
        (424, "A recent refresh attempt failed. Backing off before retrying.", RefreshState.BACKING_OFF),
        (424, "The refresh limit has been reached for this connection.", RefreshState.EXHAUSTED),
    ],
)
async def test_each_failed_refresh_has_its_state(
    double: NangoDouble, nango: Bench, status: int, message: str, state: RefreshState
) -> None:
    double.fail(status, error("invalid_credentials", message))

    with pytest.raises(RefreshFailed) as failure:
        await nango.client.connection("a", "b")

    assert failure.value.state is state
    assert failure.value.connection is None
    assert_silent(failure.value, double.dev.key)


async def test_a_session_cannot_be_made_without_the_servers_encryption_key(double: NangoDouble, nango: Bench) -> None:
    key = await nango.integration("exa")
    double.state.can_make_sessions = False
    try:
        with pytest.raises(NangoUnavailable, match="server_error"):
            await nango.client.create_session({"a": "1"}, [key])
    finally:
        double.state.can_make_sessions = True


async def test_a_link_that_is_no_web_address_is_not_followed(double: NangoDouble, nango: Bench) -> None:
    made = {"token": "s3cret-t", "connect_link": "javascript:alert(1)", "expires_at": "2100-01-01T00:00:00.000Z"}
    double.fail(201, json.dumps({"data": made}).encode())

    with pytest.raises(NangoUnavailable, match="no browser should open") as refusal:
        await nango.client.create_session({"a": "1"}, ["a"])

    assert_silent(refusal.value, "javascript")


async def test_a_link_to_another_address_of_nango_names_the_one_that_browsers_reach(double: NangoDouble) -> None:
    public = "https://nango.example"
    async with client_of(double.origin, double.dev.key, public=public) as client:
        session = await client.create_session({"a": "1"}, [])

    assert "apiURL=https%3A%2F%2Fnango.example" in session.link.get_secret_value()


async def test_two_keys_are_two_environments_that_never_see_each_other(double: NangoDouble, nango: Bench) -> None:
    made, key = await nango.imported("exa", {"type": "API_KEY", "apiKey": "k"}, tags={"a": "1"})
    async with client_of(double.origin, double.prod.key) as client:
        assert await client.connection(made, key) is None
        assert await client.connections(tags={"a": "1"}) == ()
        assert await client.integration(key) is None
        assert await client.reconnect_session(made, key, tags={"a": "1"}) is None
        assert not await client.delete_connection(made, key)

    assert await nango.client.connection(made, key) is not None


async def test_nothing_of_a_session_or_a_connection_is_logged(nango: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made, key = await nango.imported("github", TOKENS, app=APP)
    session = await nango.client.create_session({"a": "1"}, [key])
    await nango.client.connection(made, key, with_refresh_token=True)

    assert session.token.get_secret_value() not in caplog.text
    for secret in (*SECRETS, nango.place.key):
        assert secret not in caplog.text


def test_without_a_key_there_is_no_client() -> None:
    settings = Settings.model_validate({})

    with pytest.raises(BackendUnavailable, match="not set up"):
        NangoClient(open_way_out(settings), settings)


@asynccontextmanager
async def client_of(host: str, key: str, *, public: str | None = None, **more: Any) -> AsyncIterator[NangoClient]:
    given = {"NANGO_HOST": host, "NANGO_SECRET_KEY": key, "NANGO_PUBLIC_SERVER_URL": public}
    settings = Settings.model_validate({name: value for name, value in given.items() if value is not None})
    out = open_way_out(settings)
    try:
        yield NangoClient(out, settings, **more)
    finally:
        await out.aclose()
