from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.cli.doctor.reports import examine
from tests.cli.provider import KEY, Provider
from tests.cli.terminal import Terminal

from connectory.cli.doctor.connections import check_connections
from connectory.cli.doctor.finding import Status
from connectory.settings import Settings


@pytest.fixture
def connected(acme: Provider, terminal: Terminal) -> Terminal:
    """A terminal with the account `acme/default`."""
    words = ("connect", "acme", "--field", f"server={acme.origin}", "--from-env", "token=ACME_KEY")
    assert terminal.run(*words, ACME_KEY=KEY).code == 0
    acme.requests.clear()
    return terminal


def test_each_is_asked_by_its_verify_call(connected: Terminal, acme: Provider) -> None:
    report = examine(connected)

    assert acme.requests == ["/me"]
    assert "acme/default works (account Acme Inc)." in report.text("connections", "ok")
    assert "verify" in connected.run("audit").out


def test_offline_nobody_is_asked(connected: Terminal, acme: Provider) -> None:
    report = examine(connected, "--offline")

    assert acme.requests == []
    assert report.of("connections") == []


def test_a_provider_that_is_gone_is_told_without_its_key(connected: Terminal, acme: Provider) -> None:
    manifests = Path(connected.environment["CONNECTORY_MANIFESTS"])
    assert manifests.is_dir()
    connected.environment = {**connected.environment, "CONNECTORY_ALLOW_HOSTS": "127.0.0.1:1"}

    report = examine(connected)

    assert report.wrong == {"connections"}
    assert "connectory connect acme --alias default" in report.text("connections")
    assert KEY not in str(report.findings)


def test_a_connector_that_is_gone_is_told(connected: Terminal) -> None:
    (Path(connected.environment["CONNECTORY_MANIFESTS"]) / "acme.yaml").unlink()

    report = examine(connected)

    assert "connectory disconnect acme/default" in report.text("connections", "wrong")


def test_whoever_runs_it_sees_only_what_is_theirs(connected: Terminal, acme: Provider) -> None:
    connected.run("user", "create", "mia")
    token = connected.run("token", "create", "t", "--user", "mia", "--json").json["token"]

    report = examine(connected, CONNECTORY_TOKEN=token)

    assert acme.requests == []
    assert report.text("connections", "ok").startswith("Nothing is connected yet.")
    assert token not in str(report.findings)


def test_a_token_that_is_not_valid_is_a_finding(connected: Terminal) -> None:
    report = examine(connected, CONNECTORY_TOKEN="cny_nobodys-token-000000")

    assert report.wrong == {"connections"}
    assert "connectory token create" in report.text("connections")


def test_a_backend_that_serves_nothing_here_is_a_note(connected: Terminal) -> None:
    report = examine(connected, AUTH_METHOD="nango", NANGO_SECRET_KEY="sk-nango-6c1f0b7a95")

    assert "AUTH_METHOD changes nothing" in report.text("settings", "note")
    assert "NANGO_SECRET_KEY changes nothing" in report.text("settings", "note")
    assert "sk-nango" not in str(report.findings)


@asynccontextmanager
async def never_answering(port: int) -> AsyncIterator[None]:
    """Takes connections in the provider's place and says nothing."""

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hold, "127.0.0.1", port):
        yield


@pytest.mark.slow
@pytest.mark.parametrize(("each_s", "all_s", "status"), [(0.3, 20, Status.WRONG), (20, 0.6, Status.NOTE)])
async def test_a_silent_provider_holds_nobody_up(
    terminal: Terminal, tmp_path: Path, each_s: float, all_s: float, status: Status
) -> None:
    from tests.cli.provider import provider

    def connect() -> tuple[int, dict[str, str]]:
        with provider() as found:
            terminal.environment = found.environment(tmp_path / "manifests")
            words = ("connect", "acme", "--field", f"server={found.origin}", "--from-env", "token=ACME_KEY")
            assert terminal.run(*words, ACME_KEY=KEY).code == 0
            return found.port, dict(terminal.environment)

    port, environment = await asyncio.to_thread(connect)
    settings = Settings(
        data_dir=terminal.folder,
        manifests=(Path(environment["CONNECTORY_MANIFESTS"]),),
        allow_hosts=(environment["CONNECTORY_ALLOW_HOSTS"],),
    )
    began = time.monotonic()
    async with never_answering(port):
        [finding] = await check_connections(settings, each_s=each_s, all_s=all_s)

    assert finding.status is status
    assert time.monotonic() - began < 18  # and not the twenty seconds that the other limit is


def test_what_keeps_the_application_from_being_built_is_a_finding(connected: Terminal) -> None:
    report = examine(connected, CONNECTORY_PROXY="nonsense")

    assert report.wrong == {"connections"}
    assert "CONNECTORY_PROXY" in report.text("connections")
