from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.provider import KEY, MANIFEST, Provider
from tests.cli.terminal import Terminal

WRONG = "wrong-key-77d0e2a4"


def holds(folder: Path, text: str) -> list[Path]:
    """The files below `folder` in which `text` stands in clear."""
    return [file for file in folder.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]


def test_a_connector_without_sign_in_needs_no_question(terminal: Terminal) -> None:
    outcome = terminal.run("connect", "demo")

    assert outcome.code == 0
    assert outcome.out.startswith("Connected Demo as demo/default")
    assert "Ask your assistant now" in outcome.err


def test_json_names_the_connection_and_its_account(terminal: Terminal) -> None:
    made = terminal.run("connect", "demo", "--alias", "mine", "--json").json

    assert made["connection"] == "demo/mine"
    assert set(made) == {"connection", "id", "connector", "account", "scopes", "shared"}


def test_a_secret_from_the_environment_is_verified_kept_and_never_seen(terminal: Terminal, acme: Provider) -> None:
    outcome = terminal.run("connect", "acme", "--field", f"server={acme.origin}", "--from-env", ACME_TOKEN=KEY)

    assert outcome.code == 0, outcome.err
    assert "account Acme Inc" in outcome.out
    assert acme.requests == ["/me"]
    assert KEY not in outcome.out + outcome.err
    assert holds(terminal.folder, KEY) == []


def test_a_variable_of_any_name_can_be_given_for_a_field(terminal: Terminal, acme: Provider) -> None:
    words = ["connect", "acme", "--from-env", "token=MY_KEY", "--field", f"server={acme.origin}"]

    assert terminal.run(*words, MY_KEY=KEY).code == 0


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_bare_from_env_may_stand_anywhere(terminal: Terminal, acme: Provider, place: str) -> None:
    field = ["--field", f"server={acme.origin}"]
    words = ["--from-env", "acme", *field] if place == "before" else ["acme", *field, "--from-env"]

    assert terminal.run("connect", *words, ACME_TOKEN=KEY).code == 0


def test_a_secret_among_the_arguments_is_refused_before_anything_is_sent(terminal: Terminal, acme: Provider) -> None:
    outcome = terminal.run("connect", "acme", "--field", f"server={acme.origin}", "--field", f"token={KEY}")

    assert outcome.code == 1
    assert outcome.err.startswith("invalid_arguments: 'token' is secret")
    assert KEY not in outcome.out + outcome.err
    assert acme.requests == []


def test_what_the_provider_refuses_is_not_kept_and_the_next_try_is_not_in_its_way(
    terminal: Terminal, acme: Provider
) -> None:
    words = ["connect", "acme", "--field", f"server={acme.origin}", "--from-env"]

    refused = terminal.run(*words, ACME_TOKEN=WRONG)

    assert refused.code == 1
    assert "did not accept" in refused.err
    assert "nothing was kept" in refused.err
    assert WRONG not in refused.out + refused.err
    assert terminal.run("connections", "--json").json == []
    assert terminal.run(*words, ACME_TOKEN=KEY).code == 0


def test_where_nobody_can_be_asked_a_missing_secret_says_how_to_give_it(terminal: Terminal, acme: Provider) -> None:
    outcome = terminal.run("connect", "acme", "--field", f"server={acme.origin}")

    assert outcome.code == 1
    assert "ACME_TOKEN" in outcome.err


def test_a_private_address_needs_a_yes(terminal: Terminal, acme: Provider) -> None:
    words = ["connect", "acme", "--field", f"server={acme.origin}", "--from-env"]

    refused = terminal.run(*words, ACME_TOKEN=KEY, CONNECTORY_ALLOW_HOSTS="")

    assert refused.code == 1
    assert "--private-address" in refused.err
    assert acme.requests == []
    assert terminal.run(*words, "--private-address", ACME_TOKEN=KEY, CONNECTORY_ALLOW_HOSTS="").code == 0


def test_an_unknown_connector_is_answered_with_the_nearest(terminal: Terminal) -> None:
    outcome = terminal.run("connect", "demmo")

    assert outcome.code == 1
    assert outcome.err.startswith("unknown_connector: There is no connector 'demmo'. Did you mean 'demo'?")


def test_a_connection_that_works_is_not_made_twice(demo: Terminal) -> None:
    outcome = demo.run("connect", "demo")

    assert outcome.code == 1
    assert outcome.err.startswith("already_exists: ")


def bundle(folder: Path, acme: Provider) -> dict[str, str]:
    """A family of two and their bundle, all at Acme's server; of a third it gives no account."""
    head, rest = MANIFEST.split("auth:\n", 1)
    auth, member = rest.split("verify:\n", 1)
    named = head.replace('servers: {api: "{connection.server}"}\n', "")
    whole = f"{named}includes: [acme-things, acme-parts]\nauth:\n{auth}"
    folder.mkdir()
    (folder / "acme.yaml").write_text(whole, encoding="utf-8")
    for name, path in (("things", "/me"), ("parts", "/parts")):
        text = f"{head.replace('name: acme', f'name: acme-{name}')}family: acme\nverify:\n{member}"
        (folder / f"acme-{name}.yaml").write_text(text.replace("{get: /me}", f"{{get: {path}}}"), encoding="utf-8")
    return {"CONNECTORY_MANIFESTS": str(folder), "CONNECTORY_ALLOW_HOSTS": f"127.0.0.1:{acme.port}"}


def test_a_bundle_is_connected_in_one_go_and_what_failed_is_named(
    terminal: Terminal, acme: Provider, tmp_path: Path
) -> None:
    terminal.environment = bundle(tmp_path / "bundle", acme)
    words = ["connect", "acme", "--field", f"server={acme.origin}", "--from-env"]

    made = terminal.run(*words, "--json", ACME_TOKEN=KEY)
    told = terminal.run(*words, "--alias", "two", ACME_TOKEN=KEY)

    assert made.json["connections"] == ["acme-things/default"]
    assert made.json["left_out"][0].startswith("Acme was not connected: ")
    assert "Connected Acme as acme-things/two (account Acme Inc)." in told.out
    assert "Acme was not connected: " in told.err
    assert {one["connection"] for one in terminal.run("connections", "--json").json} == {
        "acme-things/default", "acme-things/two"
    }  # fmt: skip


def test_a_way_that_needs_an_oauth_app_first_is_passed_over_and_says_so_when_asked_for(terminal: Terminal) -> None:
    only_typed = terminal.run("connect", "salesforce")
    asked_for = terminal.run("connect", "salesforce", "--method", "oauth")

    assert "salesforce needs domain, client_id, client_secret" in only_typed.err
    assert asked_for.code == 1
    assert asked_for.err.startswith("backend_unavailable: ")
    assert "`connectory oauth-app set salesforce`" in asked_for.err
