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
    with echoing() as inner, httpx2.Client(trust_env=False, follow_redirects=True) as browser:
        for confirmed in ({}, {"private_confirmed": "yes"}):
            hosts = METADATA if confirmed else LOOPBACK + METADATA
            for host in hosts:
                key = secrets.token_hex(8)
                action, fields = Forms(browser.get(link).text).forms[0]
                typed = {"method": "key", "value.server": f"http://{host}:{inner.port}", "value.token": key}
                page = browser.post(f"{outside.install.url}{action}", data={**fields, **typed, **confirmed})
                assert page.status_code == 422, (host, confirmed)
                assert inner.heard == [], host
                assert key not in page.text
    assert "echo/inner" not in outside.call("list_connections").text
