"""Data folders with something in them, and what a file from elsewhere may hold."""

from __future__ import annotations

import io
import sqlite3
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.vault.rows import Clock, credentials_of, make_connection, make_place, make_result

from connectory.settings import Settings
from connectory.vault.vault import open_vault

MANIFEST = "format: 1\nname: acme\n"
LABELS = {"customer": "c-17"}


async def fill(settings: Settings) -> None:
    """Make a data folder as it is after some use: a connection, a kept result, the demo's boards, a manifest."""
    vault = await open_vault(settings, now=Clock())
    place = await make_place(vault)
    made = await make_connection(vault, place)
    await vault.connections.set_labels(place.workspace_id, made.id, LABELS)
    await make_result(vault, place, made)
    await vault.aclose()
    (settings.data_dir / "manifests").mkdir()
    (settings.data_dir / "manifests" / "acme.yaml").write_text(MANIFEST)
    with sqlite3.connect(settings.data_dir / "demo.db") as demo:
        demo.execute("CREATE TABLE boards (sandbox TEXT)")
        demo.execute("INSERT INTO boards VALUES ('mine')")
    demo.close()


async def accounts(settings: Settings) -> list[str]:
    """The secrets of every connection, as a server would open them. A folder that is not there is not made."""
    vault = await open_vault(settings, now=Clock())
    try:
        found = []
        for workspace in await vault.workspaces.list():
            for connection in await vault.connections.list_all(workspace.id):
                secrets = (await credentials_of(vault, connection)).secrets()
                found += [secret.get_secret_value() for secret in secrets.values()]
        return found
    finally:
        await vault.aclose()


def database_bytes(folder: Path) -> bytes:
    """All that the database of a data folder has on the disk, its companions too."""
    return b"".join(file.read_bytes() for file in folder.glob("connectory.db*"))


def members(file: Path) -> dict[str, bytes]:
    """What a backup holds."""
    with tarfile.open(file) as tar:
        return {one.name: (tar.extractfile(one) or io.BytesIO()).read() for one in tar}


def write_tar(file: Path, content: Mapping[str, bytes], *special: tarfile.TarInfo) -> Path:
    """A tar of these members, in this order, and then of members without content."""
    with tarfile.open(file, "w") as tar:
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for one in special:
            tar.addfile(one)
    return file


def state(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its content, the companions of databases left out: opening one makes them."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and not file.name.endswith(("-wal", "-shm"))]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}
