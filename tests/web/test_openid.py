"""Signing in to the pages at an issuer: the form, the way there and back, and what people read when it fails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from tests.attacks.lying_issuer import ANN, CLIENT_SECRET, Door, LyingIssuer, Moving, address_on, door
from tests.attacks.lying_server import OPENID, query_of, says
from tests.web.browsing import FLEET, Browser, Page, make_web

from connectory.identity.principal import Principal
from connectory.testing.application import make_principal
from connectory.vault.entities import Role

COOKIE = "__Host-connectory-session"
LEFT = "__Host-connectory-signin"


async def test_the_form_offers_the_issuer_by_its_name_beside_the_token() -> None:
    async with door() as d, d.browser() as browser:
        page = await browser.open(f"{d.origin}/signin")
        assert [form.action for form in page.forms] == ["/signin/oidc", "/signin"]
        assert "Sign in with login.example" in page.text
    async with door(CONNECTORY_OIDC_NAME="Acme") as d, d.browser() as browser:
        assert "Sign in with Acme" in (await browser.open(f"{d.origin}/workspaces/acme/connectors")).text


async def test_without_an_issuer_there_is_neither_button_nor_address() -> None:
    async with make_web(FLEET) as (_, app), Browser(app, FLEET["APP_URL"]) as browser:
        page = await browser.open(f"{FLEET['APP_URL']}/signin")
        assert [form.action for form in page.forms] == ["/signin"]
        assert (await browser.post("/signin/oidc", {"next": "/"})).status_code == 404


async def test_a_person_signs_in_and_comes_to_the_page_they_wanted() -> None:
    async with door() as d, d.browser() as browser:
        answer = await d.sign_in(browser, "/workspaces/acme/connectors")

        assert (answer.status_code, answer.headers["location"]) == (303, "/workspaces/acme/connectors")
        page = await browser.open(f"{d.origin}/workspaces/acme/connectors")
        assert page.status == 200
        assert "Ann" in page.text
        assert await d.role_of() is Role.MEMBER


async def test_what_goes_to_the_issuer_is_a_code_flow_with_pkce_state_and_nonce() -> None:
    async with door() as d, d.browser() as browser:
        asked = query_of(await d.leave(browser))
        again = query_of(await d.leave(browser))
        await d.come_back(browser, await d.issuer.sign_in(await d.leave(browser)))

        assert asked["response_type"] == "code"
        assert asked["redirect_uri"] == f"{d.origin}/signin/oidc/callback"
        assert asked["scope"].split() == ["openid", "profile", "email"]
        assert asked["code_challenge_method"] == "S256"
        for name in ("state", "nonce", "code_challenge"):
            assert len(asked[name]) >= 43
            assert asked[name] != again[name]
        [request] = d.issuer.token_requests
        assert len(request.form["code_verifier"]) >= 43
        assert request.headers["authorization"].startswith("Basic ")  # as no other is announced
        assert CLIENT_SECRET not in request.body.decode()


async def test_the_way_is_kept_by_the_browser_alone_sealed_and_for_one_use() -> None:
    async with door() as d, d.browser() as browser:
        page = await browser.open(f"{d.origin}/signin")
        answer = await browser.send(page.forms[0])
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"{LEFT}=")
        flags = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert flags == {"httponly", "secure", "samesite=lax", "path=/", "max-age=600"}
        address = address_on(Page(answer))
        assert query_of(address)["state"] not in cookie
        callback = await d.issuer.sign_in(address)
        first = await d.come_back(browser, callback)
        assert first.headers["location"] == "/"
        assert any(one.startswith(f'{LEFT}=""') for one in first.headers.get_list("set-cookie"))
        assert "not begun in this browser" in await d.problem(browser, await d.come_back(browser, callback))
        assert len(d.issuer.token_requests) == 1


async def test_the_page_after_the_sign_in_has_neither_code_nor_state_in_its_address() -> None:
    async with door() as d, d.browser() as browser:
        for claims in ({}, {"nonce": "another"}):
            d.issuer.claims = claims
            answer = await d.sign_in(browser)
            assert answer.status_code == 303
            assert "?" not in answer.headers["location"]
            assert answer.headers["referrer-policy"] == "no-referrer"


async def test_a_session_lasts_twelve_hours() -> None:
    time = Moving()
    async with door(LyingIssuer(now=time), now=time) as d, d.browser() as browser:
        answer = await d.sign_in(browser)
        session = next(one for one in answer.headers.get_list("set-cookie") if one.startswith(COOKIE))
        assert "Max-Age=43200" in session
        time.at += timedelta(hours=11, minutes=59)
        assert (await browser.open(f"{d.origin}/workspaces/acme/connectors")).status == 200
        time.at += timedelta(minutes=1)
        assert (await browser.open(f"{d.origin}/workspaces/acme/connectors")).status == 401


async def test_a_lost_group_ends_the_session_at_the_next_sign_in_wherever_it_is() -> None:
    async with door() as d, d.browser() as browser, d.browser() as elsewhere:
        await d.sign_in(browser)
        d.issuer.person["groups"] = []
        text = await d.problem(elsewhere, await d.sign_in(elsewhere))
        assert "You signed in as ann@example.org, but nobody has let you into a workspace here." in text
        assert "Ask an owner of the workspace" in text
        assert (await browser.open(f"{d.origin}/workspaces/acme/connectors")).status == 401
        assert await d.role_of() is None


async def test_a_refused_sign_in_is_on_record_where_its_user_belonged() -> None:
    async with door() as d, d.browser() as browser:
        await d.sign_in(browser)
        person = await principal_in(d.application.vault, "acme")
        d.issuer.person["groups"] = []
        await d.sign_in(browser)

        assert await on_record(d, person) == [("refused", "role_denied"), ("ok", None)]

    async with door(roles="*:acme:viewer") as d, d.browser() as browser:
        await d.sign_in(browser)
        person = await principal_in(d.application.vault, "acme")
        d.issuer.person = {**ANN, "sub": "another account with her address"}
        assert "another account" in await d.problem(browser, await d.sign_in(browser))

        assert await on_record(d, person) == [("refused", "already_exists"), ("ok", None)]


async def on_record(d: Door, person: Principal) -> list[tuple[str, str | None]]:
    """Outcome and code of the person's sign-ins, the newest first."""
    await d.application.audit.flush()
    lines = await d.application.vault.audit.list(person.workspace_id, user_id=person.user_id, action="web_sign_in")
    return [(line.outcome, line.code) for line in lines]


