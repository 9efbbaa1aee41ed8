"""10. Mix-up by path: a state counts at the address of its own connector, and its code at its own token endpoint."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from tests.attacks.lying_server import LyingServer
from tests.attacks.signing_in import CLIENT, P_YAML, named, scene

from connectory.auth.oauth.flow_state import read_leaving

BOTH = {**CLIENT, "EVIL_CLIENT_ID": "evil-client", "EVIL_CLIENT_SECRET": "evil-client-secret-1"}


@pytest.mark.parametrize("path", ["evil", "nothing", "P", "p%2f..%2fevil", "p.", "p%20", "%70%00"])
async def test_attack_10_a_state_of_p_is_refused_at_another_address(path: str) -> None:
    async with scene(P_YAML, named("evil"), client=BOTH) as s, s.browser() as browser:
        await s.leave(browser, await s.link("evil"))  # this browser has left for both
        s.evil.heard.clear()
        back = await s.back_from(browser, await s.link())
        elsewhere = back.replace("/callback/p?", f"/callback/{path}?")
        assert elsewhere != back
        async with s.refused(back) if "%2f" not in path else nullcontext():  # there is no such page at all
            answer = await s.follow(browser, elsewhere)
        assert answer.status_code in (404, 410)
        assert s.server.token_requests == []
        done = await s.follow(browser, back)
        assert done.headers["location"].endswith("/done")
        assert s.evil.heard == []


async def test_attack_10_the_row_names_connector_and_token_endpoint_whatever_the_metadata_says_later() -> None:
    server = LyingServer()
    async with scene(server=server) as s, s.browser() as browser:
        link = await s.link()
        back = await s.back_from(browser, link)
        session = await s.face.application.auth.sign_in.find(link.rpartition("/")[2])
        assert session is not None
        flow = await s.face.application.vault.oauth_flows.of_session(session)
        assert flow is not None
        leaving = read_leaving(flow)
        assert (flow.family, leaving.connector, leaving.token_url) == ("p", "p", "https://p.example/token")

        server.lies["token_endpoint"] = "https://evil.example/token"
        assert (await s.follow(browser, back)).headers["location"].endswith("/done")
        assert len(server.token_requests) == 1
        assert s.evil.heard == []
