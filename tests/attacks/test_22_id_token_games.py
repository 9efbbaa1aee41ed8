"""22. ID token games: a proof counts only if the issuer itself made it, for us, and for this very sign-in."""

from __future__ import annotations

import base64
import functools
import hmac
import json
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest
import sqlalchemy as sa
from joserfc.errors import SecurityWarning
from joserfc.jwk import RSAKey
from starlette.responses import JSONResponse
from tests.attacks.lying_issuer import (
    CLIENT_SECRET,
    Door,
    LyingIssuer,
    Make,
    Moving,
    door,
    key_of,
    public,
    signed,
)
from tests.attacks.lying_server import query_of
from tests.web.browsing import Browser

from connectory.vault.clock import utc_now
from connectory.vault.tables import metadata

OURS = cast("RSAKey", key_of("RS256"))
THEIRS = key_of("RS256", "the attacker's")
PUBLIC_PEM = OURS.as_bytes(encoding="PEM", private=False)
NOW = int(utc_now().timestamp())
EVIL_KEYS = "https://evil.example/jwks"

NO_ALGORITHM = "not signed in a way that is taken"
NO_SIGNATURE = "its signature is not right"
NO_TOKEN = "it is no ID token"


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unsigned(algorithm: Any) -> Make:
    """No signature at all, and a header that says so."""
    return lambda header, claims: f"{part({**header, 'alg': algorithm})}.{part(claims)}."


def by_secret(secret: bytes, **header: Any) -> Make:
    """HMAC with something that everybody knows, or both sides do."""

    def make(given: dict[str, Any], claims: dict[str, Any]) -> str:
        text = f"{part({**given, 'alg': 'HS256', **header})}.{part(claims)}"
        return f"{text}.{part(hmac.digest(secret, text.encode(), 'sha256'))}"

    return make


def posing_as_rs256(given: dict[str, Any], claims: dict[str, Any]) -> str:
    """HMAC by the public key, under a header that says RS256."""
    text = f"{part(given)}.{part(claims)}"
    return f"{text}.{part(hmac.digest(PUBLIC_PEM, text.encode(), 'sha256'))}"


def by_attacker(**header: Any) -> Make:
    """Signed by the attacker's own key."""
    return lambda given, claims: signed({**given, "kid": THEIRS.kid, **header}, claims, THEIRS)


def changed(given: dict[str, Any], claims: dict[str, Any]) -> str:
    """The issuer's own token, with another subject put into it."""
    head, _, signature = signed(given, claims, OURS).split(".")
    return f"{head}.{part({**claims, 'sub': 'boss'})}.{signature}"


def cut(given: dict[str, Any], claims: dict[str, Any]) -> str:
    return signed(given, claims, OURS).rpartition(".")[0] + "."


@dataclass(frozen=True)
class Game:
    """What the issuer, or whoever stands in its place, sends; and the reason for which it is refused."""

    reason: str
    make: Make | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    keys: list[dict[str, Any]] | None = None
    lies: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"


