"""Attack 73: the link that opens the pages of one's own machine, seen by another program, guessed, or used again."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from datetime import timedelta
from pathlib import Path

import pytest
from tests.e2e.programs import Install
from tests.web.browsing import Browser, make_web

from connectory.testing.application import make_principal
from connectory.web import signin

PAGE = "/workspaces/default/connectors"


async def test_attack_73_the_secret_is_gone_from_the_address_and_from_what_the_page_tells_on() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        secret = await application.web_sessions.make_link(await make_principal(application), timedelta(minutes=1))

        answer = await browser.client.get(f"/open/{secret}")

        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert secret not in answer.text + str(answer.headers)


async def test_attack_73_a_second_use_opens_nothing_and_ends_nothing() -> None:
    async with make_web() as (application, app), Browser(app) as first, Browser(app) as second:
        secret = await application.web_sessions.make_link(await make_principal(application), timedelta(minutes=1))
        await first.open(f"/open/{secret}")

        assert (await second.open(f"/open/{secret}")).status == 410

        assert (await second.open(PAGE)).status == 401
        assert (await first.open(PAGE)).status == 200


async def test_attack_73_of_two_at_once_one_comes_in() -> None:
    async with make_web() as (application, app), Browser(app) as first, Browser(app) as second:
        secret = await application.web_sessions.make_link(await make_principal(application), timedelta(minutes=1))

        pages = await asyncio.gather(*(one.client.get(f"/open/{secret}") for one in (first, second)))

        assert sorted(one.status_code for one in pages) == [303, 410]


async def test_attack_73_guesses_open_nothing_and_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signin, "GUESS_S", 0.05)
    async with make_web() as (application, app), Browser(app) as browser:
        await application.web_sessions.make_link(await make_principal(application), timedelta(minutes=1))
        guesses = [secrets.token_urlsafe(32) for _ in range(20)] + ["x", "../x", "%00", "a" * 5000]
        started = time.monotonic()

        pages = await asyncio.gather(*(browser.client.get(f"/open/{guess}") for guess in guesses))

        assert {one.status_code for one in pages} <= {410, 404}
        assert time.monotonic() - started >= 20 * 0.05
        assert "set-cookie" not in {name for one in pages for name in one.headers}


async def test_attack_73_no_log_holds_the_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with make_web() as (application, app), Browser(app) as browser:
        secret = await application.web_sessions.make_link(await make_principal(application), timedelta(minutes=1))
        await browser.open(f"/open/{secret}")
        await browser.open(f"/open/{secret}")

    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("http")]  # not the client's
    assert secret not in "\n".join(ours)


def test_attack_73_no_other_user_of_the_machine_reads_it(tmp_path: Path) -> None:
    """The browser is started with the address of a file, which is ours alone: arguments are everybody's to read."""
    install = Install(tmp_path)
    browser, seen = tmp_path / "browser", tmp_path / "seen"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}\n', encoding="utf-8")
    browser.chmod(0o755)
    with install.serving():
        shown = install.run("open", env={"BROWSER": f"{browser} %s"})

    link = shown.stdout.split()[0]
    asked = seen.read_text(encoding="utf-8").strip()
    assert asked.startswith("file://")
    assert link.rpartition("/")[2] not in asked
    file = Path(asked.removeprefix("file://"))
    assert link in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o077 == 0
