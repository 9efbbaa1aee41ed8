"""Trying an action by hand: what is sent, what is said of it, and the way over a question and back."""

from __future__ import annotations

import html
import re

import pytest
from tests.web.browsing import open_signed_in
from tests.web.one_connection import filled, scene

from connectory.errors import ConfirmationNeeded
from connectory.testing.application import make_principal
from connectory.testing.provider import answers
from connectory.vault.entities import PolicyEffect, Role
from connectory.web.links import path_in


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
