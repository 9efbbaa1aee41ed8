"""The steps of a browser, or a terminal, through one connect session: bind, begin, leave, come back (design 5.6)."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import NoReturn

from connectory.auth.accounts import ConnectedAccounts
from connectory.auth.backend import (
    Backend,
    Callback,
    Connected,
    DeviceCode,
    Done,
    Elsewhere,
    Entry,
    Form,
    NewGrant,
    Problem,
    Question,
    Step,
)
from connectory.auth.choice import BackendChoice
from connectory.auth.finishing import Answers, Finishing, SignedIn
from connectory.auth.held import Held, HeldSignIns
from connectory.auth.sessions import ConnectSessions
from connectory.auth.withdrawing import Withdrawing
from connectory.catalog.catalog import Catalog
from connectory.catalog.manifest import AuthMethod, Effect, OAuth2Method
from connectory.errors import (
    AccessNeeded,
    BadInput,
    ConnectoryError,
    ProviderError,
    Refused,
    RoleDenied,
    SessionExpired,
    SetupError,
    SignInFailed,
)
from connectory.identity.principal import Principal
from connectory.identity.record import OpenRecord, Record
from connectory.vault.entities import ConnectSession, Role, SessionStatus
from connectory.vault.vault import Vault

NOT_SIGNED_IN = "sign_in_incomplete"  # in the audit: there is a further step, or something is wrong or missing
FAILURES = (AccessNeeded, ProviderError, Refused, BadInput, SetupError)


class SignIn:
    """Takes each step on behalf of whoever asked for the link."""

    def __init__(
        self,
        vault: Vault,
        catalog: Catalog,
        choice: BackendChoice,
        sessions: ConnectSessions,
        accounts: ConnectedAccounts,
        finishing: Finishing,
        withdrawing: Withdrawing,
        record: Record,
    ) -> None:
        self._vault = vault
        self._catalog = catalog
        self._choice = choice
        self._sessions = sessions
        self._accounts = accounts
        self._finishing = finishing
        self._withdrawing = withdrawing
        self._record = record
        self._held = HeldSignIns(vault)

    async def find(self, link: str) -> ConnectSession | None:
        """Return the session of a link, live or over; nothing changes. Who may see it is for the face to say."""
        return await self._vault.sessions.by_link(link)

    async def end(self, session: ConnectSession) -> None:
        """End a session whose person will not go on with it."""
        await self._vault.sessions.expire(session)

    async def first_step(self, session: ConnectSession) -> Form | Question:
        """Return what to show first. Raises `BackendUnavailable`, `UnknownConnector`."""
        held = await self._held.find(session)
        if held is not None:
            return held.question()
        connector = self._catalog.connector(session.connector)
        forms = await self._choice.forms(session, connector)
        return Form(forms, accounts=await self._accounts.offered(session))

    async def submit(self, session: ConnectSession, browser: str, entry: Entry) -> Step | Connected:
        """Take an entry from the browser that holds the session; the form comes back while something is wrong.

        Raises `SessionExpired`, `RoleDenied` where the person's role was taken meanwhile, `BackendUnavailable`.
        """
        asked = {"connector": session.connector, "alias": session.alias, "method": entry.method}  # nothing typed
        role = await self._vault.workspaces.role_of(session.workspace_id, session.user_id)
        async with self._record(_acting(session, role), "sign_in", Effect.WRITE, asked) as line:
            current = await self._sessions.bind(session, browser)
            _check_role(role, current)
            await self._forget_problem(current)
            step = await self._take(current, entry, line)
            if not isinstance(step, Connected):
                line.refuse(NOT_SIGNED_IN)
            return step

    async def session_of(self, family: str, callback: Callback) -> ConnectSession | None:
        """Return the live session that a callback at this family's address belongs to; nothing changes."""
        for backend in self._choice.all():
            flow = await backend.session_of(family, callback)
            if flow is not None:
                session = await self._vault.sessions.get(*flow)
                return session if session is not None and session.status is SessionStatus.BOUND else None
        return None

    async def complete(
        self, session: ConnectSession, browser: str, family: str, callback: Callback
    ) -> Step | Connected:
        """Take what the provider's redirect brought to the browser that left. A failure is noted on the session.

        Raises `SessionExpired` for another browser, or where no sign-in is under way; nothing is spent then.
        """
        current = await self._sessions.require_bound(session, browser)
        for backend in self._choice.all():
            if await backend.session_of(family, callback) is not None:
                arriving = partial(backend.complete, current, callback)
                return await self._come_back(current, "callback", backend, arriving)
        return await self.refuse_callback(_acting(current, None), family)  # another callback was faster

    async def refuse_callback(self, principal: Principal | None, family: str) -> NoReturn:
        """Put on record that a redirect belongs to no sign-in of its browser. Raises `SessionExpired`, always."""
        if principal is None:
            raise _not_under_way()
        async with self._record(principal, "sign_in", Effect.WRITE, {"connector": family, "by": "callback"}):
            raise _not_under_way()

    async def by_code(self, session: ConnectSession) -> DeviceCode | None:
        """Return the code to type at the provider, of a sign-in under way or a new one; None where it gives none.

        For servers whose page nobody can open; `AuthManager.wait` brings it on. Such a session is bound to no browser:
        nobody can go on with it on the page. A way that needs an OAuth app first, or something typed, gives none.
        """
        if (given := await self.code_of(session)) is not None:
            return given
        connector = self._catalog.connector(session.connector)
        for form in await self._choice.forms(session, connector):
            if form.setup is None and _has_codes(connector.auth[form.method]):
                step = await self.submit(session, secrets.token_urlsafe(32), Entry(form.method, {}, device=True))
                if isinstance(step, DeviceCode):
                    return step
                problems = step.problems if isinstance(step, Form) else ()
                raise SignInFailed(
                    f"{connector.title} gave no code. {' '.join(one.message for one in problems)}".strip(),
                    hint="Use another way to sign in.",
                )
        return None

    async def code_of(self, session: ConnectSession) -> DeviceCode | None:
        """Return the code that a sign-in under way has given out, with the time that is left; nothing is begun."""
        for backend in self._choice.all():
            if (code := await backend.code_of(session)) is not None:
                return code
        return None

    async def page_of(self, session: ConnectSession) -> Elsewhere | None:
        """Return the page elsewhere at which a session's sign-in goes on; None where it does not."""
        for backend in self._choice.all():
            if (page := await backend.page_of(session)) is not None:
                return page
        return None

    async def take_over(
        self, session: ConnectSession, new: NewGrant, backend: str, answers: Answers
    ) -> Step | Connected:
        """Finish a session by a sign-in made elsewhere, on behalf of whoever runs the server.

        It is left alone there if it comes to nothing. Problems come back as a `Form`. Raises what finishing raises.
        """
        current = await self._sessions.bind(session, secrets.token_urlsafe(32))
        role = await self._vault.workspaces.role_of(current.workspace_id, current.user_id)
        asked = {"connector": current.connector, "alias": current.alias, "by": "adoption"}
        async with self._record(_acting(current, role), "sign_in", Effect.WRITE, asked) as line:
            _check_role(role, current)
            step = await self._finish(current, SignedIn(new, backend), answers, line)
            if not isinstance(step, Connected):
                line.refuse(NOT_SIGNED_IN)
            return step

    async def poll(self, session: ConnectSession) -> None:
        """Bring on a sign-in that goes on elsewhere, as by a device code."""
        if session.status is not SessionStatus.BOUND:
            return
        for backend in self._choice.all():
            try:
                new = await backend.poll(session)
            except FAILURES as error:
                await self._failed(session, error)
                return
            if new is not None:
                await self._come_back(session, "code", backend, partial(_already, new))
                return

    async def _come_back(
        self, current: ConnectSession, how: str, backend: Backend, arriving: Callable[[], Awaitable[NewGrant]]
    ) -> Step | Connected:
        role = await self._vault.workspaces.role_of(current.workspace_id, current.user_id)
        asked = {"connector": current.connector, "alias": current.alias, "by": how}
        async with self._record(_acting(current, role), "sign_in", Effect.WRITE, asked) as line:
            _check_role(role, current)
            signed_in: SignedIn | None = None
            try:
                signed_in = SignedIn(await arriving(), backend.name)
                step = await self._finish(current, signed_in, Answers(), line, may_hold=True)
            except SessionExpired:
                raise
            except FAILURES as error:
                step = await self._failed(current, error, signed_in)
            if not isinstance(step, Connected):
                line.refuse(NOT_SIGNED_IN)
            return step

    async def _take(self, current: ConnectSession, entry: Entry, line: OpenRecord) -> Step | Connected:
        answers = Answers(entry.chosen, entry.account_change_confirmed)
        held = await self._held.find(current)
        if held is not None and entry.is_answer:
            signed_in = SignedIn(held.grant(), held.backend, options=held.question().options)
            try:
                return await self._finish(current, signed_in, answers, line, may_hold=True)
            except FAILURES as error:
                return await self._failed(current, error, signed_in)
        if entry.grant_id is not None:
            try:
                new, backend_name = await self._accounts.use(current, entry.grant_id)
            except (AccessNeeded, SetupError, ProviderError) as error:
                return await self._form_again(current, (Problem("", error.text),))
            return await self._finish(current, SignedIn(new, backend_name, entry.grant_id), answers, line)
        connector = self._catalog.connector(current.connector)
        backend = await self._choice.serving_entry(current, connector, entry)
        step = await backend.begin(current, connector, entry)
        if isinstance(step, Done):
            return await self._finish(current, SignedIn(step.grant, backend.name), answers, line)
        return await self._form_again(current, step.problems) if isinstance(step, Form) else step

    async def _finish(
        self,
        current: ConnectSession,
        signed_in: SignedIn,
        answers: Answers,
        line: OpenRecord,
        *,
        may_hold: bool = False,
    ) -> Question | Form | Connected:
        """Finish, or ask: what came from the provider's page waits for the answer, what was typed is typed again."""
        outcome = await self._finishing.finish(current, signed_in, answers, line)
        if isinstance(outcome, Connected):
            return outcome
        question = outcome.question
        can_answer = question.options or any(problem.confirm for problem in question.problems)
        if may_hold and can_answer:
            held = Held.of(outcome.signed_in.new, signed_in.backend, question)
            await self._held.keep(current, held)
            return question
        if may_hold:
            await self._note(current, " ".join(problem.message for problem in question.problems))
            await self._held.drop(current)
            await self._withdrawing.discard(signed_in.backend, signed_in.new.credentials)
        return await self._form_again(current, question.problems)

    async def _failed(self, current: ConnectSession, error: ConnectoryError, signed_in: SignedIn | None = None) -> Form:
        """Say on the session, for page and agent, why the sign-in came to nothing."""
        await self._held.drop(current)
        if signed_in is not None:
            await self._withdrawing.discard(signed_in.backend, signed_in.new.credentials)
        await self._note(current, error.text)
        return await self._form_again(current, (Problem("", error.text),))

    async def _note(self, current: ConnectSession, problem: str) -> None:
        await self._vault.sessions.note_problem(current, problem)

    async def _forget_problem(self, current: ConnectSession) -> None:
        if current.problem is not None:
            await self._vault.sessions.note_problem(current, None)

    async def _form_again(self, session: ConnectSession, problems: tuple[Problem, ...]) -> Form:
        first = await self.first_step(session)
        return replace(first, problems=problems) if isinstance(first, Form) else Form((), problems)


def _has_codes(method: AuthMethod) -> bool:
    needs_typing = any(field.required and field.default is None for field in method.fields.values())
    return isinstance(method, OAuth2Method) and method.device_url is not None and not needs_typing


async def _already(new: NewGrant) -> NewGrant:
    return new


def _not_under_way() -> SessionExpired:
    """One text for unknown, used, timed out and another browser's: the page must not tell which (attack 42)."""
    return SessionExpired(
        "No such sign-in is under way in this browser: it was finished, took too long, or began in another one.",
        hint="Open the connect link again, in the browser in which you sign in, and start from there.",
    )


def _acting(session: ConnectSession, role: Role | None) -> Principal:
    return Principal(session.workspace_id, session.user_id, role or Role.VIEWER)


def _check_role(role: Role | None, session: ConnectSession) -> None:
    """A link outlives the moment it was asked for; the right to it does not."""
    is_shared = session.owner == session.workspace_id
    if role is not Role.OWNER and (role is not Role.MEMBER or is_shared):
        raise RoleDenied(
            "Whoever asked for this link may not connect accounts in this workspace any more.",
            hint="An owner of the workspace can change the role.",
        )
