"""What a real Nango 0.71.4 answered (tests/nango/fixtures), read by the client; without a server or a double."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from tests.nango.provider_scenario import with_a_provider
from tests.nango.recorded import recorded
from tests.nango.scenario import conversation

from connectory.auth.nango.client import NangoClient
from connectory.auth.nango.kinds import ApiKey, Basic, Nothing, OAuth1, OAuth2, OAuth2ClientCredentials, TokenBased
from connectory.auth.nango.refusals import RefreshFailed, RefreshState
from connectory.errors import AlreadyExists, BackendUnavailable, NangoRefused, NangoUnavailable
from connectory.net.client import OutboundClient
from connectory.settings import Settings

ORIGIN = "https://nango.example"
ANSWERS = recorded(conversation()) | recorded(with_a_provider())
KEY: Mapping[str, Any] = {"type": "API_KEY", "apiKey": "a-key-to-import"}
Ask = Callable[[NangoClient], Awaitable[Any]]


def replaying(name: str) -> NangoClient:
    """A client to which everything is answered by one recorded answer."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        found = ANSWERS[name]
        headers = {key: value for key, value in found["headers"].items() if value != "<present>"}
        if found["body"] is None:
            return httpx2.Response(found["status"], headers=headers)
        return httpx2.Response(found["status"], headers=headers, json=found["body"])

    settings = Settings.model_validate({"NANGO_HOST": ORIGIN, "NANGO_SECRET_KEY": "a-key-of-this-test"})
    return NangoClient(OutboundClient(mounts={ORIGIN: httpx2.MockTransport(answer)}), settings)


def read(client: NangoClient) -> Awaitable[Any]:
    return client.connection("a", "b")


def listed(client: NangoClient) -> Awaitable[Any]:
    return client.connections()


def made(client: NangoClient) -> Awaitable[Any]:
    return client.create_integration("a", "b")


def session(client: NangoClient) -> Awaitable[Any]:
    return client.create_session({"a": "1"}, ["b"])


def renewal(client: NangoClient) -> Awaitable[Any]:
    return client.reconnect_session("a", "b", tags={"a": "1"})


def imported(client: NangoClient) -> Awaitable[Any]:
    return client.import_connection("a", KEY)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("read-oauth2", OAuth2),
        ("read-refreshes", OAuth2),
        ("read-with-refresh-token", OAuth2),
        ("read-cc", OAuth2ClientCredentials),
        ("read-client", OAuth2ClientCredentials),
        ("read-oauth1", OAuth1),
        ("read-key", ApiKey),
        ("read-basic", Basic),
        ("read-tba", TokenBased),
        ("read-none", Nothing),
    ],
)
async def test_each_kind_of_connection_is_read(name: str, kind: type[object]) -> None:
    found = await read(replaying(name))

    assert type(found.credentials) is kind
    assert found.created_at.tzinfo is not None
    hidden = [value for value in found.credentials.__dict__.values() if isinstance(value, SecretStr)]
    assert not any(value.get_secret_value() in repr(found) for value in hidden if len(value.get_secret_value()) > 3)


@pytest.mark.parametrize(
    ("name", "ask", "expected"),
    [
        ("integration-read-with-all", lambda client: client.integration("a", with_credentials=True), "OAUTH2"),
        ("integration-read", lambda client: client.integration("a"), None),
        ("integration-of-key", made, None),
    ],
)
async def test_an_integration_is_read_with_its_app_where_that_came(name: str, ask: Ask, expected: str | None) -> None:
    found = await ask(replaying(name))

    assert found.integration.startswith("connectory-test-")
    assert (found.app.type if found.app else None) == expected


@pytest.mark.parametrize("name", ["sign-in-listed-by-tag", "tags-read", "metadata-read", "list-two", "signed-in"])
async def test_a_list_is_read(name: str) -> None:
    found = await listed(replaying(name))

    assert [row.connection_id for row in found]
    assert not any(row.is_broken for row in found)


