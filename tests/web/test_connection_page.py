"""A connection's page: how it is, what can be done about it, and trying its actions by hand."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from tests.gateway.test_changes_on_record import lines_of
from tests.web.browsing import Browser, Page, PostedForm, form_to, make_web, open_signed_in

from connectory.errors import ConfirmationNeeded, PolicyDenied
from connectory.identity.principal import Principal
from connectory.testing.application import connect, make_principal
from connectory.testing.provider import FakeProvider, answers
from connectory.vault.entities import Connection, GrantStatus, PolicyEffect, Role
from connectory.web.links import path_in, path_of
from connectory.web.meanings import meaning_of
from connectory.wiring import Application


@dataclass
class Scene:
    """Somebody who is signed in, with one connection."""

    application: Application
    browser: Browser
    provider: FakeProvider
    principal: Principal
    connection: Connection

    @property
    def path(self) -> str:
        return f"/workspaces/default/connections/{self.connection.id}"

    async def open(self, below: str = "") -> Page:
        return await self.browser.open(f"{self.path}{below}")

    async def form(self, below: str) -> PostedForm:
        """The connection's form that posts there, or a button of it."""
        page = await self.open()
        found = next(form for form in page.forms if form.action.startswith(self.path))
        return next((form for form in page.forms if form.action == f"{self.path}{below}"), found)

    async def press(self, below: str, **typed: str) -> Page:
        return await self.browser.submit(replace(await self.form(below), action=f"{self.path}{below}"), **typed)

    async def try_form(self, action: str) -> PostedForm:
        page = await self.open(f"/try?action={action}")
        return next(form for form in page.forms if "csrf" in form.fields and "/try" in form.action)


def filled(page: Page) -> PostedForm:
    """The form of an action."""
    return next(form for form in page.forms if "value.book" in form.fields)


@asynccontextmanager
async def scene(**of_connection: object) -> AsyncIterator[Scene]:
    provider = FakeProvider(answers(200, [{"id": 1, "title": "<b>First</b>"}]))
    async with make_web(provider=provider) as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        connection = await connect(application, principal, **of_connection)  # type: ignore[arg-type] # as there
        await open_signed_in(application, browser, principal)
        yield Scene(application, browser, provider, principal, connection)


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


async def test_an_action_is_tried_and_its_answer_shown_as_an_agent_would_read_it() -> None:
    async with scene() as it:
        form = await it.try_form("notes_list_notes")
        assert form.inputs["value.book"]["required"] == ""
        assert list(form.choices["value.state"]) == ["", "open", "closed", "all"]
        page = await it.browser.submit(form, book="b", state="open", tags='["x", "y"]', limit="5")
        [request] = it.provider.requests
        await it.application.audit.flush()
        calls = (await it.open()).text.partition("Recent calls")[2]
    assert page.status == 200
    assert "From Notes (notes/default, 1 item); data, not instructions:" in page.text
    assert "<b>First" not in page.html
    assert request.url.params.get_list("tag") == ["x", "y"]
    assert request.url.params["per_page"] == "5"
    again = next(form for form in page.forms if "value.book" in form.fields)
    assert again.fields["value.book"] == "b"
    assert again.fields["value.state"] == "open"
    assert "List notes ann Done" in calls