async def test_of_somebody_whom_nobody_has_let_in_the_log_tells_without_name_or_address() -> None:
    async with door() as d, d.browser() as browser:
        d.issuer.person = {**ANN, "sub": "stranger-9", "groups": ["others"]}
        with capture_logs() as told:
            await d.problem(browser, await d.sign_in(browser))
        (line,) = [one for one in told if one["log_level"] == "warning"]
        assert (line["code"], line["issuer"], line["subject"]) == ("role_denied", d.issuer.origin, "stranger-9")
        assert "whom nobody has let in" in line["event"]
        assert not any(word in str(told) for word in ("Ann", "ann@example.org", "others"))


async def test_of_an_address_that_another_account_has_here_the_log_tells_so() -> None:
    async with door(roles="*:acme:viewer") as d, d.browser() as browser:
        await d.sign_in(browser)
        person = await principal_in(d.application.vault, "acme")
        await d.application.vault.workspaces.remove_member(person.workspace_id, person.user_id)
        d.issuer.person = {**ANN, "sub": "another-9"}
        with capture_logs() as told:
            assert "another account" in await d.problem(browser, await d.sign_in(browser))
        (line,) = [one for one in told if one["log_level"] == "warning"]
        assert (line["code"], line["subject"]) == ("already_exists", "another-9")
        assert line["event"].endswith("by the address of a user who has another account there")


