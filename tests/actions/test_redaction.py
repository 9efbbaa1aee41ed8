"""What a provider repeats of our credentials is masked, and nothing else is touched."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from pydantic import SecretStr

from connectory.actions.filling import Values
from connectory.actions.redaction import Redactor
from connectory.testing.connectors import NOTES_YAML, make_connector

KEY = 'key/a1b2+"&ü 3c4d'
BASIC = make_connector(
    NOTES_YAML.replace('{method: api_key, headers: {Authorization: "Bearer {credential.token}"}}', "{method: basic}")
)


def values(secret: str = KEY, name: str = "token") -> Values:
    return Values({}, {"username": "patricia"}, {name: SecretStr(secret)})


@pytest.mark.parametrize(
    "said",
    [
        KEY,
        quote(KEY, safe=""),
        quote_plus(KEY),
        json.dumps(KEY),
        json.dumps(KEY, ensure_ascii=False),
        json.dumps(KEY).replace("/", "\\/"),
        base64.b64encode(KEY.encode()).decode(),
        base64.urlsafe_b64encode(KEY.encode()).decode(),
        html.escape(KEY),
        html.escape(KEY, quote=False),
        KEY.encode().hex(),
        quote(KEY, safe="").replace("%2F", "%2f").replace("%2B", "%2b").replace("%C3%BC", "%c3%bc"),
    ],
)
def test_a_key_is_masked_in_every_form(said: str) -> None:
    redactor = Redactor(make_connector(), "token", values())
    text = f"before {said} after {said}."

    masked = redactor.clean(text)

    assert redactor.may_stand_in(text.encode())

    assert masked.startswith("before ")
    assert masked.count("***") == 2
    assert "3c4d" not in masked
    assert said.strip('"') not in masked


def test_the_pair_of_http_basic_is_masked_but_not_the_user_name() -> None:
    pair = base64.b64encode(f"patricia:{KEY}".encode()).decode()

    masked = Redactor(BASIC, "token", values(name="password")).clean(f"Basic {pair} of patricia")

    assert masked == "Basic *** of patricia"


def test_what_is_short_is_left_for_it_could_stand_there_by_chance() -> None:
    text = "a quick brown fox"

    assert Redactor(make_connector(), "token", values("quick")).clean(text) == text


def test_json_in_another_encoding_is_looked_at_too() -> None:
    redactor = Redactor(make_connector(), "token", values())

    assert redactor.may_stand_in(json.dumps({"sent": KEY}).encode("utf-16"))


PLACED = make_connector(
    NOTES_YAML.replace(
        '{method: api_key, headers: {Authorization: "Bearer {credential.token}"}}',
        """
    method: fields
    fields: {token: {title: T, kind: secret}, pin: {title: P, kind: secret}}
    headers: {Authorization: "Bearer {credential.token}", X-Pin: "pin={credential.pin}"}
    by_server: {api: {basic: {username: patricia, password: "{credential.pin}"}}}
    by_credential:
      user: {headers: {X-User: "user-pin={credential.pin}"}, basic: {username: u, password: "{credential.token}"}}
""",
    )
)


@pytest.mark.parametrize(
    "said",
    [
        base64.b64encode(b"patricia:12345").decode(),  # of `by_server`
        base64.b64encode(f"u:{KEY}".encode()).decode(),  # of `by_name`
        "user-pin=12345",
        "pin=12345",
    ],
)
def test_a_credential_is_masked_as_any_server_or_name_sends_it(said: str) -> None:
    secrets = {"token": SecretStr(KEY), "pin": SecretStr("12345")}
    redactor = Redactor(PLACED, "token", Values({}, {}, secrets))

    assert redactor.clean(f"sent {said}!") == "sent ***!"


def test_a_named_credential_that_the_connection_lacks_is_passed_over() -> None:
    redactor = Redactor(PLACED, "token", values())

    assert redactor.clean(f"sent {KEY}") == "sent ***"


PEM_LINES = ("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj", "q7H2hPMFw2p0PzV0aPq9GhZ3Lx8=")
PEM = f"-----BEGIN PRIVATE KEY-----\n{PEM_LINES[0]}\n{PEM_LINES[1]}\n-----END PRIVATE KEY-----\n"
ACCOUNT = {
    "type": "service_account",
    "private_key_id": "5d0c2b7a91",
    "private_key": PEM,
    "client_email": "robot@project.example",
    "token_uri": "https://oauth2.example/token",
    "appAuth": [{"clientSecret": "b0x-s3cret-value"}],
}


@pytest.mark.parametrize("file", [json.dumps(ACCOUNT), json.dumps(ACCOUNT, indent=2), f" {json.dumps(ACCOUNT)}\n"])
@pytest.mark.parametrize("part", [PEM, *PEM_LINES, "".join(PEM_LINES), "b0x-s3cret-value", json.dumps(PEM)[1:-1]])
def test_what_is_secret_in_a_key_file_is_masked_by_itself(file: str, part: str) -> None:
    masked = Redactor(BASIC, "token", values(file.strip(), "password")).clean(f"sent <{part}>!")

    assert masked == "sent <***>!"


@pytest.mark.parametrize("part", [*PEM_LINES, PEM])
def test_the_lines_of_a_key_in_pem_are_masked_by_themselves(part: str) -> None:
    assert Redactor(BASIC, "token", values(PEM, "password")).clean(f"sent <{part}>!") == "sent <***>!"


def test_addresses_and_names_in_a_key_file_are_no_secrets() -> None:
    said = "robot@project.example 5d0c2b7a91 https://oauth2.example/token service_account"

    assert Redactor(BASIC, "token", values(json.dumps(ACCOUNT), "password")).clean(said) == said
