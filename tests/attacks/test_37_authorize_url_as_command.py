"""37. Authorise URL as command: what a server wants opened is an https page, or it is not shown (CVE-2025-6514)."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.attacks.lying_server import says
from tests.attacks.signing_in import OWN_ADDRESSES, P_YAML, oauth_form, scene
from tests.web.browsing import Page

from connectory.auth.backend import DeviceCode, Entry
from connectory.errors import ConnectoryError

REFUSED = [
    "file:///x", "javascript:alert(1)", "javascript://p.example/%0aalert(1)", "a&calc.exe",
    "data:text/html,<script>x</script>", "vbscript:x", "ms-settings:x", "\\\\evil.example\\x",
    "//evil.example/x", "https:evil.example", "http://evil.example/x",
    "https://user@evil.example/x", "https://p.example@evil.example/", "https://evil.example\n/x", " https://p.example/x",
    "https://p.example/x\x00", "https:///x", "https://", "https://p.example:99999/x", "cmd /c calc", "",
    "https://exa mple/", "https://p.example/\u2028x", "https://p.example/../x",
]  # fmt: skip
SHOWN = [
    "https://x.example/$(touch${IFS}/tmp/p)", "https://x.example/`id`", "https://x.example/a&calc.exe",
    "https://x.example/';id;'", "https://x.example/|calc",
    'https://x.example/"><script>alert(1)</script>', "https://x.example/x?y=1&z=$(id)",
]  # fmt: skip


@pytest.mark.parametrize("endpoint", REFUSED)
async def test_attack_37_what_is_no_https_page_is_not_shown(endpoint: str) -> None:
    async with scene() as s, s.browser() as browser:
        s.server.lies["authorization_endpoint"] = endpoint
        page = await browser.open(await s.link())
        async with s.refused(may_ask=1, spends=True):
            answer = Page(await browser.send(oauth_form(page)))
        assert answer.status == 422
        assert not [link for link in answer.links if "state=" in link["href"]]
        assert 'http-equiv="refresh"' not in answer.html


@pytest.mark.parametrize("endpoint", SHOWN)
async def test_attack_37_what_only_a_shell_would_read_is_an_address_and_stays_in_its_place(endpoint: str) -> None:
    async with scene() as s, s.browser() as browser:
        s.server.lies["authorization_endpoint"] = endpoint
        page = await browser.open(await s.link())
        answer = await browser.send(oauth_form(page))
        [address] = [link["href"] for link in Page(answer).links if "button" in link.get("class", "")]
        assert (urlsplit(address).scheme, urlsplit(address).hostname) == ("https", "x.example")
        assert "<script>" not in answer.text
        assert '"><' not in answer.text.partition("http-equiv")[2].partition(">")[0]


BY_CODE = P_YAML.replace(
    '    issuer: "https://p.example"\n', OWN_ADDRESSES + "    device_url: https://p.example/device\n"
)


@pytest.mark.parametrize("address", [one for one in REFUSED if one != "http://evil.example/x"])
async def test_attack_37_where_a_code_is_typed_is_a_page_too(address: str) -> None:
    async with scene(BY_CODE) as s:
        told = {"device_code": "dc-secret-1", "user_code": "ABCD", "verification_uri": address, "expires_in": 60}
        s.server.answers["/device"] = says(told)
        auth = s.face.application.auth
        step: object = None
        with suppress(ConnectoryError):
            step = await auth.sign_in.submit(await auth.connect(s.principal, "p"), "b", Entry("oauth", {}, device=True))
        assert not isinstance(step, DeviceCode)
        assert [one.path for one in s.server.heard] == ["/device"]


async def test_attack_37_a_page_that_takes_a_code_is_shown() -> None:
    async with scene(BY_CODE) as s:
        told = {"device_code": "dc-secret-1", "user_code": "ABCD", "verification_uri": SHOWN[0], "expires_in": 60}
        s.server.answers["/device"] = says(told)
        auth = s.face.application.auth
        step = await auth.sign_in.submit(await auth.connect(s.principal, "p"), "b", Entry("oauth", {}, device=True))
        assert isinstance(step, DeviceCode)
        assert step.verification_uri == SHOWN[0]


SHELLS = re.compile(
    r"startfile|os\.system|popen|create_subprocess_shell|shell=|pty\.spawn|os\.exec|getoutput", re.IGNORECASE
)
STARTING = re.compile(r"subprocess|webbrowser")


def test_attack_37_no_shell_opens_anything() -> None:
    """`webbrowser` hands a checked http address to the person's browser; `machine.py` asks Windows in fixed words."""
    source = Path(__file__).parents[2] / "src/connectory"
    texts = {str(file.relative_to(source)): file.read_text("utf-8") for file in source.rglob("*.py")}
    assert [name for name, text in texts.items() if SHELLS.search(text)] == []
    assert {name for name, text in texts.items() if STARTING.search(text)} <= {
        "cli/clients/machine.py",
        "cli/leaving.py",
        "cli/opening.py",
    }