@functools.cache
def weak() -> RSAKey:
    """A key that can be broken, under the id of the issuer's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        return RSAKey.generate_key(1024, {"kid": OURS.kid or ""})


GAMES: dict[str, Game] = {
    # the algorithm
    "alg none": Game(NO_ALGORITHM, unsigned("none")),
    "alg NONE": Game(NO_ALGORITHM, unsigned("NONE")),
    "alg nOnE": Game(NO_ALGORITHM, unsigned("nOnE")),
    "alg empty": Game(NO_ALGORITHM, unsigned("")),
    "alg null": Game(NO_ALGORITHM, unsigned(None)),
    "alg a list": Game(NO_ALGORITHM, unsigned(["RS256"])),
    "HS256 by the public key as PEM": Game(NO_ALGORITHM, by_secret(PUBLIC_PEM)),
    "HS256 by the public key as JWK": Game(NO_ALGORITHM, by_secret(json.dumps(public(OURS)).encode())),
    "HS256 by the client's secret": Game(NO_ALGORITHM, by_secret(CLIENT_SECRET.encode())),
    "HS256 by a shown secret": Game(
        NO_ALGORITHM, by_secret(b"0" * 32, kid="shared"), keys=[{"kty": "oct", "kid": "shared", "k": part(b"0" * 32)}]
    ),
    "HS256 posing as RS256": Game(NO_SIGNATURE, posing_as_rs256),
    "RS512": Game(NO_ALGORITHM, lambda given, claims: signed({**given, "alg": "RS512"}, claims, OURS)),
    "another than announced": Game(
        "another way than the provider announces",
        algorithm="ES256",
        lies={"id_token_signing_alg_values_supported": ["RS256"]},
    ),
    "none announced": Game(NO_ALGORITHM, unsigned("none"), lies={"id_token_signing_alg_values_supported": ["none"]}),
    # the key
    "jwk in the header": Game("brings its own key", by_attacker(jwk=public(THEIRS))),
    "jwk in the header, our kid": Game("brings its own key", by_attacker(jwk=public(THEIRS), kid=OURS.kid)),
    "jku in the header": Game("brings its own key", by_attacker(jku=EVIL_KEYS)),
    "x5u in the header": Game("brings its own key", by_attacker(x5u=EVIL_KEYS)),
    "x5c in the header": Game("signed by no key of the provider", by_attacker(x5c=["MIIB"])),
    "signed by another key": Game(NO_SIGNATURE, by_attacker(kid=OURS.kid)),
    "key id of nobody's": Game("signed by no key of the provider", by_attacker()),
    "key id that climbs": Game("signed by no key of the provider", by_attacker(kid="../../jwks")),
    "key id of another kind": Game("signed by no key of the provider", keys=[public(key_of("ES256"), kid=OURS.kid)]),
    "key for encryption": Game("signed by no key of the provider", keys=[public(OURS, use="enc")]),
    "key for another algorithm": Game("signed by no key of the provider", keys=[public(OURS, alg="PS256")]),
    "key that is too short": Game(
        "signed by no key of the provider",
        lambda given, claims: signed(given, claims, weak()),
        keys=[public(weak())],
    ),
    "no key id among several": Game(
        "by which of the provider's keys", header={"kid": None}, keys=[public(OURS), public(THEIRS)]
    ),
    "no keys": Game("signed by no key of the provider", keys=[]),
    # the issuer, whom it is for, which sign-in it belongs to
    "iss of another": Game("from another issuer", claims={"iss": "https://evil.example"}),
    "iss with a slash": Game("from another issuer", claims={"iss": "https://login.example/"}),
    "iss missing": Game("from another issuer", claims={"iss": None}),
    "aud of another": Game("for another application", claims={"aud": "evil"}),
    "aud that begins like ours": Game("for another application", claims={"aud": "connectory.evil"}),
    "aud missing": Game("for another application", claims={"aud": None}),
    "aud empty": Game("for another application", claims={"aud": []}),
    "aud list without us": Game("for another application", claims={"aud": ["evil", "other"]}),
    "aud list with a foreign azp": Game(
        "given to another application", claims={"aud": ["connectory", "evil"], "azp": "evil"}
    ),
    "aud list without azp": Game("given to another application", claims={"aud": ["connectory", "evil"]}),
    "azp of another": Game("given to another application", claims={"azp": "evil"}),
    "nonce of another": Game("belongs to another sign-in", claims={"nonce": "x" * 43}),
    "nonce missing": Game("belongs to another sign-in", claims={"nonce": None}),
    "nonce empty": Game("belongs to another sign-in", claims={"nonce": ""}),
    "nonce a list": Game("belongs to another sign-in", claims={"nonce": []}),
    "sub missing": Game("does not say who you are", claims={"sub": None}),
    "sub empty": Game("does not say who you are", claims={"sub": ""}),
    "sub a number": Game("does not say who you are", claims={"sub": 7}),
    "sub with a line break": Game("does not say who you are", claims={"sub": "7\n"}),
    # the time
    "expired": Game("its time is over", claims={"exp": NOW - 120}),
    "exp missing": Game("how long it is good", claims={"exp": None}),
    "exp a text": Game("how long it is good", claims={"exp": str(NOW + 300)}),
    "exp true": Game("how long it is good", claims={"exp": True}),
    "exp without end": Game("how long it is good", claims={"exp": float("inf")}),
    "exp no number": Game("how long it is good", claims={"exp": float("nan")}),
    "exp too large a number": Game("how long it is good", claims={"exp": 10**400}),
    "iat missing": Game("how long it is good", claims={"iat": None}),
    "iat tomorrow": Game("its time has not come", claims={"iat": NOW + 86_400, "exp": NOW + 90_000}),
    "iat before the sign-in": Game("older than this sign-in", claims={"iat": NOW - 3_600}),
    "nbf tomorrow": Game("its time has not come", claims={"nbf": NOW + 86_400}),
    # the form
    "changed after signing": Game(NO_SIGNATURE, changed),
    "signature cut off": Game(NO_SIGNATURE, cut),
    "crit that nobody knows": Game(NO_SIGNATURE, header={"crit": ["b64"], "b64": False}),
    "five parts": Game(NO_TOKEN, lambda given, claims: f"{signed(given, claims, OURS)}.x.y"),
    "claims that are a list": Game(NO_SIGNATURE, lambda given, _: f"{part(given)}.{part([])}.{part(b'x' * 256)}"),
    "a megabyte": Game(NO_TOKEN, claims={"more": "x" * 100_000}),
    "nothing": Game(NO_TOKEN, lambda *_: ""),
}


async def rows(d: Door) -> dict[str, list[str]]:
    database = d.application.vault.database
    return {one.name: sorted(map(repr, await database.rows(sa.select(one)))) for one in metadata.sorted_tables}


async def refused(d: Door, browser: Browser) -> tuple[str, str]:
    """Sign in, which must come to nothing: no row, no session, nothing told but why. Return that, and the token."""
    before = await rows(d)
    answer = await d.sign_in(browser)
    assert await rows(d) == before
    assert not [one for one in answer.headers.get_list("set-cookie") if "connectory-session" in one]
    told = await d.problem(browser, answer)
    assert (await browser.open(f"{d.origin}/workspaces/acme/connectors")).status == 401
    return told, d.issuer.last_token


@pytest.mark.parametrize("game", GAMES.values(), ids=GAMES)
async def test_attack_22_each_game_is_refused_by_its_reason(game: Game, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    issuer = LyingIssuer(
        make=game.make, claims=game.claims, header=game.header, keys=game.keys, lies=game.lies, algorithm=game.algorithm
    )
    async with door(issuer) as d, d.browser() as browser:
        told, token = await refused(d, browser)
    assert game.reason in told
    assert not token or token not in caplog.text
    assert {one.path for one in issuer.heard} <= {
        "/.well-known/openid-configuration", "/authorize", "/token", "/jwks",
    }  # fmt: skip


async def test_attack_22_the_same_without_a_game_signs_in() -> None:
    """Else all of them could be refused for another reason."""
    async with door() as d, d.browser() as browser:
        assert (await d.sign_in(browser)).headers["location"] == "/"
        d.issuer.header, d.issuer.claims = {"kid": None}, {"aud": ["connectory", "other"], "azp": "connectory"}
        assert (await d.sign_in(browser)).headers["location"] == "/"


@pytest.mark.parametrize("given", [{}, {"id_token": None}, {"id_token": {"sub": "7"}}, {"id_token": 7}])
async def test_attack_22_no_proof_is_no_sign_in(given: dict[str, Any]) -> None:
    async with door(LyingIssuer(token=given)) as d, d.browser() as browser:
        if not given:
            assert (await d.sign_in(browser)).headers["location"] == "/"
            return
        assert "there is none" in (await refused(d, browser))[0]


async def test_attack_22_a_proof_of_an_earlier_sign_in_is_worth_nothing() -> None:
    async with door() as d, d.browser() as browser, d.browser() as attacker:
        await d.sign_in(browser)
        stolen = d.issuer.last_token
        d.issuer.make = lambda *_: stolen
        assert "belongs to another sign-in" in (await refused(d, attacker))[0]


async def test_attack_22_keys_come_from_where_the_document_says_and_nowhere_else() -> None:
    """The attacker has keys at every place that a lazy client would look at."""
    issuer = LyingIssuer(make=by_attacker())
    theirs = JSONResponse({"keys": [public(THEIRS)]})
    for path in ("/.well-known/jwks.json", "/keys", "/certs", "/.well-known/openid-configuration/jwks"):
        issuer.answers[path] = lambda _: theirs
    async with door(issuer) as d, d.browser() as browser:
        assert "signed by no key of the provider" in (await refused(d, browser))[0]
    assert len(issuer.asked("/jwks")) == 2  # once, and once more for a key that is not known


Change = Callable[[str, Door], str]
CALLBACKS: dict[str, tuple[str, Change]] = {
    "state of nobody": ("not begun in this browser", lambda url, _: changed_query(url, state="x" * 43)),
    "state empty": ("not begun in this browser", lambda url, _: changed_query(url, state="")),
    "state missing": ("not begun in this browser", lambda url, _: changed_query(url, state=None)),
    "state twice": ("not begun in this browser", lambda url, _: f"{url}&state=x"),
    "iss of another": ("another server", lambda url, _: changed_query(url, iss="https://evil.example")),
    "iss with a slash": ("another server", lambda url, d: changed_query(url, iss=f"{d.issuer.origin}/")),
    "iss missing": ("another server", lambda url, _: changed_query(url, iss=None)),
    "code twice": ("without a result", lambda url, _: f"{url}&code=x"),
    "code empty": ("without a result", lambda url, _: changed_query(url, code="")),
}


def changed_query(url: str, **parameters: str | None) -> str:
    kept = {**query_of(url), **parameters}
    return url.partition("?")[0] + "?" + "&".join(f"{name}={one}" for name, one in kept.items() if one is not None)


@pytest.mark.parametrize(("reason", "change"), CALLBACKS.values(), ids=CALLBACKS)
async def test_attack_22_a_callback_that_is_not_the_answer_spends_no_code(reason: str, change: Change) -> None:
    issuer = LyingIssuer(lies={"authorization_response_iss_parameter_supported": True})
    async with door(issuer) as d, d.browser() as browser:
        callback = await issuer.sign_in(await d.leave(browser))
        assert reason in await d.problem(browser, await d.come_back(browser, change(callback, d)))
        assert issuer.token_requests == []


async def test_attack_22_a_callback_of_the_attackers_signs_nobody_in_elsewhere() -> None:
    """Login CSRF: the victim would work in the attacker's account. And a stolen callback needs the browser it left."""
    async with door() as d, d.browser() as attacker, d.browser() as victim:
        kept_back = await d.issuer.sign_in(await d.leave(attacker))
        assert "not begun in this browser" in await d.problem(victim, await d.come_back(victim, kept_back))
        await d.leave(victim)  # now the victim has a sign-in of their own under way
        assert "not begun in this browser" in await d.problem(victim, await d.come_back(victim, kept_back))
        assert d.issuer.token_requests == []


async def test_attack_22_what_the_browser_keeps_cannot_be_made_changed_or_kept_for_later() -> None:
    time = Moving()
    async with door(LyingIssuer(now=time), now=time) as d, d.browser() as browser:
        name = "__Host-connectory-signin"
        callback = await d.issuer.sign_in(await d.leave(browser))
        kept = browser.client.cookies[name]
        for value in (
            "",
            "x",
            kept[:-8] + "AAAAAAAA",
            kept[8:],
            part({"state": query_of(callback)["state"]}),
            "A" * 9000,
        ):
            headers = {"Cookie": f"{name}={value}", "Accept": "text/html"}
            browser.client.cookies.clear()
            answer = await browser.client.get(callback.removeprefix(d.origin), headers=headers)
            assert "not begun in this browser" in await d.problem(browser, answer)
        time.at += timedelta(minutes=10)
        headers = {"Cookie": f"{name}={kept}", "Accept": "text/html"}
        browser.client.cookies.clear()
        answer = await browser.client.get(callback.removeprefix(d.origin), headers=headers)
        assert "more than ten minutes" in await d.problem(browser, answer)
        assert d.issuer.token_requests == []
