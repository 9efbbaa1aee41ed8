"""The compiled index saves parsing, and is never believed further than it deserves."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.catalog.making import write

from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.index import Compiled, ManifestIndex
from connectory.catalog.loading import load_manifest

TITLE = "Changed in the index"


def change_index(index: Path) -> Path:
    """Change the title in the one compiled manifest: who sees it has read the index."""
    (file,) = index.iterdir()
    head, manifest = parts(file)
    manifest["title"] = TITLE
    write_parts(file, head, manifest)
    return file


def parts(file: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    head, manifest, end = file.read_text().split("\n")
    assert end == ""
    return json.loads(head), json.loads(manifest)


def write_parts(file: Path, head: dict[str, Any], manifest: dict[str, Any]) -> None:
    body = json.dumps(manifest)
    head["outline"]["digest"] = hashlib.sha256(body.encode()).hexdigest()
    file.write_text(f"{json.dumps(head)}\n{body}\n")


def title(folder: Path, index: Path) -> str:
    return load_catalog([folder], index_dir=index).connector("acme").title


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "m", "acme")
    return tmp_path / "m"


def test_a_known_file_comes_from_the_index_and_is_the_same(folder: Path, tmp_path: Path) -> None:
    first = load_catalog([folder], index_dir=tmp_path / "i").connector("acme")
    second = load_catalog([folder], index_dir=tmp_path / "i").connector("acme")
    assert first == second

    change_index(tmp_path / "i")
    assert title(folder, tmp_path / "i") == TITLE


@pytest.mark.parametrize("file", sorted(packaged_folder().glob("*.yaml")), ids=lambda file: file.stem)
def test_a_packaged_manifest_survives_the_index_unchanged(file: Path, tmp_path: Path) -> None:
    manifest, index = load_manifest(file), ManifestIndex(tmp_path)
    index.keep(file, file.stat(), Compiled.of(manifest))
    index.save()

    found = ManifestIndex(tmp_path).find(file, file.stat())
    assert found is not None
    assert found.manifest() == manifest


def test_a_changed_file_is_parsed_again(folder: Path, tmp_path: Path) -> None:
    title(folder, tmp_path / "i")
    change_index(tmp_path / "i")
    write(folder, "acme", title="New")

    assert title(folder, tmp_path / "i") == "New"
    assert title(folder, tmp_path / "i") == "New"


def test_a_file_touched_without_change_of_size_is_parsed_again(folder: Path, tmp_path: Path) -> None:
    title(folder, tmp_path / "i")
    change_index(tmp_path / "i")
    os.utime(folder / "acme.yaml", ns=(1, 1))

    assert title(folder, tmp_path / "i") == "Acme"


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", '{"program": "x"}', "\x80\x04pickle", "9" * 5_000_000, '{"a": 1}\n{}\n']
)
def test_a_broken_index_file_is_passed_over_and_written_anew(text: str, folder: Path, tmp_path: Path) -> None:
    title(folder, tmp_path / "i")
    (file,) = (tmp_path / "i").iterdir()
    file.write_text(text)

    assert title(folder, tmp_path / "i") == "Acme"
    assert parts(file)[1]["title"] == "Acme"


def test_an_index_file_that_is_not_whole_is_passed_over(folder: Path, tmp_path: Path) -> None:
    title(folder, tmp_path / "i")
    (file,) = (tmp_path / "i").iterdir()
    file.write_text(file.read_text().replace('"Acme"', '"Acne"'))

    assert title(folder, tmp_path / "i") == "Acme"


def test_of_an_index_that_was_cut_off_what_is_whole_is_believed(tmp_path: Path) -> None:
    for name in ("acme", "beta", "gamma"):
        write(tmp_path / "m", name)
    first = load_catalog([tmp_path / "m"], index_dir=tmp_path / "i")
    (file,) = (tmp_path / "i").iterdir()
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:3], lines[3][:-20]]))

    again = load_catalog([tmp_path / "m"], index_dir=tmp_path / "i")

    assert dict(again.connectors) == dict(first.connectors)
    assert file.read_text().splitlines() == lines


def test_the_index_forgets_files_that_are_gone_with_the_next_change(folder: Path, tmp_path: Path) -> None:
    write(folder, "beta")
    load_catalog([folder], index_dir=tmp_path / "i")
    (folder / "acme.yaml").unlink()
    write(folder, "gamma")
    load_catalog([folder], index_dir=tmp_path / "i")

    (file,) = (tmp_path / "i").iterdir()
    assert [json.loads(line)["outline"]["name"] for line in file.read_text().splitlines()[::2]] == ["beta", "gamma"]


def test_an_index_of_another_program_version_is_passed_over(folder: Path, tmp_path: Path) -> None:
    title(folder, tmp_path / "i")
    file = change_index(tmp_path / "i")
    head, manifest = parts(file)
    write_parts(file, {**head, "program": "0.0.1"}, manifest)

    assert title(folder, tmp_path / "i") == "Acme"


def test_an_index_that_others_may_write_is_passed_over(folder: Path, tmp_path: Path) -> None:
    title(folder, tmp_path / "i")
    change_index(tmp_path / "i").chmod(0o666)

    assert title(folder, tmp_path / "i") == "Acme"


def test_a_link_in_the_place_of_an_index_file_is_not_followed(folder: Path, tmp_path: Path) -> None:
    title(folder, tmp_path / "i")
    file = change_index(tmp_path / "i")
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")

    assert title(folder, tmp_path / "i") == "Acme"
    assert not file.is_symlink()


def test_the_index_is_readable_by_its_owner_alone_whatever_the_umask(folder: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        title(folder, tmp_path / "i")
    finally:
        os.umask(before)

    (file,) = (tmp_path / "i").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "i").stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_written_is_no_error(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert title(folder, tmp_path / "file") == "Acme"
    assert title(folder, tmp_path / "file" / "below") == "Acme"


def test_a_start_with_an_index_imports_neither_yaml_nor_the_checks(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from connectory.catalog.catalog import load_catalog, packaged_folder\n"
        "catalog = load_catalog([packaged_folder()], index_dir=pathlib.Path(sys.argv[1]))\n"
        "assert catalog.connectors and not catalog.problems\n"
        "[action.input_schema for action in catalog.actions.values()]\n"
        "print(*sorted({'yaml', 'jmespath', 'jsonschema', 'graphql', 'sqlite3'} & set(sys.modules)))"
    )
    source = str(Path(__file__).parents[2] / "src")

    def start() -> str:
        command = [sys.executable, "-c", program, str(tmp_path)]
        return subprocess.run(command, env={"PYTHONPATH": source}, capture_output=True, text=True, check=True).stdout

    assert "yaml" in start()
    assert start().strip() == ""
