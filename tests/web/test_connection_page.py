"""A connection's page: how it is, and what can be done about it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from tests.gateway.test_changes_on_record import lines_of
from tests.gateway.windows import early_in_a_minute
from tests.web.browsing import Browser, form_to, make_web, open_signed_in
from tests.web.one_connection import scene

from connectory.errors import PolicyDenied
from connectory.testing.application import connect, make_principal
from connectory.testing.provider import answers
from connectory.vault.entities import GrantStatus, PolicyEffect, Role
from connectory.web.links import path_of
from connectory.web.meanings import meaning_of


async def test_the_page_says_what_there_is_to_know() -> None:
    async with scene() as it:
        page = await it.open()
    assert page.status == 200
    for words in (
        "Notes default", "Works", "Account user-s3cre", "Signed in by API key, kept here", "For you alone",
        "It may read write", "Requests go to https://api.notes.example", "Connected just now", "Create a note",
    ):  # fmt: skip
        assert words in page.text, words
    assert "s3cret-token" not in page.html


async def test_testing_says_whether_the_service_takes_the_sign_in() -> None:
    async with scene() as it:
        good = await it.press("/test")
        assert "notes/default works: the service takes its sign-in. It is the account of user-s3cre." in good.text
        assert 'class="quiet" id="reconnect"' in good.html
        it.provider.is_revoked = True
        bad = await it.press("/test")
        await it.application.audit.flush()
        calls = (await it.open()).text.partition("Recent calls")[2]
    assert "notes/default does not work: Notes did not accept the credentials (401). Reconnect it to use it" in bad.text
    assert "Test a sign-in" in calls


async def test_a_sign_in_that_its_test_is_refused_for_is_shown_as_what_it_is() -> None:
    async with scene() as it:
        it.provider.is_revoked = True
        page = await it.press("/test")
        assert '<span class="state bad">' in page.html
        assert '<span class="state good">Works' not in page.html
        assert 'class="" id="reconnect"' in page.html  # the one to press


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (500, "Notes has a problem of its own (500). Try again in a while."),
        (503, "Notes has a problem of its own (503). Try again in a while."),
        (429, "Notes wants fewer requests (429). Try again in a while."),
        (403, "Notes does not allow this account to do that (403)."),
    ],
)
async def test_a_service_that_cannot_say_leaves_the_sign_in_as_it_is(status: int, words: str) -> None:
    async with scene() as it:
        it.provider.own_answer = answers(status)
        page = await it.press("/test")
        [(_, grant)] = await it.application.auth.list_connections(it.principal)
    assert f"notes/default could not be tested: {words}" in page.text
    assert "does not work" not in page.text
    assert 'class="quiet" id="reconnect"' in page.html
    assert grant.status is GrantStatus.ACTIVE


async def test_a_test_in_place_says_the_same_and_has_the_state_asked_for_anew() -> None:
    async with scene() as it:
        form = await it.form("/test")
        headers = {"HX-Request": "true", "Origin": it.browser.origin, "Sec-Fetch-Site": "same-origin"}
        good = await it.browser.client.post(f"{it.path}/test", data=form.fields, headers=headers)
        it.provider.is_revoked = True
        bad = await it.browser.client.post(f"{it.path}/test", data=form.fields, headers=headers)
    assert (good.status_code, "<html" in good.text, "HX-Trigger" in good.headers) == (200, False, False)
    assert "does not work" in bad.text
    assert bad.headers["HX-Trigger"] == "changed"


async def test_what_came_of_a_form_is_said_once_and_sent_by_no_reload() -> None:
    async with scene() as it:
        form = replace(await it.form("/test"), action=f"{it.path}/test")
        answer = await it.browser.send(form)
        assert (answer.status_code, answer.headers["location"]) == (303, it.path)
        headers = {"HX-Request": "true"}
        assert "notes/default works" not in (await it.browser.client.get(it.path, headers=headers)).text
        assert "notes/default works" in (await it.open()).text
        assert "notes/default works" not in (await it.open()).text


@pytest.mark.parametrize("below", ["/test", "/reconnect", "/rename"])
async def test_a_browser_that_is_led_back_to_a_form_s_address_comes_to_the_connection(below: str) -> None:
    async with scene() as it:
        answer = await it.browser.client.get(f"{it.path}{below}")
    assert (answer.status_code, answer.headers["location"]) == (303, it.path)


async def test_reconnecting_leads_to_the_connect_page_and_never_shows_the_key() -> None:
    async with scene() as it:
        page = await it.press("/reconnect")
        assert "Renew the sign-in of Notes" in page.text
        assert "s3cret-token" not in page.html
        done = await it.browser.submit(page.forms[-1], token="other-token", account_change_confirmed="yes")
        assert "Notes is connected" in done.text
        assert len(await it.application.auth.list_connections(it.principal)) == 1


@pytest.mark.parametrize("has_other_browser", [False, True])
async def test_reconnecting_takes_an_open_link_unless_another_browser_has_it(*, has_other_browser: bool) -> None:
    async with scene() as it:
        session = await it.application.auth.connect(it.principal, "notes", alias="default")
        if has_other_browser:
            await it.application.vault.sessions.bind(session.id, "a" * 64, until=session.expires_at)
        before = len(await lines_of(it.application, it.principal))
        form = replace(await it.form("/reconnect"), action=f"{it.path}/reconnect")
        answer = await it.browser.send(form)
        lines = (await lines_of(it.application, it.principal))[before:]
    assert answer.headers["location"].startswith("/connect/")
    assert (answer.headers["location"] == path_of(session)) is not has_other_browser
    assert [(line.action, line.outcome) for line in lines] == [("connect", "ok")]


async def test_a_connection_is_renamed() -> None:
    async with scene() as it:
        page = await it.press("/rename", alias="work")
    assert page.status == 200
    assert "It is called notes/work now." in page.text
    assert page.forms[form_to(page, "/rename")].fields["alias"] == "work"


@pytest.mark.parametrize(
    ("alias", "problem"),
    [("Not good", "This alias cannot be used."), ("x" * 33, "This alias cannot be used."), ("taken", "notes/taken")],
)
async def test_a_name_that_cannot_be_taken_is_marked_and_stays(alias: str, problem: str) -> None:
    async with scene() as it:
        await connect(it.application, it.principal, alias="taken", token="other")
        page = await it.press("/rename", alias=alias)
        field = page.forms[form_to(page, "/rename")].inputs["alias"]
        plain = (await it.open()).forms[form_to(page, "/rename")].inputs["alias"]
    assert "Nothing was done: see the marked field." in page.text
    assert problem in page.html.partition('id="alias-problem"')[2].partition("</div>")[0]
    assert (field["value"], field["aria-invalid"], field["aria-describedby"]) == (
        alias,
        "true",
        "alias-problem alias-help",
    )
    assert "maxlength" not in field  # a name that was pasted is not cut without a word
    assert (plain["value"], "aria-invalid" in plain) == ("default", False)


async def test_why_a_call_was_refused_is_said_in_a_sentence() -> None:
    async with scene() as it:
        await it.application.policies.add(it.principal, PolicyEffect.DENY, ["notes_list_notes"])
        with pytest.raises(PolicyDenied):
            await it.application.gateway.call_action(it.principal, "notes_list_notes", {"book": "b"})
        await it.application.audit.flush()
        page = await it.open()
    assert f"Refused {meaning_of('policy_denied')}" in page.text
    assert meaning_of("policy_denied").endswith(".")
    assert meaning_of("no_such_code") == ""


async def test_renaming_is_offered_to_whoever_may_rename_whatever_a_policy_says_of_connecting() -> None:
    async with scene() as it:
        await it.application.policies.add(it.principal, PolicyEffect.DENY, ["connect"])
        page = await it.open()
        assert ("Reconnect" in page.text, "New name of the account here" in page.text) == (False, True)
        assert "notes/work" in (await it.press("/rename", alias="work")).text
    async with scene(shared=True) as it:
        bob = await make_principal(it.application, user="bob", role=Role.MEMBER)
        page = await open_signed_in(it.application, it.browser, bob, it.path)
        assert (page.status, "New name of the account here" in page.text) == (200, False)


async def test_disconnecting_asks_first() -> None:
    async with scene() as it:
        question = await it.open("/disconnect")
        assert "Disconnect Notes? Your assistant loses the connection notes/default to the account" in question.text
        assert "Its key is deleted here; delete it at Notes too if nobody else uses it." in question.text
        assert "told to forget" not in question.text
        assert len(await it.application.auth.list_connections(it.principal)) == 1
        answer = await it.browser.send(question.forms[-1])
        gone = "/workspaces/default/connectors?disconnected=notes&revocation=not_supported"
        assert answer.headers["location"] == gone
        page = await it.browser.open(gone)
        assert "Notes was not told: if it was a key, a person may delete it there too." in page.text
        assert await it.application.auth.list_connections(it.principal) == []
        assert (await it.open()).status == 404


@pytest.mark.parametrize(
    ("revocation", "words", "is_bad"),
    [
        ("kept", "Another connection still uses the same sign-in.", False),
        ("revoked", "Notes was told to forget the sign-in too.", False),
        ("deleted", "Notes itself was not told", False),
        ("failed", "Notes could not be told: a person should remove the access there.", True),
    ],
)
async def test_what_became_of_the_sign_in_at_the_service_is_said(revocation: str, words: str, *, is_bad: bool) -> None:
    async with scene() as it:
        page = await it.browser.open(f"/workspaces/default/connectors?disconnected=notes&revocation={revocation}")
        assert words in page.text
        assert ('<div class="problem" role="alert">' in page.html) is is_bad


@pytest.mark.parametrize(
    ("query", "words"),
    [("disconnected=Call+0900&revocation=failed", "The service could not be told"), ("revocation=Call+0900", None)],
)
async def test_an_address_that_anybody_can_write_puts_no_words_on_the_page(query: str, words: str | None) -> None:
    async with scene() as it:
        page = await it.browser.open(f"/workspaces/default/connectors?{query}")
        assert "Call 0900" not in page.text
        assert words in page.text if words is not None else "stored credentials are deleted" not in page.text


async def test_a_policy_that_wants_a_yes_before_disconnecting_is_kept() -> None:
    async with scene() as it:
        await it.application.policies.add(it.principal, PolicyEffect.CONFIRM, ["disconnect"])
        question = await it.open("/disconnect")
        page = await it.browser.submit(question.forms[-1])
        assert page.status == 422
        link = next(link["href"] for link in page.links if link["href"].startswith("/confirm/"))
        assert len(await it.application.auth.list_connections(it.principal)) == 1
        decided = await it.browser.submit((await it.browser.open(link)).forms[-1], answer="yes")
        back = await it.browser.open(decided.links[-1]["href"])
        await it.browser.submit(back.forms[-1])
        assert await it.application.auth.list_connections(it.principal) == []


@pytest.mark.parametrize("below", ["/test", "/reconnect", "/rename", "/disconnect", "/try?action=notes_create_note"])
async def test_nothing_is_taken_without_the_session_s_own_form(below: str) -> None:
    async with scene() as it:
        for fields in ({}, {"csrf": "x" * 64}):
            more = {"alias": "b", "meant": "yes", "value.book": "b", "value.title": "t"}
            answer = await it.browser.post(f"{it.path}{below}", {**more, **fields})
            assert answer.status_code == 403
        assert it.provider.requests == []
        [(connection, _)] = await it.application.auth.list_connections(it.principal)
    assert connection.name == "notes/default"


async def test_another_s_connection_is_as_unknown_as_none() -> None:
    async with scene() as it:
        bob = await make_principal(it.application, user="bob", role=Role.OWNER)
        eve = await make_principal(it.application, "other", "eve")
        his = await connect(it.application, bob, token="bobs-token")
        hers = await connect(it.application, eve, token="eves-token")
        csrf = (await it.form("/test")).fields["csrf"]
        for below in ("", "/disconnect", "/try?action=notes_list_notes"):
            said = [
                (await it.browser.open(f"/workspaces/default/connections/{one}{below}")).html.replace(one, "ID")
                for one in (his.id, hers.id, "cn_" + "a" * 26)
            ]
            assert said[0] == said[1] == said[2]
            assert "This connection was removed." in said[0]
        for below in ("/test", "/reconnect", "/rename", "/disconnect", "/try?action=notes_list_notes"):
            for one in (his.id, hers.id):
                path = f"/workspaces/default/connections/{one}{below}"
                answer = await it.browser.post(path, {"csrf": csrf, "alias": "mine", "value.book": "b"})
                assert answer.status_code == 404
        home = await it.browser.open("/workspaces/default/connectors")
        assert "bobs-" not in home.html
        assert it.provider.requests == []
        assert len(await it.application.auth.list_connections(bob)) == 1


async def test_a_viewer_reads_through_a_shared_connection_and_changes_nothing() -> None:
    async with scene(shared=True) as it:
        viewer = await make_principal(it.application, user="vera", role=Role.VIEWER)
        page = await open_signed_in(it.application, it.browser, viewer, it.path)
        assert "List notes" in page.text
        assert "Create a note" not in page.text
        assert not re.search("reconnect|/disconnect|/rename", page.html)
        assert (await it.open("/try?action=notes_create_note")).status == 404
        read = await it.browser.submit(await it.try_form("notes_list_notes"), book="b")
    assert "First" in read.text


async def test_a_test_that_is_one_call_too_many_says_so_and_nothing_of_the_sign_in() -> None:
    async with make_web({"CONNECTORY_CALLS_PER_MINUTE": "1"}) as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        path = f"/workspaces/default/connections/{(await connect(application, principal)).id}"
        page = await open_signed_in(application, browser, principal, path)
        form = next(form for form in page.forms if form.action.endswith("/test"))
        await early_in_a_minute()
        assert "notes/default works" in (await browser.submit(form)).text
        page = await browser.submit(form)
        assert "notes/default was not tested. This user has used up 1 calls per minute." in page.text
        assert "does not work" not in page.text
