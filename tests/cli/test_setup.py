from __future__ import annotations

from tests.cli.terminal import Terminal

from connectory.settings import Settings

SECRETS = {
    "CONNECTOR_ENCRYPTION_KEY": "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f1",
    "CONNECTORY_TOKEN": "cny_planted-token",
    "CONNECTORY_PROXY": "http://user:planted-password@proxy.example:8080",
    "CONNECTORY_DATABASE_URL": "postgresql://user:planted-password@db.example/x",
    "NANGO_SECRET_KEY": "planted-nango-key",
    "NANGO_WEBHOOK_SIGNING_KEY": "planted-signing-key",
    "NANGO_PUBLIC_KEY": "planted-public-key",
    "CONNECTORY_OIDC_CLIENT_SECRET": "planted-issuer-secret",
}


def test_every_setting_is_listed_with_its_default_and_meaning(terminal: Terminal) -> None:
    listed = {one["name"]: one for one in terminal.run("settings", "--json", CONNECTORY_PORT="9000").json["settings"]}

    assert set(listed) == {field.alias for field in Settings.model_fields.values() if field.alias}
    assert (listed["CONNECTORY_PORT"]["value"], listed["CONNECTORY_PORT"]["default"]) == (9000, 8765)
    assert all(one["description"] for one in listed.values())


def test_secrets_are_told_to_be_set_and_not_shown(terminal: Terminal) -> None:
    shown = terminal.run("settings", GOOGLE_CLIENT_ID="app", GOOGLE_CLIENT_SECRET="planted-client-secret", **SECRETS)
    listed = terminal.run("settings", "--json", GOOGLE_CLIENT_ID="app", GOOGLE_CLIENT_SECRET="x", **SECRETS)

    assert "set (not shown)" in shown.out
    told = shown.out + shown.err + listed.out
    assert not [value for value in [*SECRETS.values(), "planted"] if value in told]
    assert {one["name"] for one in listed.json["settings"] if one["secret"]} == set(SECRETS)
    assert listed.json["oauth_clients"] == ["google"]


def test_a_wrong_setting_is_named_and_the_list_shown_all_the_same(terminal: Terminal) -> None:
    outcome = terminal.run("settings", CONNECTORY_PORT="eighty")

    assert outcome.code == 1
    assert "CONNECTORY_PORT" in outcome.out
    assert (
        outcome.err.startswith("invalid_settings: CONNECTORY_PORT")
        or "invalid_settings: CONNECTORY_PORT" in outcome.err
    )
