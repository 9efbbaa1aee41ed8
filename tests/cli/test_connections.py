from __future__ import annotations

import contextlib
import re
import secrets
import sqlite3

from tests.cli.terminal import Terminal


def test_connections_are_listed_with_account_and_status(demo: Terminal) -> None:
    assert "demo/default" in demo.run("connections").out
    (listed,) = demo.run("connections", "--json").json
    assert listed["connection"] == "demo/default"
    assert (listed["status"], listed["labels"]) == ("active", {})


def test_without_any_the_way_to_one_is_named(terminal: Terminal) -> None:
    assert "connectory connect" in terminal.run("connections").out
    assert terminal.run("connections", "--json").json == []


def test_an_unknown_connector_is_no_empty_list(terminal: Terminal) -> None:
    assert terminal.run("connections", "demmo").err.startswith("unknown_connector: ")


def test_with_another_key_the_lost_ones_are_counted_and_nothing_is_changed(demo: Terminal) -> None:
    with_other_key = demo.run("connections", CONNECTOR_ENCRYPTION_KEY=secrets.token_hex(32))

    assert with_other_key.code == 0
    assert "unreadable" in with_other_key.out
    assert "1 of these cannot be opened" in with_other_key.err
    assert demo.run("connections", "--json").json[0]["status"] == "active"


def test_disconnecting_needs_a_yes_where_nobody_can_be_asked(demo: Terminal) -> None:
    outcome = demo.run("disconnect", "demo/default")

    assert outcome.code == 1
    assert "--yes" in outcome.err
    assert len(demo.run("connections", "--json").json) == 1


def test_the_connectors_name_is_enough_for_its_only_connection(demo: Terminal) -> None:
    gone = demo.run("disconnect", "demo", "--yes", "--json").json

    assert gone["connection"] == "demo/default"
    assert demo.run("connections", "--json").json == []


def test_an_unknown_connection_is_answered_with_the_nearest(demo: Terminal) -> None:
    outcome = demo.run("disconnect", "demo/defalt", "--yes")

    assert outcome.code == 1
    assert "'demo/default'" in outcome.err


def test_the_command_that_renews_a_shared_connection_renews_it(terminal: Terminal) -> None:
    assert terminal.run("connect", "demo", "--shared").code == 0
    with contextlib.closing(sqlite3.connect(terminal.folder / "connectory.db")) as database:
        database.execute("UPDATE grants SET status = 'needs_reconnect'")
        database.commit()
    [command] = re.findall(r"must be renewed: `connectory (.*)`", terminal.run("connections").err)

    assert terminal.run(*command.split()).code == 0

    [listed] = terminal.run("connections", "--json").json
    assert (listed["shared"], listed["status"]) == (True, "active")
