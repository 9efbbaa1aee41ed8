"""`manifest new`: what it writes passes at once and works, whatever was given; nothing is ever overwritten."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.cli.provider import KEY, Provider
from tests.cli.terminal import Terminal


@pytest.fixture
def folder(terminal: Terminal) -> Path:
    return terminal.folder / "manifests"


def strict(terminal: Terminal, file: Path) -> str:
    checked = terminal.run("manifest", "check", "--strict", str(file))
    assert checked.code == 0, checked.out
    return checked.out


def test_a_name_is_enough_without_a_terminal(terminal: Terminal, folder: Path) -> None:
    made = terminal.run("manifest", "new", "my-crm")

    assert made.code == 0, made.err
    assert made.out == f"Wrote {folder / 'my-crm.yaml'}.\n"
    assert "1 of 1 manifest is good." in strict(terminal, folder / "my-crm.yaml")
    assert "my-crm" in {one["name"] for one in terminal.run("connectors", "--json").json}


def test_it_works_at_once(terminal: Terminal, acme: Provider, folder: Path) -> None:
    words = ["--base-url", "{connection.server}", "--path", "/things", "--verify", "/me"]
    assert terminal.run("manifest", "new", "fresh", *words).code == 0

    signed_in = terminal.run("connect", "fresh", "--field", f"server={acme.origin}", "--from-env", FRESH_TOKEN=KEY)
    listed = terminal.run("call", "fresh_list_things", "--json")

    assert "account Acme Inc" in signed_in.out, signed_in.err
    assert listed.json["value"] == [{"id": 1}, {"id": 2}]


def test_comments_teach_and_the_options_stand_in_it(terminal: Terminal, folder: Path) -> None:
    words = ["--sign-in", "header", "--key-name", "X-Crm-Key", "--category", "crm", "--docs", "docs.crm.example/api/"]
    made = terminal.run(
        "manifest",
        "new",
        "crm",
        *words,
        "--account-id",
        "me.id",
        "--account-name",
        "me.mail",
        "--path",
        "items",
        "--json",
    ).json
    text = Path(made["file"]).read_text()

    assert made["action"] == "crm_list_items"
    assert '{X-Crm-Key: "{credential.token}"}' in text
    assert "{id: me.id, name: me.mail}" in text
    assert "docs: https://docs.crm.example/api\n" in text
    assert "category: crm\n" in text
    assert "get: /items\n" in text
    assert len(re.findall(r"(?:^|\s)# \w", text)) > 15


def test_a_file_that_is_there_stays_as_it_is(terminal: Terminal, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "crm.yaml").write_text("mine")

    refused = terminal.run("manifest", "new", "crm")

    assert refused.code == 1
    assert refused.err.startswith("already_exists: ")
    assert (folder / "crm.yaml").read_text() == "mine"


def test_what_is_made_meanwhile_stays_too(terminal: Terminal, folder: Path, tmp_path: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "crm.yaml").symlink_to(tmp_path / "elsewhere")  # it leads nowhere, so looking finds nothing there

    refused = terminal.run("manifest", "new", "crm")

    assert "\nalready_exists: " in refused.err
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["demo"], "already_exists: There is a connector 'demo' already."),
        (["Crm"], "invalid_arguments: A connector's name"),
        (["crm", "--category", "crn"], "Did you mean 'crm'?"),
        (["crm", "--sign-in", "oauth"], "One of: bearer, header, query, basic, none."),
        (["crm", "--base-url", "http://"], "servers.api"),
        (["crm", "--items", "data["], "actions.list_items.answer.items"),
        (["crm", "--title", "x" * 99], "title"),
        (["request"], "name"),
    ],
)
def test_what_cannot_be_a_manifest_is_refused_and_nothing_written(
    terminal: Terminal, folder: Path, words: list[str], told: str
) -> None:
    refused = terminal.run("manifest", "new", *words)

    assert refused.code == 1
    assert told in refused.err
    assert not folder.exists() or not list(folder.iterdir())


def test_a_folder_that_cannot_be_written_to_says_so(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    refused = terminal.run("manifest", "new", "crm", "--folder", str(tmp_path / "file"))

    assert refused.err.startswith("invalid_arguments: ")
    assert "--folder" in refused.err
