"""How a person is shown a link: by their client where it can (URL elicitation), in the model's words everywhere else.

| client | way |
| --- | --- |
| 2026-07-28, declares `elicitation.url` | the call is answered "input required", and comes back in rounds |
| 2025-11-25, declares it, and can be asked in between | `elicitation/create` inside the call |
| 2025-11-25, declares it, and cannot be asked | the error -32042, which has the link |
| every other | the link as text |
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import mcp_types as t
from mcp import MCPError, UrlElicitationRequiredError
from mcp.server.context import ServerRequestContext
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from connectory.identity.principal import Principal
from connectory.mcp.rounds import Round, RoundSeals
from connectory.vault.entities import ConnectSession, SessionStatus

MOST_ROUNDS = 10  # the SDKs' clients take ten "input required" for a call, and fail at the eleventh
LEGACY_VERSION = "2025-11-25"  # the only handshake version that has URL elicitation
OPEN = "open"  # our key for the one question of a call

Context = ServerRequestContext[Any]
Wait = Callable[[], Awaitable[ConnectSession]]
"""Returns the session once the person is done, or as it stands when the call has no more time."""
NotNow = Literal["decline", "cancel"]
Unanswered = t.InputRequiredResult | UrlElicitationRequiredError
"""What a call ends with when its client must do something first."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link for the person, and what they read beside it."""

    session: ConnectSession
    url: str
    message: str
    is_news: bool  # no call has given this link yet


class Asking(Protocol):
    """One call's way to show a link."""

    link: str | None  # shown by an earlier round of this call

    async def show(self, invitation: Invitation, wait: Wait) -> ConnectSession | Unanswered | NotNow:
        """Return the session as it then stands, what the client must do first, or how the person said no."""
        ...


class InWords:
    """No way but the model's words: a link that is news is theirs to pass on before anything is waited for."""

    link: str | None = None

    async def show(self, invitation: Invitation, wait: Wait) -> ConnectSession | Unanswered | NotNow:
        """Wait only for a link that was given before."""
        return invitation.session if invitation.is_news else await wait()


class InRounds:
    """The client shows the link and calls again; each round waits, and the last one answers whatever happens."""

    def __init__(self, this: Round | None, answer: NotNow | None, seal: Callable[[Round], str]) -> None:
        self.link = this.link if this else None
        self._number = this.number if this else 0
        self._answer, self._seal = answer, seal

    async def show(self, invitation: Invitation, wait: Wait) -> ConnectSession | Unanswered | NotNow:
        """Ask in the first round, wait in the others."""
        state = self._seal(Round(self._number + 1, invitation.session.link))
        if self.link is None:
            question = t.ElicitRequest(params=t.ElicitRequestURLParams(message=invitation.message, url=invitation.url))
            return t.InputRequiredResult(input_requests={OPEN: question}, request_state=state)
        if self._answer is not None:
            return self._answer
        session = await wait()
        if is_over(session) or self._number >= MOST_ROUNDS:
            return session
        return t.InputRequiredResult(request_state=state)


class InTheCall:
    """The client is asked while its call waits."""

    link: str | None = None

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def show(self, invitation: Invitation, wait: Wait) -> ConnectSession | Unanswered | NotNow:
        """Ask and wait at once: a person may be done before their client says that they agreed to open the link."""
        asking = asyncio.create_task(self._ask(invitation))
        waiting = asyncio.ensure_future(wait())
        try:
            await asyncio.wait({asking, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done() and (answer := asking.result()) != "accept":
                return invitation.session if answer is None else answer
            session = await waiting
        finally:
            asking.cancel()
            waiting.cancel()
            await asyncio.gather(asking, waiting, return_exceptions=True)
        if session.status is SessionStatus.CONNECTED:
            await self._ctx.session.send_elicit_complete(str(session.id), related_request_id=self._ctx.request_id)
        return session

    async def _ask(self, invitation: Invitation) -> Literal["accept"] | NotNow | None:
        """Return the person's answer; None where the client cannot ask after all, though it said that it can."""
        try:
            answer = await self._ctx.session.elicit_url(
                invitation.message,
                invitation.url,
                str(invitation.session.id),
                related_request_id=self._ctx.request_id,
            )
        except MCPError:
            return None
        return answer.action


class ByError:
    """The call fails with the link in the error; repeated, it waits."""

    link: str | None = None

    async def show(self, invitation: Invitation, wait: Wait) -> ConnectSession | Unanswered | NotNow:
        """Give the link once; the error's own words hold it too, for hosts that drop the data."""
        if not invitation.is_news:
            return await wait()
        question = t.ElicitRequestURLParams(
            message=invitation.message, url=invitation.url, elicitation_id=str(invitation.session.id)
        )
        words = f"{invitation.message} The person opens {invitation.url}; then repeat this call."
        return UrlElicitationRequiredError([question], words)


IN_WORDS = InWords()


def asking_of(ctx: Context, params: t.CallToolRequestParams, principal: Principal, seals: RoundSeals) -> Asking:
    """Return the way for this call. Raises `MCPError` for a state that was not given for it."""
    arguments: Mapping[str, Any] = params.arguments or {}
    this = None
    if params.request_state is not None:
        this = seals.open(principal, params.name, arguments, params.request_state)
    if not _declares_url(ctx):
        return IN_WORDS
    if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
        return InRounds(this, _refusal(params), lambda then: seals.seal(principal, params.name, arguments, then))
    if ctx.protocol_version != LEGACY_VERSION:
        return IN_WORDS
    return InTheCall(ctx) if ctx.session.can_send_request else ByError()


def is_over(session: ConnectSession) -> bool:
    """Whether there is nothing more to wait for."""
    return session.status in (SessionStatus.CONNECTED, SessionStatus.EXPIRED)


def _declares_url(ctx: Context) -> bool:
    """The SDK's own check does not look inside `elicitation`: a client of forms alone would pass it."""
    capabilities = ctx.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    return elicitation is not None and elicitation.url is not None


def _refusal(params: t.CallToolRequestParams) -> NotNow | None:
    answer = (params.input_responses or {}).get(OPEN)
    if not isinstance(answer, t.ElicitResult) or answer.action == "accept":
        return None
    return answer.action
