from __future__ import annotations

import logging

import pytest
from tests.web.browsing import FLEET, Browser, Page, has_form, make_token, make_web, open_signed_in, sign_in
from tests.web.guarded_app import Handlers, client_of, make_app

from connectory.settings import Settings
from connectory.testing.application import connect, make_principal
from connectory.vault.entities import Role

HOME = "/workspaces/default/connectors"


def keeps_the_bar(page: Page) -> bool:
    return has_form(page, "/signout") and {HOME, HOME.replace("connectors", "activity")} <= {
        link["href"] for link in page.links
    }


async def test_a_person_reads_a_sentence_and_a_program_reads_json() -> None:
    async with client_of(make_app(Handlers(), Settings())) as client:
        page = await client.get("/nowhere", headers={"Accept": "text/html,application/json;q=0.5"})
        data = await client.get("/nowhere", headers={"Accept": "application/json"})
        tool = await client.get("/mcp", headers={"Host": "evil.example"})
    assert page.headers["content-type"].startswith("text/html")
    assert "There is no such page." in page.text
    assert data.json()["error"] == {
        "code": "http_404",
        "message": "There is no such page.",
        "hint": "Check the address, or ask your assistant for a new link.",
    }
    assert tool.json()["error"]["code"] == "http_421"


async def test_an_unexpected_error_shows_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    async with client_of(make_app(Handlers(), Settings())) as client:
        with caplog.at_level(logging.ERROR, logger="connectory.web"):
            answer = await client.get("/fails")
    assert answer.status_code == 500
    assert "Something went wrong on our side." in answer.text
    assert "stack trace" not in answer.text
    assert "RuntimeError" not in answer.text
    assert "the secret of this stack trace" in caplog.text  # for the operator


async def test_what_a_caller_sent_is_not_repeated_unescaped() -> None:
    async with client_of(make_app(Handlers(), Settings())) as client:
        answer = await client.get("/%3Cscript%3Ealert(1)%3C/script%3E", headers={"Accept": "<script>"})
    assert "<script" not in answer.text


async def test_whoever_is_signed_in_keeps_their_bar_on_a_page_that_fails() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        await make_principal(application, user="boss")
        made = await connect(application, principal)
        await open_signed_in(application, browser, principal)
        await application.auth.disconnect(principal, made.id)
        gone = [await browser.open(HOME.replace("connectors", f"connections/{made.id}{rest}")) for rest in ("", "/try")]
        form = await browser.open("/workspaces/default/connect")
        nowhere = [
            await browser.open(path) for path in ("/workspaces/default/nope", "/workspaces/nope/activity", "/no")
        ]
        link = await browser.open(f"/connect/{'x' * 43}")
        await browser.send(form.forms[0])  # the browser says where it stands: a page that fails lets it, too
        signed_out = await browser.open("/workspaces")
    assert [page.status for page in [*gone, form, *nowhere, link]] == [404, 404, 405, 404, 404, 404, 404]
    assert all(keeps_the_bar(page) for page in [*gone, form, *nowhere, link])
    assert all("This connection was removed." in page.text for page in gone)
    assert "forms are sent to this address" in form.text
    assert "You are signed in as" not in link.text  # on one machine whoever has the link may use it
    assert (signed_out.status, has_form(signed_out, "/signout")) == (404, False)
    assert {"href": "/"} in signed_out.links


async def test_a_member_at_a_page_of_owners_keeps_the_bar() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        await make_principal(application)
        member = await make_principal(application, user="max", role=Role.MEMBER)
        page = await open_signed_in(application, browser, member, "/workspaces/default/settings/connectors")
        refused = Page(await browser.post("/workspaces/default/settings/connectors", {"csrf": "x"}))
    assert (page.status, refused.status) == (403, 403)
    assert keeps_the_bar(page)
    assert keeps_the_bar(refused)


@pytest.mark.parametrize("kind", ["connect", "confirm"])
async def test_who_opens_the_link_of_another_reads_as_whom_they_are_signed_in_and_can_sign_out(kind: str) -> None:
    async with make_web(FLEET) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        bob = await make_principal(application, user="bob")
        await sign_in(browser, "/workspaces/default/connectors", await make_token(application, bob))
        page = await browser.open(f"/{kind}/{'x' * 43}")
        out = await browser.submit(page.forms[-1])
    assert page.status == 404
    assert "You are signed in as bob. If this link is for somebody else, sign out and sign in as them." in page.text
    assert "Paste one of your API tokens" in out.text
