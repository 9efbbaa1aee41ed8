"""Bringing the tables up to date: once, together, and never backwards."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from tests.vault.conftest import OpenVault
from tests.vault.rows import Clock, Place, make_connection, make_flow, make_place, make_token, new_session

from connectory.errors import DatabaseUnusable
from connectory.settings import Settings
from connectory.vault import schema
from connectory.vault.database import Database
from connectory.vault.entities import GrantId, GrantStatus, UserId, WorkspaceId
from connectory.vault.sealed_link import hash_link
from connectory.vault.tables import UtcTime, metadata
from connectory.vault.vault import open_memory_vault, open_vault

NEXT = f"{int(schema.HEAD) + 1:04}"
SECOND_START = """
import asyncio, sys
from pathlib import Path
from connectory.settings import Settings
from connectory.vault.vault import open_vault
async def start():
    vault = await open_vault(Settings(data_dir=Path(sys.argv[1])))
    await vault.workspaces.ensure_default()
    await vault.aclose()
asyncio.run(start())
print(sorted({"alembic", "sqlalchemy"} & set(sys.modules)))
"""

TRIAL = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "{revision}", "{head}"

def upgrade():
    for table in ("workspaces", "users", "memberships", "grants", "connections"):
        with op.batch_alter_table(table, recreate="always") as batch:
            batch.add_column(sa.Column("note", sa.Text))
    {more}
"""


AT_0001 = {"workspace_id": "ws_1", "created_at": datetime(2026, 11, 1, 12, 0)}  # noqa: DTZ001 # as SQLite has it
ROWS_AT_0001: dict[str, dict[str, object]] = {
    "workspaces": {"id": "ws_1", "slug": "w1", "name": "W1", "revision": 7},
    "users": {"id": "us_1", "name": "ada", "email": "ada@example.org"},
    "memberships": {"user_id": "us_1", "role": "owner"},
    "grants": {
        "id": "gr_1", "backend": "direct", "connector": "github", "method": "token", "family": "github",
        "account_id": "1", "account_name": "octocat", "credentials": b"sealed", "facts": {"shop": "acme"},
        "scopes": ["repo"], "status": "needs_reconnect", "problem": "refused", "version": 3,
    },
    "connections": {
        "id": "cn_1", "owner": "us_1", "connector": "github", "alias": "default", "grant_id": "gr_1", "hosts": [],
    },
    "connect_sessions": {
        "id": "cs_1", "link_hash": hash_link("a link"), "link": b"sealed", "user_id": "us_1", "owner": "us_1",
        "connector": "github", "alias": "default", "backend": "direct", "scopes": ["repo"], "status": "connected",
        "expires_at": datetime(2026, 11, 1, 13, 0), "connection_id": "cn_1",  # noqa: DTZ001
    },
}  # fmt: skip


def differences(connection: sa.Connection) -> object:
    def same_type(_context: object, _column: object, _in_table: object, _found: object, known: object) -> bool | None:
        return False if isinstance(known, UtcTime) else None

    context = MigrationContext.configure(connection, opts={"compare_type": same_type, "include_name": _is_ours})
    return compare_metadata(context, metadata)


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return not (kind == "table" and name == "alembic_version")


def described(connection: sa.Connection) -> object:
    """The tables as SQLite has them, whatever the order of their constraints."""
    found = sa.MetaData()
    found.reflect(connection)
    return {name: _described(table) for name, table in found.tables.items() if name != "alembic_version"}


def _described(table: sa.Table) -> set[str]:
    unique = [one for one in table.constraints if isinstance(one, sa.UniqueConstraint | sa.PrimaryKeyConstraint)]
    keys = table.foreign_key_constraints
    return {
        *(f"{column.name} {column.type!r} {column.nullable} {column.primary_key}" for column in table.columns),
        *(f"{key.name} {sorted(key.column_keys)} {key.ondelete} {key.referred_table.name}" for key in keys),
        *(f"{one.name} {sorted(column.name for column in one.columns)}" for one in unique),
        *(f"{one.name} {[column.name for column in one.columns]} {one.unique}" for one in table.indexes),
    }


async def test_the_migrations_make_the_tables_that_the_code_uses(open_file_vault: OpenVault) -> None:
    by_migrations, by_code = await open_file_vault(), await open_memory_vault()

    assert await by_migrations.database.read(differences) == []
    assert await by_migrations.database.read(described) == await by_code.database.read(described)

    await by_code.aclose()


def test_our_version_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))

    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


async def test_vaults_that_open_a_new_folder_at_once_all_succeed(tmp_path: Path) -> None:
    vaults = await asyncio.gather(*(open_vault(Settings(data_dir=tmp_path / "data")) for _ in range(4)))
    defaults = await asyncio.gather(*(vault.workspaces.ensure_default() for vault in vaults))

    assert len({(workspace.id, user.id) for workspace, user in defaults}) == 1
    assert len(await vaults[0].workspaces.list_users()) == 1
    for vault in vaults:
        await vault.aclose()


