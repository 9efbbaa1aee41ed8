from __future__ import annotations

import httpx2
import pytest
from starlette.applications import Starlette

from connectory import __version__
from connectory.errors import DatabaseLocked
from connectory.vault.keys import KeyRing
from connectory.web.health import HealthPage
from connectory.web.proof import prove

KEYS = KeyRing([b"k" * 32])


async def is_well() -> None:
    pass


async def is_locked() -> None:
    raise DatabaseLocked("The database is locked.")


async def says_nothing() -> None:
    raise TimeoutError


def client_of(ping: object) -> httpx2.AsyncClient:
    app = Starlette(routes=HealthPage(ping, KEYS).routes())  # type: ignore[arg-type]  # the three above
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1:8765")


async def test_it_is_well_and_says_which_version() -> None:
    async with client_of(is_well) as client:
        answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": __version__})


@pytest.mark.parametrize("ping", [is_locked, says_nothing])
async def test_without_its_database_it_is_not(ping: object) -> None:
    async with client_of(ping) as client:
        answer = await client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "database does not answer"


async def test_it_proves_whose_it_is_on_demand() -> None:
    challenge = "c" * 32
    async with client_of(is_well) as client:
        answer = await client.get("/healthz", params={"challenge": challenge})
    assert answer.json()["proof"] == prove(KEYS, challenge, "127.0.0.1", 8765)


@pytest.mark.parametrize("challenge", ["", "short", "x" * 65, "c" * 30 + "\n", "c" * 21 + " é"])
async def test_it_proves_nothing_for_a_challenge_that_is_none(challenge: str) -> None:
    async with client_of(is_well) as client:
        answer = await client.get("/healthz", params={"challenge": challenge})
    assert "proof" not in answer.json()
