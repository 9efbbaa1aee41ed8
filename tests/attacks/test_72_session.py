"""Attack 72: a session of the pages is new at each sign-in, and over when it should be."""

from __future__ import annotations

from datetime import timedelta
from http.cookies import SimpleCookie

import httpx2
import pytest
from tests.vault.rows import Clock
from tests.web.browsing import FLEET, Browser, make_token, make_web, open_signed_in, sign_out

from connectory.testing.application import make_principal
from connectory.vault.entities import Role

PAGE = "/workspaces/default/connectors"
ORIGIN = FLEET["APP_URL"]
NAMES = {"local": "connectory-session", "fleet": "__Host-connectory-session"}


def cookie_of(answer: httpx2.Response, name: str) -> str:
    return SimpleCookie(answer.headers["set-cookie"])[name].value


async def test_attack_72_the_id_is_new_at_each_sign_in_and_the_old_one_is_dead() -> None:
    """Fixation: whoever planted an id before, or read one, has nothing of the session that begins."""
    async with make_web() as (application, app), Browser(app) as browser, Browser(app) as thief:
        principal = await make_principal(application)
        browser.client.cookies.set("connectory-session", "p" * 43, domain="localhost.local")
        ids = []
        for _ in range(2):
            secret = await application.web_sessions.make_link(principal, timedelta(minutes=1))
            ids.append(cookie_of(await browser.client.get(f"/open/{secret}"), "connectory-session"))

        assert len({*ids, "p" * 43}) == 3
        for old in ("p" * 43, ids[0]):
            answer = await thief.client.get(PAGE, headers={"Cookie": f"connectory-session={old}"})
            assert answer.status_code == 401


async def test_attack_72_a_copy_of_the_cookie_opens_nothing_after_sign_out() -> None:
    async with make_web() as (application, app), Browser(app) as browser, Browser(app) as thief:
        await open_signed_in(application, browser, await make_principal(application), PAGE)
        copy = "; ".join(f"{name}={value}" for name, value in browser.client.cookies.items())
        assert (await thief.client.get(PAGE, headers={"Cookie": copy})).status_code == 200

        assert (await sign_out(browser)).status_code == 303

        assert (await thief.client.get(PAGE, headers={"Cookie": copy})).status_code == 401


async def test_attack_72_revoking_the_token_ends_the_session_it_began() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, ORIGIN) as browser:
        principal = await make_principal(application)
        await browser.post("/signin", {"token": await make_token(application, principal)})
        assert (await browser.open(PAGE)).status == 200

        (token,) = await application.tokens.list(principal)
        await application.tokens.revoke(principal, token.id)

        assert (await browser.open(PAGE)).status == 401


@pytest.mark.parametrize("change", ["x", "", "A" * 43, "' OR 1=1 --", "é"])
async def test_attack_72_a_changed_id_opens_nothing(change: str) -> None:
    async with make_web() as (application, app), Browser(app) as browser, Browser(app) as thief:
        await open_signed_in(application, browser, await make_principal(application), PAGE)
        value = browser.client.cookies["connectory-session"]
        forged = (change + value)[:43] if change not in ("", "é") else value[:-1] + change

        answer = await thief.client.get(PAGE, headers={b"Cookie": f"connectory-session={forged}".encode()})

        assert answer.status_code == 401


async def test_attack_72_a_session_is_over_after_its_time() -> None:
    clock = Clock()
    async with make_web(now=clock) as (application, app), Browser(app) as browser:
        await open_signed_in(application, browser, await make_principal(application), PAGE)
        clock.advance(hours=11)
        assert (await browser.open(PAGE)).status == 200
        clock.advance(hours=2)
        assert (await browser.open(PAGE)).status == 401


@pytest.mark.parametrize("mode", NAMES)
async def test_attack_72_scripts_other_sites_and_plain_http_do_not_get_the_cookie(mode: str) -> None:
    environment, origin = (FLEET, ORIGIN) if mode == "fleet" else ({}, "http://localhost:8765")
    async with (
        make_web(environment) as (application, app),
        Browser(app, origin) as browser,
    ):
        token = await make_token(application, await make_principal(application))
        answer = await browser.post("/signin", {"token": token})

    parts = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert answer.headers["set-cookie"].startswith(f"{NAMES[mode]}=")
    assert {"httponly", "samesite=lax", "path=/"} <= parts
    assert ("secure" in parts) is (mode == "fleet")


async def test_attack_72_a_lost_membership_ends_the_session() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        await make_principal(application)
        bob = await make_principal(application, user="bob", role=Role.MEMBER)
        await open_signed_in(application, browser, bob, PAGE)
        await application.vault.workspaces.remove_member(bob.workspace_id, bob.user_id)

        assert (await browser.open(PAGE)).status == 401