@pytest.mark.slow
async def test_processes_that_start_at_once_all_succeed_and_alembic_is_not_imported_again(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SECOND_START, str(tmp_path / "data")]
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path)}

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)

    first = [start() for _ in range(3)]
    results = [await asyncio.to_thread(process.communicate, timeout=60) for process in first]
    assert [process.returncode for process in first] == [0, 0, 0], results

    again = start()
    output, errors = await asyncio.to_thread(again.communicate, timeout=60)
    assert output.strip() == "['sqlalchemy']", errors


@pytest.mark.parametrize("version", [NEXT, "9999", "abcdef012345"])
async def test_a_database_of_a_newer_version_is_left_alone(data_dir: Path, version: str) -> None:
    vault = await open_vault(Settings(data_dir=data_dir))
    set_version = sa.text("UPDATE alembic_version SET version_num = :version").bindparams(version=version)
    await vault.database.change(set_version)
    await vault.aclose()
    before = (data_dir / "connectory.db").read_bytes()

    with pytest.raises(DatabaseUnusable, match="newer version") as refusal:
        await open_vault(Settings(data_dir=data_dir))

    assert "Upgrade" in refusal.value.hint
    assert (data_dir / "connectory.db").read_bytes() == before


async def test_a_migration_that_fails_half_way_leaves_the_old_tables(tmp_path: Path) -> None:
    foreign = sa.create_engine(f"sqlite:///{tmp_path / 'connectory.db'}")
    with foreign.begin() as connection:
        connection.execute(sa.text("CREATE TABLE policies (x)"))  # the migration meets it late
    foreign.dispose()

    with pytest.raises(DatabaseUnusable, match="policies"):
        await open_vault(Settings(data_dir=tmp_path))

    with foreign.connect() as connection:
        assert sa.inspect(connection).get_table_names() == ["policies"]
    foreign.dispose()


async def test_a_data_folder_with_a_percent_sign_works(tmp_path: Path) -> None:
    vault = await open_vault(Settings(data_dir=tmp_path / "100%(here)s?x=#1"))
    await vault.workspaces.ensure_default()
    await vault.aclose()


def trial_folder(folder: Path, more: str = "") -> Path:
    folder.mkdir()
    (folder / f"{NEXT}_trial.py").write_text(TRIAL.format(revision=NEXT, head=schema.HEAD, more=more))
    return folder


def counts(connection: sa.Connection) -> dict[str, int]:
    return {
        table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
    }


async def test_a_migration_that_rebuilds_tables_keeps_the_rows_that_hang_on_them(
    open_file_vault: OpenVault, tmp_path: Path
) -> None:
    vault = await open_file_vault()
    place = await make_place(vault)
    await make_token(vault, place)
    await make_connection(vault, place)
    before = await vault.database.read(counts)
    assert before["connections"] == before["api_tokens"] == before["connect_sessions"] == 1

    folders = [schema.VERSIONS, trial_folder(tmp_path / "trial")]
    await schema.bring_up_to_date(vault.database, head=NEXT, folders=folders)

    assert await vault.database.read(counts) == before
    columns = await vault.database.read(lambda connection: sa.inspect(connection).get_columns("grants"))
    assert "note" in {column["name"] for column in columns}
    assert await vault.workspaces.delete(place.workspace_id)  # foreign keys hold again, and at the new tables
    assert (await vault.database.read(counts))["connections"] == 0


async def test_a_migration_that_would_leave_rows_without_what_they_belong_to_is_undone(
    open_file_vault: OpenVault, tmp_path: Path
) -> None:
    vault = await open_file_vault()
    await make_connection(vault, await make_place(vault))
    before = await vault.database.read(counts)
    folders = [schema.VERSIONS, trial_folder(tmp_path / "trial", "op.execute('DELETE FROM grants')")]

    with pytest.raises(DatabaseUnusable, match="'connections'") as refusal:
        await schema.bring_up_to_date(vault.database, head=NEXT, folders=folders)

    assert refusal.value.hint
    assert await vault.database.read(counts) == before
    await schema.bring_up_to_date(vault.database)


def plant_at_0001(connection: sa.Connection) -> None:
    tables = sa.MetaData()
    tables.reflect(connection)
    for name, row in ROWS_AT_0001.items():
        table = tables.tables[name]
        common = {column: value for column, value in AT_0001.items() if column in table.c}
        connection.execute(sa.insert(table), {**common, **row})


def contents(connection: sa.Connection) -> dict[str, list[dict[str, object]]]:
    tables = sa.MetaData()
    tables.reflect(connection)
    return {
        name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
        for name, table in tables.tables.items()
        if name != "alembic_version"
    }


