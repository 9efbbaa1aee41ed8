"""2. State missing, empty, forged, expired: no token request, and nothing that is empty equals what is empty."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.attacks.lying_server import query_of
from tests.attacks.signing_in import ORIGIN, scene

from connectory.vault.tables import oauth_flows

CALLBACK = f"{ORIGIN}/api/auth/callback/p"
BAD = {
    "none": "code=x",
    "empty": "code=x&state=",
    "no value": "code=x&state",
    "null": "code=x&state=null",
    "zero": "code=x&state=%00",
    "twice": "code=x&state={state}&state=B",
    "twice the same": "code=x&state={state}&state={state}",
    "as a list": "code=x&state[]={state}",
    "other case": "code=x&State={state}",
    "swapped case": "code=x&state={swapped}",
    "cut": "code=x&state={cut}",
    "longer": "code=x&state={state}A",
    "a space behind it": "code=x&state={state}%20",
    "half a character": "code=x&state=%ed%a0%80",
    "many": "&".join(f"x{number}=1" for number in range(200)) + "&code=x&state={state}",
}


@pytest.mark.parametrize("query", BAD.values(), ids=BAD)
async def test_attack_02_a_bad_state_is_refused_before_anything_is_asked(query: str) -> None:
    async with scene() as s, s.browser() as browser:
        back = await s.back_from(browser, await s.link())
        state = query_of(back)["state"]
        told = query.format(state=state, swapped=state.swapcase(), cut=state[:-1])
        async with s.refused(state):
            answer = await s.follow(browser, f"{CALLBACK}?{told}")
        assert answer.status_code == 410
        assert "Open the connect link again" in answer.text
        assert state not in answer.text
        done = await s.follow(browser, back)  # the real one still works: nothing was spent
        assert done.headers["location"].endswith("/done")


async def test_attack_02_random_states_are_refused_one_by_one() -> None:
    async with scene() as s, s.browser() as browser:
        await s.leave(browser, await s.link())
        for _ in range(20):
            async with s.refused():
                answer = await s.follow(browser, f"{CALLBACK}?code=x&state={secrets.token_urlsafe(32)}")
            assert answer.status_code == 410


async def test_attack_02_a_real_state_counts_for_ten_minutes() -> None:
    async with scene() as s, s.browser() as browser:
        back = await s.back_from(browser, await s.link())
        s.clock.ahead = timedelta(minutes=10, seconds=1)
        async with s.refused(back):
            assert (await s.follow(browser, back)).status_code == 410
        assert s.server.token_requests == []
        assert await s.connections() == []


async def test_attack_02_within_them_it_does() -> None:
    async with scene() as s, s.browser() as browser:
        back = await s.back_from(browser, await s.link())
        s.clock.ahead = timedelta(minutes=9, seconds=50)
        assert (await s.follow(browser, back)).headers["location"].endswith("/done")


@pytest.mark.parametrize("stored", ["", hashlib.sha256(b"").hexdigest()])
@pytest.mark.parametrize("query", ["code=x&state=", "code=x", "code=x&state=&state="])
async def test_attack_02_an_empty_state_in_the_row_fits_no_empty_state_that_comes(stored: str, query: str) -> None:
    async with scene() as s, s.browser() as browser:
        await s.leave(browser, await s.link())
        database = s.face.application.vault.database
        assert await database.change(sa.update(oauth_flows).values(state_hash=stored)) == 1
        async with s.refused():
            assert (await s.follow(browser, f"{CALLBACK}?{query}")).status_code == 410
        assert s.server.token_requests == []
