"""Attack 40, raw requests: a header that carries credentials is refused with the way to sign in."""

import pytest

from connectory.actions.raw import RawRequest, check_raw
from connectory.errors import HeaderRefused, SecretInChat
from connectory.testing.connectors import NOTES_YAML, make_connector


@pytest.mark.parametrize(
    "header",
    [
        "Authorization",
        "AUTHORIZATION",
        "cookie",
        "X-Api-Key",
        "Proxy-Authorization",
        "X-Auth-Token",
        "Private-Token",
        "x-shopify-access-token",
    ],
)
def test_attack_40_a_credential_header_is_refused_without_repeating_it(header: str) -> None:
    with pytest.raises(SecretInChat) as refusal:
        check_raw(RawRequest("GET", "/x", headers={header: "sk_live_123"}), make_connector())

    assert "connect" in refusal.value.hint
    assert "sk_live_123" not in refusal.value.text


def test_attack_40_the_header_of_the_connection_itself_is_refused() -> None:
    connector = make_connector(NOTES_YAML.replace("Authorization:", "X-Mine:"))

    with pytest.raises(SecretInChat):
        check_raw(RawRequest("GET", "/x", headers={"x-mine": "1"}), connector)


@pytest.mark.parametrize(
    "header", ["Host", "Transfer-Encoding", "Content-Length", "Connection", "X-Forwarded-For", "X-HTTP-Method-Override"]
)
def test_attack_63_headers_that_steer_the_connection_are_refused(header: str) -> None:
    with pytest.raises(HeaderRefused):
        check_raw(RawRequest("GET", "/x", headers={header: "internal"}), make_connector())


def test_attack_40_the_query_parameter_of_the_connection_itself_is_refused() -> None:
    in_query = NOTES_YAML.replace(
        'headers: {Authorization: "Bearer {credential.token}"}', 'query: {key: "{credential.token}"}'
    )

    with pytest.raises(SecretInChat):
        check_raw(RawRequest("GET", "/x", query={"KEY": "another's"}), make_connector(in_query))
