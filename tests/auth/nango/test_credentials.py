"""What Nango gives out as our ways to sign in want it: credentials, facts and scopes, and what is not believed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectory.auth.backend import Entry
from connectory.auth.nango.credentials import (
    asked_here,
    credentials_from,
    facts_from,
    plain,
    scopes_from,
    sign_by,
    told_there,
)
from connectory.auth.nango.kinds import OAuth1, parse_credentials
from connectory.auth.nango.models import NangoApp, NangoConnection
from connectory.catalog.manifest import AuthMethod
from connectory.errors import SignInFailed
from connectory.settings import Settings
from connectory.testing.connectors import NOTES_YAML, make_connector
from connectory.vault.credentials import NoCredentials, OAuth1Tokens, OAuthTokens, SecretFields

SETTINGS = Settings()
ENDS = datetime(2027, 1, 1, tzinfo=UTC)
OAUTH = """
    method: oauth2
    authorize_url: https://login.notes.example/authorize
    token_url: https://login.notes.example/token
    scopes: {read: Read}
"""


def way(yaml: str, server: str = '"https://api.notes.example/v1"') -> AuthMethod:
    """A way to sign in, by the keys under `auth.way`."""
    text = NOTES_YAML.replace(
        '  token: {method: api_key, headers: {Authorization: "Bearer {credential.token}"}}',
        "  way:\n" + yaml.strip("\n"),
    )
    return make_connector(text.replace('"https://api.notes.example/v1"', server)).auth["way"]


def connection(credentials: dict[str, Any], config: dict[str, Any] | None = None) -> NangoConnection:
    """A connection as Nango answers."""
    return NangoConnection.model_validate(
        {
            "id": 1,
            "connection_id": "c-1",
            "provider_config_key": "notes",
            "provider": "notes",
            "errors": [],
            "tags": {},
            "metadata": None,
            "connection_config": config or {},
            "created_at": "2026-11-24T03:31:34+00:00",
            "updated_at": "2026-11-24T03:31:34+00:00",
            "credentials": credentials,
        }
    )


def opened(method: AuthMethod, found: NangoConnection) -> dict[str, str] | None:
    """The secrets that requests would carry."""
    given = credentials_from(method, found, SETTINGS)
    return None if given is None else {name: one.get_secret_value() for name, one in given.secrets().items()}


KEY = '    method: api_key\n    headers: {Authorization: "Bearer {credential.token}"}\n    nango: {provider: notes}'
BASIC = "    method: basic\n    nango: {provider: notes}"
KEY_IN_BASIC = KEY.replace("{provider: notes}", "{provider: notes, credentials: {token: username}}")
BEARER = f"{OAUTH}    nango: {{provider: notes}}"


@pytest.mark.parametrize(
    ("yaml", "given", "secrets"),
    [
        (BEARER, {"type": "OAUTH2", "access_token": "a-1", "raw": {}}, {"access_token": "a-1"}),
        (BEARER, {"type": "OAUTH2_CC", "token": "t-1", "raw": {}}, {"access_token": "t-1"}),
        (BEARER, {"type": "APP", "access_token": "i-1", "raw": {}}, {"access_token": "i-1"}),
        (BEARER, {"type": "CUSTOM", "raw": {}, "app": {"access_token": "i-1"}, "user": None}, {"access_token": "i-1"}),
        (
            BEARER,
            {"type": "CUSTOM", "raw": {}, "app": {"access_token": "i-1"}, "user": {"access_token": "u-1"}},
            {"access_token": "u-1"},
        ),
        (BEARER, {"type": "TWO_STEP", "token": "t-2", "raw": {}, "company": "x"}, {"access_token": "t-2"}),
        (BEARER, {"type": "JWT", "token": "j-1", "key": "k"}, {"access_token": "j-1"}),
        (BEARER, {"type": "SIGNATURE", "token": "s-1", "username": "u", "password": "p"}, {"access_token": "s-1"}),
        (BEARER, {"type": "API_KEY", "apiKey": "k-1"}, None),
        (BEARER, {"type": "BASIC", "username": "u", "password": "p"}, None),
        (BEARER, {}, None),
        (BEARER, {"type": "TOMORROW", "token": "x"}, None),
        (KEY, {"type": "API_KEY", "apiKey": "k-1"}, {"token": "k-1"}),
        (KEY, {}, None),
        (BASIC, {"type": "BASIC", "username": "ann", "password": "p-1"}, {"password": "p-1"}),
        (KEY_IN_BASIC, {"type": "BASIC", "username": "rk_live", "password": ""}, {"token": "rk_live"}),
    ],
)
def test_each_kind_becomes_what_the_way_to_sign_in_places(
    yaml: str, given: dict[str, Any], secrets: dict[str, str] | None
) -> None:
    assert opened(way(yaml), connection(given)) == secrets


PLACED = '\n    by_credential: {user: {headers: {Authorization: "Bearer {credential.user_token}"}}}'


def test_the_expiry_and_the_tokens_beside_come_along_and_no_refresh_token() -> None:
    yaml = f"{BEARER}\n    token_answer: {{further: {{user_token: authed_user.access_token}}}}{PLACED}"
    raw = {"access_token": "xoxb", "authed_user": {"access_token": "xoxp"}, "scope": "chat:write,users:read"}
    given = {"type": "OAUTH2", "access_token": "xoxb", "refresh_token": "r", "raw": raw}
    found = connection({**given, "expires_at": "2027-01-01T00:00:00Z"})

    tokens = credentials_from(way(yaml), found, SETTINGS)

    assert isinstance(tokens, OAuthTokens)
    assert (tokens.expires_at, tokens.refresh_token) == (ENDS, None)
    assert tokens.further["user_token"].get_secret_value() == "xoxp"
    assert scopes_from(way(yaml), found) == ("chat:write", "users:read")


def test_a_key_that_is_missing_is_said_to_be_and_never_repeated() -> None:
    with pytest.raises(SignInFailed, match="API key") as refusal:
        credentials_from(way(KEY), connection({"type": "BASIC", "username": "s3cret", "password": "s3cret"}), SETTINGS)
    assert "s3cret" not in refusal.value.text


def test_a_key_with_a_line_break_is_refused_as_a_typed_one_is() -> None:
    with pytest.raises(SignInFailed):
        credentials_from(way(KEY), connection({"type": "API_KEY", "apiKey": "k\r\nX-Evil: 1"}), SETTINGS)


OPTIONAL = """
    method: fields
    fields: {token: {title: Token, kind: secret, required: false}}
    headers: {X-Token: "{credential.token}"}
    nango: {provider: notes}
