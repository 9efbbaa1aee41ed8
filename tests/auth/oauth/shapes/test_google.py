"""Google: one sign-in for a family, scopes that grow, a refresh token that comes once, service accounts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from tests.auth.oauth.shapes.double import Answer, Sent
from tests.auth.oauth.shapes.journey import asked_of, at
from tests.auth.oauth.shapes.packaged_shapes import GMAIL, MAIL

from connectory.auth.backend import Callback, Connected, Entry, Form
from connectory.errors import MissingScope, SessionExpired

SHEETS_SCOPE = "https://www.googleapis.com/auth/spreadsheets"
CALENDAR_SCOPE = "https://www.googleapis.com/auth/calendar.events"
DRIVE_SCOPE = "https://www.googleapis.com/auth/drive"
USERINFO = "https://openidconnect.googleapis.com/v1/userinfo"
ANN = {"sub": "1", "email": "ann@example.com", "email_verified": True}
ORIGIN = "https://openidconnect.googleapis.com"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def granting(scope: str, *, refresh: bool = True) -> Answer:
    body = GMAIL.answer("at-1", "rt-1")
    return Answer(200, {name: one for name, one in {**body, "scope": scope}.items() if refresh or name[:3] != "ref"})


async def test_a_connector_asks_for_its_own_scopes_and_a_later_one_adds_its_own() -> None:
    async with at(GMAIL, ORIGIN) as one:
        await one.connected("gmail")
        one.double.offer("GET", USERINFO, ANN)
        session = await one.session("google-sheets")
        url = await one.leave(session)
        pairs = one.consent(url)
        one.double.lies = granting(f"openid {MAIL}.readonly {MAIL}.send {SHEETS_SCOPE}")
        step = await one.come_back(session, pairs)
        mail, sheets = await one.grant("gmail"), await one.grant("google-sheets")

    asked = asked_of(url)[1]
    assert asked["scope"] == f"{SHEETS_SCOPE} openid email"
    assert asked["include_granted_scopes"] == "true"
    assert isinstance(step, Connected)
    assert {f"{MAIL}.send", SHEETS_SCOPE} <= set(sheets.scopes)
    assert SHEETS_SCOPE not in mail.scopes


async def test_renewing_with_more_scopes_asks_for_the_earlier_ones_too() -> None:
    async with at(GMAIL) as one:
        session = await one.session()
        pairs = one.consent(await one.leave(session, scopes=(f"{MAIL}.readonly",)))
        one.double.lies, one.double.access = granting(f"openid {MAIL}.readonly"), "at-1"
        await one.come_back(session, pairs)
        url = await one.leave(await one.session(alias="default", scopes=[f"{MAIL}.send"]))

    assert asked_of(url)[1]["scope"] == f"{MAIL}.readonly {MAIL}.send openid email"


async def test_what_the_person_unticked_at_google_is_told_before_a_call_is_sent() -> None:
    async with at(GMAIL) as one:
        session = await one.session()
        pairs = one.consent(await one.leave(session))
        one.double.lies, one.double.access = granting(f"openid {MAIL}.readonly"), "at-1"
        await one.come_back(session, pairs)
        with pytest.raises(MissingScope) as refusal:
            await one.call("gmail_send_message", to=["bo@example.com"], subject="Hi", text="Hi")
        asked = len(one.double.received)

    assert "gmail.send" in refusal.value.message
    assert asked == 2  # token and profile


async def test_the_refresh_token_of_the_first_consent_is_kept_when_a_later_one_brings_none() -> None:
    async with at(GMAIL) as one:
        first = await one.connected()
        session = await one.session(alias="default")
        pairs = one.consent(await one.leave(session))
        one.double.lies = granting(f"openid {MAIL}.readonly {MAIL}.send", refresh=False)
        again = await one.come_back(session, pairs)
        one.clock.pass_by(seconds=3599)
        tokens = await one.tokens()

    assert isinstance(again, Connected)
    assert again.connection.id == first.connection.id
    assert tokens.access_token.get_secret_value() == "at-2"
    assert one.double.sent(GMAIL.token)[-1].parameters["refresh_token"] == "rt-1"


async def test_the_callback_is_the_familys_and_counts_at_no_other() -> None:
    async with at(GMAIL) as one:
        session = await one.session()
        pairs = one.consent(await one.leave(session))
        with pytest.raises(SessionExpired):
            await one.application.auth.sign_in.complete(session, "b1", "gmail", Callback(tuple(pairs)))
        step = await one.come_back(session, pairs)

    assert one.redirect_uri.endswith("/api/auth/callback/google")
    assert isinstance(step, Connected)


async def test_the_bundle_asks_once_for_everything_that_its_members_use() -> None:
    async with at(GMAIL) as one:
        url = await one.leave(await one.session("google"))

    scopes = asked_of(url)[1]["scope"].split()
    assert {f"{MAIL}.readonly", f"{MAIL}.send", CALENDAR_SCOPE, SHEETS_SCOPE, "openid", "email"} <= set(scopes)
    assert len(scopes) == len(set(scopes)) == 13
    assert not {DRIVE_SCOPE, f"{SHEETS_SCOPE}.readonly"} & set(scopes)  # where a narrower or wider one is enough


def key_file(key: RSAKey) -> str:
    """A service account's key as Google's console gives it."""
    made = {
        "type": "service_account", "project_id": "acme", "private_key_id": "2b04b3b1",
        "private_key": key.as_pem(private=True).decode(), "client_email": "bot@acme.iam.gserviceaccount.com",
        "client_id": "1177", "token_uri": "https://evil.example/token",  # what the manifest says counts
    }  # fmt: skip
    return json.dumps(made)


@pytest.mark.parametrize("person", ["", "ann@example.com"])
async def test_a_service_account_signs_what_google_documents(person: str) -> None:
    key, asked = RSAKey.generate_key(2048), list[dict[str, str]]()

    def give(sent: Sent) -> Answer:
        asked.append(sent.parameters)
        assert sent.media == "application/x-www-form-urlencoded"
        assert "authorization" not in sent.headers
        one.double.access = f"at-{len(asked)}"
        return Answer(200, {"access_token": one.double.access, "expires_in": 3599, "token_type": "Bearer"})

    async with at(GMAIL) as one:
        one.double.routes["POST", GMAIL.token] = give
        typed = {"key": key_file(key), "person": person}
        step = await one.application.auth.sign_in.submit(await one.session(), "b1", Entry("service_account", typed))
        first_at = int(one.clock().timestamp())
        one.clock.pass_by(hours=1)
        tokens = await one.tokens()

    assert isinstance(step, Connected), step
    assert tokens.access_token.get_secret_value() == "at-2"
    assert [set(one) - {"scope"} for one in asked] == 2 * [{"grant_type", "assertion"}]
    assert {one["grant_type"] for one in asked} == {GRANT_TYPE}
    for number, sent in enumerate(asked):
        read = jwt.decode(sent["assertion"], key, algorithms=["RS256"])  # raises on another signature
        claims: dict[str, Any] = read.claims
        assert read.header == {"alg": "RS256", "typ": "JWT", "kid": "2b04b3b1"}
        assert claims.pop("iat") == first_at + number * 3600
        assert claims.pop("exp") - (first_at + number * 3600) <= 3600  # Google's longest
        claims.pop("jti", None)
        assert claims.pop("sub", "") == person
        assert set(claims.pop("scope").split()) >= {f"{MAIL}.readonly", f"{MAIL}.send"}
        assert claims == {"iss": "bot@acme.iam.gserviceaccount.com", "aud": "https://oauth2.googleapis.com/token"}


@pytest.mark.parametrize("key", ["", "{}", "no key at all", '{"private_key": "-----BEGIN PRIVATE KEY-----\\nMII\\n"}'])
async def test_what_is_no_key_is_said_and_not_repeated(key: str) -> None:
    async with at(GMAIL) as one:
        typed = {"key": key, "person": ""}
        step = await one.application.auth.sign_in.submit(await one.session(), "b1", Entry("service_account", typed))

    assert isinstance(step, Form)
    assert step.problems
    assert "MII" not in f"{step.problems!r}"
    assert one.double.received == []


async def test_a_service_account_that_is_not_delegated_is_told_googles_words() -> None:
    refusal = Answer(401, {
        "error": "unauthorized_client",
        "error_description": "Client is unauthorized to retrieve access tokens using this method.",
    })  # fmt: skip
    async with at(GMAIL) as one:
        one.double.routes["POST", GMAIL.token] = lambda _: refusal
        typed = {"key": key_file(RSAKey.generate_key(2048)), "person": "ann@example.com"}
        step = await one.application.auth.sign_in.submit(await one.session(), "b1", Entry("service_account", typed))

    assert isinstance(step, Form)
    assert "unauthorized to retrieve" in step.problems[0].message
