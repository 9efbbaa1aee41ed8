"""Jira: the sites that a consent covers, of which a person chooses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.auth.oauth.shapes.double import Answer, Shape
from tests.auth.oauth.shapes.journey import Journey, at
from tests.auth.oauth.shapes.packaged_shapes import JIRA, JIRA_SITE

from connectory.auth.backend import Connected, Entry, Form, Option, Question

SITES = "https://api.atlassian.com/oauth/token/accessible-resources"
SITE_ID, OTHER_ID = "1324a887-45db-1bf4-1e99-ef0ff456d421", "99999999-45db-1bf4-1e99-ef0ff456d421"
OTHER = {**JIRA_SITE, "id": OTHER_ID, "name": "other", "url": "https://other.atlassian.net"}


def seeing(*sites: Any) -> Shape:
    return replace(JIRA, calls={("GET", SITES): list(sites)})


async def back(one: Journey) -> tuple[Any, Any]:
    """The session, and the step that a person comes back to."""
    session = await one.session()
    return session, await one.come_back(session, one.consent(await one.leave(session)))


async def test_of_several_sites_the_person_chooses_and_the_api_is_that_sites() -> None:
    shape = replace(
        seeing(JIRA_SITE, OTHER), verify=("GET", f"https://api.atlassian.com/ex/jira/{OTHER_ID}/rest/api/3/myself")
    )
    async with at(shape) as one:
        session, asked = await back(one)
        shown = await one.application.auth.sign_in.first_step(session)
        none_yet = await one.application.auth.list_connections(one.principal)
        done = await one.application.auth.sign_in.submit(session, "b1", Entry("", {}, chosen=OTHER_ID))
        grant = await one.grant()

    options = (
        Option(SITE_ID, "acme", {"cloud_id": SITE_ID}),
        Option(OTHER_ID, "other", {"cloud_id": OTHER_ID}),
    )
    assert asked == shown == Question(options)
    assert none_yet == []
    assert isinstance(done, Connected)
    assert grant.facts["cloud_id"] == OTHER_ID
    assert len(one.double.sent(JIRA.token)) == 1  # the tokens waited meanwhile
    assert len(one.double.sent(SITES)) == 1


@pytest.mark.parametrize("chosen", ["", "11111111-45db-1bf4-1e99-ef0ff456d421", "../../evil", None])
async def test_what_is_no_site_of_theirs_cannot_be_chosen(chosen: str | None) -> None:
    async with at(seeing(JIRA_SITE, OTHER)) as one:
        session, _ = await back(one)
        step = await one.application.auth.sign_in.submit(session, "b1", Entry("", {}, chosen=chosen))
        found = await one.application.auth.list_connections(one.principal)

    assert isinstance(step, Question)
    assert found == []


async def test_who_has_no_site_is_told_so() -> None:
    async with at(seeing()) as one:
        _, step = await back(one)

    assert isinstance(step, Form)
    assert "access to nothing" in step.problems[0].message


@pytest.mark.parametrize("site_id", ["../../evil", "ABC", 7, None, ["1324a887-45db-1bf4-1e99-ef0ff456d421"]])
async def test_a_site_whose_id_is_none_becomes_no_part_of_an_address(site_id: object) -> None:
    async with at(seeing({**JIRA_SITE, "id": site_id})) as one:
        _, step = await back(one)

    assert isinstance(step, Form)
    assert {sent.url for sent in one.double.received} == {JIRA.token, SITES}


async def test_a_list_of_sites_that_is_refused_connects_nothing() -> None:
    async with at(JIRA) as one:
        one.double.routes["GET", SITES] = lambda _: Answer(401, {"code": 401, "message": "Unauthorized"})
        _, step = await back(one)
        found = await one.application.auth.list_connections(one.principal)

    assert isinstance(step, Form)
    assert step.problems
    assert found == []


async def test_without_offline_access_there_is_no_refresh_token_so_it_is_asked_for_whatever_is_ticked() -> None:
    async with at(JIRA) as one:
        url = await one.leave(await one.session(), scopes=("read:jira-work",))

    assert "scope=read%3Ajira-work+offline_access" in url
