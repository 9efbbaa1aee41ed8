"""Fleet mode: whoever opens a page signs in first, and sees their own pages only."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from tests.vault.rows import Clock
from tests.web.browsing import (
    FLEET,
    Browser,
    Page,
    make_token,
    make_web,
    open_signed_in,
    owner_of,
    services_of,
    sign_in,
    sign_out,
    token_of,
)

from connectory.testing.application import make_application, make_principal, make_settings
from connectory.vault.entities import Role
from connectory.vault.tables import web_sessions
from connectory.web.app import create_web_app
from connectory.web.signin import safe_target
from connectory.wiring import Application

ORIGIN = FLEET["APP_URL"]
COOKIE = "__Host-connectory-session"


async def link_for(application: Application, user: str = "ann", workspace: str = "default") -> str:
    await make_principal(application, workspace, "boss")
    principal = await make_principal(application, workspace, user, Role.MEMBER)
    return application.auth.link_url(await application.auth.connect(principal, "notes"))


async def test_a_token_opens_the_page_of_its_own_person() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, ORIGIN) as browser:
        link = await link_for(application)
        before = await browser.open(link)
        assert before.status == 401
        assert "Sign in" in before.text
        assert "Notes" not in before.text
        page = await sign_in(browser, link, await make_token(application, await owner_of(application, link)))
        assert page.status == 200
        assert "Connect Notes" in page.text
        done = await browser.submit(page.forms[-1], token="s3cret")
        assert "Notes is connected" in done.text


async def test_the_session_cookie_is_private_and_a_random_id_of_which_the_hash_is_stored() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, ORIGIN) as browser:
        link = await link_for(application)
        token = await make_token(application, await owner_of(application, link))
        answer = await browser.send((await browser.open(link)).forms[0], token=f"  {token}\n")
        assert answer.status_code == 303
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"{COOKIE}=")
        flags = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert flags == {"httponly", "secure", "samesite=lax", "path=/", "max-age=43200"}
        value = cookie.split(";")[0].partition("=")[2]
        rows = await application.vault.database.rows(sa.select(web_sessions))
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", value)  # 256 random bits
    assert len(rows) == 1
    assert not {value, token} & set(map(str, rows[0]))


async def test_a_wrong_token_is_said_so_and_not_repeated() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, ORIGIN) as browser:
        link = await link_for(application)
        form = (await browser.open(link)).forms[0]
        for token in ("", "wrong-one", "cny_" + "x" * 43, "x" * 5000):
            answer = await browser.send(form, token=token)
            assert answer.status_code == 422
            assert "not valid" in answer.text
            assert not token or token not in answer.text
            assert "set-cookie" not in answer.headers
        assert (await browser.open(link)).status == 401


async def test_another_persons_page_is_as_unknown_as_none() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, ORIGIN) as browser:
        own = await link_for(application, "ann")
        colleague = await link_for(application, "bob")
        stranger = await link_for(application, "eve", "other")
        await sign_in(browser, own, await make_token(application, await owner_of(application, own)))
        unknown = await browser.open(f"{ORIGIN}/connect/{'x' * 43}")
        assert unknown.status == 404
        for link in (colleague, stranger, f"{stranger}/done"):
            page = await browser.open(link)
            assert (page.status, page.html) == (404, unknown.html)
        for link in (colleague, stranger):
            answer = await browser.post(f"/connect/{token_of(link)}", {"method": "token", "value.token": "x"})
            assert (answer.status_code, answer.text) == (404, unknown.html)
            session = await application.vault.sessions.by_link(token_of(link))
            assert session is not None
            assert session.browser_hash is None


async def test_a_token_opens_pages_of_its_own_workspace_alone() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, ORIGIN) as browser:
        own = await link_for(application, "ann")
        ann = await owner_of(application, own)
        other = await application.vault.workspaces.create("other", "Other", owner=ann.user_id)
        elsewhere = replace(ann, workspace_id=other.id, role=Role.OWNER)
        link = application.auth.link_url(await application.auth.connect(elsewhere, "notes"))
        await sign_in(browser, own, await make_token(application, ann))
        assert (await browser.open(link)).status == 404


async def test_nobody_posts_without_a_sign_in() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, ORIGIN) as browser:
        link = await link_for(application)
        answer = await browser.post(f"/connect/{token_of(link)}", {"method": "token", "value.token": "s3cret"})
        assert answer.status_code == 401
        principal = await owner_of(application, link)
        assert await application.auth.list_connections(principal) == []


async def status_with(browser: Browser, link: str, cookie: str) -> int:
    """What a browser that keeps no cookie of its own gets with this one."""
    browser.client.cookies.clear()
    answer = await browser.client.get(f"/connect/{token_of(link)}", headers={"Cookie": f"{COOKIE}={cookie}"})
    return answer.status_code


def cookie_of(browser: Browser) -> str:
    return next(value for name, value in browser.client.cookies.items() if name == COOKIE)


async def test_a_copy_of_the_cookie_opens_nothing_after_signing_out() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, ORIGIN) as browser, Browser(app, ORIGIN) as thief:
        link = await link_for(application)
        token = await make_token(application, await owner_of(application, link))
        page = await sign_in(browser, link, token)
        copied = cookie_of(browser)
        assert await status_with(thief, link, copied) == 200
        await browser.send(page.forms[0])
        assert await status_with(thief, link, copied) == 401
        await sign_in(browser, link, token)  # signing in again revives no old session
        assert await status_with(thief, link, copied) == 401


async def test_signing_in_anew_ends_the_session_before_and_no_other() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, ORIGIN) as browser, Browser(app, ORIGIN) as other:
        link = await link_for(application)
        token = await make_token(application, await owner_of(application, link))
        await sign_in(browser, link, token)
        await sign_in(other, link, token)
        before = cookie_of(browser)
        await browser.post("/signin", {"token": token, "next": "/"})
        assert (await browser.open(link)).status == (await other.open(link)).status == 200
        assert await status_with(browser, link, before) == 401


async def test_a_revoked_token_a_lost_role_and_a_sign_out_end_the_session_at_once() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, ORIGIN) as browser:
        link = await link_for(application)
        principal = await owner_of(application, link)
        page = await sign_in(browser, link, await make_token(application, principal))
        assert page.forms[0].action == "/signout"
        out = await browser.send(page.forms[0])
        assert out.headers["location"] == "/signin"
        assert (await browser.open(link)).status == 401

        await sign_in(browser, link, await make_token(application, principal))
        for token in await application.tokens.list(principal):
            await application.tokens.revoke(principal, token.id)
        assert (await browser.open(link)).status == 401

        await sign_in(browser, link, await make_token(application, principal))
        await application.vault.workspaces.remove_member(principal.workspace_id, principal.user_id)
        assert (await browser.open(link)).status == 401


async def test_a_session_ends_after_twelve_hours_whatever_the_browser_keeps() -> None:
    time = datetime.now(UTC)
    async with make_application(settings=make_settings(**FLEET), now=lambda: time) as application:
        app = create_web_app(services_of(application))
        async with Browser(app, ORIGIN) as browser:
            link = await link_for(application)
            await sign_in(browser, link, await make_token(application, await owner_of(application, link)))
            session = cookie_of(browser)
            time += timedelta(hours=11)
            link = application.auth.link_url(
                await application.auth.connect(await owner_of(application, link), "notes", alias="later")
            )
            assert await status_with(browser, link, session) == 200
            time += timedelta(hours=1)
            assert await status_with(browser, link, session) == 401


async def test_a_session_ends_with_its_token() -> None:
    time = datetime.now(UTC)
    async with make_application(settings=make_settings(**FLEET), now=lambda: time) as application:
        app = create_web_app(services_of(application))
        async with Browser(app, ORIGIN) as browser:
            link = await link_for(application)
            owner = await owner_of(application, link)
            _, token = await application.tokens.create(owner, "short", expires_in=timedelta(minutes=5))
            await sign_in(browser, link, token)
            assert (await browser.open(link)).status == 200
            time += timedelta(minutes=5)
            assert (await browser.open(link)).status == 401


async def test_a_changed_or_foreign_cookie_opens_nothing() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, ORIGIN) as browser:
        link = await link_for(application)
        await sign_in(browser, link, await make_token(application, await owner_of(application, link)))
        good = cookie_of(browser)
        (row,) = await application.vault.database.rows(sa.select(web_sessions))
        for value in (good[:-6] + "AAAAAA", good[:40], "", "!", "x" * 9000, row.id_hash, "x" * 43, good + "A"):
            assert await status_with(browser, link, value) == 401
        assert await status_with(browser, link, good) == 200


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://evil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
        "https://app@evil.example",
        "/%0d%0aLocation:x",
        "/connect/../../evil",
        "/connect/x\n",
        "/connect//evil.example",
        "/connect/x?y",
        "/workspaces/default?next=//evil.example",
        "/workspaces/default?x=%2f%2Fevil.example",
        "/workspaces/default?x=%0d%0aLocation:x",
        "/workspaces/default?x=\\evil",
        "/workspaces/default?x?y",
        "/workspaces/default?x#y",
        "/workspaces/default?x\n",
        "//workspaces/default?x",
        "/signout",
        "",
    ],
)
def test_only_our_own_pages_are_a_target(target: str) -> None:
    assert safe_target(target) == "/"


ACTIVITY = "/workspaces/default/activity"


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (f"{ACTIVITY}?action=notes_%2A&outcome=refused", f"{ACTIVITY}?action=notes_%2A&outcome=refused"),
        (f"{ACTIVITY}?action=%C3%A4+b", f"{ACTIVITY}?action=%C3%A4+b"),
        (f"{ACTIVITY}?next=//evil.example", ACTIVITY),
        (f"{ACTIVITY}?next=%2F%2Fevil.example", ACTIVITY),
    ],
)
async def test_a_page_with_filters_is_come_back_to(asked: str, wanted: str) -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        token = await make_token(application, await make_principal(application))
        form = (await browser.open(asked)).forms[-1]
        answer = await browser.send(form, token=token)
    assert (form.fields["next"], answer.headers["location"]) == (wanted, wanted)


@pytest.mark.parametrize(
    ("referer", "wanted"),
    [
        ("http://localhost:8765/workspaces/default/settings/tokens", "/workspaces/default/settings/tokens"),
        (f"http://localhost:8765{ACTIVITY}?outcome=ok", f"{ACTIVITY}?outcome=ok"),
        ("http://localhost:8765/workspaces/default/connect", "/"),  # a page shown for a post
        ("http://localhost:8765/signout", "/"),
        (f"http://evil.example{ACTIVITY}", "/"),
        (f"http://localhost:8765@evil.example{ACTIVITY}", "/"),
        (f"http://localhost:8765/{ACTIVITY}", "/"),
        ("http://localhost:8765//evil.example", "/"),
        ("http://[", "/"),
        ("", "/"),
    ],
)
async def test_a_form_sent_too_late_leads_back_to_the_page_it_stood_on(referer: str, wanted: str) -> None:
    """Its own path takes no GET: "There is no such page" was what people saw after they had signed in."""
    async with make_web() as (application, app), Browser(app) as browser:
        token = await make_token(application, await make_principal(application))
        browser.client.headers["Referer"] = referer
        late = await browser.post("/workspaces/default/connections/cn_x/rename", {"alias": "work"})
        form = Page(late).forms[-1]
        answer = await browser.send(form, token=token)
        led_to = await browser.client.get(answer.headers["location"], follow_redirects=True)
    assert (late.status_code, form.fields["next"]) == (401, wanted)
    assert (answer.headers["location"], led_to.status_code) == (wanted, 200)


async def test_what_was_sent_after_the_session_ended_is_said_to_be_undone() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        await make_principal(application)
        late = Page(await browser.post("/workspaces/default/connect", {"connector": "notes"}))
        asked = await browser.open("/workspaces/default/connectors")
    assert "You were signed out; nothing was done. Sign in, then repeat it." in late.text
    assert "signed out" not in asked.text  # whoever just comes was perhaps never signed in


@pytest.mark.parametrize(("because", "said"), [("ended", "signed out meanwhile"), ("sent", "nothing was done")])
async def test_a_script_that_finds_the_session_ended_asks_to_sign_in_and_leads_back(because: str, said: str) -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        page = await browser.open(f"/signin?because={because}&next=/workspaces/default/activity%3Foutcome=ok")
        evil = await browser.open(f"/signin?because={because}&next=//evil.example")
        token = await make_token(application, await make_principal(application))
        answer = await browser.send(page.forms[-1], token=token)
        again = await browser.client.get(f"/signin?because={because}&next=/workspaces/default/activity")
    assert said in page.text
    assert evil.forms[-1].fields["next"] == "/"
    assert answer.headers["location"] == "/workspaces/default/activity?outcome=ok"
    assert (again.status_code, again.headers["location"]) == (303, "/workspaces/default/activity")


async def test_a_sign_in_leads_to_our_own_pages_only() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, ORIGIN) as browser:
        token = await make_token(application, await make_principal(application))
        for target, place in (("//evil.example", "/"), ("/confirm/abc", "/confirm/abc")):
            answer = await browser.post("/signin", {"token": token, "next": target})
            assert (answer.status_code, answer.headers["location"]) == (303, place)


async def test_a_link_of_this_machine_opens_the_pages_once() -> None:
    async with make_web() as (application, app), Browser(app) as browser, Browser(app) as second:
        principal = await make_principal(application)
        secret = await application.web_sessions.make_link(principal, timedelta(minutes=1))

        answer = await browser.client.get(f"/open/{secret}")

        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "max-age=43200" in answer.headers["set-cookie"].lower()
        assert (await browser.client.get("/")).headers["location"] == "/workspaces/default/connectors"
        reopened = await browser.client.get(f"/open/{secret}")
        assert (reopened.status_code, reopened.headers["location"]) == (303, "/")
        again = await second.open(f"/open/{secret}")
        assert (again.status, "used already" in again.text) == (410, True)
        assert (await second.open("/workspaces/default/connectors")).status == 401


async def test_a_link_of_this_machine_ends_by_itself() -> None:
    clock = Clock()
    async with make_web(now=clock) as (application, app), Browser(app) as browser:
        secret = await application.web_sessions.make_link(await make_principal(application), timedelta(minutes=1))
        clock.advance(minutes=2)

        assert (await browser.open(f"/open/{secret}")).status == 410
        assert "set-cookie" not in (await browser.client.get("/")).headers


async def test_a_session_of_a_link_ends_with_the_membership_and_after_twelve_hours() -> None:
    clock = Clock()
    async with make_web(now=clock) as (application, app), Browser(app) as first, Browser(app) as second:
        ann, bob = await make_principal(application), await make_principal(application, user="bob", role=Role.MEMBER)
        page = "/workspaces/default/connectors"
        assert (await open_signed_in(application, first, ann, page)).status != 401
        assert (await open_signed_in(application, second, bob, page)).status != 401

        await application.vault.workspaces.remove_member(bob.workspace_id, bob.user_id)
        assert (await second.open(page)).status == 401
        clock.advance(hours=13)
        assert (await first.open(page)).status == 401


async def test_in_local_mode_the_sign_in_says_which_command_opens_the_pages() -> None:
    async with make_web() as (_, app), Browser(app) as browser:
        page = await browser.open("/workspaces/default/connectors")
    assert page.status == 401
    assert "connectory open" in page.text


async def test_a_link_is_spent_by_being_opened_and_not_by_a_look_where_it_leads() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        secret = await application.web_sessions.make_link(await make_principal(application), timedelta(minutes=1))

        assert "set-cookie" not in (await browser.client.head(f"/open/{secret}")).headers

        assert (await browser.client.get(f"/open/{secret}")).status_code == 303


async def test_signing_in_and_out_is_on_record() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        await open_signed_in(application, browser, principal)
        await sign_out(browser)
        await application.audit.flush()

        lines = await application.vault.audit.list(principal.workspace_id)

        assert [(line.action, line.outcome, line.argument_names) for line in lines] == [
            ("web_sign_out", "ok", ()),
            ("web_sign_in", "ok", ("link",)),
        ]


async def test_nobody_is_signed_out_by_another_page() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        await open_signed_in(application, browser, await make_principal(application))
        for fields in ({"x": ""}, {"csrf": ""}, {"csrf": "0" * 64}):
            assert (await browser.post("/signout", fields)).status_code == 403
        assert (await browser.client.get("/")).status_code == 303


async def test_a_program_is_told_in_json() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, ORIGIN) as browser:
        link = await link_for(application)
        answer = await browser.client.get(f"/connect/{token_of(link)}", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthenticated")