"""


def test_a_secret_that_may_be_missing_is_not_missed() -> None:
    found = connection({"type": "BASIC", "username": "u", "password": "p"})

    assert credentials_from(way(OPTIONAL), found, SETTINGS) == NoCredentials()


def test_oauth_1_is_signed_with_the_integrations_client() -> None:
    found = parse_credentials({"type": "OAUTH1", "oauth_token": "t", "oauth_token_secret": "ts", "raw": {}})
    assert isinstance(found, OAuth1)
    app = NangoApp.model_validate({"type": "OAUTH1", "client_id": "c", "client_secret": "cs"})

    signing = sign_by(found, app)

    assert isinstance(signing, OAuth1Tokens)
    assert (signing.client_id, signing.token.get_secret_value()) == ("c", "t")
    assert sign_by(found, None) is None


SHOP = """
    method: fields
    fields:
      shop: {title: Shop, pattern: "[a-z0-9-]+"}
      token: {title: Token, kind: secret}
    headers: {X-Token: "{credential.token}"}
    nango: {provider: notes, facts: {shop: subdomain}, credentials: {token: apiKey}}
"""
SHOP_SERVER = '"https://{connection.shop}.notes.example/v1"'


def test_what_our_page_asks_is_told_to_nangos_under_its_own_name() -> None:
    method = way(SHOP, SHOP_SERVER)

    assert list(asked_here(method)) == ["shop"]
    assert told_there(method, {"shop": "acme", "token": "never"}) == {"subdomain": "acme"}


@pytest.mark.parametrize(
    ("config", "typed", "facts"),
    [
        ({"subdomain": "acme"}, {}, {"shop": "acme"}),
        ({}, {"shop": "acme"}, {"shop": "acme"}),
        ({"subdomain": "there"}, {"shop": "here"}, {"shop": "there"}),  # that is where the token is from
    ],
)
def test_facts_come_from_nango_and_else_from_our_page(
    config: dict[str, Any], typed: dict[str, str], facts: dict[str, str]
) -> None:
    found = connection({"type": "API_KEY", "apiKey": "k"}, config)

    assert facts_from(way(SHOP, SHOP_SERVER), found, Entry("way", typed), SETTINGS) == facts


@pytest.mark.parametrize("config", [{}, {"subdomain": "evil.example/"}, {"subdomain": "a@b"}, {"subdomain": ["acme"]}])
def test_a_fact_that_could_lead_elsewhere_stops_the_sign_in(config: dict[str, Any]) -> None:
    """Attack 14: it becomes part of the address to which the token is sent."""
    with pytest.raises(SignInFailed):
        facts_from(
            way(SHOP, SHOP_SERVER), connection({"type": "API_KEY", "apiKey": "k"}, config), Entry("way", {}), SETTINGS
        )


ORIGIN = """
    method: fields
    fields:
      server: {title: Server, kind: origin}
      token: {title: Token, kind: secret}
    headers: {X-Token: "{credential.token}"}
    nango: {provider: notes, facts: {server: host}, credentials: {token: apiKey}}
