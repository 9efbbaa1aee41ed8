"""What the doctor says of a Nango: whether it answers, takes the key, and which scopes the key lacks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.auth.nango.scene import notes_at_nango
from tests.cli.doctor.reports import examine
from tests.cli.terminal import Terminal
from tests.nango.serving import NangoDouble

ALL = (
    "integrations:list", "connect_sessions:write", "connections:list", "connections:read",
    "connections:read_credentials", "connections:update", "connections:delete",
)  # fmt: skip


@pytest.fixture
def nango() -> Iterator[NangoDouble]:
    with notes_at_nango() as double:
        yield double


def with_nango(terminal: Terminal, double: NangoDouble, **environment: str) -> Terminal:
    settings = {"NANGO_SECRET_KEY": double.dev.key, "NANGO_HOST": double.origin, **environment}
    terminal.environment = {**terminal.environment, **settings}
    return terminal


def test_one_that_answers_and_takes_the_key_is_well(terminal: Terminal, nango: NangoDouble) -> None:
    report = examine(with_nango(terminal, nango, NANGO_WEBHOOK_SIGNING_KEY="k"))

    assert "takes the key; integrations in its environment: 2" in report.text("nango", "ok")
    assert "has the scopes" in report.text("nango", "ok")
    assert nango.state.sessions == {}
    assert nango.dev.key not in str(report.findings)


@pytest.mark.parametrize("left_out", [one for one in ALL if one != "connections:read"])  # read_credentials implies it
def test_a_scope_that_is_missing_is_named(terminal: Terminal, nango: NangoDouble, left_out: str) -> None:
    key = nango.dev.add_key(*(one for one in ALL if one != left_out))

    report = examine(with_nango(terminal, nango, NANGO_SECRET_KEY=key))

    told = report.text("nango", "wrong")
    assert [one for one in ALL if f"environment:{one} (to " in told] == ([left_out] if "lacks scopes" in told else [])
    assert f"environment:{left_out}" in told


def test_by_the_proxy_a_key_that_may_not_read_credentials_is_well(terminal: Terminal, nango: NangoDouble) -> None:
    key = nango.dev.add_key(*(one for one in ALL if one != "connections:read_credentials"))

    report = examine(with_nango(terminal, nango, NANGO_SECRET_KEY=key, NANGO_PROXY="always"))

    assert report.of("nango", "wrong") == []


def test_a_key_that_is_none_and_a_nango_that_is_not_there_are_told(terminal: Terminal, nango: NangoDouble) -> None:
    unknown = examine(with_nango(terminal, nango, NANGO_SECRET_KEY="9f3c6f1e-0000-4000-8000-000000000000"))
    assert "does not know the key" in unknown.text("nango", "wrong")

    gone = examine(with_nango(terminal, nango, NANGO_HOST="http://127.0.0.1:1"))
    assert "cannot be reached" in gone.text("nango", "wrong")


def test_without_integrations_it_says_how_they_are_made(terminal: Terminal, nango: NangoDouble) -> None:
    nango.dev.integrations.clear()

    report = examine(with_nango(terminal, nango))

    assert "sync-integrations" in report.text("nango", "note")


def test_the_key_of_webhooks_is_told_of(terminal: Terminal, nango: NangoDouble) -> None:
    without = examine(with_nango(terminal, nango))
    assert "NANGO_WEBHOOK_SIGNING_KEY is not set" in without.text("nango", "note")

    here = examine(with_nango(terminal, nango, NANGO_WEBHOOK_SIGNING_KEY="k"))
    assert "no webhooks to http://localhost" in here.text("nango", "note")


def test_offline_and_without_a_key_nobody_is_asked(terminal: Terminal, nango: NangoDouble) -> None:
    assert examine(terminal).of("nango") == []

    assert examine(with_nango(terminal, nango), "--offline").of("nango") == []
    assert nango.state.seen == []
