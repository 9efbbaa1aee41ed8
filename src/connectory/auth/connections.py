"""Which connection is meant: visibility, names and aliases (design 1).

What a principal may not see is answered exactly as what does not exist (attack 42): all lookups go over the visible
connections alone, and an unseen id finds nothing there, whoever owns it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.errors import AmbiguousConnection, InvalidArguments, NotConnected, UnknownConnection
from connectory.identity.principal import Principal
from connectory.identity.rights import owners_visible_to
from connectory.vault.entities import Connection, ConnectionId, Grant
from connectory.vault.vault import Vault

ALIAS = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)
DEFAULT_ALIAS = "default"
MOST_OF_ACCOUNT = 60  # characters of its name
Found = tuple[Connection, Grant]


def check_alias(alias: str) -> str:
    """Return `alias`. Raises `InvalidArguments` on one that no connection can have."""
    if ALIAS.fullmatch(alias) is None:
        raise InvalidArguments(
            "This alias cannot be used.",
            hint="Use 1 to 32 small letters, digits and hyphens, not beginning with a hyphen, e.g. work.",
        )
    return alias


def describe_account(grant: Grant) -> str:
    """Return the account's name as text that can stand in a sentence."""
    return plain_name(grant.account_name or grant.account_id)


def plain_name(name: str | None) -> str:
    """Return an account's name cleaned, and cut where it is long: it is the provider's word."""
    clean = "".join(character for character in name or "" if character.isprintable()) or "unnamed account"
    return clean if len(clean) <= MOST_OF_ACCOUNT else f"{clean[: MOST_OF_ACCOUNT - 1]}…"


class Connections:
    """Finds connections on behalf of a principal."""

    def __init__(self, vault: Vault, catalog: Catalog) -> None:
        self._vault = vault
        self._catalog = catalog

    async def visible(self, principal: Principal, connector: str | None = None) -> list[Found]:
        """Return what the principal sees, by name, own before shared. Raises `UnknownConnector`."""
        if connector is not None:
            self._catalog.connector(connector)
        found = await self._vault.connections.list(
            principal.workspace_id, owners=owners_visible_to(principal), connector=connector
        )
        return sorted(found, key=lambda pair: (pair[0].name, pair[0].is_shared))

    async def by_id(self, principal: Principal, connection_id: ConnectionId) -> Found:
        """Return a visible connection. Raises `UnknownConnection`."""
        row = await self._vault.connections.get(principal.workspace_id, connection_id)
        if row is None or row.owner not in owners_visible_to(principal):
            raise UnknownConnection(connection_id)
        grant = await self._vault.grants.get(principal.workspace_id, row.grant_id)
        if grant is None:  # disconnected between the two reads
            raise UnknownConnection(connection_id)
        return row, grant

    async def resolve(self, principal: Principal, name: str, *, connector: str | None, writes: bool) -> Found:
        """Return the connection called `name`: an id, `{connector}/{alias}`, or an alias where `connector` is known.

        Raises `UnknownConnection` with the nearest names, `AmbiguousConnection` where one's own and a shared one of
        the same name both fit and `writes`, `InvalidArguments` for a connection of another connector.
        """
        found = await self.visible(principal)
        fits = [pair for pair in found if _is_called(pair[0], name, connector)]
        if not fits:
            raise UnknownConnection(name, _nameable(found, name, connector))
        if connector is not None and fits[0][0].connector != connector:
            raise InvalidArguments(
                f"'{name}' is a connection to {fits[0][0].connector}, but a connection to {connector} is needed.",
                hint=f"list_connections(connector='{connector}') shows those.",
            )
        return _only(fits, writes=writes)

    async def choose(self, principal: Principal, connector: Connector, name: str | None, *, writes: bool) -> Found:
        """Return the connection for one call: the named one, else the only one that fits.

        Raises what `resolve` raises, and `NotConnected` where the principal has none to this connector.
        """
        found = await self.visible(principal, connector.name)
        if not found:
            raise NotConnected(
                f"{connector.title} is not connected.",
                hint=f"Call connect(connector='{connector.name}') and give the person the link.",
            )
        if name is not None:
            return await self.resolve(principal, name, connector=connector.name, writes=writes)
        return _only(found, writes=writes)


def _nameable(found: Iterable[Found], name: str, connector: str | None) -> list[str]:
    """What the caller may have meant, of what they see: full names, or aliases where those are enough."""
    rows = [row for row, _ in found if connector is None or row.connector == connector]
    return [row.name if "/" in name or connector is None else row.alias for row in rows]


def _is_called(row: Connection, name: str, connector: str | None) -> bool:
    return name in (row.id, row.name) or (row.connector == connector and row.alias == name)


def _only(fits: Sequence[Found], *, writes: bool) -> Found:
    """Return the one that fits; for a read, one's own goes before a shared one of the same name."""
    if len({row.name for row, _ in fits}) > 1 or (writes and len(fits) > 1):
        raise AmbiguousConnection(
            f"Several connections fit: {'; '.join(_describe(fits))}.",
            hint="Ask the person which account is meant, then repeat the call with that one as `connection`.",
        )
    return next((pair for pair in fits if not pair[0].is_shared), fits[0])


def _describe(fits: Iterable[Found]) -> list[str]:
    """Name each so that it can be repeated: by its id where two share a name."""
    names = [row.name for row, _ in fits]
    return [
        f"{row.name if names.count(row.name) == 1 else row.id}"
        f" ({describe_account(grant)}, {'shared' if row.is_shared else 'own'})"
        for row, grant in fits
    ]
