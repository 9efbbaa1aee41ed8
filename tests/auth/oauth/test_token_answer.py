"""Token answers as providers send them: where they leave RFC 6749 they are understood, or refused in plain words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from connectory.auth.oauth.token_answer import (
    LONGEST_LIFE_S,
    LONGEST_TOKEN,
    TokenSet,
    error_of,
    parse_answer,
    read_tokens,
    split_scopes,
)
from connectory.catalog.manifest import TokenAnswer
from connectory.errors import UnexpectedResponse

SENT_AT = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SKEWED = "Thu, 01 Jan 2026 11:00:00 GMT"  # the provider's clock is an hour behind ours
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
PLAIN = TokenAnswer.model_validate({})


def read(answer: dict[str, Any], *, date: str | None = None, old: str | None = None, **spec: Any) -> TokenSet:
    return read_tokens(
        TokenAnswer.model_validate(spec),
        {"access_token": "at", **answer},
        sent_at=SENT_AT,
        date=date,
        old_refresh=SecretStr(old) if old is not None else None,
    )


@pytest.mark.parametrize(
    ("body", "kind", "found"),
    [
        ('{"access_token": "at"}', JSON, {"access_token": "at"}),
        ('{"access_token": "at"}', f"{JSON}; charset=utf-8", {"access_token": "at"}),
        ('{"access_token": "at"}', "text/plain", {"access_token": "at"}),
        ('{"access_token": "at"}', "", {"access_token": "at"}),
        ("access_token=at&scope=a%2Cb", FORM, {"access_token": "at", "scope": "a,b"}),
        ("access_token=at&expires=5", "text/plain", {"access_token": "at", "expires": "5"}),  # Facebook, once
        ("access_token=at", JSON, {"access_token": "at"}),
        ("<html><a href='?x=y'>Sign in</a></html>", "text/html", None),
        ("  <!doctype html><p class=x>", JSON, None),
        ('{"access_token": "a=b"', JSON, None),
        ('["at"]', JSON, None),
        ('"at"', JSON, None),
        ("null", JSON, None),
        ("", JSON, None),
        ("[" * 100_000, JSON, None),
        ('{"expires_in": ' + "9" * 5000 + "}", JSON, None),
    ],
)
def test_an_answer_is_json_or_a_form_and_anything_else_is_none(body: str, kind: str, found: object) -> None:
    assert parse_answer(body.encode(), kind) == found


def test_bytes_that_are_no_text_are_no_answer() -> None:
    assert parse_answer(b"\xff\xfe", JSON) is None
    assert not parse_answer(b"\xff\xfe\x00=", JSON)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"error": "invalid_grant", "error_description": "used"}, "invalid_grant"),
        ({"ok": False, "error": "invalid_code"}, "invalid_code"),  # Slack, with status 200
        ({"error": {"message": "no", "type": "OAuthException", "code": 190}}, "190"),  # Facebook
        ({"error": {"type": "invalid_request_error"}}, "invalid_request_error"),
        ({"error": {"message": "no"}}, "error"),
        ({"error": {}}, "error"),
        ({"error": "e" * 500}, "e" * 200),
        ({"error": None}, None),
        ({"error": ""}, None),
        ({"error": False}, None),
        ({"error": 0}, None),
        ({"access_token": "at"}, None),
    ],
)
def test_an_error_is_found_in_whatever_shape(answer: dict[str, Any], code: str | None) -> None:
    assert error_of(PLAIN, answer) == code


def test_an_error_stands_where_the_manifest_says() -> None:
    spec = TokenAnswer.model_validate({"error": "errors[0].code"})

    assert error_of(spec, {"errors": [{"code": "expired"}]}) == "expired"
    assert error_of(spec, {"access_token": "at"}) is None


@pytest.mark.parametrize(
    ("given_in", "date", "life_s"),
    [
        (3600, None, 3600.0),
        (3600, SKEWED, 3600.0),  # a lifetime counts by our clock alone
        (3599.5, None, 3599.5),
        ("3600", None, 3600.0),
        (" 3600 ", None, 3600.0),
        ("2026-01-01T13:00:00Z", None, 3600.0),
        ("2026-01-01T13:00:00+00:00", None, 3600.0),
        ("2026-01-01T15:00:00+02:00", None, 3600.0),
        ("2026-01-01T13:00:00", None, 3600.0),
        ("2026-01-01T12:00:00Z", SKEWED, 3600.0),  # their twelve is our one
        ("2026-01-01T13:00:00Z", "Thu, 01 Jan 2026 13:30:00 GMT", None),  # it is over by their clock
        ("2026-01-01T13:00:00Z", "yesterday", 3600.0),
        ("2026-01-01T13:00:00Z", "Thu, 01 Jan 2026 11:00:00", 3600.0),
        ("2026-01-01T13:00:00Z", "Thu, 01 Jan 99999999999999999999 12:00:00 GMT", 3600.0),
        ("2026-01-01T13:00:00Z", "Thu, 01 Jan 2026 12:00:00 +99999999999999", 3600.0),
        ("9999-12-31T23:59:59-23:59", None, LONGEST_LIFE_S),
        ("0001-01-01T00:00:00+23:59", None, None),
        ("soon", None, None),
        ("", None, None),
        (0, None, None),
        ("0", None, None),
        (-1, None, None),
        ("-3600", None, None),
        (10**12, None, LONGEST_LIFE_S),
        (10**400, None, None),
        ("1e400", None, None),
        (float("nan"), None, None),
        ("NaN", None, None),
        (float("inf"), None, None),
        ("-Infinity", None, None),
        (True, None, None),
        (None, None, None),
        ([3600], None, None),
        ({"seconds": 3600}, None, None),
    ],
)
def test_when_a_token_ends_is_read_in_every_way_that_it_is_told(
    given_in: object, date: str | None, life_s: float | None
) -> None:
    tokens = read({"expires_in": given_in}, date=date).tokens

    assert tokens.lifetime_s == life_s
    assert tokens.expires_at == (None if life_s is None else SENT_AT + timedelta(seconds=life_s))


def test_json_may_hold_numbers_that_are_none() -> None:
    answer = parse_answer(b'{"access_token": "at", "expires_in": NaN}', JSON)

    assert answer is not None
    assert read(answer).tokens.expires_at is None


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=4))
def test_whatever_stands_there_a_time_comes_out_or_none(given_in: object) -> None:
    tokens = read({"expires_in": given_in}).tokens

    assert tokens.lifetime_s is None or 0 < tokens.lifetime_s <= LONGEST_LIFE_S


@given(st.text())
def test_whatever_the_date_is_a_good_answer_is_read(date: str) -> None:
    assert read({"expires_in": "2026-01-01T13:00:00Z"}, date=date).tokens.access_token == SecretStr("at")


@pytest.mark.parametrize(
    ("scope", "scopes"),
    [
        ("read write", ("read", "write")),
        ("read,write", ("read", "write")),  # GitHub
        ("read, write  read", ("read", "write")),
        (["read", "write", "read", "", 5, None], ("read", "write")),
        ([], ()),
        ("", ()),
        (None, None),
        (5, None),
        ({"read": True}, None),
    ],
)
def test_scopes_are_a_text_or_a_list_and_none_where_they_are_not_told(scope: object, scopes: object) -> None:
    assert read({"scope": scope}).scopes == scopes
    assert read({}).scopes is None


def test_scopes_are_split_by_spaces_and_commas() -> None:
    assert split_scopes(" a,b  c\n,a ") == ("a", "b", "c")


@pytest.mark.parametrize("kind", ["mac", "MAC", "DPoP", "pop"])
def test_a_token_that_a_request_must_prove_is_refused(kind: str) -> None:
    with pytest.raises(UnexpectedResponse) as refusal:
        read({"token_type": kind})

    assert "RFC 6750" in refusal.value.hint


@pytest.mark.parametrize(
    ("kind", "stored"),
    [("Bearer", "Bearer"), ("bearer", "bearer"), ("bot", "bot"), (None, "Bearer"), ("", "Bearer"), (["x"], "Bearer")],
)
def test_any_other_kind_is_sent_as_the_manifest_says(kind: object, stored: str) -> None:
    assert read({"token_type": kind}).tokens.token_type == stored


@pytest.mark.parametrize(
    "token", [None, "", 5, ["at"], {"token": "at"}, "a b", "a\nb", "a\r\nX: y", "a\x00", "a" * (LONGEST_TOKEN + 1)]
)
def test_an_answer_without_a_token_that_can_be_sent_is_refused_and_shows_nothing_of_it(token: object) -> None:
    with pytest.raises(UnexpectedResponse) as refusal:
        read({"access_token": token, "refresh_token": "s3cret-rt"})

    assert refusal.value.hint
    assert "s3cret" not in f"{refusal.value!r} {refusal.value.text}"


def test_the_longest_token_is_taken() -> None:
    assert read({"access_token": "a" * LONGEST_TOKEN}).tokens.access_token.get_secret_value() == "a" * LONGEST_TOKEN


@pytest.mark.parametrize(
    ("answer", "old", "kept"),
    [
        ({"refresh_token": "rt-2"}, "rt-1", "rt-2"),
        ({}, "rt-1", "rt-1"),  # section 6: the old one stays
        ({"refresh_token": None}, "rt-1", "rt-1"),
        ({"refresh_token": ""}, "rt-1", "rt-1"),
        ({}, None, None),
    ],
)
def test_a_refresh_token_stays_until_another_comes(answer: dict[str, Any], old: str | None, kept: str | None) -> None:
    tokens = read(answer, old=old).tokens

    assert (tokens.refresh_token.get_secret_value() if tokens.refresh_token else None) == kept


def test_every_part_stands_where_the_manifest_says() -> None:
    answer = {
        "access_token": "xoxb",
        "authed_user": {"access_token": "xoxp", "scope": "chat"},
        "data": {"refresh": "rt", "ends": "2026-01-01T13:00:00Z", "rights": ["a"]},
    }
    got = read(
        answer,
        refresh_token="data.refresh",
        expires_in="data.ends",
        scope="data.rights",
        further={"user_token": "authed_user.access_token", "none": "authed_user.nothing"},
    )

    assert got.tokens.refresh_token == SecretStr("rt")
    assert got.tokens.lifetime_s == 3600
    assert got.scopes == ("a",)
    assert got.tokens.further == {"user_token": SecretStr("xoxp")}


def test_neither_tokens_nor_answer_are_shown() -> None:
    got = read({"access_token": "s3cret-at", "refresh_token": "s3cret-rt", "id_token": "s3cret-id"})

    assert "s3cret" not in repr(got)
    assert "s3cret" not in json.dumps(got.tokens.model_dump(mode="json"))
