"""Sign-ins that are done at the provider and wait for the person: to choose a site, or to confirm another account.

Nothing of a flow lives in memory only (design 7.2): the tokens stand sealed in the row of the sign-in meanwhile, and go
with the connect session.
"""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict

from connectory.auth.backend import Confirm, NewGrant, Option, Problem, Question
from connectory.errors import SessionExpired
from connectory.vault.credentials import Credentials, dump_credentials, parse_credentials
from connectory.vault.entities import ConnectSession, FlowStatus
from connectory.vault.vault import Vault


class Held(BaseModel):
    """Tokens that wait until the person has chosen or confirmed. `options`: id, name and facts of each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: str
    method: str
    credentials: str
    facts: dict[str, str]
    scopes: tuple[str, ...]
    expires_at: AwareDatetime | None
    client_id: str | None
    private_confirmed: bool
    options: tuple[tuple[str, str, dict[str, str]], ...] = ()
    problems: tuple[tuple[str, Confirm | None], ...] = ()

    @classmethod
    def of(cls, new: NewGrant, backend: str, question: Question) -> Held:
        """Return what is to be kept of a sign-in, with what the person is asked."""
        return cls(
            backend=backend,
            method=new.method,
            credentials=dump_credentials(new.credentials).decode(),
            facts=dict(new.facts),
            scopes=new.scopes,
            expires_at=new.expires_at,
            client_id=new.client_id,
            private_confirmed=new.private_confirmed,
            options=tuple((one.id, one.name, dict(one.facts)) for one in question.options),
            problems=tuple((one.message, one.confirm) for one in question.problems),
        )

    def grant(self) -> NewGrant:
        """The inverse of `of`."""
        credentials: Credentials = parse_credentials(self.credentials.encode())
        return NewGrant(
            self.method,
            credentials,
            self.facts,
            (),
            self.scopes,
            self.expires_at,
            self.client_id,
            self.private_confirmed,
        )

    def question(self) -> Question:
        """What the person is asked."""
        problems = tuple(Problem("", message, confirm) for message, confirm in self.problems)
        return Question(tuple(Option(*one) for one in self.options), problems)


class HeldSignIns:
    """Keeps one for each connect session."""

    def __init__(self, vault: Vault) -> None:
        self._flows = vault.oauth_flows

    async def find(self, session: ConnectSession) -> Held | None:
        """Return what is held for a session. Raises `CannotDecrypt`."""
        flow = await self._flows.of_session(session)
        return Held.model_validate_json(flow.body) if flow is not None and flow.status is FlowStatus.HELD else None

    async def keep(self, session: ConnectSession, held: Held) -> None:
        """Hold tokens as long as the session lives. Raises `SessionExpired` where another sign-in has begun since."""
        flow = await self._flows.of_session(session)
        body = held.model_dump_json().encode()
        if flow is None or not await self._flows.hold(flow, body, until=session.expires_at):
            raise SessionExpired("Another sign-in has begun in this place.", hint="Go on with that one.")

    async def drop(self, session: ConnectSession) -> None:
        """Forget a session's sign-in."""
        if (flow := await self._flows.of_session(session)) is not None:
            await self._flows.end(flow)
