"""A restore checks first, deletes nothing, leaves all or nothing behind, and then everything works."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.vault.folders import LABELS, accounts, fill, members, state, write_tar
from tests.vault.rows import Clock

from connectory.errors import AlreadyExists, BadInput, DatabaseLocked, DatabaseUnusable, SetupError
from connectory.settings import Settings
from connectory.vault.backup import make_backup
from connectory.vault.restore import restore_backup
from connectory.vault.vault import open_vault

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def once(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in use and its backup, made once and copied."""
    folder = tmp_path_factory.mktemp("restore")
    settings = Settings(data_dir=shutil.copytree(migrated, folder / "data"))
    asyncio.run(fill(settings))
    make_backup(settings, folder / "b.tar", with_key=True)
    return folder


@pytest.fixture
def source(once: Path, tmp_path: Path) -> Settings:
    return Settings(data_dir=shutil.copytree(once / "data", tmp_path / "data"))


@pytest.fixture
def backup(once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(once / "b.tar", tmp_path / "b.tar"))


@pytest.fixture
def new(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "new" / "data")


def restore(settings: Settings, file: Path, *, replace: bool = False) -> list[Path]:
    return list(restore_backup(settings, file, replace=replace, now=Clock()).aside)


async def test_in_an_empty_place_everything_works_as_before(source: Settings, new: Settings, backup: Path) -> None:
    restored = restore_backup(new, backup, replace=False)

    assert await accounts(new) == await accounts(source) == ["s3cret-token"]
    restored_rows = sqlite3.connect(new.data_dir / "connectory.db")
    assert [json.loads(labels) for (labels,) in restored_rows.execute("SELECT labels FROM connections")] == [LABELS]
    restored_rows.close()
    assert (restored.has_key, restored.sealed.total, restored.sealed.lost) == (True, 3, 0)
    for name in ("key", "manifests/acme.yaml"):
        assert state(new.data_dir)[name] == state(source.data_dir)[name]
    demo = sqlite3.connect(new.data_dir / "demo.db")
    assert demo.execute("SELECT sandbox FROM boards").fetchall() == [("mine",)]
    demo.close()
    files = [new.data_dir, *new.data_dir.rglob("*")]
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
    assert [path.name for path in files if path.name.startswith(".")] == []


async def test_without_its_key_it_says_so_and_waits_for_it(source: Settings, new: Settings, tmp_path: Path) -> None:
    make_backup(source, tmp_path / "b.tar", with_key=False)

    restored = restore_backup(new, tmp_path / "b.tar", replace=False)

    assert (restored.has_key, restored.sealed.lost) == (False, 3)
    assert not (new.data_dir / "key").exists()
    (new.data_dir / "key").write_bytes((source.data_dir / "key").read_bytes())
    (new.data_dir / "key").chmod(0o600)
    assert await accounts(new) == ["s3cret-token"]


async def test_a_key_that_was_put_back_first_stays(source: Settings, new: Settings, tmp_path: Path) -> None:
    make_backup(source, tmp_path / "b.tar", with_key=False)
    new.data_dir.mkdir(parents=True)
    (new.data_dir / "key").write_bytes((source.data_dir / "key").read_bytes())
    (new.data_dir / "key").chmod(0o600)

    assert restore_backup(new, tmp_path / "b.tar", replace=False).sealed.lost == 0
    assert await accounts(new) == ["s3cret-token"]


def test_data_that_is_there_stays_unless_it_may_be_moved(source: Settings, backup: Path) -> None:
    before = state(source.data_dir)

    with pytest.raises(AlreadyExists, match=r"connectory\.db, demo\.db, key, manifests") as refusal:
        restore(source, backup)

    assert "--replace" in refusal.value.hint
    assert state(source.data_dir) == before


async def test_what_is_replaced_is_moved_aside_whole(source: Settings, backup: Path) -> None:
    vault = await open_vault(source, now=Clock())
    [workspace] = await vault.workspaces.list()
    await vault.workspaces.delete(workspace.id)
    await vault.aclose()
    (source.data_dir / "notes.txt").write_text("not ours")

    [aside] = restore(source, backup, replace=True)

    assert aside.parent == source.data_dir
    assert aside.name.startswith("replaced-20261124T120000Z-")
    assert await accounts(source) == ["s3cret-token"]
    assert await accounts(Settings(data_dir=aside)) == []
    assert {"connectory.db", "demo.db", "key", "manifests/acme.yaml"} <= state(aside).keys()
    assert (source.data_dir / "notes.txt").read_text() == "not ours"


