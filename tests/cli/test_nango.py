"""`nango ...` and `connections move`, at a terminal before Nango's double."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.cli.provider import KEY, MANIFEST, Provider
from tests.cli.terminal import Terminal
from tests.nango.serving import NangoDouble, nango_double
from tests.nango.state import Connection, Integration

OAUTH = """\
  oauth:
    method: oauth2
    title: Sign in with Acme
    authorize_url: https://acme.example/authorize
    token_url: https://acme.example/token
    fields: {server: {title: Server, kind: origin}}
    scopes: {read: Read things}
    register: {url: "https://acme.example/apps", steps: [Make an app.]}
    nango: {provider: acme, facts: {server: server}}
"""
KEY_LINE = "    method: api_key\n"
AT_NANGO = f"{KEY_LINE}    nango: {{provider: acme-key, facts: {{server: server}}}}\n"
SECRET = "acme-app-secret-77a1"


@pytest.fixture(scope="module")
def _double() -> Iterator[NangoDouble]:
    with nango_double() as double:
        base = {"display_name": "Acme", "categories": ["other"], "docs": "https://nango.dev/docs/acme"}
        address = {"base_url": "${connectionConfig.server}"}
        double.state.providers["acme"] = {
            **base,
            "auth_mode": "OAUTH2",
            "authorization_url": "https://acme.example/authorize",
            "token_url": "https://acme.example/token",
            "proxy": address,
        }
        double.state.providers["acme-key"] = {**base, "auth_mode": "API_KEY", "proxy": address}
        double.state.rate_limit = 100_000
        yield double


@pytest.fixture
def nango(_double: NangoDouble, acme: Provider, terminal: Terminal, tmp_path: Path) -> NangoDouble:
    """The double, empty, and a terminal at which it is set up; `acme` has ways to sign in that it knows."""
    _double.dev.integrations.clear()
    _double.dev.connections.clear()
    manifest = MANIFEST.replace(KEY_LINE, AT_NANGO).replace("verify:\n", f"{OAUTH}verify:\n", 1)
    (tmp_path / "manifests" / "acme.yaml").write_text(manifest, encoding="utf-8")
    terminal.environment = {
        **terminal.environment,
        "NANGO_SECRET_KEY": _double.dev.key,
        "NANGO_HOST": _double.origin,
    }
    return _double


def integration(nango: NangoDouble, key: str) -> None:
    now = datetime.now(UTC)
    nango.dev.integrations[key] = Integration(key, key, now, now)


def make(nango: NangoDouble, provider: Provider, name: str, **more: Any) -> None:
    """A connection that something else made in Nango."""
    now = datetime.now(UTC)
    nango.dev.connections["acme-key", name] = Connection(
        id=nango.state.next_id(),
        connection_id=name,
        provider_config_key="acme-key",
        credentials={"type": "API_KEY", "apiKey": KEY},
        created_at=now,
        updated_at=now,
        connection_config={"server": provider.origin},
        **more,
    )


def test_without_nango_it_says_what_to_set(terminal: Terminal) -> None:
    for words in (["sync-integrations"], ["adopt"], ["use", "demo", "x"]):
        told = terminal.run("nango", *words)

        assert told.code == 1
        assert "NANGO_SECRET_KEY" in told.err


def test_integrations_are_made_of_the_apps_that_are_known(nango: NangoDouble, terminal: Terminal) -> None:
    before = terminal.run("nango", "sync-integrations")
    told = terminal.run("nango", "sync-integrations", ACME_CLIENT_ID="app-1", ACME_CLIENT_SECRET=SECRET)

    assert "No OAuth app is known for" in before.err
    assert "acme" in before.err
    assert told.code == 0, told.err
    assert "acme" in told.out
    assert "made" in told.out
    assert f"{nango.origin}/oauth/callback" in told.err
    made = nango.dev.integrations["acme"].credentials
    assert made is not None
    assert (made["client_id"], made["scopes"]) == ("app-1", "read")
    assert SECRET not in told.out + told.err


def test_a_trial_makes_nothing_and_a_named_one_has_its_keys_too(nango: NangoDouble, terminal: Terminal) -> None:
    trial = terminal.run("nango", "sync-integrations", "acme", "--dry-run")
    assert "Nothing was changed." in trial.err
    assert nango.dev.integrations == {}

    done = terminal.run("nango", "sync-integrations", "acme", "--json").json

    assert [(one["provider"], one["outcome"]) for one in done] == [("acme", "needs_app"), ("acme-key", "created")]
    assert list(nango.dev.integrations) == ["acme-key"]


def test_what_nango_refuses_ends_with_an_error(nango: NangoDouble, terminal: Terminal) -> None:
    told = terminal.run("nango", "sync-integrations", ACME_CLIENT_ID="x" * 300, ACME_CLIENT_SECRET=SECRET)

    assert told.code == 1
    assert "refused by Nango" in told.out
    assert SECRET not in told.out + told.err


def test_a_connection_is_adopted_by_hand(nango: NangoDouble, acme: Provider, terminal: Terminal) -> None:
    integration(nango, "acme-key")
    make(nango, acme, "made-there")

    listed = terminal.run("nango", "adopt")
    taken = terminal.run("nango", "adopt", "made-there", "--alias", "work")

    assert "made-there" in listed.out
    assert "acme" in listed.out
    assert taken.code == 0, taken.err
    assert taken.out == "Connected Acme as acme/work (account Acme Inc).\n"
    assert terminal.run("call", "acme_list_things").code == 0
    assert "Nango has no connection" in terminal.run("nango", "adopt").out
    assert KEY not in taken.out + taken.err + listed.out


def test_those_that_are_tagged_for_the_workspace_are_adopted_together(
    nango: NangoDouble, acme: Provider, terminal: Terminal
) -> None:
    integration(nango, "acme-key")
    for name in ("one", "two"):
        make(nango, acme, name, tags={"connectory_workspace": "default"})
    make(nango, acme, "of-another", tags={"connectory_workspace": "other"})
    make(nango, acme, "of-nobody")

    done = terminal.run("nango", "adopt", "--tagged", "--json").json

    assert sorted(done["adopted"]) == ["acme/default", "acme/nango-1"]
    assert done["left_out"] == []
    assert [one["connection_id"] for one in terminal.run("nango", "adopt", "--json").json] == ["of-nobody"]


def test_what_cannot_be_adopted_is_said_and_the_others_are(
    nango: NangoDouble, acme: Provider, terminal: Terminal
) -> None:
    integration(nango, "acme-key")
    make(nango, acme, "good", tags={"connectory_workspace": "default"})
    make(nango, acme, "bad", tags={"connectory_workspace": "default"})
    nango.dev.connections["acme-key", "bad"].credentials = {"type": "API_KEY", "apiKey": "another-key-4d2f"}

    told = terminal.run("nango", "adopt", "--tagged")

    assert told.code == 1
    assert "Adopted acme/default." in told.out
    assert "bad of acme-key: " in told.err
    assert "another-key-4d2f" not in told.out + told.err


def test_a_connection_is_moved_and_keeps_its_id(nango: NangoDouble, acme: Provider, terminal: Terminal) -> None:
    integration(nango, "acme-key")
    make(nango, acme, "made-there")
    assert terminal.run("nango", "adopt", "made-there").code == 0
    (before,) = terminal.run("connections", "--json").json

    moved = terminal.run(
        "connections", "move", "acme", "direct", "--method", "key", "--field", f"server={acme.origin}",
        "--from-env", "token=A_KEY", A_KEY=KEY,
    )  # fmt: skip

    assert moved.code == 0, moved.err
    assert moved.out == "Moved acme/default to the backend 'direct'; it keeps its id, its rules and its history.\n"
    (after,) = terminal.run("connections", "--json").json
    assert after["id"] == before["id"]
    assert terminal.run("call", "acme_list_things", NANGO_SECRET_KEY="").code == 0


def test_what_is_there_already_is_not_moved(nango: NangoDouble, acme: Provider, terminal: Terminal) -> None:
    integration(nango, "acme-key")
    make(nango, acme, "made-there")
    assert terminal.run("nango", "adopt", "made-there").code == 0

    told = terminal.run("connections", "move", "acme/default", "nango")

    assert told.code == 1
    assert "already" in told.err


def test_a_move_that_fails_changes_nothing(nango: NangoDouble, acme: Provider, terminal: Terminal) -> None:
    integration(nango, "acme-key")
    make(nango, acme, "made-there")
    assert terminal.run("nango", "adopt", "made-there").code == 0

    told = terminal.run(
        "connections", "move", "acme", "direct", "--method", "key", "--field", f"server={acme.origin}",
        "--from-env", "token=A_KEY", A_KEY="wrong-key-11aa",
    )  # fmt: skip

    assert told.code == 1
    assert terminal.run("call", "acme_list_things").code == 0
    assert "wrong-key-11aa" not in told.out + told.err


def test_an_integration_is_chosen_for_the_workspace(nango: NangoDouble, terminal: Terminal) -> None:
    now = datetime.now(UTC)
    nango.dev.integrations["acme-eu"] = Integration("acme-eu", "acme-key", now, now)

    told = terminal.run("nango", "use", "acme", "acme-eu")

    assert told.out == "acme signs in by Nango's integration acme-eu from now on (key).\n"
    refused = terminal.run("nango", "use", "acme", "nothing")
    assert refused.code == 1
    assert "acme-eu" in refused.err
