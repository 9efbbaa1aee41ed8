"""The page of one's own sessions: the browsers that are signed in, and signing them out, one or all others."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.attacks.lying_issuer import door
from tests.attacks.test_76_event_stream import all_events, opened
from tests.vault.rows import Clock
from tests.web.browsing import FLEET, Browser, forms_to, make_web, open_signed_in
from tests.web.settings import ROOT

from connectory.identity.principal import Principal
from connectory.testing.application import make_principal
from connectory.vault.entities import PolicyEffect, Role
from connectory.web import live
from connectory.wiring import Application

PAGE = f"{ROOT}/sessions"
ORIGIN = FLEET["APP_URL"]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


async def sign_outs(application: Application, principal: Principal) -> list[tuple[str, str | None]]:
    """Outcome and token of each line, the newest first."""
    await application.audit.flush()
    lines = await application.vault.audit.list(principal.workspace_id, action="web_sign_out")
    return [(line.outcome, line.token_id) for line in lines]


async def test_the_browsers_that_are_signed_in_are_shown_and_this_one_is_marked() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, ORIGIN) as browser, Browser(app, ORIGIN) as other:
        ann, bob = await make_principal(application), await make_principal(application, user="bob")
        _, secret = await application.tokens.create(ann, "laptop", expires_in=timedelta(hours=2, minutes=1))
        browser.client.headers["User-Agent"] = FIREFOX
        await other.post("/signin", {"token": secret, "next": "/"})
        await application.web_sessions.start_for(bob.workspace_id, bob.user_id, timedelta(hours=12))
        page = await open_signed_in(application, browser, ann, PAGE)
        mine, others = "by a sign-in link ( connectory open )", "with the API token “laptop”"
        assert f"Firefox on Linux (this one) signed in {mine} just now just now in 12 hours" in page.text
        assert f"An unknown browser signed in {others} just now just now in 2 hours" in page.text
        assert len(forms_to(page, "/end")) == 1  # the other one of hers, and none of Bob's
        ids = [*browser.client.cookies.values(), *other.client.cookies.values()]
        assert len(ids) == 2
        assert not any(one in page.html for one in ids)


async def test_one_browser_is_signed_out_and_the_others_go_on() -> None:
    async with make_web() as (application, app), Browser(app) as browser, Browser(app) as second, Browser(app) as third:
        ann = await make_principal(application)
        for one in (third, second, browser):
            page = await open_signed_in(application, one, ann, PAGE)
        assert len(forms_to(page, "/end")) == 2
        page = await browser.submit(forms_to(page, "/end")[0])
        assert "Signed out." in page.text
        assert sorted([(await second.open(PAGE)).status, (await third.open(PAGE)).status]) == [200, 401]
        assert await sign_outs(application, ann) == [("ok", None)]


async def test_all_others_are_signed_out_in_every_workspace_of_the_person_and_on_record_there() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, ORIGIN) as browser, Browser(app, ORIGIN) as other:
        ann = await make_principal(application)
        sales = await application.vault.workspaces.create("sales", "Sales", owner=ann.user_id)
        within = replace(ann, workspace_id=sales.id)
        _, secret = await application.tokens.create(ann, "laptop")
        await other.post("/signin", {"token": secret, "next": "/"})
        async with Browser(app, ORIGIN) as third:
            await open_signed_in(application, third, within, "/workspaces/sales/settings/sessions")
            page = await open_signed_in(application, browser, ann, PAGE)
            page = await browser.submit(forms_to(page, "/end-others")[0])
            assert "Signed out." in page.text
            assert "No other browser is signed in as you." in page.text
            assert (await other.open(PAGE)).status == 401
            assert (await third.open("/workspaces/sales/settings/sessions")).status == 401
        assert await sign_outs(application, ann) == [("ok", None)]
        assert await sign_outs(application, within) == [("ok", None)]


async def test_another_persons_session_is_ended_by_nobody_else() -> None:
    async with make_web() as (application, app), Browser(app) as browser, Browser(app) as theirs:
        ann, vic = await make_principal(application), await make_principal(application, user="vic", role=Role.VIEWER)
        await open_signed_in(application, theirs, vic, PAGE)
        (listed,) = await application.web_sessions.list(vic)
        session = listed.session
        page = await open_signed_in(application, browser, ann, PAGE)
        csrf = page.forms[0].fields["csrf"]
        said = [
            re.sub("[0-9a-f]{64}", "HASH", (await browser.post(f"{PAGE}/{one}/end", {"csrf": csrf})).text)
            for one in (session.id_hash, "0" * 64)
        ]
        assert said[0] == said[1]
        page = await browser.submit(replace(page.forms[0], action=f"{PAGE}/{session.id_hash}/end"))
        assert "Nobody was signed out: that was done already." in page.text
        assert (await browser.post(f"{PAGE}/end-others", {"csrf": csrf})).status_code == 303
        assert (await theirs.open(PAGE)).status == 200


@pytest.mark.parametrize("kind", ["read-only", "narrowed"])
async def test_a_token_that_may_not_change_things_signs_out_what_it_began_alone(kind: str) -> None:
    async with make_web(FLEET) as (application, app), Browser(app, ORIGIN) as browser, Browser(app, ORIGIN) as person:
        ann = await make_principal(application)
        made, secret = await application.tokens.create(ann, "agent", read_only=kind == "read-only")
        if kind == "narrowed":
            await application.policies.add(ann, PolicyEffect.DENY, ["x_*"], token=made.id)
        await open_signed_in(application, person, ann, PAGE)
        own = await application.web_sessions.start_by_token(secret, timedelta(hours=1))
        assert own is not None
        await browser.post("/signin", {"token": secret, "next": "/"})
        page = await browser.open(PAGE)
        assert "it signs out only browsers that were signed in by it" in page.text
        assert not forms_to(page, "/end-others")
        page = await browser.submit(forms_to(page, "/end")[0])
        assert await application.web_sessions.find(own) is None
        refused = await browser.post(f"{PAGE}/end-others", {"csrf": page.forms[0].fields["csrf"]})
        assert refused.status_code == 403
        assert (await person.open(PAGE)).status == 200
        assert await sign_outs(application, ann) == [("refused", made.id), ("ok", made.id)]


async def test_a_token_sees_and_ends_no_session_of_its_persons_other_workspaces() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, ORIGIN) as browser:
        ann = await make_principal(application)
        sales = await application.vault.workspaces.create("sales", "Sales", owner=ann.user_id)
        elsewhere = await application.web_sessions.start_for(sales.id, ann.user_id, timedelta(hours=1))
        here = await application.web_sessions.start_for(ann.workspace_id, ann.user_id, timedelta(hours=1))
        _, secret = await application.tokens.create(ann, "agent")
        await browser.post("/signin", {"token": secret, "next": "/"})
        page = await browser.open(PAGE)
        await browser.submit(forms_to(page, "/end-others")[0])
        assert await application.web_sessions.find(here) is None
        assert await application.web_sessions.find(elsewhere) is not None


async def test_the_live_page_of_a_browser_that_is_signed_out_hears_so() -> None:
    async with opened() as o:
        ann = await make_principal(o.application)
        stream = await o.listen(await o.client(ann))
        id_hashes = [one.session.id_hash for one in await o.application.web_sessions.list(ann)]
        _, heard = await asyncio.gather(o.application.web_sessions.end_listed(ann, id_hashes), all_events(stream))
        assert heard[-1] == live.ENDED


async def test_who_signed_in_at_an_issuer_reads_so() -> None:
    async with door() as d, d.browser() as browser:
        await d.sign_in(browser, "/workspaces/acme/connectors")
        page = await browser.open(f"{d.origin}/workspaces/acme/settings/sessions")
        assert "signed in at login.example just now" in page.text


async def test_nothing_of_what_a_browser_says_of_itself_is_shown_but_names_that_are_known() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        browser.client.headers["User-Agent"] = "<b>Chrome/1</b> on my Windows, key sk-12345"
        page = await open_signed_in(application, browser, await make_principal(application), PAGE)
        assert "Chrome on Windows (this one)" in page.text
        assert "12345" not in page.html


async def test_a_browser_in_use_is_seen_to_be_and_not_written_down_at_every_page() -> None:
    clock = Clock()
    async with make_web(now=clock) as (application, app), Browser(app) as browser:
        ann = await make_principal(application)
        await open_signed_in(application, browser, ann)
        for minutes, since in ((4, 0), (2, 6), (4, 6), (1, 11)):
            clock.advance(minutes=minutes)
            assert (await browser.open(PAGE)).status == 200
            (listed,) = await application.web_sessions.list(ann)
            assert listed.session.last_used_at - listed.session.created_at == timedelta(minutes=since)
