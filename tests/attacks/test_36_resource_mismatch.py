"""36. Resource mismatch: metadata must be about the very resource, and each request names it (RFC 8707)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.attacks.lying_server import RESOURCE, query_of, says
from tests.attacks.signing_in import P_YAML, oauth_form, scene
from tests.web.browsing import Page

HERE = "https://p.example"
YAML = P_YAML.replace(f'    issuer: "{HERE}"', f'    resource: "{HERE}"')
OTHERS: list[Any] = [
    "https://other.example", f"{HERE}/", "https://P.example", "http://p.example", f"{HERE}/mcp", f"{HERE}.evil.example",
    None, [HERE], "", f"{HERE}#x", f"{HERE}?x",
]  # fmt: skip


@pytest.mark.parametrize("resource", OTHERS, ids=str)
async def test_attack_36_metadata_of_another_resource_is_refused(resource: Any) -> None:
    async with scene(YAML) as s, s.browser() as browser:
        s.server.answers[RESOURCE] = says({"resource": resource, "authorization_servers": [HERE]})
        page = await browser.open(await s.link())
        async with s.refused(may_ask=1, spends=True):
            answer = Page(await browser.send(oauth_form(page)))
        assert answer.status == 422
        assert "another resource" in answer.text
        assert [one.path for one in s.server.heard] == [RESOURCE]


async def test_attack_36_the_resource_stands_in_every_request_for_a_token() -> None:
    async with scene(YAML) as s, s.browser() as browser:
        address = await s.leave(browser, await s.link())
        assert query_of(address)["resource"] == HERE
        await s.follow(browser, await s.server.sign_in(address))
        s.clock.ahead = timedelta(hours=2)
        await s.face.call(s.token, "p_list_things")
        asked = [one.form for one in s.server.token_requests]
        assert [one["grant_type"] for one in asked] == ["authorization_code", "refresh_token"]
        assert [one["resource"] for one in asked] == [HERE, HERE]


async def test_attack_36_a_callback_cannot_change_it() -> None:
    async with scene(YAML) as s, s.browser() as browser:
        back = await s.back_from(browser, await s.link())
        await s.follow(browser, f"{back}&resource=https%3A%2F%2Fother.example")
        assert [one.form["resource"] for one in s.server.token_requests] == [HERE]
