"""A client's file on disk: whole or not at all, private where it must be, its owner's and its mode's as before."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectory.cli.clients.errors import ClientFileUnusable
from connectory.cli.clients.files import back_up, is_private, read_document, write_document


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct, autouse=True)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_attack_116_what_we_make_is_private_whatever_the_umask(tmp_path: Path) -> None:
    file = tmp_path / "new" / "deeper" / "mcp.json"

    write_document(read_document(file), "{}", holds_secret=False)

    assert mode(file) == 0o600
    assert mode(file.parent) == mode(file.parent.parent) == 0o700


@pytest.mark.parametrize("before", [0o644, 0o640, 0o600, 0o664])
def test_a_file_keeps_its_mode_until_it_holds_a_token_and_its_backup_is_private(before: int, tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_text("{}")
    file.chmod(before)

    document = read_document(file)
    backup = back_up(document, again=False)
    write_document(document, '{"a": 1}', holds_secret=False)

    assert mode(file) == before
    assert backup is not None
    assert mode(backup) == 0o600
    assert backup.read_text() == "{}"
    write_document(read_document(file), '{"a": 2}', holds_secret=True)
    assert mode(file) == 0o600
    assert is_private(read_document(file))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_backup_is_made_once_unless_it_is_asked_for_again(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    assert back_up(read_document(file), again=True) is None
    file.write_text("first")
    assert back_up(read_document(file), again=False) == tmp_path / "mcp.json.before-connectory"
    file.write_text("second")

    assert back_up(read_document(file), again=False) is None
    assert (tmp_path / "mcp.json.before-connectory").read_text() == "first"
    assert back_up(read_document(file), again=True) is not None
    assert (tmp_path / "mcp.json.before-connectory").read_text() == "second"


def test_a_link_stays_a_link_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    (tmp_path / "dotfiles" / "mcp.json").write_text("{}")
    (tmp_path / "mcp.json").symlink_to("dotfiles/mcp.json")

    write_document(read_document(tmp_path / "mcp.json"), "new", holds_secret=False)

    assert (tmp_path / "mcp.json").is_symlink()
    assert (tmp_path / "dotfiles" / "mcp.json").read_text() == "new"


def test_a_file_that_the_client_wrote_meanwhile_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_text("{}")
    document = read_document(file)
    file.write_text('{"theirs": 1}')

    with pytest.raises(ClientFileUnusable, match="changed meanwhile"):
        write_document(document, "ours", holds_secret=False)

    assert file.read_text() == '{"theirs": 1}'


def test_a_file_that_appeared_meanwhile_is_left_as_it_is(tmp_path: Path) -> None:
    document = read_document(tmp_path / "mcp.json")
    (tmp_path / "mcp.json").write_text("theirs")

    with pytest.raises(ClientFileUnusable, match="changed meanwhile"):
        write_document(document, "ours", holds_secret=False)

    assert (tmp_path / "mcp.json").read_text() == "theirs"


def test_a_mark_that_windows_put_before_the_text_stays(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_bytes(b"\xef\xbb\xbf{}\r\n")
    document = read_document(file)

    assert document.text == "{}\r\n"
    write_document(document, document.text, holds_secret=False)
    assert file.read_bytes() == b"\xef\xbb\xbf{}\r\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_leaves_a_file_and_gives_a_new_one_to_whom_it_belongs(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 1235)
    file = tmp_path / "plugins" / "mcp.json"

    write_document(read_document(file), "{}", holds_secret=True)
    assert (file.stat().st_uid, file.parent.stat().st_uid) == (1234, 1234)
    os.chown(file, 4321, 4322)
    write_document(read_document(file), "{ }", holds_secret=True)
    assert (file.stat().st_uid, file.stat().st_gid) == (4321, 4322)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes(b'{"a": "\xe9"}')
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(ClientFileUnusable, match=r"not UTF-8 text \(byte 7\)"):
        read_document(tmp_path / "latin.json")
    for place in (tmp_path, tmp_path / "loop", tmp_path / "latin.json" / "below"):
        with pytest.raises(ClientFileUnusable, match="cannot be read"):
            read_document(place)
