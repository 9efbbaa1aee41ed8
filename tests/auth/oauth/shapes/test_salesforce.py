"""Salesforce: which hosts are asked and called, tokens that end without saying when, a client's own rights."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.auth.oauth.shapes.double import Answer, Sent, Shape
from tests.auth.oauth.shapes.journey import asked_of, at
from tests.auth.oauth.shapes.packaged_shapes import SALESFORCE

from connectory.auth.backend import Connected, Entry, Form
from connectory.errors import ProviderForbidden

INSTANCE = "https://acme--sb.sandbox.my.salesforce.com"
QUERY = f"{INSTANCE}/services/data/v67.0/query"
FOUND = {"totalSize": 0, "done": True, "records": []}
ENDED = Answer(401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}])
SOQL = "SELECT Id FROM Account"


def telling(instance_url: object) -> Shape:
    return replace(SALESFORCE, answer=lambda at, rt: {**SALESFORCE.answer(at, rt), "instance_url": instance_url})


@pytest.mark.parametrize(
    "domain",
    [
        "login.salesforce.com",
        "test.salesforce.com",
        "acme.my.salesforce.com",
        "acme--dev1.sandbox.my.salesforce.com",
        "acme-dev-ed.develop.my.salesforce.com",
    ],
)
async def test_a_person_signs_in_at_the_host_of_their_org(domain: str) -> None:
    async with at(SALESFORCE) as one:
        url = await one.leave(await one.session(), {"domain": domain})

    assert asked_of(url)[0] == f"https://{domain}/services/oauth2/authorize"


@pytest.mark.parametrize(
    "domain", ["evil.example", "login.salesforce.com.evil.example", "x.my.salesforce.com/", "a@test.salesforce.com"]
)
async def test_nobody_signs_in_anywhere_else(domain: str) -> None:
    async with at(SALESFORCE) as one:
        step = await one.application.auth.sign_in.submit(await one.session(), "b1", Entry("oauth", {"domain": domain}))

    assert isinstance(step, Form)
    assert step.problems[0].field == "domain"


@pytest.mark.parametrize(
    "told",
    ["https://evil.example", "http://acme.my.salesforce.com", "https://salesforce.com.evil.example",
     "https://acme.my.salesforce.com/x", "https://a@acme.my.salesforce.com", "https://evil-salesforce.com"],
)  # fmt: skip
async def test_an_api_server_that_is_not_salesforces_ends_the_sign_in(told: str) -> None:
    async with at(telling(told), "https://evil.example") as one:
        session = await one.session()
        step = await one.come_back(session, one.consent(await one.leave(session)))

    assert isinstance(step, Form)
    assert "instance_url" in step.problems[0].message
    assert [sent.url for sent in one.double.received] == [SALESFORCE.token]


async def test_an_answer_without_an_api_server_connects_nothing() -> None:
    async with at(telling(None)) as one:
        session = await one.session()
        step = await one.come_back(session, one.consent(await one.leave(session)))

    assert isinstance(step, Form)
    assert [sent.url for sent in one.double.received] == [SALESFORCE.token]


async def test_a_token_that_ended_unannounced_is_renewed_once_and_the_call_goes_on() -> None:
    async with at(replace(SALESFORCE, token_dead=ENDED)) as one:
        await one.connected()
        one.clock.pass_by(hours=2)
        one.double.access = "ended"
        one.double.offer("GET", QUERY, FOUND)
        await one.call("salesforce_query_records", soql=SOQL)

    assert [sent.headers["authorization"] for sent in one.double.sent(QUERY)] == ["Bearer at-1", "Bearer at-2"]


async def test_a_token_that_is_refused_though_it_is_new_is_not_renewed_again() -> None:
    async with at(replace(SALESFORCE, token_dead=ENDED)) as one:
        await one.connected()
        one.clock.pass_by(hours=2)
        one.double.routes["GET", QUERY] = lambda _: ENDED
        with pytest.raises(ProviderForbidden):  # of a token that is a second old it is no end
            await one.call("salesforce_query_records", soql=SOQL)

    assert len(one.double.sent(QUERY)) == 2
    assert len(one.double.sent(SALESFORCE.token)) == 2


async def test_a_client_gets_tokens_by_its_own_rights_again_and_again() -> None:
    host = "https://acme.my.salesforce.com"
    token, info = f"{host}/services/oauth2/token", f"{host}/services/oauth2/userinfo"
    shape = replace(SALESFORCE, token=token, verify=("GET", info), revoke=())
    asked = []

    def give(sent: Sent) -> Answer:
        asked.append(sent.parameters)
        one.double.access = f"at-{len(asked)}"
        body = {"access_token": one.double.access, "instance_url": host, "id": f"{host}/id/00Dx/005x",
                "token_type": "Bearer", "issued_at": "1767268800000", "signature": "c2ln", "scope": "api"}  # fmt: skip
        return Answer(200, body)

    async with at(shape) as one:
        one.double.routes["POST", token] = give
        typed = {"domain": "acme.my.salesforce.com", "client_id": "3MVG9", "client_secret": "s3cret"}
        step = await one.application.auth.sign_in.submit(await one.session(), "b1", Entry("client", typed))
        one.clock.pass_by(hours=2)
        again = await one.tokens(renewed=True)

    assert isinstance(step, Connected)
    assert asked == 2 * [{"grant_type": "client_credentials", "client_id": "3MVG9", "client_secret": "s3cret"}]
    assert again.access_token.get_secret_value() == "at-2"