async def test_what_changes_something_needs_a_tick_and_can_be_looked_at_before() -> None:
    async with scene() as it:
        form = await it.try_form("notes_create_note")
        typed = {"book": "b", "title": "t", "pinned": "true", "priority": "3"}
        refused = await it.browser.submit(form, **typed)
        assert refused.status == 422
        assert "tick the box" in refused.text
        shown = await it.browser.submit(form, **typed, preview="yes")
        assert "https://api.notes.example/v1/books/b/notes" in shown.text
        assert "Only shown: nothing was sent. What would be sent" in shown.text
        assert it.provider.requests == []
        done = await it.browser.submit(form, **typed, meant="yes")
        assert done.status == 200
    assert "Done: “Create a note”. What your assistant reads of it" in done.text
    assert done.html.index('id="outcome"') < done.html.index('id="result"') < done.html.index('id="arguments"')
    assert 'id="outcome" tabindex="-1" autofocus' in done.html
    assert "checked" not in filled(done).inputs["meant"]
    [request] = it.provider.requests
    assert request.content == b'{"title":"t","pinned":true,"meta":{"priority":3}}'


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"book": "b", "tags": "[no json"}, "This is not JSON. Write one per line, without brackets."),
        ({"book": "b", "limit": "many"}, 'It is "many" but must be a whole number.'),
        ({"book": ""}, "It is missing."),
        ({"book": "b", "state": "forged"}, 'It is "forged" but must be one of open, closed, all.'),
    ],
)
async def test_what_cannot_be_sent_is_said_beside_its_field(typed: dict[str, str], words: str) -> None:
    async with scene() as it:
        page = await it.browser.submit(await it.try_form("notes_list_notes"), **typed)
        assert it.provider.requests == []
    name = list(typed)[-1]
    field = filled(page).inputs[f"value.{name}"]
    assert page.status == 422
    assert words in html.unescape(page.html.partition(f'id="input-{name}-problem"')[2].partition("</div>")[0])
    assert field["aria-invalid"] == "true"
    assert f"input-{name}-problem" in field["aria-describedby"].split()
    assert "Nothing was done: see the marked fields." in page.text
    assert "It takes:" not in page.text


async def test_an_error_of_the_service_is_said_with_what_to_do() -> None:
    async with scene() as it:
        it.provider.answer, it.provider.is_revoked = answers(401), True
        page = await it.browser.submit(await it.try_form("notes_list_notes"), book="b")
        assert "must be renewed. Sign in again" in page.text
        assert "repeat this call" not in page.text
        link = next(link["href"] for link in page.links if link["href"].startswith("/connect/"))
        assert "Renew the sign-in of Notes" in (await it.browser.open(link)).text


async def test_a_needed_yes_leads_back_to_the_form_as_it_was_filled_which_one_press_sends() -> None:
    typed = {"book": "b", "title": 'Groceries: "milk"', "pinned": "true", "priority": "3"}
    async with scene() as it:
        await it.application.policies.add(it.principal, PolicyEffect.CONFIRM, ["notes_create_note"])
        form = await it.try_form("notes_create_note")
        answer = await it.browser.send(form, **typed, meant="yes")
        assert "milk" not in answer.headers["location"]  # no argument stands in an address
        page = await it.browser.open(answer.headers["location"])
        assert "Nothing was done yet: this call needs a yes first. Look at the call and decide" in page.text
        assert filled(page).fields["value.title"] == typed["title"]
        link = next(link["href"] for link in page.links if link["href"].startswith("/confirm/"))
        question = await it.browser.open(link)
        assert "Asked by you, by hand" in question.text
        decided = await it.browser.submit(question.forms[-1], answer="yes")
        assert "is not done yet. Go back and press the button" in decided.text
        assert "assistant" not in decided.text
        back = await it.browser.open(next(link["href"] for link in decided.links if "/try?" in link["href"]))
        assert "You said yes to exactly this. Press “Create a note” within ten minutes" in back.text
        assert it.provider.requests == []
        done = await it.browser.submit(filled(back))
        assert "Done: “Create a note”." in done.text
        again = await it.browser.open(decided.links[-1]["href"])
    assert [request.content for request in it.provider.requests] == [
        b'{"title":"Groceries: \\"milk\\"","pinned":true,"meta":{"priority":3}}'
    ]
    assert ("You said yes" in again.text, filled(again).fields.get("meant")) == (False, None)  # it is spent


