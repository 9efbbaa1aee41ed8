"""`install` and `uninstall` as a person meets them, on a home folder of their own."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cli.terminal import Outcome, Terminal

from connectory.cli.clients import json_text
from connectory.cli.clients.catalogue import CLIENTS

NAMES = [client.name for client in CLIENTS]
REMOTE = [client.name for client in CLIENTS if client.remote]
CURSOR = ".cursor/mcp.json"
THEIRS = '{\n  "mcpServers": {\n    "other": {"command": "x"} // mine\n  }\n}\n'


class Person:
    """Somebody with a home folder and a terminal."""

    def __init__(self, terminal: Terminal, home: Path) -> None:
        self.home, self._terminal = home, terminal

    def run(self, *words: str, **environment: str) -> Outcome:
        """Run one command."""
        own = {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / ".config")}
        return self._terminal.run(*words, **own, **environment)

    def write(self, file: str, text: str) -> Path:
        """Put a file into the home folder."""
        path = self.home / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def tokens(self) -> dict[str, str]:
        """The status of each token by its prefix."""
        return {one["prefix"]: one["status"] for one in self.run("token", "list", "--json").json}


@pytest.fixture
def person(terminal: Terminal, tmp_path: Path) -> Person:
    home = tmp_path / "home"
    home.mkdir()
    return Person(terminal, home)


def read(file: Path) -> Any:
    text = file.read_text()
    return json_text.parse(text, comments=True) if text.lstrip().startswith("{") else yaml.safe_load(text)


def entry(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = next(
        value["connectory"] for value in read(file).values() if isinstance(value, dict) and "connectory" in value
    )
    return found


def secret(file: Path) -> str:
    return str(entry(file)["headers"]["Authorization"]).removeprefix("Bearer ")


def test_without_a_name_the_clients_are_listed_with_what_stands_there(person: Person) -> None:
    person.write(CURSOR, THEIRS)
    person.write(".gemini/settings.json", "{ broken")
    assert person.run("install", "cursor").code == 0

    listed = {one["client"]: one for one in person.run("install", "--json").json}

    assert list(listed) == NAMES
    assert (listed["cursor"]["found"], listed["cursor"]["installed"], listed["cursor"]["state"]) == (
        True,
        True,
        "stdio",
    )
    assert (listed["gemini-cli"]["installed"], listed["gemini-cli"]["state"]) == (False, "unreadable")
    assert (listed["zed"]["found"], listed["zed"]["state"]) == (False, None)
    assert str(person.home / CURSOR) in person.run("install").out


def test_it_is_put_beside_what_is_there_backed_up_and_taken_out_again(person: Person) -> None:
    file = person.write(CURSOR, THEIRS)

    first = person.run("install", "cursor")

    assert first.code == 0, first.err
    assert "Restart Cursor" in first.err
    assert entry(file)["args"] == ["stdio", "--max-tools", "40"]
    assert Path(entry(file)["command"]).is_absolute()
    backup = file.with_name("mcp.json.before-connectory")
    assert str(backup) in first.err
    assert backup.read_text() == THEIRS
    written = file.read_text()
    again = person.run("install", "cursor")
    assert (again.code, file.read_text()) == (0, written)
    assert "nothing was changed" in again.out
    assert person.run("uninstall", "cursor").code == 0
    assert file.read_text() == THEIRS
    assert "nothing was changed" in person.run("uninstall", "cursor").out


@pytest.mark.parametrize("name", REMOTE)
def test_a_token_is_made_kept_while_it_opens_and_ended_with_the_entry(name: str, person: Person) -> None:
    file = person.home / "file"

    first = person.run("install", name, "--http", "--file", str(file))

    assert first.code == 0, first.err
    token, written = secret(file), file.read_text()
    assert token not in first.out + first.err
    assert "0600" in first.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert person.run("connections", CONNECTORY_TOKEN=token).code == 0
    assert "nothing was changed" in person.run("install", name, "--http", "--file", str(file)).out
    assert file.read_text() == written
    assert list(person.tokens().values()) == ["active"]
    assert person.run("uninstall", name, "--file", str(file)).code == 0
    assert list(person.tokens().values()) == ["revoked"]
    assert "cny_" not in file.read_text()


def test_a_token_that_opens_nothing_any_more_is_replaced(person: Person) -> None:
    file = person.write(CURSOR, THEIRS)
    assert person.run("install", "cursor", "--http").code == 0
    dead = secret(file)
    person.run("token", "revoke", dead[:12])

    again = person.run("install", "cursor", "--http", "--json").json

    assert again["changed"]
    assert secret(file) != dead
    assert dead not in file.read_text()
    assert sorted(person.tokens().values()) == ["active", "revoked"]


def test_going_back_to_the_command_ends_the_token(person: Person) -> None:
    file = person.write(CURSOR, THEIRS)
    assert person.run("install", "cursor", "--http").code == 0

    assert person.run("install", "cursor").code == 0

    assert entry(file).keys() == {"command", "args", "env"}
    assert list(person.tokens().values()) == ["revoked"]


def test_a_token_of_another_name_may_be_used_elsewhere_and_stays(person: Person) -> None:
    made = person.run("token", "create", "mine", "--json").json
    server = {"url": "http://localhost:8765/mcp", "headers": {"Authorization": f"Bearer {made['token']}"}}
    person.write(CURSOR, json.dumps({"mcpServers": {"connectory": server}}))

    assert person.run("uninstall", "cursor").code == 0

    assert list(person.tokens().values()) == ["active"]


def test_a_token_in_a_file_that_others_read_is_hidden_from_them(person: Person) -> None:
    file = person.write(CURSOR, THEIRS)
    assert person.run("install", "cursor", "--http").code == 0
    file.chmod(0o644)

    assert "readable by its owner alone" in person.run("install", "cursor", "--http").err

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("words", [(), ("--http",)])
def test_print_shows_what_and_where_and_makes_nothing(words: tuple[str, ...], person: Person) -> None:
    file = person.write(CURSOR, THEIRS)

    outcome = person.run("install", "cursor", "--print", *words)

    assert outcome.code == 0
    assert "connectory" in json.loads(outcome.out)["mcpServers"]
    assert str(file) in outcome.err
    assert file.read_text() == THEIRS
    assert sorted(path.name for path in file.parent.iterdir()) == ["mcp.json"]
    assert person.tokens() == {}
    assert person.run("install", "cursor", "--print", "--json", *words).json["changed"] is False


def test_print_takes_nothing_out(person: Person) -> None:
    file = person.write(CURSOR, THEIRS)
    assert person.run("install", "cursor", "--http").code == 0
    written = file.read_text()

    assert "Would take" in person.run("uninstall", "cursor", "--print").out
    assert person.run("uninstall", "cursor", "--print", "--json").json["changed"] is False

    assert file.read_text() == written
    assert list(person.tokens().values()) == ["active"]


@pytest.mark.parametrize("command", ["install", "uninstall"])
@pytest.mark.parametrize(
    ("text", "said"),
    [('{\n  "mcpServers": {\n', "line 3"), ('{"a": 1,\n"mcpServers": []}', "line 2"), ("[]", "line 1")],
)
def test_a_broken_file_is_named_with_its_line_and_left(command: str, text: str, said: str, person: Person) -> None:
    file = person.write(CURSOR, text)

    outcome = person.run(command, "cursor", *(["--http"] if command == "install" else []))

    assert outcome.code == 1
    assert outcome.err.startswith(f"client_file_unusable: {file}, {said}: ")
    assert file.read_text() == text
    assert [path.name for path in file.parent.iterdir()] == ["mcp.json"]
    assert person.tokens() == {}


def test_comments_in_a_file_that_its_client_reads_as_plain_json_are_an_error(person: Person) -> None:
    person.write(".claude.json", "{\n// note\n}")

    assert "line 2" in person.run("install", "claude-code").err


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_an_entry_of_our_name_that_starts_something_else_is_left(command: str, person: Person) -> None:
    text = '{"mcpServers": {"connectory": {"command": "npx", "args": ["other"]}}}'
    file = person.write(CURSOR, text)

    outcome = person.run(command, "cursor")

    assert outcome.err.startswith("client_file_unusable: ")
    assert file.read_text() == text


def test_a_client_that_is_not_there_is_told_its_place_and_how_to_force_it(person: Person) -> None:
    outcome = person.run("install", "zed")

    place = person.home / ".config/zed/settings.json"
    assert outcome.code == 1
    assert f"--file {place}" in outcome.err
    assert str(place) in person.run("install", "zed", "--print").err
    assert not place.exists()
    assert person.run("install", "zed", "--file", str(place)).code == 0
    assert entry(place)["args"] == ["stdio"]


def test_an_unknown_client_is_told_the_nearest(person: Person) -> None:
    assert (
        person.run("install", "windsruf").err == "not_found: There is no client 'windsruf'. Did you mean 'windsurf'?\n"
    )


def test_claude_desktop_takes_no_address(person: Person) -> None:
    person.write(".config/Claude/claude_desktop_config.json", "{}")

    assert person.run("install", "claude-desktop", "--http").err.startswith("invalid_arguments: ")
    assert person.tokens() == {}


def test_a_number_of_tools_that_a_person_chose_stays_until_another_is_given(person: Person) -> None:
    file = person.write(CURSOR, THEIRS)
    assert person.run("install", "cursor", "--max-tools", "12").code == 0

    assert "nothing was changed" in person.run("install", "cursor").out
    assert person.run("install", "cursor", "--http").code == 0
    assert entry(file)["url"].endswith("?max_tools=12")
    assert person.run("install", "cursor", "--max-tools", "9").code == 0
    assert entry(file)["args"] == ["stdio", "--max-tools", "9"]


def test_the_settings_of_this_shell_go_with_it_and_its_secrets_are_named_only(person: Person) -> None:
    file = person.write(CURSOR, THEIRS)

    outcome = person.run("install", "cursor", CONNECTORY_PORT="9001", CONNECTOR_ENCRYPTION_KEY="a" * 64)

    assert entry(file)["env"].keys() == {"CONNECTORY_DATA_DIR", "CONNECTORY_PORT"}
    assert Path(entry(file)["env"]["CONNECTORY_DATA_DIR"]).is_absolute()
    assert "CONNECTOR_ENCRYPTION_KEY" in outcome.err
    assert "a" * 64 not in outcome.err + file.read_text()


def test_a_token_is_not_left_behind_where_the_file_cannot_be_written(person: Person) -> None:
    file = person.write(CURSOR, THEIRS)
    file.with_name("mcp.json.before-connectory").mkdir()  # the backup cannot be made

    outcome = person.run("install", "cursor", "--http")

    assert outcome.err.startswith("client_file_unusable: ")
    assert file.read_text() == THEIRS
    assert list(person.tokens().values()) == ["revoked"]