"""


@pytest.mark.parametrize(
    ("typed", "confirmed", "is_taken"),
    [
        ("http://127.0.0.1:9", True, True),
        ("http://127.0.0.1:9", False, False),
        ("http://127.0.0.1:10", True, False),  # the yes was to another address
        (None, True, True),
    ],
)
def test_a_private_address_counts_as_meant_only_where_the_person_typed_that_very_one(
    typed: str | None, confirmed: bool, is_taken: bool
) -> None:
    method = way(ORIGIN, '"{connection.server}/v1"')
    entry = Entry("way", {"server": typed} if typed else {}, private_confirmed=confirmed)
    found = connection({"type": "API_KEY", "apiKey": "k"}, {"host": "http://127.0.0.1:9"})

    if is_taken and typed is not None:
        assert facts_from(method, found, entry, SETTINGS) == {"server": "http://127.0.0.1:9"}
    else:
        with pytest.raises(SignInFailed):
            facts_from(method, found, entry, SETTINGS)


FACTS = """
    facts:
      team: {token: team.id, pattern: "T[0-9]+"}
      site: {callback: site, pattern: "[a-z]+"}
    nango: {provider: notes, facts: {site: siteName}}
"""


def test_facts_of_the_token_answer_and_of_the_callback_are_checked_as_the_builtin_backend_s_are() -> None:
    method = way(OAUTH + FACTS.strip("\n"))
    good = {"type": "OAUTH2", "access_token": "a", "raw": {"team": {"id": "T1"}}}

    facts = facts_from(method, connection(good, {"siteName": "acme"}), Entry("way", {}), SETTINGS)

    assert facts == {"team": "T1", "site": "acme"}
    with pytest.raises(SignInFailed):
        facts_from(method, connection(good, {"siteName": "ACME!"}), Entry("way", {}), SETTINGS)


def test_what_manifests_read_from_is_nangos_own_form() -> None:
    found = parse_credentials({"type": "TWO_STEP", "token": "t", "company": "acme", "raw": {"x": 1}})

    assert plain(found) == {"token": "t", "expires_at": None, "company": "acme", "raw": {"x": 1}}


def test_no_secret_of_a_basic_sign_in_is_taken_for_the_user_s_name() -> None:
    given = credentials_from(way(BASIC), connection({"type": "BASIC", "username": "ann", "password": "p"}), SETTINGS)

    assert isinstance(given, SecretFields)
    found = connection({"type": "BASIC", "username": "ann", "password": "p"})
    assert facts_from(way(BASIC), found, Entry("way", {}), SETTINGS) == {"username": "ann"}
