from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path

import pytest
from starlette.applications import Starlette
from tests.web.ports import free_port, serving

from connectory.cli.doctor.finding import Status
from connectory.cli.doctor.port import check_port
from connectory.settings import Settings
from connectory.vault.keys import KeyRing
from connectory.web.guard import guard_middleware
from connectory.web.health import HealthPage

KEYS, OTHERS = KeyRing([b"k" * 32]), KeyRing([b"o" * 32])


async def answers() -> None:
    """A database that is well."""


def page(settings: Settings, keys: KeyRing) -> Starlette:
    return Starlette(routes=HealthPage(answers, keys).routes(), middleware=guard_middleware(settings))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, port=free_port())


async def test_our_own_server_proves_itself(settings: Settings) -> None:
    async with serving(page(settings, KEYS), settings):
        [finding] = await check_port(settings, KEYS)

    assert finding.status is Status.OK
    assert "of this data folder serves the page" in finding.message


async def test_a_connectory_with_another_key_is_a_stranger(settings: Settings) -> None:
    async with serving(page(settings, OTHERS), settings):
        [finding] = await check_port(settings, KEYS)

    assert finding.status is Status.WRONG
    assert str(settings.port) in finding.cure


async def test_without_a_key_nobody_is_called_ours_or_a_stranger(settings: Settings) -> None:
    async with serving(page(settings, KEYS), settings):
        [finding] = await check_port(settings, None)

    assert finding.status is Status.WRONG
    assert "Mend the key first" in finding.cure


async def test_a_free_port_is_well(settings: Settings) -> None:
    [finding] = await check_port(settings, KEYS)

    assert (finding.status, finding.cure) == (Status.OK, "")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", settings.port))  # and it is left free


async def test_a_running_process_that_does_not_answer_there_has_another_port(settings: Settings) -> None:
    lock = os.open(settings.data_dir / "web.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        [finding] = await check_port(settings, KEYS)
    finally:
        os.close(lock)

    assert finding.status is Status.WRONG
    assert "the same CONNECTORY_PORT" in finding.cure


async def test_an_address_that_is_not_this_machine_s_is_told(tmp_path: Path) -> None:
    [finding] = await check_port(Settings(data_dir=tmp_path, port=free_port(), host="192.0.2.1"), KEYS)

    assert finding.status is Status.WRONG
    assert "CONNECTORY_HOST" in finding.cure