async def test_nothing_is_changed_while_any_process_has_the_database_open(source: Settings, backup: Path) -> None:
    before = state(source.data_dir)
    vault = await open_vault(source)

    with pytest.raises(DatabaseLocked, match="Connectory is running") as refusal:
        restore(source, backup, replace=True)

    assert "connectory serve" in refusal.value.hint
    await vault.aclose()
    assert state(source.data_dir) == before
    restore(source, backup, replace=True)


async def test_a_broken_database_is_no_obstacle(source: Settings, backup: Path) -> None:
    (source.data_dir / "connectory.db").write_bytes(b"no database at all" * 300)

    [aside] = restore(source, backup, replace=True)

    assert (aside / "connectory.db").read_bytes().startswith(b"no database")
    assert await accounts(source) == ["s3cret-token"]


async def test_a_step_that_fails_half_way_is_undone(source: Settings, backup: Path) -> None:
    before = state(source.data_dir)
    blocked = source.data_dir / "replaced-20261124T120000Z"

    class Breaking(Clock):
        """Makes the last move fail: asked for the time after staging, it takes what was staged away."""

        def __call__(self) -> datetime:
            [staged] = source.data_dir.glob(".manifests.*.new")
            staged.rename(blocked)
            return super().__call__()

    with pytest.raises(SetupError, match="could not be written"):
        restore_backup(source, backup, replace=True, now=Breaking())

    for file in blocked.iterdir():
        file.unlink()
    blocked.rmdir()
    after = state(source.data_dir)
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} <= {"connectory.db"}  # it has left WAL mode
    assert await accounts(source) == ["s3cret-token"]


