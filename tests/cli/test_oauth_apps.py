"""`oauth-app`: how an app is registered, keeping its id and secret, and where the secret may come from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.cli import oauth, processes
from tests.cli.processes import PATIENCE_S, at_terminal, read_until
from tests.cli.terminal import Outcome, Terminal
from tests.cli.test_connecting import holds

SECRET = "acme-secret-0b71f3c2"
CALLBACK = "http://localhost:8765/api/auth/callback/acme"
PUBLIC = oauth.OAUTH.replace("    register:\n", "    client_authentication: none\n    register:\n")


@pytest.fixture
def acme(terminal: Terminal, tmp_path: Path) -> Terminal:
    """A terminal at which the connector `acme` is known."""
    terminal.environment = oauth.environment(tmp_path / "manifests", oauth.OAUTH, oauth.KEY)
    return terminal


def set_app(terminal: Terminal, *words: str, client_id: str = "one", **environment: str) -> Outcome:
    given = ("oauth-app", "set", "acme", "--client-id", client_id, "--from-env", "A_SECRET", *words)
    return terminal.run(*given, A_SECRET=SECRET, **environment)


def test_the_way_to_an_app_is_shown_with_all_that_is_to_be_copied(acme: Terminal) -> None:
    told = acme.run("oauth-app", "show", "acme")

    assert told.code == 0
    for text in (
        "Open https://acme.example/apps/new?callback=http%3A%2F%2Flocalhost%3A8765",
        "1. Make an app, of any name.\n  2. Copy its id and secret.",
        f"Redirect address: {CALLBACK}\n",
        "Scopes: read write openid email\n",
        "Without an app: A key.",
        "`connectory oauth-app set acme`",
    ):
        assert text in told.out
    assert told.out.index("takes no redirect address that begins with http://") < told.out.index("Open ")


def test_json_has_the_same_for_programs(acme: Terminal) -> None:
    told = acme.run("oauth-app", "show", "acme", "--json", APP_URL="https://gw.example").json

    assert told["redirect_uri"] == "https://gw.example/api/auth/callback/acme"
    assert told["problem"] == ""
    assert told["needs_secret"] is True
    assert told["steps"] == ["Make an app, of any name.", "Copy its id and secret."]


def test_an_app_is_kept_listed_and_forgotten_and_its_secret_is_never_seen(acme: Terminal) -> None:
    kept = set_app(acme)

    assert kept.code == 0, kept.err
    assert kept.out == "Kept the OAuth app one of acme.\n"
    assert "http://" in kept.err  # the provider takes no such redirect address
    listed = acme.run("oauth-app", "list")
    assert ["acme", "one", "entered"] in [line.split() for line in listed.out.splitlines()]
    programs = acme.run("oauth-app", "list", "--json")
    assert programs.json == [{"family": "acme", "server": "", "client_id": "one", "source": "entered"}]
    assert SECRET not in kept.out + kept.err + listed.out + programs.out
    assert holds(acme.folder, SECRET) == []
    assert acme.run("oauth-app", "remove", "acme").err.startswith("invalid_arguments: ")  # without a yes
    assert acme.run("oauth-app", "remove", "acme", "--yes").code == 0
    assert acme.run("oauth-app", "list", "--json").json == []
    assert acme.run("oauth-app", "remove", "acme", "--yes").err.startswith("not_found: ")


def test_another_app_takes_its_place_and_says_whom_that_touches(acme: Terminal) -> None:
    set_app(acme)

    again, other = set_app(acme), set_app(acme, client_id="two")

    assert "takes the place" not in again.err
    assert "It takes the place of one: accounts that signed in with that one" in other.err
    assert [one["client_id"] for one in acme.run("oauth-app", "list", "--json").json] == ["two"]


def test_a_server_that_people_host_may_have_an_app_of_its_own(acme: Terminal) -> None:
    set_app(acme)
    own = set_app(acme, "--server", "https://acme.example.org/", "--json", client_id="own")

    assert own.json == {
        "family": "acme", "server": "https://acme.example.org", "client_id": "own", "source": "entered"
    }  # fmt: skip
    assert len(acme.run("oauth-app", "list", "--json").json) == 2
    acme.run("oauth-app", "remove", "acme", "--server", "https://acme.example.org", "--yes")
    assert [one["client_id"] for one in acme.run("oauth-app", "list", "--json").json] == ["one"]


def test_apps_of_the_environment_are_listed_where_a_connector_is_theirs(acme: Terminal) -> None:
    listed = acme.run(
        "oauth-app", "list", "--json", ACME_CLIENT_ID="env", ACME_CLIENT_SECRET=SECRET, AZURE_CLIENT_ID="x"
    )

    assert listed.json == [{"family": "acme", "server": "", "client_id": "env", "source": "environment"}]


def test_the_secret_may_stand_in_a_file(acme: Terminal, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")

    assert acme.run("oauth-app", "set", "acme", "--client-id", "one", "--file", str(tmp_path / "secret")).code == 0


def test_the_secret_may_be_piped_in(acme: Terminal) -> None:
    words = ("oauth-app", "set", "acme", "--client-id", "one", "--json")
    with processes.program(*words, env=processes.environment(acme.folder, **acme.environment)) as run:
        out, err = run.communicate(f"{SECRET}\n".encode(), timeout=PATIENCE_S)

    assert run.returncode == 0, err
    assert SECRET.encode() not in out + err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--client-id", "one"], "There is no client secret."),
        (["--client-id", "one", "--from-env", "NOT_SET"], "NOT_SET is not set"),
        (["--client-id", "one", "--file", "/nowhere"], "cannot be read"),
        (["--client-id", "one", "--file", "x", "--from-env", "Y"], "Both"),
        (["--from-env", "A_SECRET"], "--client-id ID"),
        (["--client-id", "one two", "--from-env", "A_SECRET"], "no client id"),
        (["--client-id", "one", "--from-env", "A_SECRET", "--server", "https://a.example/x"], "cannot be used"),
    ],
)
def test_what_is_missing_or_wrong_is_said_and_nothing_is_kept(acme: Terminal, words: list[str], told: str) -> None:
    refused = acme.run("oauth-app", "set", "acme", *words, A_SECRET=SECRET)

    assert refused.code == 1
    assert told in refused.err
    assert SECRET not in refused.err
    assert acme.run("oauth-app", "list", "--json").json == []


def test_an_app_without_a_secret_needs_none(terminal: Terminal, tmp_path: Path) -> None:
    terminal.environment = oauth.environment(tmp_path / "manifests", PUBLIC)

    assert terminal.run("oauth-app", "set", "acme", "--client-id", "one").code == 0


def test_a_service_that_is_signed_in_to_otherwise_has_no_app(terminal: Terminal) -> None:
    refused = terminal.run("oauth-app", "show", "demo")

    assert refused.err.startswith("invalid_arguments: ")
    assert "connectory connect demo" in refused.err


def test_only_owners_handle_apps(acme: Terminal) -> None:
    acme.run("user", "create", "ann")
    token = acme.run("token", "create", "t", "--user", "ann", "--json").json["token"]

    assert set_app(acme, CONNECTORY_TOKEN=token).err.splitlines()[-1].startswith("role_denied: ")
    assert acme.run("oauth-app", "list", CONNECTORY_TOKEN=token).err.startswith("role_denied: ")
    assert acme.run("oauth-app", "show", "acme", CONNECTORY_TOKEN=token).code == 0


@pytest.mark.slow
def test_a_person_is_led_through_before_they_are_asked_and_the_secret_has_no_echo(acme: Terminal) -> None:
    env = processes.environment(acme.folder, **acme.environment)
    with at_terminal("oauth-app", "set", "acme", env=env) as (run, person):
        before = read_until(person, b"Client id")
        os.write(person, b"one\n")
        said = read_until(person, b"Client secret")
        os.write(person, f"{SECRET}\n".encode())
        said += read_until(person, b"signs in with it.")
        assert run.wait(PATIENCE_S) == 0

    for text in (b"takes no redirect address", b"https://acme.example/apps/new", CALLBACK.encode(), b"read write"):
        assert text in before
    assert SECRET.encode() not in said
    assert acme.run("oauth-app", "list", "--json").json[0]["client_id"] == "one"
