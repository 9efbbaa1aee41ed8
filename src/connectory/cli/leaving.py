"""Sign-ins that go on elsewhere while the terminal waits: behind a link, or by a code typed at the service.

The link leads to the page of this server. Whoever of its processes is elected serves that (design 7.2): where nobody
does, this command, for as long as it waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import webbrowser
from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING

from connectory.auth.backend import Account, Connected, DeviceCode, Question
from connectory.auth.oauth.callback import TRY_AGAIN
from connectory.cli.acting import acting, run_to_end
from connectory.cli.faces import make_app
from connectory.cli.output import note
from connectory.cli.serving import CLOSING_S, LatePage, collect_garbage, load_page
from connectory.errors import PageUnavailable, PortTaken, SessionExpired, SignInFailed, UnknownConnection
from connectory.vault.entities import ConnectSession, SessionStatus
from connectory.web.election import SAME_PORT, PresenceState, WebPresence
from connectory.web.server import who_listens

if TYPE_CHECKING:
    from connectory.cli.attempt import Attempt
    from connectory.identity.principal import Principal
    from connectory.wiring import Application

STEP_S = 1.0  # how soon news of the sign-in are told
LINGER_S = 2.0  # the browser comes back to a page of ours, which is still to be shown
REPEAT = "Repeat the command to try again."


def by_link(attempt: Attempt) -> Connected:
    """Show the link, serve its page unless another process does, and wait until the connection stands.

    Raises `PortTaken` and `PageUnavailable` where the page cannot be reached, `SessionExpired`, and `SignInFailed`
    where a try failed and nobody sits here to see it; with a person, they may try again on the page.
    """
    return run_to_end(_by_link(attempt))


def by_code(attempt: Attempt, code: DeviceCode) -> Connected | Question:
    """Show a code and its address, and wait until the connection stands, or there is something left to ask.

    Raises `SignInFailed`, `SessionExpired`.
    """
    return run_to_end(_by_code(attempt, code))


async def _by_link(attempt: Attempt) -> Connected:
    page = LatePage()
    async with acting(workspace=attempt.workspace, presence=page.check) as (application, principal):
        collect_garbage()
        url = application.auth.link_url(attempt.session)
        title = application.catalog.connector(attempt.session.connector).title
        async with _page_served(application, page):
            note(f"Open this link in a browser, and sign in to {title} there:\n\n  {url}\n")
            await _open(attempt, url)
            note("Waiting for you to finish there; Ctrl-C gives up.")
            session = await _linked(application, principal, attempt)
            return await _connected(application, principal, session)


async def _by_code(attempt: Attempt, code: DeviceCode) -> Connected | Question:
    async with acting(workspace=attempt.workspace) as (application, principal):
        collect_garbage()
        title = application.catalog.connector(attempt.session.connector).title
        minutes = max(1, round(code.expires_in_s / 60))
        span = "a minute" if minutes == 1 else f"{minutes} minutes"
        note(
            f"Open {code.verification_uri} in any browser, and type this code to sign in to {title}:\n\n"
            f"  {code.user_code}\n"
        )
        await _open(attempt, code.verification_uri)
        note(f"Waiting for you to finish there, for at most {span}; Ctrl-C gives up.")
        session = await _typed_elsewhere(application, principal, attempt.session, code)
        return session if isinstance(session, Question) else await _connected(application, principal, session)


@contextlib.asynccontextmanager
async def _page_served(application: Application, page: LatePage) -> AsyncIterator[None]:
    """Take part in the election beside the block, which begins once a link leads to a page of ours.

    In fleet mode the page stands elsewhere. Raises `PortTaken`, `PageUnavailable`, `SetupError` leaves.
    """
    if not application.settings.is_local:
        yield
        return
    await asyncio.to_thread(load_page)
    presence = WebPresence(partial(make_app, application), application.settings, application.vault.keys)
    page.begin(presence)
    stop = asyncio.Event()
    task = asyncio.create_task(presence.run(stop), name="web page")
    try:
        await _require(presence, application.settings.port)
        yield
        if presence.state is PresenceState.SERVING:
            await asyncio.sleep(LINGER_S)
    finally:
        stop.set()
        await asyncio.wait({task}, timeout=CLOSING_S)
        task.cancel()


async def _require(presence: WebPresence, port: int) -> None:
    """Raise what is wrong with the page, with the cures that help at a terminal."""
    try:
        await presence.check()
    except PortTaken as error:
        raise PortTaken(
            error.message,
            hint=f"End that program ({who_listens(port)} shows which it is), or set CONNECTORY_PORT to a free port here"
            " and in every client. With --device a code takes the link's place, where the service has such.",
        ) from None
    except PageUnavailable as error:
        is_elsewhere = presence.state is PresenceState.FOLLOWING
        raise PageUnavailable(
            error.message, hint=SAME_PORT if is_elsewhere else "Try again in a few seconds."
        ) from None


async def _open(attempt: Attempt, url: str) -> None:
    """Open a browser if that was asked for; one that runs in the terminal has it until the person leaves it."""
    if attempt.opens and not await asyncio.to_thread(webbrowser.open, url):
        note("No browser could be opened here: open it yourself.")


async def _linked(application: Application, principal: Principal, attempt: Attempt) -> ConnectSession:
    """Return the session once it is connected, saying meanwhile how it goes."""
    session, is_opened = attempt.session, False
    while True:
        current = await application.auth.wait(principal, session, STEP_S)
        if current.status is SessionStatus.CONNECTED:
            return current
        _require_live(current)
        if current.problem is not None and current.problem != session.problem:
            if attempt.asker is None:
                raise _failed(current.problem)
            note(current.problem)
        if current.status is SessionStatus.BOUND and not is_opened:
            is_opened = True
            note("The link was opened; from now on it works in that browser alone.")
        session = current


async def _typed_elsewhere(
    application: Application, principal: Principal, session: ConnectSession, code: DeviceCode
) -> ConnectSession | Question:
    """Return the session once it is connected, or what is left to ask; `wait` asks the provider when it is due."""
    clock = asyncio.get_running_loop()
    over_at = clock.time() + code.expires_in_s + code.interval_s  # the last answer may come after the end
    while True:
        current = await application.auth.wait(principal, session, STEP_S)
        if current.status is SessionStatus.CONNECTED:
            return current
        _require_live(current)
        if current.problem is not None:
            raise _failed(current.problem)
        step = await application.auth.sign_in.first_step(current)
        if isinstance(step, Question):
            return step
        if clock.time() > over_at:
            raise SignInFailed("The code has expired; nothing was connected.", hint=REPEAT)


async def _connected(application: Application, principal: Principal, session: ConnectSession) -> Connected:
    """What a session has made, as a sign-in that was typed here says it."""
    made = await application.auth.made_by(principal, session)
    grant = await application.vault.grants.get(principal.workspace_id, made[0].grant_id) if made else None
    if grant is None:
        raise UnknownConnection(f"{session.connector}/{session.alias}")
    account = Account(grant.account_id, grant.account_name, grant.scopes)
    left_out = (session.problem,) if session.problem else ()
    return Connected(made[0], account, application.catalog.connector(session.connector), tuple(made[1:]), left_out)


def _require_live(session: ConnectSession) -> None:
    if session.status is SessionStatus.EXPIRED:
        raise SessionExpired("The time of this sign-in is over; nothing was connected.", hint=REPEAT)


def _failed(problem: str) -> SignInFailed:
    return SignInFailed(problem.removesuffix(TRY_AGAIN).rstrip(), hint=REPEAT)
