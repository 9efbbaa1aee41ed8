"""What a principal may be offered of connectors, actions and connections: what their policies deny is left out."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from connectory.auth.connections import Found
from connectory.auth.manager import AuthManager
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Action, Connector
from connectory.errors import InvalidArguments, Refused
from connectory.gateway.gateway import Gateway
from connectory.gateway.policy import CONNECT, Judged
from connectory.identity.principal import Principal
from connectory.vault.entities import Connection, Role

MOST_FOUND = 100  # looked through, so that what is denied takes no place from what is not


class Offers:
    """The catalog and the connections as one principal may see them, by tools, prompts, resources, completions."""

    def __init__(self, catalog: Catalog, auth: AuthManager, gateway: Gateway) -> None:
        self.catalog, self.auth, self.gateway = catalog, auth, gateway

    async def connectors(self) -> list[Connector]:
        """All of them; the first time they are compiled, beside the event loop."""
        await self.catalog.settled()
        return await asyncio.to_thread(list, self.catalog.connectors.values())

    def named(self, name: str) -> Connector:
        """The connector that a person means, who may have written its title. Raises `UnknownConnector`."""
        wanted = name.strip().lower()
        if wanted in self.catalog.connectors:
            return self.catalog.connector(wanted)
        titled = (one for one in self.catalog.connectors.values() if one.title.lower() == wanted)
        return next(titled, None) or self.catalog.connector(name)

    def parts(self, connector: Connector) -> list[Connector]:
        """What a connector stands for: those that a bundle includes, else itself."""
        return [self.catalog.connector(name) for name in connector.manifest.includes] or [connector]

    async def permitted(self, principal: Principal, actions: Iterable[Action]) -> list[Action]:
        """Those of `actions` that no policy denies the principal, connected or not."""
        judged = {action.tool: action for action in actions}
        denied = await self.gateway.denied(principal, *(Judged(one.tool, one.effect) for one in judged.values()))
        return [action for tool, action in judged.items() if tool not in denied]

    async def permitted_of(self, principal: Principal, connectors: Iterable[Connector]) -> Mapping[str, int]:
        """How many actions no policy denies the principal, by the connector that has them, a bundle's parts too."""
        parts = {part.name: part for one in connectors for part in self.parts(one)}
        every = (action for part in parts.values() for action in part.actions.values())
        return Counter(action.connector for action in await self.permitted(principal, every))

    async def usable(self, principal: Principal, connectors: Sequence[Connector]) -> list[Connector]:
        """Those of `connectors` that policies leave something of: at least one action, where there are any."""
        permitted = await self.permitted_of(principal, connectors)
        return [one for one in connectors if self.is_usable(one, permitted)]

    def is_usable(self, connector: Connector, permitted: Mapping[str, int]) -> bool:
        """The same by what `permitted_of` says."""
        return any(part.name in permitted or not part.actions for part in self.parts(connector))

    async def usable_one(self, principal: Principal, name: str) -> Connector:
        """The connector that is meant.

        Raises `UnknownConnector`, and `PolicyDenied` or `RoleDenied`, with what would mend that, where
        all of it is denied.
        """
        await self.catalog.settled(name.strip().lower())
        connector = self.named(name)
        if not await self.usable(principal, [connector]):
            actions = [action for part in self.parts(connector) for action in part.actions.values()]
            try:
                await self.gateway.permit(principal, Judged(actions[0].tool, actions[0].effect), {})
            except Refused as refusal:
                message = f"Nothing of {connector.title} is allowed here: all its actions are denied."
                raise type(refusal)(message, hint=refusal.hint) from None
        return connector

    async def found(self, principal: Principal, query: str, connector: str | None, limit: int) -> list[Action]:
        """The actions that fit `query` best, without those of connectors all of whose actions are denied."""
        found = self.catalog.search(query, connector=connector, limit=MOST_FOUND)
        searched = {action.connector: self.catalog.connector(action.connector) for action in found}
        usable = {one.name for one in await self.usable(principal, list(searched.values()))}
        return [action for action in found if action.connector in usable][:limit]

    async def may_connect(self, principal: Principal) -> bool:
        """Whether `connect` is open to the principal at all."""
        return not await self.gateway.denied(principal, CONNECT)

    async def against_connecting(self, principal: Principal) -> str:
        """Why the principal may not connect anything, and who or what can; empty if they may."""
        if await self.may_connect(principal):
            return ""
        if principal.read_only:
            return "this API token is read-only, so it takes another one"
        if principal.role is Role.VIEWER:
            return "viewers may only read, and an owner of the workspace can change that role"
        return "a policy denies connecting, and an owner of the workspace can change that"

    async def against_renewing(self, principal: Principal, connection: Connection) -> str:
        """The same of renewing this connection."""
        if connection.is_shared and principal.role is not Role.OWNER:
            return "only an owner of the workspace can renew it"
        return await self.against_connecting(principal)

    async def connections(self, principal: Principal, connectors: Sequence[Connector]) -> list[Found]:
        """The visible connections to any of `connectors`, in the order of their names."""
        names = {one.name for one in connectors}
        return [found for found in await self.auth.list_connections(principal) if found[0].connector in names]


def check_given(what: str, given: Iterable[str], takes: Sequence[str], required: Iterable[str]) -> None:
    """Raises `InvalidArguments` for arguments that `what` does not take, and for required ones that are not there."""
    given = set(given)
    problems = [f"'{name}' is missing" for name in required if name not in given]
    problems += [f"unknown argument '{name[:100]}'" for name in sorted(given) if name not in takes]
    if problems:
        raise InvalidArguments(f"{what}: {'; '.join(problems)}.", hint=f"It takes: {', '.join(takes) or 'nothing'}.")
