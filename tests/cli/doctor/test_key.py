from __future__ import annotations

import os
import subprocess

from tests.cli.doctor.reports import examine
from tests.cli.terminal import Terminal


def test_a_lost_key_is_told_and_no_command_makes_another(demo: Terminal) -> None:
    (demo.folder / "key").unlink()

    report = examine(demo)

    assert report.wrong == {"key"}
    assert "demo/default" in report.text("key")
    assert "No start makes a new one" in report.text("key")
    refused = demo.run("connections")
    assert refused.code == 1
    assert "stored values need it" in refused.err
    assert f"openssl rand -hex 32 > {demo.folder / 'key'}" in refused.err
    assert not (demo.folder / "key").exists()


def test_whoever_lost_the_key_may_go_on_with_another(demo: Terminal) -> None:
    (demo.folder / "key").unlink()
    command = demo.run("connections").err.split("`")[-2]
    assert subprocess.run(["sh", "-c", command], check=True).returncode == 0

    demo.run("connect", "demo", "--alias", "default")

    assert "active" in demo.run("connections").out


def test_a_wrong_key_is_told_with_what_it_does_not_open(demo: Terminal) -> None:
    (demo.folder / "key").write_text(os.urandom(32).hex())

    report = examine(demo)

    assert report.wrong == {"key", "connections"}
    assert "does not open 2 of 2 stored values (connections: demo/default)" in report.text("key")
    assert "connectory connect demo --alias default" in report.text("key")


def test_a_lost_shared_connection_is_renewed_as_the_shared_one(terminal: Terminal) -> None:
    assert terminal.run("connect", "demo", "--shared").code == 0
    (terminal.folder / "key").write_text(os.urandom(32).hex())

    assert "`connectory connect demo --alias default --shared`" in examine(terminal).text("key")


def test_where_the_key_file_would_have_been_right_that_is_said(demo: Terminal) -> None:
    report = examine(demo, CONNECTOR_ENCRYPTION_KEY=os.urandom(32).hex())

    assert "unset CONNECTOR_ENCRYPTION_KEY" in report.text("key", "wrong")


def test_a_loose_key_file_is_told_with_its_command(demo: Terminal) -> None:
    (demo.folder / "key").chmod(0o644)

    assert f"chmod 600 {demo.folder / 'key'}" in examine(demo).text("key", "wrong")


def test_a_key_of_the_old_form_is_a_note(demo: Terminal) -> None:
    old = os.urandom(16).hex()

    report = examine(demo, CONNECTOR_ENCRYPTION_KEY=f"{(demo.folder / 'key').read_text().strip()},{old}")

    assert "128 bits" in report.text("key", "note")
    assert report.code == 0
    assert old not in str(report.findings)
    assert report.err == ""  # it is a finding, and no line of the log