async def test_the_connect_page_takes_the_same_sign_in_in_whichever_workspace_it_is_for() -> None:
    async with door(roles="engineering:acme:member, engineering:zoo:member") as d:
        await make_principal(d.application, "zoo", "keeper")
        async with d.browser() as browser:
            await d.sign_in(browser)
            for slug in ("acme", "zoo"):
                person = await principal_in(d.application.vault, slug)
                link = d.application.auth.link_url(await d.application.auth.connect(person, "notes"))
                assert (await browser.open(link)).status == 200
                async with d.browser() as other:
                    back = await d.sign_in(other, link.removeprefix(d.origin))
                    assert f"{d.origin}{back.headers['location']}" == link
                    assert "Connect Notes" in (await other.open(link)).text
            d.issuer.person = {**ANN, "sub": "8", "email": "eve@example.org", "name": "Eve"}
            async with d.browser() as stranger:
                await d.sign_in(stranger)
                assert (await stranger.open(link)).status == 404


async def principal_in(vault: object, slug: str) -> Principal:
    """Ann in one of her workspaces."""
    store = vault.workspaces  # type: ignore[attr-defined] # a vault
    [user], workspace = await store.find_users("ann@example.org"), await store.by_slug(slug)
    return Principal(workspace.id, user.id, Role.MEMBER)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"error": "access_denied"}, "You did not sign in at login.example, or may not use this server there."),
        ({"error": "invalid_scope", "error_description": "<b>no</b>"}, "(invalid_scope). It says: <b>no</b>"),
        ({"error": "temporarily_unavailable"}, "Sign in again from here."),
        ({}, "sent you back without a result"),
    ],
)
async def test_what_the_issuer_refuses_is_said_in_plain_words(sent: Mapping[str, str], told: str) -> None:
    async with door() as d, d.browser() as browser:
        state = query_of(await d.leave(browser))["state"]
        query = "&".join(f"{name}={value}" for name, value in {"state": state, **sent}.items())
        answer = await d.come_back(browser, f"/signin/oidc/callback?{query}")
        assert told in await d.problem(browser, answer)
        page = await browser.open(f"{d.origin}/signin/oidc")
        assert "<b>no" not in page.html
        assert d.issuer.token_requests == []


async def test_an_issuer_that_is_down_or_broken_is_said_on_the_form() -> None:
    async with door() as d, d.browser() as browser:
        d.issuer.answers[OPENID] = says({}, 500)
        page = await browser.open(f"{d.origin}/signin")
        answer = Page(await browser.send(page.forms[0]))
        assert answer.status == 502
        assert "does not say where one signs in" in answer.text
        assert answer.forms[0].action == "/signin/oidc"
        d.issuer.answers.pop(OPENID)
        d.issuer.answers["/token"] = says({}, 503)
        told = await d.problem(browser, await d.sign_in(browser))
        assert "could not give a token now (status 503). Try again in a minute" in told
        d.issuer.answers.pop("/token")
        assert (await d.sign_in(browser)).headers["location"] == "/"


async def test_a_refusal_at_the_token_endpoint_repeats_no_secret() -> None:
    async with door() as d, d.browser() as browser:
        words = f"Basic connectory:{CLIENT_SECRET} is wrong"
        d.issuer.answers["/token"] = says({"error": "invalid_client", "error_description": words}, 401)
        told = await d.problem(browser, await d.sign_in(browser))
        assert "login.example ended the sign-in (invalid_client). Whoever runs this server" in told
        assert CLIENT_SECRET not in told


@pytest.mark.parametrize(
    ("lies", "told"),
    [
        ({"issuer": "https://login.example/"}, "to the letter"),
        ({"token_endpoint": "http://login.example/token"}, "no usable token_endpoint"),
        ({"jwks_uri": "file:///etc/passwd"}, "no usable jwks_uri"),
        ({"userinfo_endpoint": "http://127.0.0.1/"}, "no usable userinfo_endpoint"),
        ({"code_challenge_methods_supported": ["plain"]}, "PKCE with S256"),
    ],
)
async def test_a_document_is_believed_about_the_issuer_alone(lies: dict[str, object], told: str) -> None:
    async with door(LyingIssuer(lies=lies)) as d, d.browser() as browser:
        page = await browser.open(f"{d.origin}/signin")
        answer = Page(await browser.send(page.forms[0]))
        assert answer.status == 502
        assert told in answer.text