async def test_a_database_kept_elsewhere_is_restored_there(backup: Path, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere" / "our.db"
    settings = Settings(data_dir=tmp_path / "home", database_url=f"sqlite:///{place}")

    restore(settings, backup)

    assert place.exists()
    assert not (tmp_path / "home" / "connectory.db").exists()
    assert await accounts(settings) == ["s3cret-token"]


def changed(file: Path, **content: bytes) -> Path:
    """The backup with other members: `_` in a name stands for what no argument can be called."""
    names = {"info": "connectory-backup.json", "database": "connectory.db"}
    return write_tar(file, {**members(file), **{names.get(name, name): data for name, data in content.items()}})


def link(name: str, kind: bytes, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    "name",
    [
        "../escape.yaml", "/tmp/escape.yaml", "manifests/../key", "manifests/../../x.yaml", "manifests/a/b.yaml",
        "./key", "manifests/x.py", "manifests/.x.yaml", "manifests/a\\b.yaml", "web.lock", "connectory.db-wal",
        "index/x.json", "manifests//x.yaml", "key/", "manifests/x.yaml\n",
    ],
)  # fmt: skip
def test_a_member_that_no_backup_has_is_refused_by_name(backup: Path, new: Settings, name: str) -> None:
    write_tar(backup, {**members(backup), name: b"x"})

    with pytest.raises(BadInput, match="cannot be restored"):
        restore(new, backup)

    assert not new.data_dir.parent.exists()


@pytest.mark.parametrize(
    "member",
    [
        link("manifests/x.yaml", tarfile.SYMTYPE, "/etc/passwd"),
        link("manifests/x.yaml", tarfile.LNKTYPE, "key"),
        link("manifests/x.yaml", tarfile.DIRTYPE, ""),
        link("manifests/x.yaml", tarfile.FIFOTYPE, ""),
        link("manifests/x.yaml", tarfile.CHRTYPE, ""),
    ],
    ids=lambda member: member.type.decode(),
)
def test_a_member_that_is_no_plain_file_is_refused(backup: Path, new: Settings, member: tarfile.TarInfo) -> None:
    write_tar(backup, members(backup), member)

    with pytest.raises(BadInput, match="no plain file"):
        restore(new, backup)

    assert not new.data_dir.parent.exists()


def test_a_member_that_comes_twice_is_refused(backup: Path, new: Settings) -> None:
    with tarfile.open(backup, "a") as tar:
        tar.addfile(tarfile.TarInfo("key"))

    with pytest.raises(BadInput, match="twice"):
        restore(new, backup)


def test_a_sparse_member_that_would_unfold_is_refused(backup: Path, new: Settings, tmp_path: Path) -> None:
    member = tarfile.TarInfo("demo.db")
    member.pax_headers = {
        "GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.name": "demo.db",
        "GNU.sparse.size": str(10**12), "GNU.sparse.numblocks": "1", "GNU.sparse.map": f"{10**12},0",
    }  # fmt: skip
    rest = {name: data for name, data in members(backup).items() if name != "demo.db"}

    with pytest.raises(BadInput, match="no plain file"):
        restore(new, write_tar(tmp_path / "sparse.tar", rest, member))


@pytest.mark.parametrize("size", [0, 100, 30_000, 200_000])
def test_a_file_cut_short_is_refused(backup: Path, new: Settings, size: int) -> None:
    backup.write_bytes(backup.read_bytes()[:size])

    with pytest.raises(BadInput, match="cannot be restored"):
        restore(new, backup)

    assert not new.data_dir.exists()


def test_a_file_of_somebody_else_is_refused(new: Settings, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello")
    with pytest.raises(BadInput, match="no tar file"):
        restore(new, tmp_path / "x")
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        restore(new, tmp_path / "not there")
    with pytest.raises(BadInput, match=r"holds no connectory-backup\.json"):
        restore(new, write_tar(tmp_path / "y", {}))


@pytest.mark.parametrize(
    "content",
    [
        {"info": b"{}"},
        {"info": b"[" * 50_000},
        {"info": b'{"format": 2}'},
        {"key": b"not a key\n"},
        {"key": b"0" * 64},
        {"database": b"SQLite format 3\0" + b"x" * 9000},
        {"database": b""},
    ],
    ids=lambda content: str(content)[:40],
)
def test_content_that_is_not_what_it_should_be_is_refused(
    backup: Path, new: Settings, content: dict[str, bytes]
) -> None:
    with pytest.raises(BadInput):
        restore(new, changed(backup, **content))

    assert not new.data_dir.exists()


def test_a_backup_that_lacks_the_key_it_speaks_of_is_refused(backup: Path, new: Settings, tmp_path: Path) -> None:
    rest = {name: data for name, data in members(backup).items() if name != "key"}

    with pytest.raises(BadInput, match="does not hold what it says"):
        restore(new, write_tar(tmp_path / "less.tar", rest))


def altered(backup: Path, tmp_path: Path, *statements: str) -> Path:
    """The backup after somebody has worked on its database."""
    file = tmp_path / "altered.db"
    file.write_bytes(members(backup)["connectory.db"])
    database = sqlite3.connect(file)
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()
    return changed(backup, database=file.read_bytes())


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON audit BEGIN DELETE FROM audit; END",
        "CREATE VIEW v AS SELECT * FROM grants",
        "CREATE VIRTUAL TABLE f USING fts5(x)",
        "ALTER TABLE grants RENAME TO other",
    ],
)
def test_a_database_with_parts_that_ours_never_have_is_refused(
    backup: Path, new: Settings, tmp_path: Path, statement: str
) -> None:
    with pytest.raises(BadInput, match="is not Connectory's"):
        restore(new, altered(backup, tmp_path, statement))

    assert not new.data_dir.exists()


def test_a_backup_of_a_newer_version_is_refused_with_the_way_out(backup: Path, new: Settings, tmp_path: Path) -> None:
    newer = altered(backup, tmp_path, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(DatabaseUnusable, match="newer version") as refusal:
        restore(new, newer)

    assert "Upgrade" in refusal.value.hint
    assert not new.data_dir.exists()


async def test_what_is_refused_leaves_the_present_data_untouched(
    source: Settings, backup: Path, tmp_path: Path
) -> None:
    before = state(source.data_dir)

    with pytest.raises(BadInput):
        restore(source, changed(backup, key=b"not a key"), replace=True)

    assert state(source.data_dir) == before
    assert await accounts(source) == ["s3cret-token"]
