"""`manifest new` and `manifest try` with a person at the terminal: what they are asked, and what their answers do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.cli.processes import PATIENCE_S, at_terminal, environment, read_until
from tests.cli.provider import KEY, MANIFEST, Provider
from tests.cli.terminal import Terminal

pytestmark = pytest.mark.slow


def test_new_asks_what_no_option_says_and_enter_takes_the_default(terminal: Terminal) -> None:
    answers = {
        "Name of the service": "",
        "Base address": "api.crm.example/v2",
        "Category": "crm",
        "Page that documents": "",
        "How one signs in": "header",
        "Name of the header": "",
        "says whose the key is": "/users/me",
        "account's id": "user.id",
        "account's name": "",
        "Path of the first GET": "/deals",
    }
    with at_terminal("manifest", "new", "my-crm", "--items", "data", env=environment(terminal.folder)) as (run, person):
        for question, answer in answers.items():
            read_until(person, question.encode())
            os.write(person, f"{answer}\n".encode())
        said = read_until(person, b"Wrote ")
        assert run.wait(PATIENCE_S) == 0

    text = (terminal.folder / "manifests" / "my-crm.yaml").read_text()
    assert b"Where the list is" not in said
    for line in (
        "title: My Crm\n",
        "api: https://api.crm.example/v2\n",
        "category: crm\n",
        'headers: {X-API-Key: "{credential.token}"}\n',
        "request: {get: /users/me}\n",
        "account: {id: user.id, name: name}",
        "list_deals:",
        "items: data",
    ):
        assert line in text


def test_new_without_a_sign_in_asks_for_no_proof(terminal: Terminal) -> None:
    words = ["--title", "T", "--base-url", "t.example", "--category", "ai", "--docs", "t.example", "--items", "@"]
    with at_terminal("manifest", "new", "open-data", *words, env=environment(terminal.folder)) as (run, person):
        read_until(person, b"How one signs in")
        os.write(person, b"none\n")
        asked = read_until(person, b"Path of the first GET")
        os.write(person, b"\n")
        assert run.wait(PATIENCE_S) == 0

    assert b"whose" not in asked


@pytest.mark.parametrize(("answer", "sent"), [("n", []), ("y", ["/things/7"])])
def test_a_write_is_sent_after_a_yes_alone(terminal: Terminal, acme: Provider, answer: str, sent: list[str]) -> None:
    signed_in = terminal.run("connect", "acme", "--field", f"server={acme.origin}", "--from-env", ACME_TOKEN=KEY)
    assert signed_in.code == 0, signed_in.err
    acme.requests.clear()
    surroundings = environment(terminal.folder, **terminal.environment)
    with at_terminal("manifest", "try", "acme_delete_thing", "-a", "id=7", env=surroundings) as (run, person):
        before = read_until(person, b"Send it?")
        os.write(person, f"{answer}\n".encode())
        assert run.wait(PATIENCE_S) == (0 if sent else 1)

    assert f"DELETE {acme.origin}/things/7".encode() in before
    assert acme.requests == sent


def test_a_drafts_secret_is_asked_for_without_an_echo(terminal: Terminal, acme: Provider, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(MANIFEST.replace("name: acme", "name: draft"))
    surroundings = environment(terminal.folder, **terminal.environment)
    words = ["manifest", "try", "list_things", "--file", str(draft), "--field", f"server={acme.origin}"]
    with at_terminal(*words, env=surroundings) as (run, person):
        said = read_until(person, b"not shown while you type")
        os.write(person, f"{KEY}\n".encode())
        said += read_until(person, b"2 items")
        assert run.wait(PATIENCE_S) == 0

    assert KEY.encode() not in said
