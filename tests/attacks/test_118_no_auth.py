"""118. `--no-auth` serves this machine alone: it neither starts nor answers where somebody else could reach it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from socket import AF_INET, AF_INET6

import httpx2
import pytest
from tests.attacks.face import result_in, rpc
from tests.e2e.programs import Install

from connectory.cli.faces import make_app
from connectory.cli.no_auth import require_alone
from connectory.cli.surroundings import MARKS, container_mark
from connectory.errors import InvalidSettings
from connectory.testing.application import make_application, make_principal, make_settings

HERE = "http://localhost:8765"


@pytest.mark.parametrize(
    "environment",
    [
        {"CONNECTORY_HOST": "0.0.0.0"},
        {"CONNECTORY_HOST": "::"},
        {"CONNECTORY_HOST": "192.168.1.20"},
        {"CONNECTORY_HOST": "fd00::5"},
        {"CONNECTORY_HOST": "pc.lan"},
        {"APP_URL": "https://connect.example.com"},
        {"APP_URL": "http://192.168.1.20:8765"},
        {"CONNECTORY_TRUSTED_HOSTS": "pc.lan"},
        {"CONNECTORY_TRUSTED_PROXIES": "127.0.0.1"},
    ],
)
def test_attack_118_it_does_not_start_beyond_this_machine(tmp_path: Path, environment: Mapping[str, str]) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        require_alone(make_settings(**environment), root=tmp_path)
    assert "--no-auth" in refusal.value.text
    assert "token create" in refusal.value.hint


@pytest.mark.parametrize(
    ("addresses", "beyond"),
    [
        ([(AF_INET, "127.0.0.1"), (AF_INET6, "::1")], None),
        ([(AF_INET, "127.0.0.1"), (AF_INET, "10.0.0.7")], "10.0.0.7"),
        ([(AF_INET6, "fe80::1")], "fe80::1"),
    ],
)
def test_attack_118_a_name_that_stands_for_more_than_loopback_is_refused(
    tmp_path: Path, addresses: list[tuple[object, str]], beyond: str | None
) -> None:
    settings = make_settings(CONNECTORY_HOST="localhost")
    if beyond is None:
        require_alone(settings, resolve=lambda _: addresses, root=tmp_path)  # type: ignore[arg-type,return-value]
        return
    with pytest.raises(InvalidSettings, match=beyond):
        require_alone(settings, resolve=lambda _: addresses, root=tmp_path)  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize("mark", MARKS)
def test_attack_118_it_does_not_start_in_a_container(tmp_path: Path, mark: str) -> None:
    require_alone(make_settings(), root=tmp_path)
    (tmp_path / mark).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / mark).touch()
    with pytest.raises(InvalidSettings, match="container"):
        require_alone(make_settings(), root=tmp_path)


@pytest.mark.parametrize(
    ("groups", "is_container"),
    [
        ("0::/\n", False),
        ("0::/user.slice/user-1000.slice/session-1.scope\n", False),
        ("12:pids:/docker/4f1c\n", True),
        ("11:memory:/kubepods/besteffort/pod1\n", True),
        ("1:name=systemd:/lxc/box\n", True),
        ("0::/system.slice/libpod-conmon\n", True),
    ],
)
def test_attack_118_control_groups_tell_of_a_container_too(tmp_path: Path, groups: str, is_container: bool) -> None:
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "proc/1/cgroup").write_text(groups)
    assert (container_mark(tmp_path) is not None) is is_container


@asynccontextmanager
async def local_client(peer: str = "127.0.0.1") -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a server with `--no-auth`, and its `local` user."""
    async with make_application() as application:
        app = make_app(application, no_auth=True)
        transport = httpx2.ASGITransport(app=app, client=(peer, 50000))
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url=HERE) as client,
        ):
            mallory = await make_principal(application, "other", "mallory")
            client.headers["X-Test-Token"] = (await application.tokens.create(mallory, "test"))[1]
            yield client


async def ask(client: httpx2.AsyncClient, path: str = "/mcp", **headers: str) -> httpx2.Response:
    body, needed = rpc("tools/call", name="list_connections", arguments={})
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return await client.post(path, json=body, headers={**needed, **named})


async def test_attack_118_this_machine_s_programs_need_no_token() -> None:
    async with local_client() as client:
        for path in ("/mcp", "/sse"):
            assert "Nothing is connected" in str(result_in(await ask(client, path)))


async def test_attack_118_a_token_that_is_sent_is_still_judged() -> None:
    async with local_client() as client:
        assert (await ask(client, Authorization=f"Bearer cny_{'x' * 43}")).status_code == 401
        assert (await ask(client, Authorization="Basic eDp5")).status_code == 401
        token = client.headers["X-Test-Token"]
        assert (await ask(client, Authorization=f"Bearer {token}")).status_code == 200


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Real-IP", "X-Original-URL"],
)
@pytest.mark.parametrize("path", ["/mcp", "/sse", "/sse/messages", "/"])
async def test_attack_118_what_came_through_a_proxy_is_refused(header: str, path: str) -> None:
    async with local_client() as client:
        answer = await client.get(path, headers={header: "127.0.0.1"})
        assert answer.status_code == 403
        posted = await client.post(path, headers={header: "127.0.0.1"}, json={})
        assert posted.status_code == 403


@pytest.mark.parametrize("peer", ["192.168.1.9", "fd00::9", "not-an-address"])
async def test_attack_118_a_peer_from_elsewhere_is_refused(peer: str) -> None:
    async with local_client(peer) as client:
        assert (await ask(client)).status_code == 403


@pytest.mark.parametrize(
    "host", ["host.docker.internal:8765", "evil.example:8765", "192.168.1.20:8765", "", "localhost"]
)
async def test_attack_118_host_is_still_checked(host: str) -> None:
    async with local_client() as client:
        assert (await ask(client, Host=host)).status_code == 421


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}]
)
async def test_attack_118_origin_is_still_checked(headers: Mapping[str, str]) -> None:
    async with local_client() as client:
        assert (await ask(client, **headers)).status_code == 403


@pytest.mark.slow
@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_attack_118_the_real_command_refuses_with_its_cure(tmp_path: Path, host: str) -> None:
    done = Install(tmp_path).run("serve", "--no-auth", "--host", host)
    assert done.returncode == 1
    assert done.stderr.startswith("invalid_settings: --no-auth")
    assert "token create" in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(container_mark() is None, reason="this is no container")
def test_attack_118_the_real_command_refuses_in_a_container(tmp_path: Path) -> None:
    done = Install(tmp_path).run("serve", "--no-auth")
    assert done.returncode == 1
    assert "container" in done.stderr
