"""`connect` where the client can show the link itself: in rounds, inside the call, by an error; and where it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Literal

import httpx2
import mcp_types as t
import pytest
from mcp import Client, MCPError, UrlElicitationRequiredError
from mcp.client.streamable_http import streamable_http_client
from mcp.server.lowlevel import Server

from connectory.auth.backend import Connected, Entry
from connectory.cli.faces import list_changes
from connectory.identity.principal import Principal
from connectory.mcp.elicitation import MOST_ROUNDS
from connectory.mcp.handlers import FixedTools
from connectory.mcp.offers import Offers
from connectory.mcp.rounds import RoundSeals
from connectory.mcp.server import build_server
from connectory.testing.application import connect, make_application, make_principal
from connectory.vault.entities import PolicyEffect
from connectory.wiring import Application

Era = Literal["auto", "legacy"]
BOTH_ERAS = pytest.mark.parametrize("era", ["auto", "legacy"])
MODERN = "2026-07-28"
CONNECT_WAIT_S = 45.0  # after which a call comes back, signed in or not


@dataclass
class Person:
    """Whom the client shows links, and what they do with them."""

    application: Application
    answer: Literal["accept", "decline", "cancel"] = "accept"
    signs_in_after_s: float | None = 0.0
    is_slow_to_agree: bool = False
    seen: list[t.ElicitRequestURLParams] = field(default_factory=list)
    doing: set[asyncio.Task[None]] = field(default_factory=set)

    async def look(self, _: Any, asked: t.ElicitRequestParams) -> t.ElicitResult | t.ErrorData:
        assert isinstance(asked, t.ElicitRequestURLParams)
        self.seen.append(asked)
        if self.answer == "accept" and self.signs_in_after_s is not None:
            self.doing.add(asyncio.create_task(self.sign_in(asked.url, self.signs_in_after_s)))
        if self.is_slow_to_agree:
            await asyncio.Event().wait()
        return t.ElicitResult(action=self.answer)

    async def sign_in(self, url: str, after_s: float = 0.0) -> None:
        await asyncio.sleep(after_s)
        session = await self.application.auth.sign_in.find(url.rpartition("/")[2])
        assert session is not None
        step = await self.application.auth.sign_in.submit(session, "b", Entry("token", {"token": "s3cret-token"}))
        assert isinstance(step, Connected)


@dataclass
class Scene:
    """A client whose person can be shown links."""

    application: Application
    principal: Principal
    person: Person
    server: Server[Any]

    @asynccontextmanager
    async def client(self, era: Era | str, **more: Any) -> AsyncIterator[Client]:
        chosen: dict[str, Any] = {"elicitation_callback": self.person.look, **more}
        async with Client(self.server, mode=era, **chosen) as client:
            yield client


@asynccontextmanager
async def scene(*, connect_wait_s: float = CONNECT_WAIT_S, **person: Any) -> AsyncIterator[Scene]:
    async with make_application() as application:
        principal = await make_principal(application)

        async def principal_of(_: Any) -> Principal:
            return principal

        offers = Offers(application.catalog, application.auth, application.gateway)
        fixed = FixedTools(
            offers, application.audit,
            presence=application.presence, connect_wait_s=connect_wait_s, reach=lambda name: f"A tunnel for {name}.",
        )  # fmt: skip
        changes, seals = list_changes(application), RoundSeals(application.vault.keys)
        server = build_server(offers, fixed, principal_of, lambda _: (40, 8000), changes, seals)
        yield Scene(application, principal, Person(application, **person), server)


async def say(client: Client, **arguments: Any) -> str:
    result = await client.call_tool("connect", {"connector": "notes", **arguments})
    [block] = result.content
    assert block.type == "text"
    assert not result.is_error, block.text
    return block.text


@BOTH_ERAS
async def test_one_call_shows_the_link_and_gives_the_connection_as_soon_as_the_person_is_done(era: Era) -> None:
    async with scene(signs_in_after_s=0.3) as s, s.client(era) as client:
        began = monotonic()

        said = await say(client)

        assert "Connected: Notes as notes/default" in said
        assert monotonic() - began < CONNECT_WAIT_S / 2
        [asked] = s.person.seen
        assert asked.url.startswith("http://localhost:8765/connect/")
        assert asked.message == "Sign in to Notes. A tunnel for notes."
        assert asked.url not in said


@BOTH_ERAS
async def test_what_is_connected_just_now_is_not_asked_for_again(era: Era) -> None:
    async with scene() as s, s.client(era) as client:
        await say(client, alias="default")
        assert "Connected: Notes" in await say(client, alias="default")
        assert len(s.person.seen) == 1


@BOTH_ERAS
@pytest.mark.parametrize(
    ("answer", "told"), [("decline", "would rather not sign in to Notes now"), ("cancel", "closed the question")]
)
async def test_a_person_who_does_not_want_to_is_left_in_peace_and_may_change_their_mind(
    era: Era, answer: Any, told: str
) -> None:
    async with scene(answer=answer) as s, s.client(era) as client:
        began = monotonic()
        said = await say(client)
        assert told in said
        assert ("/connect/" in said) is (answer == "cancel")
        assert monotonic() - began < CONNECT_WAIT_S / 2
        assert await s.application.auth.list_connections(s.principal) == []

        s.person.answer = "accept"

        assert "Connected: Notes as notes/default" in await say(client)
        assert len(s.person.seen) == 2


@BOTH_ERAS
async def test_a_person_who_takes_their_time_gets_the_link_as_text_in_the_end(era: Era) -> None:
    async with scene(connect_wait_s=0.05, signs_in_after_s=None) as s, s.client(era) as client:
        said = await say(client)

        [asked] = s.person.seen
        assert said.startswith("Still waiting for the person. ")
        assert asked.url in said
        assert "A tunnel for notes." in said


async def test_the_clients_rounds_are_used_up_but_for_the_last() -> None:
    """One more, and the SDK's client would fail the call; one fewer, and the person had less time."""
    async with scene(connect_wait_s=0.01, signs_in_after_s=None) as s:
        async with s.client(MODERN, input_required_max_rounds=MOST_ROUNDS) as client:
            assert "Still waiting" in await say(client)
        async with s.client(MODERN, input_required_max_rounds=MOST_ROUNDS - 1) as client:
            with pytest.raises(RuntimeError, match="rounds"):
                await say(client)


