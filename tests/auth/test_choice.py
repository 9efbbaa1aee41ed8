"""Which backend serves a connector (design 5.1), as a table."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import SecretStr
from tests.auth.making import START, SilentBackend, make_form

from connectory.auth.backend import Backend, Entry, MethodForm
from connectory.auth.choice import BackendChoice
from connectory.catalog.connector import Connector
from connectory.errors import BackendUnavailable
from connectory.settings import Settings
from connectory.testing.connectors import make_connector
from connectory.vault.entities import ConnectSession, SessionId, SessionStatus, UserId, WorkspaceId

KEY = SecretStr("n-key")
CONNECTOR: Connector = make_connector()
WORKSPACE = WorkspaceId("ws_1")
KNOWN = {"builtin": (make_form("oauth", leaves=True),)}  # its OAuth client is
UNKNOWN = {"builtin": (make_form("oauth", leaves=True, needs_app=True),)}
TYPED = {"builtin": (make_form("account"),)}


def choice(
    *serving: str,
    at_hand: tuple[str, ...] = ("nango", "builtin", "direct"),
    ways: Mapping[str, tuple[MethodForm, ...]] = UNKNOWN,
    **settings: Any,
) -> BackendChoice:
    backends: Mapping[str, Backend] = {
        name: SilentBackend(name, name in serving, *ways.get(name, ())) for name in at_hand
    }
    return BackendChoice(backends, Settings(**settings))


async def preferred(backends: BackendChoice, asked: str | None) -> str:
    return (await backends.choose(WORKSPACE, CONNECTOR, asked))[0].backend


def make_session(asked: str | None = None) -> ConnectSession:
    return ConnectSession(
        id=SessionId("cs_1"),
        workspace_id=WORKSPACE,
        user_id=UserId("us_1"),
        owner="us_1",
        connector=CONNECTOR.name,
        alias="default",
        backend=asked,
        scopes=(),
        status=SessionStatus.PENDING,
        expires_at=START,
        link="link",
    )


@pytest.mark.parametrize(
    ("serving", "asked", "settings", "chosen"),
    [
        (("nango", "builtin", "direct"), "direct", {"auth_method": "nango"}, "direct"),
        (("direct",), None, {"auth_method": "nango", "nango_secret_key": KEY}, "direct"),
        (("nango", "builtin", "direct"), None, {"auth_method": "builtin", "nango_secret_key": KEY}, "builtin"),
        (("nango", "direct"), None, {"auth_method": "builtin"}, "direct"),
        (("nango", "builtin", "direct"), None, {"nango_secret_key": KEY, "ways": KNOWN}, "nango"),
        (("nango", "builtin", "direct"), None, {"ways": KNOWN}, "builtin"),
        (("nango", "builtin", "direct"), None, {"ways": TYPED}, "direct"),
        (("builtin", "direct"), None, {"nango_secret_key": KEY, "ways": KNOWN}, "builtin"),
        (("nango", "builtin", "direct"), None, {}, "direct"),
        (("nango", "builtin"), None, {"nango_secret_key": KEY}, "nango"),
    ],
)
async def test_the_order_of_preference(
    serving: tuple[str, ...], asked: str | None, settings: dict[str, Any], chosen: str
) -> None:
    for at_hand in (("nango", "builtin", "direct"), ("direct", "builtin", "nango")):  # it hangs on no other order
        assert await preferred(choice(*serving, at_hand=at_hand, **settings), asked) == chosen


async def test_without_one_asked_for_the_ways_of_all_are_offered_those_that_need_a_setup_last() -> None:
    backends = choice("builtin", "direct", auth_method="builtin")

    configs = await backends.choose(WORKSPACE, CONNECTOR, None)
    forms = await backends.forms(make_session(), CONNECTOR)

    assert [config.backend for config in configs] == ["builtin", "direct"]
    assert [config.is_ready for config in configs] == [False, True]
    assert [form.method for form in forms] == ["token", "oauth"]
    assert [form.method for form in await backends.forms(make_session("builtin"), CONNECTOR)] == ["oauth"]


@pytest.mark.parametrize(("method", "served_by"), [("oauth", "builtin"), ("token", "direct"), ("nope", "builtin")])
async def test_a_sign_in_goes_to_the_backend_whose_way_was_taken(method: str, served_by: str) -> None:
    backends = choice("builtin", "direct", ways=KNOWN)

    assert await backends.serving_entry(make_session(), CONNECTOR, Entry(method, {})) is backends.named(served_by)


@pytest.mark.parametrize(("of", "served_by"), [("nango", "nango"), ("direct", "direct"), (None, "nango")])
async def test_of_two_backends_with_the_same_method_the_one_whose_form_it_was_is_taken(
    of: str | None, served_by: str
) -> None:
    backends = choice("nango", "direct", nango_secret_key=KEY)
    forms = await backends.forms(make_session(), CONNECTOR)
    assert [(form.method, form.backend) for form in forms] == [("token", "nango"), ("token", "direct")]

    entry = Entry("token", {}, backend=of)

    assert await backends.serving_entry(make_session(), CONNECTOR, entry) is backends.named(served_by)


@pytest.mark.parametrize("asked", ["nango", "builtin", "carrier-pigeon"])
async def test_one_asked_for_that_cannot_serve_is_an_error_naming_the_others(asked: str) -> None:
    with pytest.raises(BackendUnavailable) as refusal:
        await preferred(choice("direct"), asked)
    assert "direct" in refusal.value.hint


async def test_none_that_serves_is_an_error() -> None:
    with pytest.raises(BackendUnavailable):
        await preferred(choice(), None)


def test_a_backend_that_has_gone_is_named() -> None:
    with pytest.raises(BackendUnavailable, match="nango"):
        choice(at_hand=("direct",)).named("nango")
