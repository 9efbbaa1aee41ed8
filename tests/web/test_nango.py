"""Signing in through Nango on our pages, without scripts, and its webhooks at our door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from tests.auth.nango.scene import Scene, scene
from tests.nango.webhooks import compact, signatures
from tests.web.browsing import Browser, Page, PostedForm, services_of

from connectory.vault.entities import ConnectSession
from connectory.web.app import create_web_app

WEBHOOK = "/api/nango/webhook"


@asynccontextmanager
async def opened(**environment: str) -> AsyncIterator[tuple[Scene, Browser]]:
    async with scene(**environment) as s, Browser(create_web_app(services_of(s.application))) as browser:
        yield s, browser


async def link_of(s: Scene, **how: Any) -> tuple[ConnectSession, str]:
    session = await s.application.auth.connect(s.ann, "notes", **how)
    return session, s.application.auth.link_url(session)


def form_of(page: Page, backend: str, method: str) -> PostedForm:
    """The form of a way to sign in."""
    fitting = [one for one in page.forms if (one.fields.get("backend"), one.fields.get("method")) == (backend, method)]
    assert len(fitting) == 1, page.text
    return fitting[0]


def nango_link(page: Page) -> dict[str, str]:
    [found] = [one for one in page.links if "session_token=" in one["href"]]
    return found


async def left(s: Scene, browser: Browser, **how: Any) -> tuple[ConnectSession, Page]:
    """Somebody who has left for Nango, and the page that waits."""
    session, link = await link_of(s, **how)
    return session, await browser.submit(form_of(await browser.open(link), "nango", "oauth"))


async def test_the_page_shows_both_ways_and_says_which_goes_through_nango() -> None:
    async with opened() as (s, browser):
        _, link = await link_of(s)

        page = await browser.open(link)

        assert "Sign in with Notes, through Nango" in page.text
        assert "it keeps the sign-in" in page.text
        assert not [name for name in form_of(page, "nango", "token").inputs if name.startswith("value.")]
        assert "value.token" in form_of(page, "direct", "token").inputs
        assert len({one["id"] for form in page.forms for one in form.inputs.values() if "id" in one}) == len(
            [one for form in page.forms for one in form.inputs.values() if "id" in one]
        )


async def test_a_person_without_scripts_gets_through_nango_and_back() -> None:
    async with opened() as (s, browser):
        session, waiting = await left(s, browser)
        assert waiting.status == 200
        assert "Sign in to Notes at Nango" in waiting.text
        assert '<meta http-equiv="refresh" content="3">' in waiting.html
        link = nango_link(waiting)
        assert (link["target"], link["rel"]) == ("_blank", "noopener noreferrer")
        assert "Waiting for you to sign in there, for 30 more minutes" in waiting.text

        await s.sign_in(link["href"])
        s.clock.pass_by(seconds=6)
        answer = await browser.client.get(f"/connect/{session.link}/waiting")

        assert (answer.status_code, answer.headers["location"]) == (303, f"/connect/{session.link}/done")
        done = await browser.open(answer.headers["location"])
        assert "user-alice" in done.text


async def test_the_page_goes_on_waiting_while_somebody_else_is_finishing_the_sign_in() -> None:
    """A webhook, or the agent's own wait, may have been faster; the provider is just being asked."""
    async with opened() as (s, browser):
        session, _ = await left(s, browser)
        flow = await s.application.vault.oauth_flows.of_session(session)
        assert flow is not None
        assert await s.application.vault.oauth_flows.take(flow)

        answer = await browser.client.get(f"/connect/{session.link}/waiting")

        assert answer.status_code == 200
        assert "Waiting for you" in answer.text


async def test_who_does_not_sign_in_is_told_so_on_the_page() -> None:
    async with opened() as (s, browser):
        session, _ = await left(s, browser)
        s.clock.pass_by(minutes=31)

        answer = await browser.client.get(f"/connect/{session.link}/waiting")
        page = await browser.open(answer.headers["location"])

        assert "Nobody has finished signing in to Notes at Nango's page" in page.text
        assert form_of(page, "nango", "oauth").action == f"/connect/{session.link}"


async def test_who_comes_back_to_the_connect_page_finds_the_sign_in_that_is_under_way() -> None:
    async with opened() as (s, browser):
        session, _ = await left(s, browser)

        page = await browser.open(f"/connect/{session.link}")

        assert "A sign-in is under way at Nango" in page.text
        assert f"/connect/{session.link}/waiting" in [one["href"] for one in page.links]


