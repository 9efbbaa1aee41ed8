"""What a person is asked between the provider's page and the stored connection, one question after the other."""

from __future__ import annotations

from dataclasses import replace

from tests.auth.oauth.shapes.double import Answer
from tests.auth.oauth.shapes.journey import at
from tests.auth.oauth.shapes.packaged_shapes import JIRA, JIRA_SITE

from connectory.auth.backend import Connected, Entry, Question

SITES = ("GET", "https://api.atlassian.com/oauth/token/accessible-resources")
OTHER = {**JIRA_SITE, "id": "99999999-45db-1bf4-1e99-ef0ff456d421", "name": "other"}


async def test_after_a_choice_another_account_is_asked_about_and_the_choice_stands() -> None:
    async with at(replace(JIRA, calls={SITES: [JIRA_SITE, OTHER]})) as one:
        submit = one.application.auth.sign_in.submit
        first = await one.session()
        await one.come_back(first, one.consent(await one.leave(first)))
        before = await submit(first, "b1", Entry("", {}, chosen=str(JIRA_SITE["id"])))
        myself = {"accountId": "another-person", "displayName": "Bob", "emailAddress": "bob@example.com"}
        one.double.routes[JIRA.verify] = lambda _: Answer(200, myself)
        second = await one.session(alias="default")
        which = await one.come_back(second, one.consent(await one.leave(second)))
        whose = await submit(second, "b1", Entry("", {}, chosen=str(JIRA_SITE["id"])))
        done = await submit(second, "b1", Entry("", {}, account_change_confirmed=True))

    assert isinstance(before, Connected)
    assert isinstance(which, Question)
    assert [option.name for option in which.options] == [JIRA_SITE["name"], "other"]
    assert isinstance(whose, Question)
    assert not whose.options
    assert "Bob" in whose.problems[0].message
    assert isinstance(done, Connected)
    assert (done.connection.id, done.account.id) == (before.connection.id, "another-person")
