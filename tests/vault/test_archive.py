"""The file itself: written whole or not at all, and over nothing that came meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.vault.folders import members

from connectory.errors import AlreadyExists
from connectory.vault.archive import BackupInfo, write_archive

INFO = BackupInfo(
    version="0", revision="0001", created_at=datetime(2026, 1, 1, tzinfo=UTC), has_key=False, manifests=0, connections=0
)


def test_a_file_that_came_while_it_was_written_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("mine")

    with pytest.raises(AlreadyExists):
        write_archive(tmp_path / "b.tar", INFO, {}, force=False)

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"b.tar": "mine"}


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("theirs")
    (tmp_path / "b.tar").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(AlreadyExists):
        write_archive(tmp_path / "b.tar", INFO, {}, force=False)
    write_archive(tmp_path / "b.tar", INFO, {"key": b"k"}, force=True)

    assert (tmp_path / "elsewhere").read_text() == "theirs"
    assert members(tmp_path / "b.tar")["key"] == b"k"
