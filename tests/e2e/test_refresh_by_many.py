"""Many processes whose token has ended refresh it once; one that is killed meanwhile costs at most its own lease."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator, Mapping

import pytest
from tests.auth.oauth.acme import CALLBACK
from tests.e2e.refreshers import Fleet, Plan, SignIn, Told, running_fleet
from tests.oauth_servers.oidc import OidcServer, Tally, confidential_client, oidc_server

from connectory.auth.refresh import Moment

pytestmark = pytest.mark.slow
PROCESSES, CALLS = 8, 25
ANSWERED_AFTER_MS = 300  # so that all calls are there before the first new token is
ROUNDS = [3, pytest.param(20, marks=pytest.mark.soak)]
AT_ONCE = [
    pytest.param([3], id="3"),
    pytest.param([5] * 4, id="20", marks=pytest.mark.soak),
]  # sign-ins, as many rounds
CALLERS, CALLS_EACH = 2, 3
LEASE_S, BUSY_S = 2.0, 10.0  # a busy machine takes a little longer
LATER = 20  # calls
_log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def server() -> Iterator[OidcServer]:
    with oidc_server(confidential_client(CALLBACK), rotate=True) as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The settings that name one database to all processes."""
    folder = tmp_path_factory.mktemp(request.param)
    return {"sqlite": {"CONNECTORY_DATA_DIR": str(folder / "data")}}[request.param]


@pytest.fixture(scope="module")
def fleet(server: OidcServer, store: Mapping[str, str]) -> Iterator[Fleet]:
    with running_fleet(server, store) as running:
        yield running


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_eight_processes_with_two_hundred_calls_refresh_once(fleet: Fleet, rounds: int) -> None:
    fleet.server.delay(ANSWERED_AFTER_MS)
    try:
        for one in await fleet.sign_in(rounds):
            before = fleet.server.counts().refresh_token
            told = await fleet.carry_out(Plan([one.name], callers=PROCESSES, calls=CALLS))
            after = fleet.server.counts().refresh_token

            assert told.codes() == {"ok": PROCESSES * CALLS}, told.outcomes[0]
            assert after == Tally(before.ok + 1, before.error)
            _log.info("200 calls of 8 processes: 1 refresh, the last answer after %.2f s", told.last_s())
    finally:
        fleet.server.delay(0)


@pytest.mark.parametrize("batches", AT_ONCE)
@pytest.mark.parametrize("moment", [Moment.LEASED, Moment.STORED])
async def test_a_process_killed_before_it_asks_or_once_it_has_stored_costs_nothing_but_time(
    fleet: Fleet, moment: Moment, batches: list[int]
) -> None:
    for count in batches:
        sign_ins = await fleet.sign_in(count)
        told = await kill(fleet, sign_ins, moment)

        assert told.codes() == {"ok": count * CALLERS * CALLS_EACH}
        assert [fleet.asked(one) for one in sign_ins] == [[200]] * count


@pytest.mark.parametrize("batches", AT_ONCE)
@pytest.mark.parametrize("moment", [Moment.ANSWERED, Moment.STORING])
async def test_a_process_killed_with_the_only_new_token_ends_the_sign_in_with_the_link_that_mends_it(
    fleet: Fleet, moment: Moment, batches: list[int]
) -> None:
    for count in batches:
        sign_ins = await fleet.sign_in(count)
        told = await kill(fleet, sign_ins, moment)
        later = await fleet.carry_out(Plan([one.name for one in sign_ins], callers=1, calls=LATER))

        assert told.codes() == {"needs_reconnect": count * CALLERS * CALLS_EACH}
        assert later.codes() == {"needs_reconnect": count * LATER}
        assert all("/connect/" in one.text for one in (*told.outcomes, *later.outcomes))
        assert [fleet.asked(one) for one in sign_ins] == [[200, 400]] * count


async def test_a_provider_that_does_not_rotate_gives_another_token_for_the_lost_one(store: Mapping[str, str]) -> None:
    with oidc_server(confidential_client(CALLBACK), rotate=False) as server, running_fleet(server, store) as fleet:
        [one] = await fleet.sign_in(1)
        told = await kill(fleet, [one], Moment.ANSWERED)

        assert told.codes() == {"ok": CALLERS * CALLS_EACH}
        assert fleet.asked(one) == [200, 200]


async def kill(fleet: Fleet, sign_ins: list[SignIn], moment: Moment) -> Told:
    """Kill a process in mid-refresh of each sign-in, and let others go on: they take over when its lease ends."""
    names = [one.name for one in sign_ins]
    told = await fleet.carry_out(Plan(names, CALLERS, CALLS_EACH, lease_s=LEASE_S, dies=moment.value))
    _log.info("killed %s: others had an answer after %.2f s", moment.value, told.last_s())
    assert told.deaths == [signal.SIGKILL] * len(names)
    assert told.last_s() < LEASE_S + BUSY_S
    return told
