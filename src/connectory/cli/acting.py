"""Who the command line acts as, and the application it acts with.

Owner `local` of workspace `default`, or with `CONNECTORY_TOKEN` that token's principal (design 1).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from connectory.errors import PageUnavailable, Unauthenticated, UnknownObject

if TYPE_CHECKING:
    from connectory.identity.principal import Principal
    from connectory.settings import Settings
    from connectory.wiring import Application

T = TypeVar("T")
Task = Callable[["Application", "Principal"], Awaitable[T]]


def act(task: Task[T], *, workspace: str | None = None) -> T:
    """Run `task` with the application and the principal, and close everything behind it."""

    async def run() -> T:
        async with acting(workspace=workspace) as (application, principal):
            return await task(application, principal)

    return run_to_end(run())


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` in an event loop of its own; Ctrl-C cancels it."""
    import asyncio  # a tenth of the time that `--help` takes

    return asyncio.run(work)


@asynccontextmanager
async def acting(*, workspace: str | None = None, **handed_in: Any) -> AsyncIterator[tuple[Application, Principal]]:
    """Build the application from the environment; what is handed in goes to `wiring.running`.

    Raises `SetupError` leaves, `Unauthenticated`, `UnknownObject`.
    """
    settings = prepared_settings(quiet=True)
    from connectory.wiring import running

    page = _OthersPage()
    async with running(settings, **{"presence": page.check, **handed_in}) as application:
        page.application = application
        yield application, await principal_of(application, workspace=workspace)


def prepared_settings(*, quiet: bool = False) -> Settings:
    """Read the settings and turn logging on. `quiet`: a command for a person tells no everyday news."""
    from connectory.cli.logging import configure_logging
    from connectory.settings import load_settings

    settings = load_settings()
    level = "warning" if quiet and settings.log_level == "info" else settings.log_level
    configure_logging(level, settings)
    return settings


async def principal_of(application: Application, *, workspace: str | None = None) -> Principal:
    """Return who acts: the token's principal, else `local`.

    Raises `Unauthenticated` for a token that is not valid, `UnknownObject` for a workspace it is no member of.
    """
    token = application.settings.token
    if token is not None:
        principal = await application.tokens.verify(token.get_secret_value())
        if principal is None:
            raise Unauthenticated(
                "The API token in CONNECTORY_TOKEN is not valid: it is unknown, revoked or expired.",
                hint="Make another with `connectory token create`, or unset it.",
            )
    else:
        from connectory.identity.principal import local_principal

        principal = await local_principal(application.vault)
    return principal if workspace is None else await _within(application, principal, workspace)


async def _within(application: Application, principal: Principal, slug: str) -> Principal:
    """The same person in another workspace; a token never leaves its own."""
    from dataclasses import replace

    visible = await application.workspaces.list(principal)
    found = next((one for one in visible if slug in (one.slug, one.id)), None)
    if found is not None and found.id == principal.workspace_id:
        return principal
    role = await application.vault.workspaces.role_of(found.id, principal.user_id) if found else None
    if found is None or role is None or principal.token_id is not None:
        raise UnknownObject("workspace", slug, [one.slug for one in visible])
    return replace(principal, workspace_id=found.id, role=role)


class _OthersPage:
    """Whether links lead anywhere: the command line serves no page, but another process of this data folder may."""

    def __init__(self) -> None:
        self.application: Application | None = None

    async def check(self) -> None:
        """Raise `PageUnavailable` unless a page of ours answers; in fleet mode it stands elsewhere."""
        from connectory.web.election import who_answers
        from connectory.web.proof import Answerer

        assert self.application is not None
        settings, keys = self.application.settings, self.application.vault.keys
        if settings.is_local and await who_answers(settings, keys) is not Answerer.OURS:
            raise PageUnavailable(
                "No sign-in page is being served.",
                hint="`connectory connect NAME` signs in here, in the terminal; `connectory serve` serves the page.",
            )