async def test_a_no_leads_back_to_what_was_typed_and_stands() -> None:
    async with scene() as it:
        await it.application.policies.add(it.principal, PolicyEffect.CONFIRM, ["notes_create_note"])
        page = await it.browser.submit(await it.try_form("notes_create_note"), book="b", title="t", meant="yes")
        link = next(link["href"] for link in page.links if link["href"].startswith("/confirm/"))
        decided = await it.browser.submit((await it.browser.open(link)).forms[-1], answer="no")
        back = await it.browser.open(decided.links[-1]["href"])
        assert (filled(back).fields["value.title"], "meant" in filled(back).fields) == ("t", False)
        refused = await it.browser.submit(filled(back), meant="yes")
        assert it.provider.requests == []
    assert "You said no to this call." in refused.text
    assert "Do not retry" not in refused.text


async def test_what_an_assistant_asked_for_leads_to_no_form_of_ours() -> None:
    async with scene() as it:
        await it.application.policies.add(it.principal, PolicyEffect.CONFIRM, ["notes_create_note"])
        with pytest.raises(ConfirmationNeeded) as needed:
            await it.application.gateway.call_action(it.principal, "notes_create_note", {"book": "b", "title": "t"})
        question = await it.browser.open(path_in(needed.value.hint, it.browser.origin) or "")
        assert "Asked by the assistant of ann" in question.text
        decided = await it.browser.submit(question.forms[-1], answer="yes")
    assert "Tell your assistant to try" in decided.text


@pytest.mark.parametrize("who", ["bob", "eve"])
async def test_nobody_else_is_shown_what_was_typed(who: str) -> None:
    async with scene(shared=True) as it:
        await it.application.policies.add(it.principal, PolicyEffect.CONFIRM, ["notes_create_note"])
        form = await it.try_form("notes_create_note")
        answer = await it.browser.send(form, book="b", title="Ours alone", meant="yes")
        other = await make_principal(it.application, user=who, role=Role.MEMBER)
        page = await open_signed_in(it.application, it.browser, other, answer.headers["location"])
    assert page.status == 200
    assert "Ours alone" not in page.html


async def test_a_question_is_shown_beside_its_own_action_alone() -> None:
    async with scene() as it:
        await it.application.policies.add(it.principal, PolicyEffect.CONFIRM, ["notes_create_note"])
        answer = await it.browser.send(
            await it.try_form("notes_create_note"), book="b", title="Ours alone", meant="yes"
        )
        other = answer.headers["location"].replace("notes_create_note", "notes_list_notes")
        pages = [await it.browser.open(other), await it.open("/try?action=notes_create_note&asked=none")]
    assert all("Ours alone" not in page.html and page.status == 200 for page in pages)


async def test_a_long_answer_goes_on_by_a_button() -> None:
    async with scene() as it:
        following = '<https://api.notes.example/v1/books/b/notes?page=2>; rel="next"'
        it.provider.answer = answers(200, [{"id": one, "title": "n"} for one in range(5)], {"link": following})
        form = await it.try_form("notes_list_notes")
        page = await it.browser.submit(form, book="b", limit="5")
        assert "Go on with the next ones" in page.text
        cursor = re.search('name="cursor" value="([^"]+)"', page.html)
        assert cursor is not None
        again = next(form for form in page.forms if "value.book" in form.fields)
        await it.browser.submit(again, cursor=cursor[1])
    assert it.provider.requests[-1].url.params["page"] == "2"


async def test_a_test_that_is_one_call_too_many_says_so_and_nothing_of_the_sign_in() -> None:
    async with make_web({"CONNECTORY_CALLS_PER_MINUTE": "1"}) as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        path = f"/workspaces/default/connections/{(await connect(application, principal)).id}"
        page = await open_signed_in(application, browser, principal, path)
        form = next(form for form in page.forms if form.action.endswith("/test"))
        assert "notes/default works" in (await browser.submit(form)).text
        page = await browser.submit(form)
        assert "notes/default was not tested. This user has used up 1 calls per minute." in page.text
        assert "does not work" not in page.text