async def test_a_broken_connection_is_seen_in_the_list_and_whole_again_later() -> None:
    (broken,), (whole,) = await listed(replaying("listed-as-broken")), await listed(replaying("listed-as-whole"))

    assert broken.is_broken
    assert not whole.is_broken


@pytest.mark.parametrize("name", ["session-created", "session-with-empty-tags", "reconnect-created", "renewing"])
async def test_a_session_is_read(name: str) -> None:
    found = await (renewal if name in ("reconnect-created", "renewing") else session)(replaying(name))

    assert found.link.get_secret_value().endswith(f"&apiURL={ORIGIN.replace(':', '%3A').replace('/', '%2F')}")


@pytest.mark.parametrize(
    ("name", "ask"),
    [
        ("read-absent", read),
        ("read-of-absent-integration", read),
        ("integration-absent", lambda client: client.integration("a")),
        ("integration-change-of-absent", lambda client: client.update_integration("a")),
        ("integration-deleted-twice", lambda client: client.delete_integration("a")),
        ("change-of-absent", lambda client: client.update_tags("a", "b", {})),
        ("change-at-absent", lambda client: client.update_tags("a", "b", {})),
        ("connection-deleted-twice", lambda client: client.delete_connection("a", "b")),
        ("deleted-of-absent", lambda client: client.delete_connection("a", "b")),
        ("reconnect-of-absent", renewal),
        ("404-unknown-provider", lambda client: client.provider("a")),
        ("list-of-unknown", listed),
    ],
)
async def test_what_is_absent_is_no_error(name: str, ask: Ask) -> None:
    assert not await ask(replaying(name))


@pytest.mark.parametrize(
    ("name", "ask", "kind", "says"),
    [
        ("401-unknown-key", listed, NangoRefused, "does not know the key"),
        ("401-no-uuid", listed, NangoRefused, "those are UUIDs"),
        ("401-without-a-key", listed, NangoRefused, "did not accept NANGO_SECRET_KEY"),
        ("415", listed, NangoRefused, "Content-Type header must be application/json"),
        ("400-no-json", listed, NangoRefused, "invalid_json"),
        ("integration-key-taken", made, AlreadyExists, "already"),
        ("integration-of-no-provider", made, NangoRefused, "Invalid provider"),
        ("integration-with-unknown-keys", made, NangoRefused, 'Unrecognized keys: "extra", "more"'),
        ("session-of-unknown-integration", session, BackendUnavailable, "no such integration"),
        ("session-of-too-many-tags", session, NangoRefused, "more than 10 keys"),
        ("import-test-failed", imported, NangoRefused, "connection_test_failed"),
        ("import-of-wrong-kind", imported, NangoRefused, "does not support BASIC"),
        ("read-without-integration", read, NangoRefused, "invalid_query_params"),
    ],
)
async def test_each_refusal_is_told(name: str, ask: Ask, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        await ask(replaying(name))


@pytest.mark.parametrize(
    ("name", "state"),
    [("refresh-fails", RefreshState.FAILED), ("refresh-backs-off", RefreshState.BACKING_OFF)],
)
async def test_a_failed_refresh_sends_the_connection_along_marked_as_broken(name: str, state: RefreshState) -> None:
    with pytest.raises(RefreshFailed) as failure:
        await read(replaying(name))

    assert failure.value.state is state
    assert failure.value.connection is not None
    assert failure.value.connection.is_broken
    assert failure.value.connection.credentials == Nothing()


@pytest.mark.parametrize("name", ["session-deleted-token", "session-deleted-twice", "401-no-session"])
async def test_a_session_that_has_ended_is_ended(name: str) -> None:
    await replaying(name).delete_session(SecretStr("t"))


async def test_an_answer_to_another_question_is_not_taken_for_one() -> None:
    with pytest.raises(NangoUnavailable, match="no list 'connections'"):
        await listed(replaying("integration-read"))
