"""50, 51, 53. Loopback and metadata in every spelling, typed into the real connect page: nothing is asked there."""

from __future__ import annotations

import secrets

import httpx2
import pytest
from tests.attacks.echoing import echoing
from tests.attacks.outside import Outside
from tests.e2e.programs import Forms, link_in

pytestmark = pytest.mark.slow
LOOPBACK = (
    "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "127.255.255.254",
    "127.0.0.1", "localhost.", "LOCALHOST", "0.0.0.0", "0", "[::]", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]",
)  # fmt: skip
METADATA = ("169.254.169.254", "2852039166", "0xa9fea9fe", "[fd00:ec2::254]", "metadata.google.internal")


def test_attack_50_no_spelling_of_loopback_is_asked_from_the_connect_page(outside: Outside) -> None:
    link = link_in(outside.call("connect", connector="echo", alias="inner").text)
    with echoing() as inner, httpx2.Client(trust_env=False, follow_redirects=True, timeout=60) as browser:

        def type_in(origin: str, key: str, **confirmed: str) -> httpx2.Response:
            action, fields = Forms(browser.get(link).text).forms[0]
            typed = {"method": "key", "value.server": origin, "value.token": key, **confirmed}
            return browser.post(f"{outside.install.url}{action}", data={**fields, **typed})

        for confirmed in ({}, {"private_confirmed": "yes"}):
            for host in METADATA if confirmed else LOOPBACK + METADATA:
                for scheme in ("http", "https"):
                    key = secrets.token_hex(8)
                    page = type_in(f"{scheme}://{host}:{inner.port}", key, **confirmed)
                    assert page.status_code == 422, (host, confirmed)
                    assert inner.connections == 0, (scheme, host)
                    assert key not in page.text
        assert "echo/inner" not in outside.call("list_connections").text
        page = type_in(inner.url, "a-key-that-is-meant", private_confirmed="yes")
        assert "is connected" in page.text  # so it was the address, and nothing else, that was refused
        assert inner.connections == 1
    assert not outside.call("disconnect", connection="echo/inner").failed
