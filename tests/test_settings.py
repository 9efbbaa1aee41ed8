"""Settings come from the environment, and a bad one stops the start with what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectory.errors import InvalidSettings
from connectory.setting_forms import is_loopback
from connectory.settings import Settings, load_settings, read_settings


def problem_of(**environment: str) -> str:
    with pytest.raises(InvalidSettings) as refusal:
        load_settings(environment)
    return refusal.value.text


def test_without_any_variable_everything_has_a_default() -> None:
    settings = load_settings({"PATH": "/bin", "SOMEBODY_ELSES": "x"})

    assert settings.is_local
    assert settings.origin == "http://localhost:8765"
    assert settings.auth_method == "auto"


def test_every_setting_has_a_sentence() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


@pytest.mark.parametrize(
    ("name", "likely"),
    [
        ("CONNECTORY_PRT", "CONNECTORY_PORT"),
        ("CONNECTORY_MANIFEST", "CONNECTORY_MANIFESTS"),
        ("CONNECTOR_ENCRYPTION_KEYS", "CONNECTOR_ENCRYPTION_KEY"),
        ("CONNECTOR_ENCRYPTON_KEY", "CONNECTOR_ENCRYPTION_KEY"),
    ],
)
def test_a_misspelt_name_is_reported_with_the_likely_one(name: str, likely: str) -> None:
    text = problem_of(**{name: "x"})

    assert name in text
    assert f"did you mean {likely}?" in text


@pytest.mark.parametrize("name", ["CONNECTOR_TYPE", "CONNECT_URL", "NANGO_DB_URL", "APP_NAME", "OPENAI_API_KEY"])
def test_a_foreign_variable_never_stops_the_start(name: str) -> None:
    assert load_settings({name: "x"}) == load_settings({})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONNECTORY_PORT", "abc"),
        ("CONNECTORY_PORT", "0"),
        ("CONNECTORY_PORT", "70000"),
        ("APP_URL", "ftp://x.example"),
        ("APP_URL", "https://x.example/path"),
        ("APP_URL", "https://user:hunter22@x.example"),
        ("APP_URL", "https://x.example#here"),
        ("APP_URL", "https://x.example:99999"),
        ("APP_URL", "https://x .example"),
        ("AUTH_METHOD", "magic"),
        ("CONNECTORY_ALLOW_HOSTS", "10.0.0.5"),
        ("CONNECTORY_ALLOW_HOSTS", "10.0.0.5:99999"),
        ("CONNECTORY_ALLOW_HOSTS", "http://10.0.0.5:80"),
        ("CONNECTORY_TRUSTED_HOSTS", "https://x.example"),
        ("CONNECTORY_TRUSTED_PROXIES", "proxy.example"),
        ("CONNECTORY_CALL_TIMEOUT_S", "300"),
        ("CONNECTORY_LOG_LEVEL", "loud"),
        ("CONNECTORY_SIGN_IN", "phone"),
        ("CONNECTORY_OIDC_ISSUER", "http://login.example.com"),
        ("CONNECTORY_OIDC_ISSUER", "https://user:hunter22@login.example.com"),
        ("CONNECTORY_OIDC_ISSUER", "https://login.example.com/?tenant=1"),
        ("CONNECTORY_OIDC_ROLES", "engineering=acme:member"),
        ("CONNECTORY_OIDC_ROLES", "engineering:acme:admin"),
        ("CONNECTORY_OIDC_ROLES", ":acme:member"),
        ("CONNECTORY_OIDC_ROLES", "[1]"),
        ("CONNECTORY_OIDC_ROLES", '["a:b:member"'),
    ],
)
def test_a_bad_value_names_its_variable_and_shows_no_password(name: str, value: str) -> None:
    text = problem_of(**{name: value})

    assert text.startswith(name)
    assert "hunter22" not in text


def test_one_signs_in_in_a_browser_unless_a_code_is_wanted() -> None:
    assert load_settings({}).sign_in == "browser"
    assert load_settings({"CONNECTORY_SIGN_IN": "device"}).sign_in == "device"
    assert "must be 'browser' or 'device'" in problem_of(CONNECTORY_SIGN_IN="phone")


def test_all_problems_come_at_once() -> None:
    text = problem_of(CONNECTORY_PORT="x", CONNECTORY_PRT="1", AUTH_METHOD="y")

    assert all(name in text for name in ("CONNECTORY_PORT", "CONNECTORY_PRT", "AUTH_METHOD"))


@pytest.mark.parametrize(
    ("environment", "is_local"),
    [
        ({}, True),
        ({"CONNECTORY_HOST": "127.0.0.1"}, True),
        ({"CONNECTORY_HOST": "::1", "APP_URL": "http://127.0.0.1:9000"}, True),
        ({"CONNECTORY_HOST": "0.0.0.0"}, False),
        ({"CONNECTORY_HOST": "::"}, False),
        ({"CONNECTORY_HOST": "192.168.1.5"}, False),
        ({"CONNECTORY_HOST": "localhost.example"}, False),
        ({"APP_URL": "https://connectory.example"}, False),
        ({"CONNECTORY_TRUSTED_HOSTS": "connectory.example"}, False),
        ({"CONNECTORY_TRUSTED_HOSTS": "127.0.0.1:9000"}, True),
        ({"CONNECTORY_TRUSTED_PROXIES": "127.0.0.1"}, False),
    ],
)
def test_local_mode_is_loopback_and_nothing_else(environment: dict[str, str], is_local: bool) -> None:
    assert load_settings(environment).is_local is is_local


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1", "http://localhost:8765"),
        ("::1", "http://localhost:8765"),
        ("0.0.0.0", "http://localhost:8765"),
        ("[::]", "http://localhost:8765"),
        ("fe80::1%eth0", "http://localhost:8765"),
        ("127.0.0.2", "http://127.0.0.2:8765"),
        ("172.17.0.1", "http://172.17.0.1:8765"),
        ("fd00:0::5", "http://[fd00::5]:8765"),
        ("Bridge.local", "http://bridge.local:8765"),
    ],
)
def test_links_name_the_one_address_that_is_listened_on(host: str, origin: str) -> None:
    assert load_settings({"CONNECTORY_HOST": host}).origin == origin
    assert load_settings({"CONNECTORY_HOST": host, "APP_URL": "https://x.example"}).origin == "https://x.example"


def test_lists_are_separated_by_commas_and_home_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")

    settings = load_settings({"CONNECTORY_MANIFESTS": "~/manifests, /etc/connectory", "CONNECTORY_DATA_DIR": "~/data"})

    assert settings.manifests == (Path("/home/ann/manifests"), Path("/etc/connectory"))
    assert settings.data_dir == Path("/home/ann/data")


def test_oauth_clients_are_found_by_family() -> None:
    environment = {"GITHUB_CLIENT_ID": "id", "GITHUB_CLIENT_SECRET": "hunter22", "LINEAR_CLIENT_ID": "public"}

    clients = load_settings(environment).oauth_clients

    assert clients["github"].client_id == "id"
    assert clients["linear"].client_secret is None
    assert "hunter22" not in repr(clients)


@pytest.mark.parametrize(
    "environment",
    [{"CONNECTORY_OIDC_ISSUER": "https://login.example.com"}, {"CONNECTORY_OIDC_CLIENT_ID": "connectory"}],
)
def test_an_issuer_and_our_client_there_are_set_together(environment: dict[str, str]) -> None:
    assert "are set together" in problem_of(**environment)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("engineering:acme:member, *:acme:viewer", ("engineering:acme:member", "*:acme:viewer")),
        ("org:team:acme:owner", ("org:team:acme:owner",)),
        ('["cn=admins,ou=groups:acme:owner"]', ("cn=admins,ou=groups:acme:owner",)),
    ],
)
def test_rules_for_roles_are_a_list_or_json_where_a_group_has_a_comma(text: str, rules: tuple[str, ...]) -> None:
    assert load_settings({"CONNECTORY_OIDC_ROLES": text}).oidc_roles == rules


def test_secrets_are_hidden_in_repr() -> None:
    names = ("CONNECTORY_TOKEN", "CONNECTOR_ENCRYPTION_KEY", "NANGO_SECRET_KEY", "CONNECTORY_PROXY")

    shown = repr(load_settings(dict.fromkeys(names, "hunter22")))

    assert "hunter22" not in shown


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.9.9.9", "::1", "[::1]"])
def test_loopback_is_told_without_looking_a_name_up(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.", "127.1", "0.0.0.0", "example.com", "localhost.example"])
def test_what_only_resembles_loopback_is_not(host: str) -> None:
    assert not is_loopback(host)


def test_a_home_folder_that_nobody_has_is_said_and_no_traceback() -> None:
    text = problem_of(CONNECTORY_DATA_DIR="~nobody-of-this-name/data")

    assert text.startswith("CONNECTORY_DATA_DIR is wrong: write the path in full")


def test_what_is_wrong_can_be_left_out_to_look_at_the_rest() -> None:
    environment = {"CONNECTORY_PORT": "abc", "CONNECTORY_PROT": "1", "CONNECTORY_MAX_TOOLS": "12"}

    nothing, problems = read_settings(environment)
    left, still = read_settings(environment, leaving_out={problem.name for problem in problems})

    assert nothing is None
    assert [problem.name for problem in problems] == ["CONNECTORY_PROT", "CONNECTORY_PORT"]
    assert left is not None
    assert (left.port, left.max_tools) == (8765, 12)
    assert [problem.name for problem in still] == ["CONNECTORY_PROT"]
