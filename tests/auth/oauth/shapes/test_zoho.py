"""Zoho: people are sent to the data centre of their account, which is believed from a closed list alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.auth.oauth.shapes.double import CLIENT_ID, CLIENT_SECRET, Answer, Sent, Shape
from tests.auth.oauth.shapes.journey import asked_of, at
from tests.auth.oauth.shapes.packaged_shapes import ZOHO

from connectory.auth.backend import Connected, Entry, Form, Revocation

DATA_CENTRES = {  # accounts server → API server
    "zoho.com": "www.zohoapis.com",
    "zoho.eu": "www.zohoapis.eu",
    "zoho.in": "www.zohoapis.in",
    "zoho.com.au": "www.zohoapis.com.au",
    "zoho.jp": "www.zohoapis.jp",
    "zohocloud.ca": "www.zohoapis.ca",
    "zoho.sa": "www.zohoapis.sa",
    "zoho.com.cn": "www.zohoapis.com.cn",
    "zoho.uk": "www.zohoapis.uk",
}


def living_in(centre: str, api: str) -> Shape:
    """Zoho for somebody whose account lives in this data centre."""
    accounts = f"https://accounts.{centre}"
    return replace(
        ZOHO,
        called_back=(("location", "x"), ("accounts-server", accounts)),
        token=f"{accounts}/oauth/v2/token",
        answer=lambda at, rt: {**ZOHO.answer(at, rt), "api_domain": f"https://{api}"},
        verify=("GET", f"https://{api}/crm/v8/org"),
        facts={"accounts_server": accounts, "api_domain": f"https://{api}"},
        revoke=(replace(ZOHO.revoke[0], url=f"{accounts}/oauth/v2/token/revoke"),),
    )


@pytest.mark.parametrize(("centre", "api"), DATA_CENTRES.items())
async def test_tokens_come_from_and_are_withdrawn_where_the_account_lives(centre: str, api: str) -> None:
    async with at(living_in(centre, api)) as one:
        done = await one.connected()
        one.clock.pass_by(hours=1)
        await one.tokens()
        outcome = await one.application.auth.disconnect(one.principal, done.connection.id)

    assert outcome is Revocation.REVOKED
    assert [host.origin for host in done.connection.hosts] == [f"https://{api}"]


@pytest.mark.parametrize("centre", DATA_CENTRES)
async def test_a_person_leaves_for_the_data_centre_that_they_chose(centre: str) -> None:
    async with at(ZOHO) as one:
        url = await one.leave(await one.session(), {"data_centre": centre})

    assert asked_of(url) == (f"https://accounts.{centre}/oauth/v2/auth", dict(ZOHO.asks))


@pytest.mark.parametrize(
    "server",
    ["https://accounts.evil.example", "http://accounts.zoho.eu", "https://accounts.zoho.eu.evil.example",
     "https://accounts.zoho.eu:8443", "https://a@accounts.zoho.eu", "https://accounts.zoho.eu/x", "accounts.zoho.eu",
     "https://accounts.zohoxeu", "https://crm.zoho.eu"],
)  # fmt: skip
async def test_a_callback_from_anywhere_else_gets_neither_code_nor_secret(server: str) -> None:
    shape = replace(ZOHO, called_back=(("location", "eu"), ("accounts-server", server)))
    async with at(shape, "https://accounts.evil.example") as one:
        session = await one.session()
        step = await one.come_back(session, one.consent(await one.leave(session)))

    assert isinstance(step, Form)
    assert one.double.received == []


async def test_a_callback_that_names_no_server_is_not_guessed_at() -> None:
    async with at(replace(ZOHO, called_back=())) as one:
        session = await one.session()
        step = await one.come_back(session, one.consent(await one.leave(session)))

    assert isinstance(step, Form)
    assert one.double.received == []


async def test_who_declines_is_told_that_and_not_of_the_missing_server() -> None:
    async with at(ZOHO) as one:
        session = await one.session()
        state = dict(one.consent(await one.leave(session)))["state"]
        step = await one.come_back(session, [("error", "access_denied"), ("state", state)])

    assert "did not allow" in step.problems[0].message


@pytest.mark.parametrize("api", ["https://evil.example", "https://www.zohoapis.eu.evil.example", "https://zohoapis.eu"])
async def test_an_api_server_that_is_not_zohos_ends_the_sign_in(api: str) -> None:
    shape = replace(ZOHO, answer=lambda at, rt: {**ZOHO.answer(at, rt), "api_domain": api})
    async with at(shape, "https://evil.example") as one:
        session = await one.session()
        step = await one.come_back(session, one.consent(await one.leave(session)))

    assert isinstance(step, Form)
    assert [sent.url for sent in one.double.received] == [ZOHO.token]


async def test_a_client_has_another_secret_in_each_data_centre() -> None:
    """Zoho, "Multi-DC support": one client id, and a secret for each data centre that is switched on."""
    async with at(ZOHO) as one:
        apps = one.application.oauth_apps
        await apps.put(one.principal, "zoho", CLIENT_ID, "that of zoho.com")
        await apps.put(one.principal, "zoho", CLIENT_ID, CLIENT_SECRET, server="https://accounts.zoho.eu")
        await apps.put(one.principal, "zoho", CLIENT_ID, "that of zoho.in", server="https://accounts.zoho.in")
        await one.connected()
        one.clock.pass_by(hours=1)
        tokens = await one.tokens()

    assert tokens.access_token.get_secret_value() == "at-2"
    assert {sent.parameters["client_secret"] for sent in one.double.sent(ZOHO.token)} == {CLIENT_SECRET}


async def test_a_self_client_asks_again_for_what_it_asked_first() -> None:
    asked = []

    def give(sent: Sent) -> Answer:
        asked.append(sent.parameters)
        one.double.access = f"at-{len(asked)}"
        return Answer(200, {**ZOHO.answer(one.double.access, ""), "refresh_token": None})

    async with at(ZOHO) as one:
        one.double.routes["POST", ZOHO.token] = give
        typed = {"data_centre": "zoho.eu", "org": "20074", "client_id": "1000.ABC", "client_secret": "s3cret"}
        step = await one.application.auth.sign_in.submit(await one.session(), "b1", Entry("self_client", typed))
        one.clock.pass_by(hours=1)
        tokens = await one.tokens()

    assert isinstance(step, Connected)
    assert tokens.access_token.get_secret_value() == "at-2"
    assert asked[0] == {
        "grant_type": "client_credentials",
        "client_id": "1000.ABC",
        "client_secret": "s3cret",
        "soid": "ZohoCRM.20074",
        "scope": "ZohoCRM.modules.ALL,ZohoCRM.coql.READ,ZohoSearch.securesearch.READ,ZohoCRM.settings.modules.READ,"
        "ZohoCRM.settings.fields.READ,ZohoCRM.users.READ",
    }
    assert asked[1] == {**asked[0], "scope": "ZohoCRM.modules.ALL"}  # what was granted
