"""`connect` by a code that is typed at the service: what is shown, waited for and asked, and how it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli import oauth, processes
from tests.cli.device_server import DEVICE, SITES, USER_CODE, DeviceServer, device_server
from tests.cli.processes import PATIENCE_S, at_terminal, read_until
from tests.cli.terminal import Outcome, Terminal

pytestmark = pytest.mark.slow  # a code is asked for at most once a second

PAGE = '    authorize_url: "{connection.server}/authorize"\n'
BOTH = DEVICE.replace("    token_url:", f"{PAGE}    token_url:")


@pytest.fixture
def server() -> Iterator[DeviceServer]:
    with device_server() as found:
        yield found


def at(terminal: Terminal, server: DeviceServer, tmp_path: Path, *ways: str) -> Terminal:
    """The terminal, with a connector at the server and its OAuth app."""
    settings = oauth.environment(tmp_path / "manifests", *(ways or (BOTH,)), server=f"127.0.0.1:{server.port}")
    terminal.environment = {**settings, "ACME_CLIENT_ID": "one"}
    return terminal


def connect(terminal: Terminal, server: DeviceServer, *words: str, **environment: str) -> Outcome:
    return terminal.run("connect", "acme", "--field", f"server={server.origin}", *words, **environment)


def test_code_and_address_are_shown_and_the_connection_told_as_any_other(
    terminal: Terminal, server: DeviceServer, tmp_path: Path
) -> None:
    server.answers = ["authorization_pending"]

    made = connect(at(terminal, server, tmp_path), server, "--device")

    assert made.code == 0, made.err
    assert f"Open {server.verification_uri} in any browser" in made.err
    assert f"\n  {USER_CODE}\n" in made.err
    assert made.out == "Connected Acme as acme/default (account alice@x.example).\n"
    assert server.polls == 2
    assert "a-token" not in made.out + made.err


def test_json_stays_alone_on_stdout(terminal: Terminal, server: DeviceServer, tmp_path: Path) -> None:
    made = connect(at(terminal, server, tmp_path), server, "--device", "--alias", "work", "--json").json

    assert (made["connection"], made["account"]) == ("acme/work", {"id": "alice", "name": "alice@x.example"})
    assert made["scopes"] == ["read"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("access_denied", "sign_in_failed: You did not allow it at Acme, so nothing was connected. Repeat the command"),
        ("expired_token", "sign_in_failed: The code for Acme has expired."),
        ("invalid_client", "sign_in_failed: Acme ended the sign-in (invalid_client)."),
    ],
)
def test_a_no_at_the_service_ends_it(
    terminal: Terminal, server: DeviceServer, tmp_path: Path, answer: str, told: str
) -> None:
    server.answers = [answer]

    refused = connect(at(terminal, server, tmp_path), server, "--device")

    assert refused.code == 1
    assert refused.err.splitlines()[-1].startswith(told)
    assert terminal.run("connections", "--json").json == []
    assert connect(terminal, server, "--device").code == 0  # nothing is in the next one's way


def test_a_code_that_nobody_types_is_not_waited_for_any_longer(
    terminal: Terminal, server: DeviceServer, tmp_path: Path
) -> None:
    server.answers, server.expires_in = ["authorization_pending"] * 99, 1

    refused = connect(at(terminal, server, tmp_path), server, "--device")

    assert refused.err.splitlines()[-1].startswith("sign_in_failed: The code has expired; nothing was connected.")


def test_a_service_that_gives_no_code_says_so_with_the_way_that_works(
    terminal: Terminal, server: DeviceServer, tmp_path: Path
) -> None:
    server.gives_codes = False

    refused = connect(at(terminal, server, tmp_path), server, "--device")

    assert "unauthorized_client" in refused.err
    last = refused.err.splitlines()[-1]
    assert last.startswith("sign_in_failed: acme gave no code to sign in by; nothing was kept.")
    assert "without --device" in last


def test_a_way_that_has_codes_alone_needs_no_word(terminal: Terminal, server: DeviceServer, tmp_path: Path) -> None:
    made = connect(at(terminal, server, tmp_path, DEVICE), server)

    assert made.code == 0, made.err
    assert USER_CODE in made.err


def test_a_machine_without_a_page_signs_in_by_codes(terminal: Terminal, server: DeviceServer, tmp_path: Path) -> None:
    made = connect(at(terminal, server, tmp_path), server, CONNECTORY_SIGN_IN="device")

    assert made.code == 0, made.err
    assert USER_CODE in made.err


def test_a_service_that_is_typed_in_has_no_codes(terminal: Terminal, server: DeviceServer, tmp_path: Path) -> None:
    refused = connect(at(terminal, server, tmp_path, oauth.KEY), server, "--device")

    assert refused.err == "invalid_arguments: acme is not signed in to by a code. Leave --device out.\n"


def test_an_app_comes_first(terminal: Terminal, server: DeviceServer, tmp_path: Path) -> None:
    refused = connect(at(terminal, server, tmp_path), server, "--device", ACME_CLIENT_ID="")

    assert refused.err.startswith("backend_unavailable: To sign in to acme by oauth, an OAuth app must be registered")
    assert "`connectory oauth-app set acme`" in refused.err
    terminal.run("oauth-app", "set", "acme", "--client-id", "mine")
    assert connect(terminal, server, "--device", ACME_CLIENT_ID="").code == 0


def test_another_account_under_an_old_name_must_be_meant(
    terminal: Terminal, server: DeviceServer, tmp_path: Path
) -> None:
    connect(at(terminal, server, tmp_path), server, "--device")
    server.account = "bob"

    refused = connect(terminal, server, "--device", "--alias", "default")
    meant = connect(terminal, server, "--device", "--alias", "default", "--other-account")

    assert refused.code == 1
    assert "belongs to bob@x.example" in refused.err
    assert "Add --other-account if that is meant." in refused.err
    assert meant.code == 0, meant.err
    assert "account bob@x.example" in meant.out


def test_of_several_sites_none_is_guessed_where_nobody_can_be_asked(
    terminal: Terminal, server: DeviceServer, tmp_path: Path
) -> None:
    server.sites = [{"id": "s1", "name": "One"}, {"id": "s2", "name": "Two"}]
    there = at(terminal, server, tmp_path, DEVICE + SITES)

    refused = connect(there, server)
    server.sites.pop()
    only = connect(there, server)

    assert refused.err.splitlines()[-1].startswith("invalid_arguments: This sign-in gives access to several things")
    assert only.code == 0, only.err


def test_a_person_chooses_a_site_by_its_number_and_says_yes_to_another_account(
    terminal: Terminal, server: DeviceServer, tmp_path: Path
) -> None:
    server.sites = [{"id": "s1", "name": "One"}, {"id": "s2", "name": "Two"}]
    at(terminal, server, tmp_path, DEVICE + SITES)
    env = processes.environment(terminal.folder, **terminal.environment)
    words = ("connect", "acme", "--field", f"server={server.origin}", "--alias", "default")

    with at_terminal(*words, env=env) as (run, person):
        said = read_until(person, b"Which one")
        os.write(person, b"2\n")
        read_until(person, b"Connected Acme as acme/default (account alice@x.example)")
        assert run.wait(PATIENCE_S) == 0
    server.account = "bob"
    with at_terminal(*words, env=env) as (run, person):
        read_until(person, b"Which one")
        os.write(person, b"1\n")
        read_until(person, b"Is that meant?")
        os.write(person, b"y\n")
        read_until(person, b"(account bob@x.example)")
        assert run.wait(PATIENCE_S) == 0

    assert b"1: One\r\n  2: Two\r\n" in said
