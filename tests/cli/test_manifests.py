from __future__ import annotations

import json
from pathlib import Path

from tests.cli.provider import MANIFEST
from tests.cli.terminal import Terminal


def test_a_good_manifest_is_good(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text(MANIFEST)

    checked = terminal.run("manifest", "check", str(tmp_path / "acme.yaml"))

    assert checked.code == 0
    assert checked.out.endswith("\n1 of 1 manifest is good.\n")


def test_a_bad_one_is_told_by_file_line_and_key_and_fails(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text(MANIFEST.replace("title: Acme", "titel: Acme"))

    told = terminal.run("manifest", "check", str(tmp_path))
    listed = terminal.run("manifest", "check", str(tmp_path), "--json")

    assert (told.code, listed.code) == (1, 1)
    assert "acme.yaml:3: titel: " in told.out
    assert {problem["line"] for problem in json.loads(listed.out)["problems"]} >= {3}


def test_manifests_are_checked_beside_each_other_and_the_packaged_ones(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(MANIFEST)
    (tmp_path / "b.yaml").write_text(MANIFEST)
    (tmp_path / "c.yaml").write_text(MANIFEST.replace("name: acme", "name: demo"))

    told = terminal.run("manifest", "check", str(tmp_path))

    assert told.code == 1
    assert "b.yaml:2: name: The connector 'acme' is there already" in told.out
    assert "c.yaml:2: name: The connector 'demo' is there already" in told.out
    assert told.out.endswith("1 of 3 manifests are good.\n")


def test_advice_is_told_and_keeps_nothing_out(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text(MANIFEST.partition("tasks:")[0])

    told = terminal.run("manifest", "check", str(tmp_path))
    listed = terminal.run("manifest", "check", str(tmp_path), "--json").json

    assert told.code == 0
    assert "advice: " in told.out
    assert "acme.yaml:1: tasks: No task says what people ask for here." in told.out
    assert "tasks" in {one["key"] for one in listed["advice"]}
    assert listed["problems"] == []
    assert terminal.run("manifest", "check", "--strict", str(tmp_path)).code == 1


def test_nothing_to_check_is_no_success(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal.run("manifest", "check", str(tmp_path)).code == 1
    assert "cannot be read" in terminal.run("manifest", "check", str(tmp_path / "none.yaml")).out


def test_the_schema_is_json(terminal: Terminal) -> None:
    schema = terminal.run("manifest", "schema").json

    assert {"format", "name", "auth", "actions"} <= set(schema["properties"])
