from __future__ import annotations

import re
from typing import Any

import pytest
from tests.web.browsing import FLEET, Browser, Page, make_token, make_web, sign_in, sign_out

from connectory.errors import ConfirmationNeeded, PolicyDenied
from connectory.identity.principal import Principal
from connectory.testing.application import connect, make_principal
from connectory.testing.provider import FakeProvider, answers
from connectory.vault.entities import PolicyEffect
from connectory.web.confirm import MOST_CHARACTERS, shown_arguments, visible
from connectory.wiring import Application

DELETE = {"book": "b1", "id": 7}


async def ask(
    application: Application, action: str = "notes_delete_note", arguments: dict[str, Any] | None = None
) -> tuple[Principal, str]:
    """A call that a policy holds back, and the link to its page."""
    principal = await make_principal(application)
    await connect(application, principal)
    await application.vault.policies.add(
        workspace_id=principal.workspace_id, effect=PolicyEffect.CONFIRM, pattern="*", user_id=None, token_id=None
    )
    return principal, await ask_again(application, principal, action, arguments)


async def ask_again(
    application: Application,
    principal: Principal,
    action: str = "notes_delete_note",
    arguments: dict[str, Any] | None = None,
) -> str:
    with pytest.raises(ConfirmationNeeded) as needed:
        await application.gateway.call_action(principal, action, arguments or DELETE)
    link = re.search(r"https?://\S+/confirm/[\w-]+", needed.value.hint)
    assert link is not None
    return link[0]


async def test_the_page_shows_the_call_the_danger_first_and_decides_nothing() -> None:
    provider = FakeProvider(answers(204))
    async with make_web(provider=provider) as (application, app), Browser(app) as browser:
        principal, link = await ask(application)
        for _ in range(2):
            page = await browser.open(link)
        assert page.status == 200
        shown = [page.text.index(word) for word in ("Destructive", "Delete a note?", "Notes", "notes/default", "book")]
        assert shown == sorted(shown)
        assert "assistant of ann" in page.text
        assert "Default" in page.text
        assert await ask_again(application, principal) == link
    assert provider.requests == []


async def test_a_yes_lets_exactly_that_call_run_once() -> None:
    provider = FakeProvider(answers(204))
    async with make_web(provider=provider) as (application, app), Browser(app) as browser:
        principal, link = await ask(application)
        page = await browser.submit((await browser.open(link)).forms[0], answer="yes")
        assert "You said yes" in page.text
        other = await ask_again(application, principal, arguments={**DELETE, "id": 8})
        assert other != link
        await application.gateway.call_action(principal, "notes_delete_note", DELETE)
        assert len(provider.requests) == 1
        await ask_again(application, principal)
        again_posted = Page(await browser.post(page_of(link), {"answer": "yes"}))
        for again in (await browser.open(link), again_posted):
            assert again.status == 410


def page_of(link: str) -> str:
    return f"/confirm/{link.rsplit('/', 1)[1]}"


async def test_an_answer_comes_from_a_browser_that_was_shown_the_question() -> None:
    """An agent that can fetch pages must not answer its own question by posting to the link."""
    own = {"Origin": "http://localhost:8765"}
    async with make_web() as (application, app), Browser(app) as browser, Browser(app) as other:
        principal, link = await ask(application)
        form, other_form = (await browser.open(link)).forms[0], (await other.open(link)).forms[0]
        yes = {**form.fields, "answer": "yes"}
        for headers in ({}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}):
            answer = await browser.client.post(page_of(link), data=yes, headers=headers)
            assert answer.status_code == 403, headers
        for fields in ({"answer": "yes"}, {**other_form.fields, "answer": "yes"}, {"answer": "yes", "browser": "é"}):
            assert (await browser.post(page_of(link), fields)).status_code == 403, fields
        async with Browser(app) as unseen:
            assert (await unseen.client.post(page_of(link), data=yes, headers=own)).status_code == 403
        assert await ask_again(application, principal) == link  # nobody has decided
        assert (await browser.open(link)).forms[0].fields == form.fields  # two tabs of one browser are both good
        assert (await browser.client.post(page_of(link), data=yes, headers=own)).status_code == 200


