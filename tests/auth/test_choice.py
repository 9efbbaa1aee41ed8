"""Which backend serves a connector (design 5.1), as a table."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import SecretStr
from tests.auth.making import SilentBackend

from connectory.auth.backend import Backend
from connectory.auth.choice import BackendChoice
from connectory.catalog.connector import Connector
from connectory.errors import BackendUnavailable
from connectory.settings import OAuthClient, Settings
from connectory.testing.connectors import make_connector

CLIENT = {"notes": OAuthClient(client_id="x")}
KEY = SecretStr("n-key")
CONNECTOR: Connector = make_connector()


def choice(*serving: str, at_hand: tuple[str, ...] = ("nango", "builtin", "direct"), **settings: Any) -> BackendChoice:
    backends: Mapping[str, Backend] = {name: SilentBackend(name in serving) for name in at_hand}
    return BackendChoice(backends, Settings(**settings))


@pytest.mark.parametrize(
    ("serving", "asked", "settings", "chosen"),
    [
        (("nango", "builtin", "direct"), "direct", {"auth_method": "nango"}, "direct"),
        (("direct",), None, {"auth_method": "nango", "nango_secret_key": KEY}, "direct"),
        (("nango", "builtin", "direct"), None, {"auth_method": "builtin", "nango_secret_key": KEY}, "builtin"),
        (("nango", "direct"), None, {"auth_method": "builtin"}, "direct"),
        (("nango", "builtin", "direct"), None, {"nango_secret_key": KEY, "oauth_clients": CLIENT}, "nango"),
        (("nango", "builtin", "direct"), None, {"oauth_clients": CLIENT}, "builtin"),
        (("builtin", "direct"), None, {"nango_secret_key": KEY, "oauth_clients": CLIENT}, "builtin"),
        (("nango", "builtin", "direct"), None, {}, "direct"),
        (("nango", "builtin"), None, {}, "nango"),
    ],
)
def test_the_order_of_preference(
    serving: tuple[str, ...], asked: str | None, settings: dict[str, Any], chosen: str
) -> None:
    backends = choice(*serving, **settings)

    assert backends.choose(CONNECTOR, asked) is backends.named(chosen)


@pytest.mark.parametrize("asked", ["nango", "builtin", "carrier-pigeon"])
def test_one_asked_for_that_cannot_serve_is_an_error_naming_the_others(asked: str) -> None:
    with pytest.raises(BackendUnavailable) as refusal:
        choice("direct").choose(CONNECTOR, asked)
    assert "direct" in refusal.value.hint


def test_none_that_serves_is_an_error() -> None:
    with pytest.raises(BackendUnavailable):
        choice().choose(CONNECTOR, None)


def test_a_backend_that_has_gone_is_named() -> None:
    with pytest.raises(BackendUnavailable, match="nango"):
        choice(at_hand=("direct",)).named("nango")
