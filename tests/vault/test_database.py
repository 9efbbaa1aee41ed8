"""Units of work: whole or not at all, readers beside a writer, and every failure with what to do."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs
from tests.vault.conftest import OpenVault
from tests.vault.rows import NOW, Place, audit_line, make_connection, make_place

from connectory.errors import BadInput, DatabaseFull, DatabaseLocked, DatabaseUnusable, KeyInvalid
from connectory.settings import Settings
from connectory.vault.database import Database, use_wal
from connectory.vault.entities import WorkspaceId
from connectory.vault.tables import workspaces
from connectory.vault.vault import Vault, open_memory_vault, open_vault

PATIENCE_S = 60.0  # for what takes a moment, unless something is wrong


def rename(connection: sa.Connection, name: str = "New") -> None:
    connection.execute(sa.update(workspaces).values(name=name))


async def name_of(vault: Vault, place: Place) -> str:
    found = await vault.workspaces.get(place.workspace_id)
    assert found is not None
    return found.name


async def test_a_unit_of_work_that_raises_leaves_nothing_behind(vault: Vault, place: Place) -> None:
    def work(connection: sa.Connection) -> None:
        rename(connection)
        raise LookupError

    with pytest.raises(LookupError):
        await vault.database.write(work)

    assert await name_of(vault, place) == "W1"
    await vault.database.write(rename)
    assert await name_of(vault, place) == "New"


async def test_a_cancelled_caller_leaves_a_whole_transaction(vault: Vault, place: Place) -> None:
    entered, may_go_on = threading.Event(), threading.Event()

    def work(connection: sa.Connection) -> None:
        rename(connection, "half")
        entered.set()
        assert may_go_on.wait(PATIENCE_S)
        rename(connection, "whole")

    caller = asyncio.create_task(vault.database.write(work))
    await asyncio.to_thread(entered.wait, PATIENCE_S)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    may_go_on.set()

    await vault.database.write(lambda _connection: None)  # the one writer is through
    assert await name_of(vault, place) == "whole"


async def test_a_caller_cancelled_before_its_turn_leaves_nothing(vault: Vault, place: Place) -> None:
    entered, may_go_on = threading.Event(), threading.Event()

    def hold(_connection: sa.Connection) -> None:
        entered.set()
        assert may_go_on.wait(PATIENCE_S)

    holder = asyncio.create_task(vault.database.write(hold))
    await asyncio.to_thread(entered.wait, PATIENCE_S)
    late = asyncio.create_task(vault.database.write(rename))
    await asyncio.sleep(0)
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    may_go_on.set()
    await holder

    assert await name_of(vault, place) == "W1"


async def test_readers_do_not_wait_for_a_writer(open_file_vault: OpenVault) -> None:
    vault = await open_file_vault()
    place = await make_place(vault)
    entered, may_go_on = threading.Event(), threading.Event()

    def work(connection: sa.Connection) -> None:
        rename(connection)
        entered.set()
        assert may_go_on.wait(PATIENCE_S)

    writing = asyncio.create_task(vault.database.write(work))
    await asyncio.to_thread(entered.wait, PATIENCE_S)
    async with asyncio.timeout(PATIENCE_S / 2):  # nobody lets go before
        assert await name_of(vault, place) == "W1"
    may_go_on.set()
    await writing
    assert await name_of(vault, place) == "New"


async def test_a_reader_cannot_write(open_file_vault: OpenVault) -> None:
    vault = await open_file_vault()
    place = await make_place(vault)

    with pytest.raises(DatabaseUnusable, match="readonly"):
        await vault.database.read(rename)

    assert await name_of(vault, place) == "W1"


async def test_a_writer_does_not_wait_for_readers(open_file_vault: OpenVault) -> None:
    vault = await open_file_vault()
    place, _ = await make_place(vault), await make_place(vault, "w2", "eve")
    entered, may_go_on = threading.Event(), threading.Event()

    def work(connection: sa.Connection) -> list[str]:
        rows = connection.execute(sa.select(workspaces.c.name)).scalars()
        first = next(rows)
        entered.set()
        assert may_go_on.wait(PATIENCE_S)
        return [first, *rows]

    reading = asyncio.create_task(vault.database.read(work))
    await asyncio.to_thread(entered.wait, PATIENCE_S)
    async with asyncio.timeout(PATIENCE_S / 2):  # nobody lets go before
        await vault.database.write(rename)
    assert await name_of(vault, place) == "New"
    may_go_on.set()
    assert await reading == ["W1", "W2"]


async def test_a_process_that_reads_and_then_writes_cannot_be_overtaken_in_between(open_file_vault: OpenVault) -> None:
    one, other = await open_file_vault(), await open_file_vault()
    place = await make_place(one)
    start = await one.workspaces.revision(place.workspace_id)
    has_read, other_is_done = threading.Event(), threading.Event()

    def count(connection: sa.Connection, *, waits: bool = False) -> None:
        seen = connection.execute(sa.select(workspaces.c.revision)).scalar_one()
        if waits:
            has_read.set()
            other_is_done.wait(0.1)
        connection.execute(sa.update(workspaces).values(revision=seen + 1))

    first = asyncio.create_task(one.database.write(lambda connection: count(connection, waits=True)))
    await asyncio.to_thread(has_read.wait, PATIENCE_S)
    await other.database.write(count)
    other_is_done.set()
    await first

    assert await one.workspaces.revision(place.workspace_id) == start + 2


async def test_a_lock_of_another_program_is_waited_for_and_then_named(
    open_file_vault: OpenVault, data_dir: Path
) -> None:
    vault = await open_file_vault(database_wait_s=0.05)
    place = await make_place(vault)
    other = sqlite3.connect(data_dir / "connectory.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseLocked) as refusal:
        await vault.database.write(rename)
    other.execute("ROLLBACK")
    other.close()

    assert refusal.value.hint
    assert refusal.value.retryable
    assert await name_of(vault, place) == "W1"
    await vault.database.write(rename)


async def test_a_writer_that_waited_too_long_for_its_turn_does_not_begin(open_file_vault: OpenVault) -> None:
    vault = await open_file_vault(database_wait_s=0.05)
    may_go_on = threading.Event()
    holder = asyncio.create_task(vault.database.write(lambda _connection: may_go_on.wait(PATIENCE_S)))
    late = asyncio.create_task(vault.database.write(rename))
    await asyncio.sleep(0)  # both have begun to wait
    await asyncio.to_thread(may_go_on.wait, 0.1)
    may_go_on.set()
    await holder

    with pytest.raises(DatabaseLocked):
        await late


@pytest.mark.slow
async def test_in_memory_a_writer_waits_for_its_turn_however_long_the_one_before_takes() -> None:
    vault = await open_memory_vault()
    place, may_go_on = await make_place(vault), threading.Event()
    holder = asyncio.create_task(vault.database.write(lambda _connection: may_go_on.wait(PATIENCE_S)))
    late = asyncio.create_task(vault.database.write(rename))
    await asyncio.to_thread(may_go_on.wait, 1.1)
    may_go_on.set()
    await holder
    await late

    assert await name_of(vault, place) == "New"
    await vault.aclose()


async def test_a_full_disk_is_named_and_nothing_is_lost(vault: Vault, place: Place) -> None:
    def fill(connection: sa.Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    await vault.database.write(fill)

    with pytest.raises(DatabaseFull) as refusal:
        await vault.audit.write([audit_line(place, action="x" * 100_000)])

    assert refusal.value.hint
    assert await vault.audit.list(place.workspace_id) == []
    assert await name_of(vault, place) == "W1"


async def test_an_error_shows_no_value_of_a_row(vault: Vault, place: Place) -> None:
    secret = "planted-value"

    with pytest.raises(BadInput) as refusal:
        await vault.database.change(
            sa.insert(workspaces), {"id": place.workspace_id, "slug": secret, "name": secret, "revision": 0,
                                    "created_at": NOW}
        )  # fmt: skip

    cause = refusal.value.__cause__
    assert secret not in f"{refusal.value!r} {refusal.value.text} {cause!r} {cause}"


async def test_text_that_is_no_unicode_is_the_callers_fault(vault: Vault) -> None:
    with pytest.raises(BadInput):
        await vault.workspaces.by_slug("\ud800")


async def test_a_closed_vault_says_so(data_dir: Path) -> None:
    vault = await open_vault(Settings(data_dir=data_dir))
    await vault.aclose()
    await vault.aclose()

    with pytest.raises(DatabaseUnusable, match="closed"):
        await vault.workspaces.list()


async def test_closing_waits_for_what_is_under_way_and_folds_the_wal_in(data_dir: Path) -> None:
    vault = await open_vault(Settings(data_dir=data_dir))
    place = await make_place(vault)
    write = asyncio.create_task(vault.database.write(rename))
    await asyncio.sleep(0)
    await vault.aclose()
    await write

    assert not (data_dir / "connectory.db-wal").exists()
    again = await open_vault(Settings(data_dir=data_dir))
    assert await name_of(again, place) == "New"
    await again.aclose()


@pytest.mark.parametrize("content", [b"this is a text file, " * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
async def test_a_file_that_is_no_database_is_named_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "connectory.db"
    path.write_bytes(content)

    with pytest.raises(DatabaseUnusable) as refusal:
        await open_vault(Settings(data_dir=tmp_path))

    assert str(path) in refusal.value.message
    assert refusal.value.hint
    assert path.read_bytes() == content


@pytest.fixture
def as_nobody(data_dir: Path) -> Iterator[Path]:
    """The data folder seen by a user who may read everything in it and write nothing."""
    if os.geteuid() != 0:
        for path in (*data_dir.iterdir(), data_dir):
            path.chmod(0o500)
        yield data_dir
        data_dir.chmod(0o700)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "connectory.db").write_bytes((data_dir / "connectory.db").read_bytes())
        os.seteuid(65534)
        yield folder
        os.seteuid(0)


async def test_a_folder_that_cannot_be_written_says_what_to_do(as_nobody: Path) -> None:
    key = "9f1c3be27a4d5586e0b1c2d3f4a5968778695a4b3c2d1e0f123e4d5c6b7a8f90"

    with pytest.raises((DatabaseUnusable, KeyInvalid)) as refusal:
        await open_vault(Settings.model_validate({"data_dir": as_nobody, "encryption_key": key}))

    assert refusal.value.hint
    assert str(as_nobody) in refusal.value.message


@pytest.mark.parametrize(
    "url",
    ["postgresql://ada:s3cret@db.example.org/x", "mysql://ada:s3cret@h/x", "s3cret", "sqlite://", "sqlite:///:memory:"],
)
async def test_a_database_we_cannot_use_is_refused_without_its_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(DatabaseUnusable) as refusal:
        await open_vault(Settings(data_dir=tmp_path, database_url=url))

    assert "s3cret" not in f"{refusal.value!r} {refusal.value.text} {refusal.value.__cause__!r}"
    assert "sqlite:///" in refusal.value.hint


async def test_the_database_may_stand_elsewhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "my.db"
    settings = Settings(data_dir=tmp_path / "data", database_url=f"sqlite:///{elsewhere}")

    vault = await open_vault(settings)
    await vault.workspaces.ensure_default()
    await vault.aclose()

    assert elsewhere.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["key"]


async def test_a_database_in_memory_is_each_its_own() -> None:
    one, other = Database.open_memory(), Database.open_memory()
    await one.write(lambda connection: connection.exec_driver_sql("CREATE TABLE t (x)"))

    names = await other.read(lambda connection: sa.inspect(connection).get_table_names())

    assert names == []
    await one.aclose()
    await other.aclose()


async def test_the_revision_of_no_workspace_is_zero(vault: Vault) -> None:
    assert await vault.workspaces.revision(WorkspaceId("ws_none")) == 0


async def test_the_revisions_of_several_workspaces_are_those_asked_for(vault: Vault) -> None:
    first, second = await make_place(vault), await make_place(vault, "w2", "eve")
    await make_place(vault, "w3", "uma")
    before = await vault.workspaces.revisions([first.workspace_id])
    await make_connection(vault, first)
    after = await vault.workspaces.revisions([first.workspace_id, second.workspace_id, WorkspaceId("ws_none")])
    assert set(after) == {first.workspace_id, second.workspace_id}
    assert after[first.workspace_id] > before[first.workspace_id]
    assert await vault.workspaces.revisions([]) == {}


async def test_what_is_committed_is_on_the_disk(open_file_vault: OpenVault) -> None:
    vault = await open_file_vault()

    level = await vault.database.write(lambda connection: connection.exec_driver_sql("PRAGMA synchronous").scalar())

    assert level == 2  # FULL


def test_a_file_system_without_wal_is_named_and_used_all_the_same(tmp_path: Path) -> None:
    without_shared_memory = sqlite3.connect(f"file:{tmp_path}/net.db?vfs=unix-dotfile", uri=True)

    with capture_logs() as logs:
        use_wal(without_shared_memory, "net.db", wait_s=0.1)

    assert [(line["log_level"], line["database"], line["mode"]) for line in logs] == [("warning", "net.db", "delete")]
    assert "CONNECTORY_DATA_DIR" in logs[0]["hint"]
    without_shared_memory.close()


async def test_a_database_in_wal_mode_or_in_memory_is_no_cause_for_a_warning(open_file_vault: OpenVault) -> None:
    with capture_logs() as logs:
        await (await open_file_vault()).workspaces.ensure_default()
        database = Database.open_memory()
        await database.write(lambda connection: None)
        await database.aclose()

    assert logs == []