async def test_another_account_is_asked_about_when_the_person_is_back() -> None:
    async with opened() as (s, browser):
        await s.connected(alias="work")
        session, waiting = await left(s, browser, alias="work")
        await s.sign_in(nango_link(waiting)["href"], "bobby")
        s.clock.pass_by(seconds=6)

        answer = await browser.client.get(f"/connect/{session.link}/waiting")
        asked = await browser.open(answer.headers["location"])
        assert "Is that meant?" in asked.text
        done = await browser.submit(asked.forms[0], account_change_confirmed="yes")

        assert "user-bobby" in done.text


async def test_another_browser_sees_neither_the_page_nor_nangos_address() -> None:
    """Whoever has the address signs in for this session (attacks 4, 5)."""
    async with opened() as (s, browser):
        session, waiting = await left(s, browser)
        secret = nango_link(waiting)["href"]
        async with Browser(create_web_app(services_of(s.application))) as other:
            for path in (f"/connect/{session.link}", f"/connect/{session.link}/waiting"):
                answer = await other.client.get(path, headers={"Accept": "text/html"}, follow_redirects=True)
                assert secret not in answer.text
                assert "session_token" not in answer.text


async def test_what_cannot_leave_for_nango_says_why_and_the_other_way_stays() -> None:
    async with opened() as (s, browser):
        _, link = await link_of(s)
        page = await browser.open(link)
        s.nango.state.can_make_sessions = False

        answer = await browser.send(form_of(page, "nango", "oauth"))

        again = Page(answer)
        assert answer.status_code == 422
        assert "Nango failed by itself" in again.text
        assert "value.token" in form_of(again, "direct", "token").inputs


def signed(s: Scene, body: bytes) -> dict[str, str]:
    return {"Content-Type": "application/json", **signatures(s.environment.signing_key, body)}


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Scene, httpx2.AsyncClient]]:
    async with opened(NANGO_WEBHOOK_SIGNING_KEY="k") as (s, browser):
        s.environment.signing_key = "k"
        yield s, browser.client


async def test_a_signed_webhook_is_answered_with_200_whatever_it_is_about() -> None:
    async with listening() as (s, client):
        for body in (compact({"from": "nango", "type": "sync"}), compact({"action": "opened"}), b"text", b""):
            answer = await client.post(WEBHOOK, content=body, headers=signed(s, body))
            assert (answer.status_code, answer.json()) == (200, {"received": True})


async def test_the_whole_way_of_a_webhook_ends_a_sign_in() -> None:
    async with listening() as (s, client):
        session = await s.begin()
        await s.sign_in(await s.page(session))
        [there] = s.environment.connections.values()
        body = compact(
            {
                "from": "nango", "type": "auth", "operation": "creation", "success": True, "tags": there.tags,
                "connectionId": there.connection_id, "providerConfigKey": "notes",
            }
        )  # fmt: skip

        assert (await client.post(WEBHOOK, content=body, headers=signed(s, body))).status_code == 200

        assert (await s.session(session)).status.value == "connected"


@pytest.mark.parametrize("how", ["none", "old header", "wrong key", "altered", "twice"])
async def test_what_is_not_signed_is_refused_before_anything_is_asked(how: str) -> None:
    async with listening() as (s, client):
        body = compact({"from": "nango", "type": "auth"})
        good = signed(s, body)
        headers: list[tuple[str, str]] = {
            "none": [],
            "old header": [("X-Nango-Signature", good["X-Nango-Signature"])],
            "wrong key": list(signatures("another", body).items()),
            "altered": list(signatures("k", body + b" ").items()),
            "twice": [("X-Nango-Hmac-Sha256", good["X-Nango-Hmac-Sha256"])] * 2,
        }[how]
        s.nango.state.seen.clear()

        answer = await client.post(WEBHOOK, content=body, headers=headers)

        assert answer.status_code == 401
        assert s.nango.state.seen == []


async def test_a_webhook_may_have_a_megabyte_and_no_more() -> None:
    async with listening() as (s, client):
        fits = compact({"text": "x" * 1_000_000})
        too_large = b"x" * 1_048_577

        assert (await client.post(WEBHOOK, content=fits, headers=signed(s, fits))).status_code == 200
        assert (await client.post(WEBHOOK, content=too_large, headers=signed(s, too_large))).status_code == 413


async def test_without_a_nango_there_is_no_such_address() -> None:
    from tests.web.browsing import make_web

    async with make_web() as (_, app), Browser(app) as browser:
        assert (await browser.client.post(WEBHOOK, content=b"{}")).status_code == 404
    async with listening() as (_, client):
        assert (await client.get(WEBHOOK)).status_code == 405
