"""A sign-in for one call: what is entered is verified and used, and kept nowhere (`manifest try --file`)."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from connectory.errors import InvalidArguments, PageUnavailable

if TYPE_CHECKING:
    from connectory.actions.watching import Watch
    from connectory.auth.backend import Entry
    from connectory.identity.principal import Principal
    from connectory.wiring import Application


@asynccontextmanager
async def signed_in_for_once(
    application: Application, principal: Principal, connector: str, entry: Entry, watch: Watch
) -> AsyncIterator[Application]:
    """Give an application like `application` in which the principal has one connection, to `connector`.

    Rules and record are those of `application`. Raises `InvalidArguments` where the provider takes not what was
    entered, and as `AuthManager.connect` does.
    """
    from connectory.auth.backend import Connected, Form, Question
    from connectory.vault.passing import passing_vault
    from connectory.wiring import running

    async with (
        passing_vault(application.vault, principal.workspace_id) as vault,
        running(
            application.settings, vault=vault, catalog=application.catalog, presence=_no_page, watch=watch
        ) as passing,
    ):
        session = await passing.auth.connect(principal, connector)
        step = await passing.auth.submit(session, secrets.token_urlsafe(32), entry)
        if not isinstance(step, Connected):
            found = step.problems if isinstance(step, Form | Question) else ()
            problems = [f"{one.field}: {one.message}" if one.field else one.message for one in found]
            is_private = any(one.confirm == "private_confirmed" for one in found)
            raise InvalidArguments(
                f"{connector} was not signed in to: {' '.join(problems)}",
                hint="Add --private-address if that is meant." if is_private else "Mend the entry or the manifest.",
            )
        yield passing


async def _no_page() -> None:
    """A page serves what is stored, and this is not."""
    raise PageUnavailable(
        "This sign-in is for one call, and no page knows it.",
        hint="Put the manifest into a folder of the server, connect it there, and try again.",
    )
