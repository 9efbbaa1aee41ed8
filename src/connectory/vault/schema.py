"""Which version the database has, and bringing it up to ours. Alembic is imported only when it is behind."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from connectory.errors import DatabaseUnusable
from connectory.vault.database import Database
from connectory.vault.tables import metadata

HEAD = "0009"  # the newest file in migrations/versions
MIGRATIONS = Path(__file__).parent / "migrations"
VERSIONS = MIGRATIONS / "versions"
_VERSION = sa.table("alembic_version", sa.column("version_num", sa.String))


async def bring_up_to_date(database: Database, *, head: str = HEAD, folders: Sequence[Path] = (VERSIONS,)) -> None:
    """Migrate the database to version `head`, by the migrations in `folders`, if it is behind.

    Several processes may start at once: one migrates, the others wait for its lock and find nothing left to do. A
    migration is one transaction, so that an end half-way leaves the old version. Raises `DatabaseUnusable` for a
    database that a newer version has written.
    """
    if await database.read(partial(_is_behind, head)):
        await database.rebuild(partial(_migrate, head, folders))


async def make_tables(database: Database) -> None:
    """Make all tables at once in an empty database, as the migrations would, without Alembic."""
    await database.write(lambda connection: metadata.create_all(connection, checkfirst=False))


def _is_behind(head: str, connection: sa.Connection) -> bool:
    if not sa.inspect(connection).has_table(_VERSION.name):
        return True
    version = connection.execute(sa.select(_VERSION.c.version_num)).scalar()
    if version == head:
        return False
    if version is not None and (not re.fullmatch(r"\d{4}", version) or version > head):
        raise DatabaseUnusable(
            f"The database was written by a newer version of Connectory (its tables are {version[:40]}, ours {head}).",
            hint="Upgrade Connectory, or set CONNECTORY_DATA_DIR to another folder; nothing was changed.",
        )
    return True


def _migrate(head: str, folders: Sequence[Path], connection: sa.Connection) -> None:
    if not _is_behind(head, connection):
        return  # another process had the lock before us
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", _escaped(str(MIGRATIONS)))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", _escaped(os.pathsep.join(map(str, folders))))
    config.attributes["connection"] = connection
    command.upgrade(config, head)


def _escaped(path: str) -> str:
    return path.replace("%", "%%")  # the options are interpolated
