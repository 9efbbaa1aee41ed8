"""The API comes in when it is first asked, and takes nothing that is others'."""

from __future__ import annotations

import asyncio
import subprocess
import sys

from tests.web.api.calling import HOME, make_world


def test_the_pages_load_no_fastapi() -> None:
    program = "import sys, connectory.web.app, connectory.web.guest_server; print(*{'fastapi'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


async def test_first_requests_at_once_are_all_answered() -> None:
    async with make_world() as world:
        answers = await asyncio.gather(*(world.get(path) for path in ("/connectors", "/api/openapi.json", "/tokens")))
        assert answers[0] == []


async def test_what_else_is_under_api_stays_what_it_was() -> None:
    async with make_world() as world:
        callback = await world.client.get("/api/auth/callback/notes?code=x&state=y", headers={"Accept": "text/html"})
        assert callback.headers["content-type"].startswith("text/html")
        posted = await world.client.post("/api/auth/callback/notes", headers={"Accept": "text/html"})
        assert posted.headers["content-type"].startswith("text/html")
        webhook = await world.client.post("/api/nango/webhook", json={})
        assert webhook.status_code == 404  # there is no Nango


async def test_a_slash_at_the_end_changes_nothing() -> None:
    async with make_world() as world:
        assert (await world.call("GET", f"{HOME}/connectors/")).json() == []