async def test_a_policy_of_the_meantime_counts_in_the_next_round() -> None:
    async with scene(signs_in_after_s=None) as s:

        async def forbid(_: Any, __: Any) -> t.ElicitResult:
            await s.application.policies.add(s.principal, PolicyEffect.DENY, ["connect"])
            return t.ElicitResult(action="accept")

        async with s.client(MODERN, elicitation_callback=forbid) as client:
            result = await client.call_tool("connect", {"connector": "notes"})
        assert result.is_error
        assert "policy_denied" in str(result.content)


async def test_a_link_that_ends_between_two_rounds_is_said_to_have_ended_and_none_is_made() -> None:
    async with scene(signs_in_after_s=None) as s:

        async def end(_: Any, asked: Any) -> t.ElicitResult:
            session = await s.application.auth.sign_in.find(asked.url.rpartition("/")[2])
            assert session is not None
            await s.application.auth.sign_in.end(session)
            return t.ElicitResult(action="accept")

        async with s.client(MODERN, elicitation_callback=end) as client:
            assert "has expired" in await say(client)
        assert await s.application.auth.open_session(s.principal, "notes") is None


@BOTH_ERAS
async def test_a_client_that_cannot_ask_gets_the_link_as_text_at_once(era: Era) -> None:
    async with scene() as s, s.client(era, elicitation_callback=None) as client:
        said = await say(client)
        assert said.startswith("Ask the person to open this link and sign in to Notes: http://localhost:8765/connect/")
        assert "\nA tunnel for notes.\n" in said


async def test_a_person_who_is_done_before_their_client_says_so_is_not_waited_for() -> None:
    async with scene(signs_in_after_s=0.1, is_slow_to_agree=True) as s, s.client("legacy") as client:
        async with asyncio.timeout(CONNECT_WAIT_S / 2):
            assert "Connected: Notes as notes/default" in await say(client)
        assert (await client.list_tools()).tools  # the session is as usable as before


async def test_a_client_that_refuses_what_it_declared_gets_the_link_as_text() -> None:
    async with scene() as s:

        async def refuse(_: Any, __: Any) -> t.ErrorData:
            return t.ErrorData(code=t.METHOD_NOT_FOUND, message="no")

        async with s.client("legacy", elicitation_callback=refuse) as client:
            assert "Ask the person to open this link" in await say(client)


async def test_a_client_that_was_asked_inside_its_call_is_told_when_the_person_is_done() -> None:
    told: list[str] = []

    async def take(message: Any) -> None:
        if isinstance(message, t.ElicitCompleteNotification):
            told.append(message.params.elicitation_id)

    async with scene() as s, s.client("legacy", message_handler=take) as client:
        await say(client)
        await client.list_tools()
        assert told == [s.person.seen[0].elicitation_id]


@asynccontextmanager
async def over_plain_json(server: Server[Any], person: Person) -> AsyncIterator[Client]:
    """A legacy client of a server that answers with JSON alone: it declares elicitation, and cannot be asked."""
    async with AsyncExitStack() as stack:
        app = server.streamable_http_app(json_response=True)
        await stack.enter_async_context(server.session_manager.run())
        http = await stack.enter_async_context(httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), timeout=30))
        transport = streamable_http_client("http://127.0.0.1:8765/mcp", http_client=http)
        look: Any = person.look
        yield await stack.enter_async_context(Client(transport, mode="legacy", elicitation_callback=look))


async def test_a_legacy_client_without_a_way_back_gets_the_error_that_has_the_link() -> None:
    async with scene() as s, over_plain_json(s.server, s.person) as client:
        with pytest.raises(MCPError) as refusal:
            await say(client)
        error = UrlElicitationRequiredError.from_error(refusal.value.error)
        [question] = error.elicitations
        assert question.url in error.error.message
        waiting = asyncio.create_task(say(client))
        await s.person.sign_in(question.url)
        assert "Connected: Notes as notes/default" in await waiting


async def test_another_connection_of_the_same_connector_is_asked_for_by_a_link_of_its_own() -> None:
    async with scene() as s, s.client(MODERN) as client:
        await connect(s.application, s.principal)
        assert "Connected: Notes as notes/work" in await say(client, alias="work")
