"""`backup` and `restore` as a person uses them: what was connected works again, and the words say what to do."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from tests.cli.processes import PATIENCE_S, environment, program
from tests.cli.provider import KEY, Provider
from tests.cli.terminal import Terminal
from tests.web.ports import free_port


def test_the_demo_works_after_everything_was_lost(demo: Terminal, tmp_path: Path) -> None:
    demo.run("call", "demo_create_task", "-a", "title=Water the plants")
    file = str(tmp_path / "b.tar")
    assert demo.run("backup", file, "--with-key").code == 0
    shutil.rmtree(demo.folder)

    restored = demo.run("restore", file)

    assert restored.code == 0, restored.err
    assert f"into {demo.folder}: 1 connection" in restored.out
    assert "opens everything" in restored.err
    assert "Water the plants" in demo.run("call", "demo_list_tasks").out


def test_a_key_typed_before_the_backup_is_sent_after_the_restore(
    acme: Provider, terminal: Terminal, tmp_path: Path
) -> None:
    words = ("connect", "acme", "--field", f"server={acme.origin}", "--from-env", "token=ACME_KEY")
    assert terminal.run(*words, ACME_KEY=KEY).code == 0
    assert terminal.run("backup", str(tmp_path / "b.tar")).code == 0
    key = (terminal.folder / "key").read_bytes()
    shutil.rmtree(terminal.folder)

    restored = terminal.run("restore", str(tmp_path / "b.tar"))
    assert f"put the key that belongs to this backup into {terminal.folder / 'key'}" in restored.err
    (terminal.folder / "key").write_bytes(key)
    (terminal.folder / "key").chmod(0o600)
    acme.requests.clear()

    assert terminal.run("call", "acme_list_things").code == 0
    assert acme.requests == ["/things"]


def test_it_says_what_is_in_it_and_where_the_key_is(demo: Terminal, tmp_path: Path) -> None:
    out = demo.run("backup", str(tmp_path / "b.tar")).out

    assert "the database with 1 connection" in out
    assert "The encryption key is not in it" in out
    assert str(demo.folder / "key") in out
    assert "whoever gets this file" in demo.run("backup", str(tmp_path / "k.tar"), "--with-key").out


def test_programs_read_the_same_as_json(demo: Terminal, tmp_path: Path) -> None:
    made = demo.run("backup", str(tmp_path / "b.tar"), "--json").json
    restored = demo.run("restore", str(tmp_path / "b.tar"), "--replace", "--json").json

    assert (made["connections"], made["has_key"], made["unreadable"]) == (1, False, 0)
    assert (restored["connections"], restored["has_key"], restored["unreadable"]) == (1, True, 0)
    [aside] = restored["moved_aside_to"]
    assert (Path(aside) / "connectory.db").exists()


def test_folders_that_are_not_in_it_are_named(acme: Provider, terminal: Terminal, tmp_path: Path) -> None:
    (terminal.folder / "manifests").mkdir()
    (terminal.folder / "manifests" / "notes.txt").write_text("x")

    told = terminal.run("backup", str(tmp_path / "b.tar")).err

    assert f"Not in it: the folders in CONNECTORY_MANIFESTS ({tmp_path / 'manifests'})" in told
    assert "notes.txt" in told


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_folder_in_the_file_s_place_is_wrong_usage(terminal: Terminal, tmp_path: Path, command: str) -> None:
    assert terminal.run(command, str(tmp_path)).code == 2


def test_a_wrong_key_is_told_when_the_backup_is_made(demo: Terminal, tmp_path: Path) -> None:
    made = demo.run("backup", str(tmp_path / "b.tar"), CONNECTOR_ENCRYPTION_KEY=os.urandom(32).hex())

    assert made.code == 0
    assert "do not open with the key at hand" in made.err


def test_whoever_holds_the_lock_of_the_page_is_not_disturbed(demo: Terminal, tmp_path: Path) -> None:
    import fcntl

    demo.run("backup", str(tmp_path / "b.tar"))
    lock = os.open(demo.folder / "web.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = demo.run("restore", str(tmp_path / "b.tar"), "--replace")
    finally:
        os.close(lock)

    assert refused.code == 1
    assert refused.err.startswith(f"database_locked: Connectory is running on {demo.folder}")
    assert demo.run("restore", str(tmp_path / "b.tar"), "--replace").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("fleet", [False, True], ids=["local", "fleet"])
def test_a_server_at_work_is_backed_up_and_never_restored_over(demo: Terminal, tmp_path: Path, fleet: bool) -> None:
    port, file = free_port(), str(tmp_path / "b.tar")
    extra = {"APP_URL": "https://connect.example.com"} if fleet else {}
    with program("serve", env=environment(demo.folder, CONNECTORY_PORT=str(port), **extra)) as process:
        assert process.stdout is not None
        assert b"web page" in process.stdout.readline()

        assert demo.run("backup", file).code == 0
        refused = demo.run("restore", file, "--replace")
        assert refused.code == 1
        assert "Connectory is running" in refused.err
        process.terminate()
        process.wait(PATIENCE_S)

    assert demo.run("restore", file, "--replace").code == 0
    database = sqlite3.connect(demo.folder / "connectory.db")
    assert database.execute("SELECT count(*) FROM connections").fetchone() == (1,)
    database.close()
