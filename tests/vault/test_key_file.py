"""The key file: made once, private, never replaced."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectory.errors import KeyInvalid
from connectory.settings import Settings
from connectory.vault.keys import KeyRing, load_key_ring

START = """
import hashlib, sys
from pathlib import Path
from connectory.settings import Settings
from connectory.vault.keys import load_key_ring
sys.stdin.readline()
for number in range(20):
    print(load_key_ring(Settings(data_dir=Path(sys.argv[1]) / str(number))).derive("test").hex())
"""


def load(folder: Path) -> KeyRing:
    return load_key_ring(Settings(data_dir=folder))


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder that this process, for the time of the test another user, can read but not write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(65534)
        else:
            folder.chmod(0o555)
        yield folder
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)


def test_the_key_is_made_once_and_read_again(tmp_path: Path) -> None:
    sealed = load(tmp_path / "data").seal(b"x", bound_to="here")
    before = (tmp_path / "data" / "key").read_bytes()

    assert load(tmp_path / "data").open(sealed, bound_to="here") == b"x"
    assert (tmp_path / "data" / "key").read_bytes() == before
    assert len(before) == 65
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["key"]


@pytest.mark.slow
def test_processes_that_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    command = [sys.executable, "-c", START, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(3)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=60)[0].splitlines() for process in started]

    assert [len(output) for output in outputs] == [20, 20, 20]
    assert outputs[0] == outputs[1] == outputs[2]
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["key"] * 20


@pytest.mark.parametrize("content", [b"", b"\n", b"changeme\n", b"\x00\xff" * 40, b"0" * 64, b"9f1c3be2" * 200])
def test_an_empty_or_garbled_key_file_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(KeyInvalid) as refusal:
        load(tmp_path)

    assert str(path) in refusal.value.message
    assert "Put back" in refusal.value.hint
    assert path.read_bytes() == content


def test_several_keys_may_stand_in_the_file(tmp_path: Path) -> None:
    old = load(tmp_path)
    sealed = old.seal(b"x", bound_to="here")
    path = tmp_path / "key"
    path.write_text(f"{os.urandom(32).hex()}\n{path.read_text()}")

    ring = load(tmp_path)

    assert ring.open(sealed, bound_to="here") == b"x"
    assert ring.derive("test") != old.derive("test")


def test_a_pipe_or_a_folder_in_its_place_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key", 0o600)
    with pytest.raises(KeyInvalid, match="not a regular file"):
        load(tmp_path)

    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "key").mkdir()
    with pytest.raises(KeyInvalid):
        load(tmp_path / "other")


def test_a_dangling_link_is_not_followed_to_a_new_key(tmp_path: Path) -> None:
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(KeyInvalid):
        load(tmp_path)

    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_cannot_be_written_says_what_to_do(as_nobody: Path) -> None:
    with pytest.raises(KeyInvalid, match=r"cannot be read or made.*") as refusal:
        load(as_nobody)

    assert "CONNECTOR_ENCRYPTION_KEY" in refusal.value.hint
    assert list(as_nobody.iterdir()) == []
