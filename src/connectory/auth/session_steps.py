"""What a page or a terminal needs of one connect session, beside the nine operations (design 5.6)."""

from __future__ import annotations

from typing import NoReturn

from connectory.auth.backend import (
    Callback,
    Connected,
    DeviceCode,
    Elsewhere,
    Entry,
    Form,
    NewGrant,
    Question,
    Step,
)
from connectory.auth.finishing import Answers
from connectory.auth.signin import SignIn
from connectory.identity.principal import Principal
from connectory.vault.entities import ConnectSession
from connectory.vault.sessions import SessionStore


class SessionSteps:
    """The part of `AuthManager` that takes a session's steps."""

    _sign_in: SignIn
    _session_store: SessionStore

    async def find_session(self, link: str) -> ConnectSession | None:
        """Return the session of a link, live or over; nothing changes. Who may see it is for the face to say."""
        return await self._session_store.by_link(link)

    async def end_session(self, session: ConnectSession) -> None:
        """End a session whose person will not go on with it."""
        await self._session_store.expire(session)

    async def first_step(self, session: ConnectSession) -> Form | Question:
        """Return what the page shows first."""
        return await self._sign_in.first_step(session)

    async def submit(self, session: ConnectSession, browser: str, entry: Entry) -> Step | Connected:
        """Take what the person entered; the form comes back while something is wrong."""
        return await self._sign_in.submit(session, browser, entry)

    async def session_of_callback(self, family: str, callback: Callback) -> ConnectSession | None:
        """Return the session that a provider's redirect to this family's address belongs to; nothing changes."""
        return await self._sign_in.session_of(family, callback)

    async def complete(
        self, session: ConnectSession, browser: str, family: str, callback: Callback
    ) -> Step | Connected:
        """Take what the redirect brought. Raises `SessionExpired` for another browser than the one that left."""
        return await self._sign_in.complete(session, browser, family, callback)

    async def refuse_callback(self, principal: Principal | None, family: str) -> NoReturn:
        """Put on record that a redirect belongs to no sign-in of its browser. Raises `SessionExpired`, always."""
        await self._sign_in.refuse_callback(principal, family)

    async def sign_in_by_code(self, session: ConnectSession) -> DeviceCode | None:
        """Return the code to type at the provider, of a sign-in under way or a new one; None where it gives none.

        For servers whose page nobody can open. `wait` brings it on. Raises what `submit` raises.
        """
        return await self._sign_in.by_code(session)

    async def code_of(self, session: ConnectSession) -> DeviceCode | None:
        """Return the code that a sign-in under way has given out, with the time that is left; nothing is begun."""
        return await self._sign_in.code_of(session)

    async def page_of(self, session: ConnectSession) -> Elsewhere | None:
        """Return the page elsewhere at which a session's sign-in goes on; None where it does not."""
        return await self._sign_in.page_of(session)

    async def poll(self, session: ConnectSession) -> None:
        """Ask once what has become of a sign-in that goes on elsewhere; what failed is noted on the session."""
        await self._sign_in.poll(session)

    async def take_over(
        self, session: ConnectSession, new: NewGrant, backend: str, *, account_change_confirmed: bool
    ) -> Step | Connected:
        """Finish a session by a sign-in that was made elsewhere, on behalf of whoever runs the server.

        Problems come back as a `Form`. Raises what finishing raises.
        """
        answers = Answers(account_change_confirmed=account_change_confirmed)
        return await self._sign_in.take_over(session, new, backend, answers)
