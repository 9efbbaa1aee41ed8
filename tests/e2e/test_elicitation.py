"""`connect` where the client shows the link: real processes, every way, and a person who fills the page by HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import mcp_types as t
import pytest
from tests.e2e.listening import Transport, client_of
from tests.e2e.programs import Era, Install, fill_page, link_in, say

pytestmark = pytest.mark.slow
THINKING_S = 1.0
NOTICED_S = 15.0  # half a second is meant; who does not notice comes back after 45
WAYS: list[tuple[Transport, Era]] = [
    ("stdio", "auto"),
    ("stdio", "legacy"),
    ("sse", "auto"),
    ("sse", "legacy"),
    ("http", "auto"),
    ("http", "legacy"),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Install, str]]:
    """A running server with sessions, which serves the page for every process of the installation; and a token."""
    install = Install(tmp_path_factory.mktemp("served"), extra={"CONNECTORY_HTTP_SESSIONS": "stateful"})
    with install.serving():
        yield install, install.token()


@dataclass
class Person:
    """Whom the client shows the link. They think for a moment, and then do what it asks, or not."""

    answer: Literal["accept", "decline", "cancel"] = "accept"
    links: list[str] = field(default_factory=list)
    done_at: float = 0.0
    filling: asyncio.Task[None] | None = None

    async def look(self, _: Any, asked: t.ElicitRequestParams) -> t.ElicitResult:
        assert isinstance(asked, t.ElicitRequestURLParams)
        self.links.append(asked.url)
        if self.answer == "accept":
            self.filling = asyncio.create_task(self.fill(asked.url))
        return t.ElicitResult(action=self.answer)

    async def fill(self, link: str) -> None:
        await asyncio.sleep(THINKING_S)
        page = await asyncio.to_thread(fill_page, link, {})
        assert page.status_code == 200, page.text
        self.done_at = time.monotonic()


@pytest.mark.parametrize(("transport", "era"), WAYS)
async def test_one_call_connects_and_ends_when_the_person_is_done(
    served: tuple[Install, str], transport: Transport, era: Era
) -> None:
    install, token = served
    person, alias = Person(), f"{transport}-{era}"
    async with client_of(install, transport, era, token, elicitation_callback=person.look) as client:
        said = await say(client, "connect", connector="demo", alias=alias)
        assert person.filling is not None
        await person.filling
        assert f"Connected: Demo as demo/{alias}" in said
        assert time.monotonic() - person.done_at < NOTICED_S
        assert link_in(person.links[0]) == person.links[0]
        assert f"demo/{alias}" in await say(client, "list_connections")


@pytest.mark.parametrize("answer", ["decline", "cancel"])
@pytest.mark.parametrize(("transport", "era"), WAYS)
async def test_a_no_is_told_kindly_and_the_session_goes_on(
    served: tuple[Install, str], transport: Transport, era: Era, answer: Literal["decline", "cancel"]
) -> None:
    install, token = served
    person, alias = Person(answer), f"{transport}-{era}-{answer}"
    async with client_of(install, transport, era, token, elicitation_callback=person.look) as client:
        said = await say(client, "connect", connector="demo", alias=alias)
        assert ("would rather not" in said, "closed the question" in said) == (answer == "decline", answer == "cancel")
        assert f"demo/{alias}" not in await say(client, "list_connections")

        person.answer = "accept"

        assert f"demo/{alias}" in await say(client, "connect", connector="demo", alias=alias)


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_client_that_cannot_ask_hands_the_link_on_as_text(served: tuple[Install, str], era: Era) -> None:
    install, token = served
    alias = f"words-{era}"
    async with client_of(install, "stdio", era, token) as client:
        link = link_in(await say(client, "connect", connector="demo", alias=alias))
        person = Person()
        _, said = await asyncio.gather(person.fill(link), say(client, "connect", connector="demo", alias=alias))
        assert f"Connected: Demo as demo/{alias}" in said
        assert time.monotonic() - person.done_at < NOTICED_S


async def test_without_sessions_modern_clients_are_asked_and_the_others_get_text(tmp_path: Path) -> None:
    install = Install(tmp_path)
    token = install.token()
    with install.serving():
        modern, old = Person(), Person()
        async with client_of(install, "http", "auto", token, elicitation_callback=modern.look) as client:
            assert "Connected: Demo" in await say(client, "connect", connector="demo", alias="modern")
        async with client_of(install, "http", "legacy", token, elicitation_callback=old.look) as client:
            assert link_in(await say(client, "connect", connector="demo", alias="old"))
    assert (len(modern.links), old.links) == (1, [])


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_process_that_serves_its_own_page_is_asked_and_answers_alike(tmp_path: Path, era: Era) -> None:
    install, person = Install(tmp_path, extra={"SSH_CONNECTION": "203.0.113.7 50000 198.51.100.2 22"}), Person()
    async with client_of(install, "stdio", era, elicitation_callback=person.look) as client:
        assert "Connected: Demo as demo/default" in await say(client, "connect", connector="demo")
