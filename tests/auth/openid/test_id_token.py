"""What is taken of an ID token. What is not, each with its reason: tests/attacks/test_22_id_token_games.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.attacks.lying_issuer import key_of, public, signed

from connectory.auth.openid.id_token import Expected, KeyUnknown, verify_id_token
from connectory.errors import SignInFailed

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
EXPECTED = Expected("https://login.example", "connectory", "n-1", {"RS256", "ES256"}, NOW - timedelta(minutes=1), NOW)


def claims(**more: Any) -> dict[str, Any]:
    at = int(NOW.timestamp())
    honest = {
        "iss": "https://login.example", "sub": "7", "aud": "connectory", "nonce": "n-1", "iat": at, "exp": at + 300
    }  # fmt: skip
    return {**honest, **more}


def token(algorithm: str = "RS256", header: dict[str, Any] | None = None, **more: Any) -> str:
    key = key_of(algorithm)
    given = {"alg": algorithm, "kid": key.kid, **(header or {})}
    return signed({name: value for name, value in given.items() if value is not None}, claims(**more), key)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_good_token_gives_its_claims(algorithm: str) -> None:
    keys = [public(key_of("RS256")), public(key_of("ES256"))]

    assert verify_id_token(token(algorithm, name="Ann"), keys, EXPECTED)["name"] == "Ann"


@pytest.mark.parametrize(
    "more",
    [
        {"exp": int(NOW.timestamp()) - 59},
        {"iat": int(NOW.timestamp()) + 59},
        {"iat": int(NOW.timestamp()) - 119},
        {"exp": NOW.timestamp() + 0.5},
        {"nbf": int(NOW.timestamp()) + 59},
    ],
)
def test_clocks_may_differ_by_a_minute(more: dict[str, Any]) -> None:
    assert verify_id_token(token(**more), [public(key_of("RS256"))], EXPECTED)["sub"] == "7"


@pytest.mark.parametrize(
    "more",
    [{"aud": ["connectory"]}, {"azp": "connectory"}, {"aud": ["connectory", "other"], "azp": "connectory"}],
)
def test_it_may_be_for_others_too_if_it_was_given_to_us(more: dict[str, Any]) -> None:
    assert verify_id_token(token(**more), [public(key_of("RS256"))], EXPECTED)["sub"] == "7"


def test_a_header_with_a_certificate_is_nothing_special() -> None:
    given = token(header={"x5t": "x" * 27, "x5t#S256": "x" * 43, "typ": "JWT", "x5c": ["x" * 1200]})

    assert verify_id_token(given, [public(key_of("RS256"))], EXPECTED)["sub"] == "7"


def test_without_a_key_id_the_one_key_that_fits_is_taken() -> None:
    keys = [public(key_of("ES256")), public(key_of("RS256")), {"kty": "AKP", "kid": "of a kind to come"}]

    assert verify_id_token(token(header={"kid": None}), keys, EXPECTED)["sub"] == "7"


def test_a_key_that_is_not_there_may_be_fetched_anew() -> None:
    with pytest.raises(KeyUnknown):
        verify_id_token(token(), [public(key_of("ES256"))], EXPECTED)


def test_no_reason_repeats_the_token() -> None:
    given = token()
    with pytest.raises(SignInFailed) as refusal:
        verify_id_token(given, [public(key_of("RS256"))], replace(EXPECTED, nonce="n-2"))

    assert given not in refusal.value.text
    assert "n-1" not in refusal.value.text
    assert "n-2" not in f"{EXPECTED!r}{replace(EXPECTED, nonce='n-2')!r}"
