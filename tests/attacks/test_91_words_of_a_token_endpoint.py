"""Attack 91 at the sign-in: who gives tokens, or takes them, repeats what tokens are got with; nobody is shown it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote, urlencode

import pytest
from starlette.responses import JSONResponse
from tests.attacks.lying_issuer import CLIENT_SECRET as OF_ISSUER
from tests.attacks.lying_issuer import door
from tests.attacks.lying_server import Answer, Heard, LyingServer, query_of, says
from tests.attacks.signing_in import CLIENT, P_YAML, Scene, scene
from tests.web.browsing import Browser, Page

from connectory.auth.backend import Entry, Form
from connectory.errors import ConnectoryError

SECRET = "typed-here/0001+key"
OURS = CLIENT["P_CLIENT_SECRET"]
TYPED_YAML = P_YAML.replace(
    """    method: oauth2
    title: Sign in with Pea
    issuer: "https://p.example"
""",
    """    method: client_credentials
    fields: {client_id: {title: Id}, client_secret: {title: Secret, kind: secret}}
    facts: {team: {token: team}}
    token_url: https://p.example/token
    client_authentication: client_secret_post
""",
)
TOKEN = {"access_token": "at-good-0000001", "token_type": "Bearer", "expires_in": 3600}
REPEATS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in an address": lambda secret: quote(secret, safe=""),
    "in base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "with its id": lambda secret: base64.b64encode(f"our-client:{secret}".encode()).decode(),
    "in hex": lambda secret: secret.encode().hex(),
    "at the cut": lambda secret: "x" * 290 + secret,
}


def refusing(part: str) -> Answer:
    """A token endpoint that says no, and repeats a part of what it was sent."""

    def answer(heard: Heard) -> JSONResponse:
        told = heard.headers["authorization"].partition(" ")[2] if part == "basic" else heard.form[part]
        return JSONResponse({"error": "invalid_grant", "error_description": f"bad: {told}"}, 400)

    return answer


def is_clean(page: Page, *secrets: str) -> bool:
    """Whether the page says what it was told, without these."""
    return "It says:" in page.text and not any(one[:12] in page.html for one in secrets)


async def type_in(s: Scene, browser: Browser) -> Page:
    """Enter the client on the connect page."""
    page = await browser.open(await s.link())
    form = next(one for one in page.forms if one.fields.get("method") == "oauth")
    answer = await browser.send(form, **{"value.client_id": "our-client", "value.client_secret": SECRET})
    return Page(answer) if answer.status_code != 303 else await browser.open(answer.headers["location"])


@pytest.mark.parametrize("part", ["client_secret", "code", "code_verifier", "basic"])
async def test_attack_91_what_a_code_was_sent_with_is_not_shown(part: str) -> None:
    proof = "basic" if part == "basic" else "post"
    yaml = P_YAML.replace("    issuer:", f"    client_authentication: client_secret_{proof}\n    issuer:")
    async with scene(yaml, server=LyingServer(answers={"/token": refusing(part)})) as s, s.browser() as browser:
        page = await s.problem(browser, await s.follow(browser, await s.back_from(browser, await s.link())))
        [asked] = s.server.token_requests
        sent = asked.headers["authorization"][6:] if part == "basic" else asked.form[part]
        told = await s.face.call(s.token, "connect", connector="p")

    assert is_clean(page, sent)
    assert sent[:12] not in told.text


@pytest.mark.parametrize("name", REPEATS)
@pytest.mark.parametrize("place", ["error", "error_description"])
async def test_attack_91_the_callbacks_words_do_not_show_the_clients_secret(name: str, place: str) -> None:
    told = {"error": "x", "error_description": "no", place: REPEATS[name](OURS)}
    async with scene() as s, s.browser() as browser:
        back = await s.back_from(browser, await s.link())
        query = "&".join(f"{key}={quote(value, safe='')}" for key, value in told.items())
        url = f"{back.partition('?')[0]}?state={query_of(back)['state']}&{query}"
        page = await s.problem(browser, await s.follow(browser, url))

    assert is_clean(page, OURS, REPEATS[name](OURS).lstrip("x"))


@pytest.mark.parametrize("name", REPEATS)
@pytest.mark.parametrize("place", ["error", "error_description"])
async def test_attack_91_a_typed_secret_is_not_shown_by_who_refuses_it(name: str, place: str) -> None:
    body = {"error": "invalid_client", "error_description": "no", place: REPEATS[name](SECRET)}
    async with scene(TYPED_YAML, server=LyingServer(answers={"/token": says(body, 400)})) as s, s.browser() as browser:
        page = await type_in(s, browser)
        told = await s.face.call(s.token, "connect", connector="p")

    assert is_clean(page, SECRET, REPEATS[name](SECRET).lstrip("x"))
    assert SECRET not in told.text


async def test_attack_91_a_typed_secret_is_not_shown_by_who_takes_it() -> None:
    echo = {"id": SECRET, "name": f"pat {SECRET}", "deep": [{SECRET: base64.b64encode(SECRET.encode()).decode()}]}
    answers = {"/token": says({**TOKEN, "team": SECRET}), "/me": says(echo), "/things": says([echo])}
    async with scene(TYPED_YAML, server=LyingServer(answers=answers)) as s, s.browser() as browser:
        page = await type_in(s, browser)
        result = await s.face.call(s.token, "p_list_things")
        [(_, grant)] = await s.connections()

    assert "is connected" in page.text
    assert grant.facts["team"] == "***"
    assert "***" in result.text
    for text in (page.html, result.text, repr(grant)):
        assert SECRET not in text
        assert base64.b64encode(SECRET.encode()).decode().rstrip("=") not in text


@pytest.mark.parametrize("code", ["invalid_scope", "odd"])
async def test_attack_91_a_renewal_that_is_refused_shows_no_typed_secret(code: str) -> None:
    server = LyingServer(answers={"/token": says(TOKEN)})
    async with scene(TYPED_YAML, server=server) as s, s.browser() as browser:
        await type_in(s, browser)
        s.clock.ahead = timedelta(hours=2)
        server.answers["/token"] = says({"error": code, "error_description": f"no: {SECRET}"}, 400)
        with pytest.raises(ConnectoryError) as refusal:
            await s.face.application.gateway.call_action(s.principal, "p_list_things", {})

    assert "no: ***" in str(refusal.value)
    assert SECRET not in f"{refusal.value} {refusal.value.hint}"


async def test_attack_91_who_gives_device_codes_does_not_show_the_clients_secret() -> None:
    server = LyingServer(lies={"device_authorization_endpoint": "https://p.example/device"})
    server.answers["/device"] = says({"error": OURS, "error_description": f"no: {OURS}"}, 400)
    async with scene(server=server) as s:
        session = await s.face.application.auth.connect(s.principal, "p")
        step = await s.face.application.auth.sign_in.submit(session, "b", Entry("oauth", {}, device=True))

    assert isinstance(step, Form)
    assert "It says: no: ***" in step.problems[0].message
    assert OURS not in repr(step)


@pytest.mark.parametrize("place", ["error", "error_description"])
async def test_attack_91_the_issuers_words_do_not_show_the_clients_secret(place: str) -> None:
    async with door() as d, d.browser() as browser:
        told = {"state": query_of(await d.leave(browser))["state"], "error": "x", "error_description": "no"}
        query = urlencode({**told, place: OF_ISSUER})
        problem = await d.problem(browser, await d.come_back(browser, f"/signin/oidc/callback?{query}"))

    assert "It says:" in problem
    assert OF_ISSUER[:12] not in problem


async def test_attack_91_an_answer_does_not_show_what_renews_the_tokens() -> None:
    refresh = "rt-1-of-the-lying-server"
    async with scene(server=LyingServer(answers={"/things": says([{"id": refresh}])})) as s, s.browser() as browser:
        await s.connected(browser)
        result = await s.face.call(s.token, "p_list_things")

    assert "***" in result.text
    assert refresh not in result.text
