"""Attack 115: an agent answers its own question, with the API token that it has and as a browser would."""

from __future__ import annotations

import httpx2
import pytest
from tests.web.browsing import FLEET, Browser, Page, make_token, make_web, open_signed_in, sign_in, sign_out
from tests.web.test_confirm import DELETE, ask, ask_again, page_of

from connectory.identity.principal import Principal
from connectory.testing.application import make_principal
from connectory.testing.provider import FakeProvider, answers
from connectory.vault.entities import PolicyEffect
from connectory.wiring import Application

OWN = {"Origin": FLEET["APP_URL"]}


async def agent_of(application: Application, person: Principal) -> tuple[Principal, str]:
    """An agent of the person: whom it acts as, and its token."""
    token = await make_token(application, person)
    principal = await application.tokens.verify(token)
    assert principal is not None
    return principal, token


async def signed_in(client: httpx2.AsyncClient, token: str) -> None:
    """Sign in as a program does that has read our pages."""
    answer = await client.post("/signin", data={"token": token, "next": "/"}, headers=OWN)
    assert answer.status_code == 303


@pytest.mark.parametrize("kind", ["its own", "read-only", "narrowed"])
async def test_attack_115_a_program_says_no_yes_with_a_token_that_an_agent_holds(kind: str) -> None:
    provider = FakeProvider(answers(204))
    async with make_web(FLEET, provider=provider) as (application, app), Browser(app, FLEET["APP_URL"]) as program:
        person, _ = await ask(application)
        agent, token = await agent_of(application, person)
        link = await ask_again(application, agent)
        if kind != "its own":
            made, token = await application.tokens.create(person, kind, read_only=kind == "read-only")
        if kind == "narrowed":
            await application.policies.add(person, PolicyEffect.CONFIRM, ["*"], token=made.prefix)
        await signed_in(program.client, token)

        page = Page(await program.client.get(page_of(link)))
        assert "Delete a note?" in page.text  # the call is no secret to whoever the person is
        assert "sign in with your account" in page.text
        assert 'value="yes"' not in page.html
        for headers in (OWN, {"Sec-Fetch-Site": "same-origin"}, OWN | {"Accept": "application/json"}):
            fields = {**page.forms[-1].fields, "answer": "yes"}
            answer = await program.client.post(page_of(link), data=fields, headers=headers)
            assert answer.status_code == 403
            assert "cannot say yes" in answer.text
            assert "sign in with your account" in answer.text

        assert await ask_again(application, agent) == link  # nobody has decided
        assert provider.requests == []
        answer = await program.client.post(page_of(link), data={**fields, "answer": "no"}, headers=OWN)
        assert "You said no" in answer.text


@pytest.mark.parametrize("how", ["another token", "account"])
async def test_attack_115_the_person_says_yes_in_another_session(how: str) -> None:
    provider = FakeProvider(answers(204))
    async with make_web(FLEET, provider=provider) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        person, _ = await ask(application)
        agent, token = await agent_of(application, person)
        link = await ask_again(application, agent)
        page = await sign_in(browser, link, token)
        assert "The token that asked" in page.text
        await sign_out(browser)
        if how == "account":
            page = await open_signed_in(application, browser, person, link)
        else:
            page = await sign_in(browser, link, await make_token(application, person))
        assert "You said yes" in (await browser.submit(page.forms[-1], answer="yes")).text
        await application.gateway.call_action(agent, "notes_delete_note", DELETE)
    assert len(provider.requests) == 1


async def test_attack_115_on_one_machine_the_link_is_enough_but_the_session_of_the_asking_token_is_not() -> None:
    async with make_web() as (application, app), Browser(app) as browser, Browser(app) as another:
        person, _ = await ask(application)
        agent, token = await agent_of(application, person)
        link = await ask_again(application, agent)
        await browser.post("/signin", {"token": token, "next": "/"})
        page = await browser.open(link)
        assert "The token that asked" in page.text
        assert (await browser.submit(page.forms[-1], answer="yes")).status == 403

        stranger = await make_principal(application, user="eve")
        page = await open_signed_in(application, another, stranger, link)  # the link is enough, whoever is signed in
        assert "You said yes" in (await another.submit(page.forms[-1], answer="yes")).text