async def open_at_0001(folder: Path) -> Database:
    """The database of the folder, anew, as the first version had it."""
    (folder / "connectory.db").unlink()
    database = await asyncio.to_thread(Database.open_file, folder / "connectory.db", wait_s=5.0)
    await schema.bring_up_to_date(database, head="0001")
    await database.write(plant_at_0001)
    return database


async def test_a_database_from_before_oauth_keeps_its_rows(data_dir: Path) -> None:
    database = await open_at_0001(data_dir)
    before = await database.read(contents)
    assert {name for name, rows in before.items() if rows} == ROWS_AT_0001.keys()

    await schema.bring_up_to_date(database, head="0002")

    after = await database.read(contents)
    assert after.keys() - before.keys() == {"oauth_flows", "oauth_clients"}
    for name, rows in before.items():
        assert [{column: row[column] for column in rows[0]} for row in after[name]] == rows
    await database.aclose()


async def test_a_sign_in_from_before_nango_is_the_built_in_backends(data_dir: Path) -> None:
    database = await open_at_0001(data_dir)
    await schema.bring_up_to_date(database, head="0002")
    flow = {
        "id": "fl_1", "workspace_id": "ws_1", "session_id": "cs_1", "family": "github", "state_hash": "h",
        "status": "left", "body": b"sealed", "expires_at": datetime(2026, 11, 1, 13, 0),  # noqa: DTZ001
        "created_at": datetime(2026, 11, 1, 12, 0),  # noqa: DTZ001
    }  # fmt: skip

    def plant(connection: sa.Connection) -> None:
        tables = sa.MetaData()
        tables.reflect(connection)
        connection.execute(sa.insert(tables.tables["oauth_flows"]), flow)

    await database.write(plant)
    before = await database.read(contents)

    await schema.bring_up_to_date(database, head="0003")

    after = await database.read(contents)
    assert after.pop("nango_integrations") == []
    assert after.pop("oauth_flows") == [{**flow, "backend": "builtin", "poll_at": None}]
    assert after == {name: rows for name, rows in before.items() if name != "oauth_flows"}
    await database.aclose()


async def test_connections_and_links_from_before_labels_have_none(data_dir: Path) -> None:
    database = await open_at_0001(data_dir)
    await schema.bring_up_to_date(database, head="0006")
    before = await database.read(contents)

    await schema.bring_up_to_date(database, head="0007")

    after = await database.read(contents)
    assert [row.pop("labels") for row in after["connections"]] == [{}]
    assert [row.pop("labels") for row in after["connect_sessions"]] == [None]
    assert after == before
    await database.aclose()


async def test_a_browser_that_is_signed_in_from_before_sessions_were_told_apart_goes_on(data_dir: Path) -> None:
    database = await open_at_0001(data_dir)
    await schema.bring_up_to_date(database, head="0007")
    session = {
        **AT_0001,
        "id_hash": hash_link("an id"),
        "user_id": "us_1",
        "expires_at": Clock()() + timedelta(hours=1),
    }

    def plant(connection: sa.Connection) -> None:
        tables = sa.MetaData()
        tables.reflect(connection)
        connection.execute(sa.insert(tables.tables["web_sessions"]), session)

    await database.write(plant)
    await database.aclose()

    vault = await open_vault(Settings(data_dir=data_dir), now=Clock())
    found = await vault.web_sessions.find("an id")
    (listed,) = await vault.web_sessions.list([WorkspaceId("ws_1")], UserId("us_1"))
    assert found is not None
    assert (listed.way, listed.browser, listed.last_used_at) == (None, "", listed.created_at)
    await vault.web_sessions.note_use("an id")
    await vault.aclose()


async def test_rows_from_before_oauth_are_read_and_used_by_the_code_of_today(data_dir: Path) -> None:
    await (await open_at_0001(data_dir)).aclose()
    vault = await open_vault(Settings(data_dir=data_dir), now=Clock())
    workspace, user = await vault.workspaces.get(WorkspaceId("ws_1")), await vault.workspaces.get_user(UserId("us_1"))
    assert workspace is not None
    assert user is not None

    grant, session = await vault.grants.get(workspace.id, GrantId("gr_1")), await vault.sessions.by_link("a link")
    assert grant is not None
    assert (grant.status, grant.problem, grant.version) == (GrantStatus.NEEDS_RECONNECT, "refused", 3)
    assert (grant.failures, grant.retry_at, grant.refreshed_at, grant.client_id) == (0, None, None, None)
    assert session is not None
    assert (session.backend, session.connection_id) == ("direct", "cn_1")
    of_any_backend = replace(new_session(Place(workspace, user)), backend=None)
    await make_flow(vault, await vault.sessions.create(of_any_backend))
    assert await vault.workspaces.delete(workspace.id)
    assert not any(rows for name, rows in (await vault.database.read(contents)).items() if name != "users")
    await vault.aclose()
