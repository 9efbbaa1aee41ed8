"""21. Refresh token replay: against a server that ends the whole family when one is used twice, none ever is.

What many processes and other deaths do stands in `tests/e2e/test_refresh_by_many.py`.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator

import httpx2
import pytest
from tests.auth.oauth.acme import CALLBACK
from tests.e2e.refreshers import Fleet, Plan, running_fleet
from tests.oauth_servers.oidc import SECRET, OidcServer, confidential_client, oidc_server

from connectory.auth.refresh import Moment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[OidcServer]:
    with oidc_server(confidential_client(CALLBACK), rotate=True) as running:
        yield running


@pytest.fixture(scope="module")
def fleet(server: OidcServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("replay")
    with running_fleet(server, {"CONNECTORY_DATA_DIR": str(folder / "data")}) as running:
        yield running


def _refresh(server: OidcServer, token: str) -> httpx2.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "connectory", "client_secret": SECRET}
    return httpx2.post(f"{server.issuer}/token", data=form, trust_env=False, timeout=60)


async def test_attack_21_two_processes_at_once_refresh_once(server: OidcServer, fleet: Fleet) -> None:
    server.delay(300)  # both are there before the first has its answer
    for _ in range(3):
        [one] = await fleet.sign_in(1)
        told = await fleet.carry_out(Plan([one.name], callers=2, calls=3))
        assert told.codes() == {"ok": 6}
        assert fleet.asked(one) == [200]
    server.delay(0)
    assert server.counts().refresh_token.error == 0
    # The server does what the attack is about: the token that was used takes its whole family with it.
    newest = _refresh(server, one.refresh_token)
    assert (newest.status_code, newest.json()["error"]) == (400, "invalid_grant")
    told = await fleet.carry_out(Plan([one.name], callers=1, calls=1))
    assert told.codes() == {"needs_reconnect": 1}


@pytest.mark.parametrize("moment", [Moment.ANSWERED, Moment.STORING], ids=str)
async def test_attack_21_who_is_killed_between_answer_and_commit_leaves_a_state_that_says_so(
    server: OidcServer, fleet: Fleet, moment: Moment
) -> None:
    [one] = await fleet.sign_in(1)
    told = await fleet.carry_out(Plan([one.name], callers=2, calls=2, lease_s=1.0, dies=moment.value))
    assert told.deaths == [signal.SIGKILL]
    assert told.codes() == {"needs_reconnect": 4}
    assert all("/connect/" in outcome.text for outcome in told.outcomes)
    assert fleet.asked(one) == [200, 400]  # the one whose answer died, and the one that found out

    before = len(server.requests())
    later = await fleet.carry_out(Plan([one.name], callers=2, calls=5, lease_s=1.0))
    assert later.codes() == {"needs_reconnect": 10}
    assert len(server.requests()) == before  # never a silent loop
    assert one.refresh_token not in "".join(outcome.text for outcome in [*told.outcomes, *later.outcomes])
