"""117. Bind: a fresh start listens on loopback only; on any other address a link's secret no longer suffices."""

from __future__ import annotations

import asyncio
import ipaddress
from pathlib import Path

import httpx2
import pytest
from tests.attacks.echoing import write_manifest
from tests.attacks.outside import Outside
from tests.e2e.programs import Install
from tests.web.browsing import services_of, token_of
from tests.web.ports import free_port, serving

from connectory.testing.application import make_application, make_principal, make_settings
from connectory.web.app import create_web_app

LISTENING = "0A"


def addresses_listening_on(port: int) -> set[str]:
    """As `ss -ltn` shows them: from the kernel's own tables."""
    found: set[str] = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, _, hex_port = local.partition(":")
            if state == LISTENING and int(hex_port, 16) == port:
                words = [bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8)]
                found.add(str(ipaddress.ip_address(b"".join(words))))
    return found


async def test_attack_117_a_fresh_start_listens_on_loopback_only() -> None:
    settings = make_settings(CONNECTORY_PORT=str(free_port()))
    async with (
        make_application(settings=settings) as application,
        serving(create_web_app(services_of(application)), settings),
    ):
        assert await asyncio.to_thread(addresses_listening_on, settings.port) == {"127.0.0.1", "::1"}
    assert settings.is_local


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
async def test_attack_117_on_every_address_a_link_alone_opens_nothing(host: str) -> None:
    settings = make_settings(CONNECTORY_PORT=str(free_port()), CONNECTORY_HOST=host)
    async with make_application(settings=settings) as application:
        principal = await make_principal(application)
        link = token_of(application.auth.link_url(await application.auth.connect(principal, "notes")))
        base = f"http://{'127.0.0.1' if host == '0.0.0.0' else '[::1]'}:{settings.port}"
        async with serving(create_web_app(services_of(application)), settings), httpx2.AsyncClient() as client:
            assert await asyncio.to_thread(addresses_listening_on, settings.port) == {host}
            page = await client.get(f"{base}/connect/{link}", follow_redirects=True)
            assert page.status_code == 401
            assert "Notes" not in page.text
            posted = await client.post(f"{base}/connect/{link}", data={"method": "token", "value.token": "x"})
            assert posted.status_code == 401
            confirmed = await client.post(
                f"{base}/confirm/{link}", data={"answer": "yes"}, headers={"Origin": settings.origin}
            )
            assert confirmed.status_code == 401
        assert await application.auth.list_connections(principal) == []


@pytest.mark.slow
def test_attack_117_the_real_process_listens_on_loopback_only(outside: Outside) -> None:
    assert addresses_listening_on(outside.install.port) == {"127.0.0.1", "::1"}


@pytest.mark.slow
def test_attack_117_the_real_process_on_every_address_asks_for_a_token_everywhere(tmp_path: Path) -> None:
    port = free_port()
    extra = {
        "CONNECTORY_HOST": "0.0.0.0",
        "CONNECTORY_MANIFESTS": str(write_manifest(tmp_path / "manifests")),
        "CONNECTORY_CONNECT_WAIT_S": "0",
    }
    install = Install(tmp_path, port, extra)
    with install.serving() as process:
        outside = Outside(install, process.pid, install.token())
        assert addresses_listening_on(port) == {"0.0.0.0"}
        link = outside.call("connect", connector="echo").text.partition("/connect/")[2].split()[0]
        browser = {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}
        random = outside.send("GET", f"/connect/{'r' * 43}", browser)
        assert random.status == 401
        for path in (f"/connect/{link}", f"/connect/{link}/done", f"/confirm/{link}"):
            page = outside.send("GET", path, browser)
            assert page.status == 401
            assert "Echo" not in page.body
        typed = "method=key&value.server=http://127.0.0.1:1&value.token=x&private_confirmed=yes"
        assert outside.send("POST", f"/connect/{link}", browser, typed).status == 401
        assert outside.post("tools/list", {}).status == 401
        assert "Nothing is connected" in outside.call("list_connections").text