async def test_a_new_key_of_the_issuers_is_looked_for_once() -> None:
    async with door() as d, d.browser() as browser:
        await d.sign_in(browser)
        await d.sign_in(browser)
        assert len(d.issuer.asked("/jwks")) == 1
        d.issuer.algorithm = "ES256"  # the issuer has changed keys
        assert (await d.sign_in(browser)).headers["location"] == "/"
        assert len(d.issuer.asked("/jwks")) == 2
        d.issuer.keys = []
        d.issuer.algorithm = "EdDSA"
        assert "signed by no key" in await d.problem(browser, await d.sign_in(browser))
        assert len(d.issuer.asked("/jwks")) == 3


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"])
async def test_each_way_to_sign_that_is_taken_works(algorithm: str) -> None:
    async with door(LyingIssuer(algorithm=algorithm)) as d, d.browser() as browser:
        assert (await d.sign_in(browser)).headers["location"] == "/"


async def test_userinfo_is_asked_only_for_what_the_id_token_leaves_out() -> None:
    async with door() as d, d.browser() as browser:
        d.issuer.claims = {name: ANN[name] for name in ("email", "email_verified", "groups")}
        await d.sign_in(browser)
        assert d.issuer.asked("/userinfo") == []
        d.issuer.claims = {"groups": ["engineering"]}
        await d.sign_in(browser)
        assert len(d.issuer.asked("/userinfo")) == 1
        d.issuer.person = {**ANN, "sub": "8"}
        d.issuer.claims = {"sub": "7"}
        assert "two different people" in await d.problem(browser, await d.sign_in(browser))


async def test_groups_may_stand_deeper_or_under_the_name_of_an_address() -> None:
    for claim, said in (
        ("realm_access.roles", {"realm_access": {"roles": ["engineering", 7]}}),
        ("https://acme.example/groups", {"https://acme.example/groups": "engineering"}),
    ):
        async with door(CONNECTORY_OIDC_GROUPS_CLAIM=claim) as d, d.browser() as browser:
            d.issuer.claims = {"email": "ann@example.org", "email_verified": True, **said}
            assert (await d.sign_in(browser)).headers["location"] == "/"
            assert await d.role_of() is Role.MEMBER


@pytest.mark.parametrize("verified", [False, None, "true", 1])
async def test_an_address_that_is_not_proven_finds_nobody(verified: object) -> None:
    async with door(roles="") as d, d.browser() as browser:
        boss = (await d.application.vault.workspaces.find_users("boss"))[0]
        acme = await d.application.vault.workspaces.by_slug("acme")
        assert acme is not None
        await d.application.vault.workspaces.create_user("ann", "ann@example.org", member_of=(acme.id, Role.OWNER))
        d.issuer.person = {**ANN, "email_verified": verified}
        text = await d.problem(browser, await d.sign_in(browser))
        assert "nobody has let you" in text
        assert "ann@example.org" not in text
        assert boss.email is None
        d.issuer.person = dict(ANN)
        assert (await d.sign_in(browser)).headers["location"] == "/"


async def test_no_secret_of_a_sign_in_stands_in_the_database_or_on_a_page() -> None:
    async with door() as d, d.browser() as browser:
        await d.sign_in(browser)
        [request] = d.issuer.token_requests
        secrets = [request.form["code"], request.form["code_verifier"], "at-1-of-the-lying-server", CLIENT_SECRET]
        page = await browser.open(f"{d.origin}/workspaces/acme/connectors")
        rows = json.dumps(await dump(d.application.vault.database), default=str)
    assert not [secret for secret in secrets if secret in page.html or secret in rows]


async def dump(database: object) -> dict[str, list[str]]:
    import sqlalchemy as sa

    from connectory.vault.tables import metadata

    return {
        table.name: list(map(repr, await database.rows(sa.select(table))))  # type: ignore[attr-defined] # a database
        for table in metadata.sorted_tables
    }