@pytest.mark.parametrize("environment", [{}, FLEET])
async def test_the_cookie_of_the_question_is_private(environment: dict[str, str]) -> None:
    async with make_web(environment) as (application, app):
        origin = environment.get("APP_URL", "http://localhost:8765")
        async with Browser(app, origin) as browser:
            principal, link = await ask(application)
            if environment:
                await sign_in(browser, link, await make_token(application, principal))
            cookie = (await browser.client.get(page_of(link))).headers["set-cookie"]
    flags = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= flags
    assert ("secure" in flags) is cookie.startswith("__Host-") is bool(environment)


async def test_a_no_stands() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        principal, link = await ask(application)
        page = await browser.submit((await browser.open(link)).forms[0], answer="no")
        assert "You said no" in page.text
        with pytest.raises(PolicyDenied):
            await application.gateway.call_action(principal, "notes_delete_note", DELETE)
        assert (await browser.post(page_of(link), {"answer": "yes"})).status_code == 410


async def test_neither_yes_nor_no_decides_nothing() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        _, link = await ask(application)
        for fields in ({"answer": ""}, {"answer": "YES"}, {"_method": "yes"}):
            assert (await browser.post(page_of(link), fields)).status_code == 303
        assert (await browser.open(link)).status == 200


async def test_an_unknown_question_is_not_found() -> None:
    async with make_web() as (_, app), Browser(app) as browser:
        assert (await browser.open("/confirm/nothing")).status == 404
        assert (await browser.post("/confirm/nothing", {"answer": "yes"})).status_code == 404


async def test_in_fleet_mode_only_the_person_who_is_asked_decides() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        principal, link = await ask(application)
        stranger = await make_principal(application, "other", "eve")
        assert (await browser.post(page_of(link), {"answer": "yes"})).status_code == 401
        hidden = await sign_in(browser, link, await make_token(application, stranger))
        unknown = await browser.open("/confirm/nothing")
        assert (hidden.status, hidden.html) == (404, unknown.html)
        assert (await browser.post(page_of(link), {"answer": "yes"})).status_code == 404
        await sign_out(browser)
        page = await sign_in(browser, link, await make_token(application, principal))
        assert "Delete a note?" in page.text
        assert "You said yes" in (await browser.submit(page.forms[-1], answer="yes")).text


async def test_hostile_arguments_stand_in_their_fields_as_text() -> None:
    hostile = {"book": "<script>alert(1)</script>", "title": "b\u202e1\u2066\nApproved by admin ✅"}
    async with make_web() as (application, app), Browser(app) as browser:
        _, link = await ask(application, "notes_create_note", hostile)
        page = await browser.open(link)
    assert "script" not in page.tags
    assert "⟨U+202E⟩1⟨U+2066⟩⏎" in page.html
    assert "<script>alert(1)</script>" in page.text


def test_a_long_value_is_cut_and_does_not_hide_a_short_one() -> None:
    shown = list(shown_arguments({"body": "x" * 100_000, "to": ["a@b.example", {"cc": "c@d.example"}], "none": {}}))
    assert [argument.name for argument in shown] == ["to[1]", "to[2].cc", "none", "body"]
    assert (len(shown[-1].text), shown[-1].left_out) == (MOST_CHARACTERS, 100_000 - MOST_CHARACTERS)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\u200bb", "a⟨U+200B⟩b"),
        ("a\u2028b", "a⟨U+2028⟩b"),
        ("\x1b[8m", "⟨U+001B⟩[8m"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("می‌خواهم", "می‌خواهم"),
        ("👩‍💻", "👩‍💻"),
    ],
)
def test_what_hides_is_spelled_out_and_scripts_survive(text: str, shown: str) -> None:
    assert visible(text) == shown
