"""Put the mending link into an error: not connected, or connected no longer (design 5.5).

What only a person can mend, a person must be able to reach with one click.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from connectory.auth.manager import AuthManager
from connectory.errors import (
    CannotDecrypt,
    ConnectoryError,
    MissingScope,
    NeedsReconnect,
    NotConnected,
    PageUnavailable,
    PortTaken,
    ProviderUnauthorized,
)
from connectory.gateway.policy import CONNECT, require
from connectory.identity.principal import Principal
from connectory.vault.entities import Connection
from connectory.vault.policies import PolicyStore

IN_TERMINAL = "connectory connect NAME"  # how the errors of a page that is not served name the other way

Presence = Callable[[], Awaitable[None]]
"""Raises `PortTaken` where the web page cannot be offered; handed in by the face that serves it."""


async def always_present() -> None:
    """The page is served by this very process."""


class Mending:
    """Makes links through the AuthManager for whoever may connect, and words for when there can be none."""

    def __init__(self, auth: AuthManager, policies: PolicyStore, presence: Presence = always_present) -> None:
        self._auth, self._policies, self._presence = auth, policies, presence

    async def with_link(
        self, principal: Principal, connector: str, connection: Connection | None, error: ConnectoryError
    ) -> ConnectoryError:
        """Return what to raise instead of `error`: the same, or one whose hint holds the link."""
        if isinstance(error, NotConnected):
            link = await self._link(principal, connector, None)
            return NotConnected(error.message, hint=link)
        if connection is not None and isinstance(error, ProviderUnauthorized | NeedsReconnect | CannotDecrypt):
            link = await self._link(principal, connector, connection)
            return NeedsReconnect(
                f"{error.message} The sign-in '{connection.name}' must be renewed.",
                hint=link,
            )
        if connection is not None and isinstance(error, MissingScope):
            granting = "They must grant that permission there. "
            return MissingScope(error.message, hint=await self._link(principal, connector, connection, granting))
        return error

    async def _link(self, principal: Principal, connector: str, connection: Connection | None, then: str = "") -> str:
        """What the person is to do; where nothing helps, why, and not that the call be repeated."""
        try:
            require(await self._policies.list(principal.workspace_id), principal, [CONNECT])
            await self._presence()
            session = await self._auth.connect(
                principal,
                connector,
                alias=connection.alias if connection else None,
                shared=connection.is_shared if connection else False,
            )
        except (PortTaken, PageUnavailable) as error:
            way = error.text.replace(IN_TERMINAL, f"connectory connect {connector}")
        except ConnectoryError as error:
            return f"No link can be given: {error.text}"
        else:
            way = f"Ask the person to open {self._auth.link_url(session)} and sign in."
        return f"{way} {then}Then repeat this call."
