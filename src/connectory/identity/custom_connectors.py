"""Custom connectors: manifests that whoever runs this server adds while it runs (attack 67, design 4).

The catalog is the whole server's, so adding and removing is for its operators; on one's own machine that is oneself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence

from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Effect
from connectory.catalog.own_manifests import CheckedManifest, OwnManifest, OwnManifests
from connectory.errors import ConnectoryError, InvalidArguments, RoleDenied, SetupError, UnknownObject
from connectory.identity.principal import Principal
from connectory.identity.record import Record, given, no_record
from connectory.identity.rights import is_operator, require_member, require_writing
from connectory.vault.data_folder import refused_by_disk
from connectory.vault.vault import Vault

MOST_TOLD = 3  # problems in one error; `check` tells all


class CustomConnectors:
    """Lists, checks, keeps and removes them."""

    def __init__(self, vault: Vault, manifests: OwnManifests, record: Record = no_record) -> None:
        self._vault = vault
        self._manifests = manifests
        self._record = record
        self._one_at_a_time = asyncio.Lock()

    async def may_change(self, principal: Principal) -> bool:
        """Whether `put` and `remove` are for this principal."""
        return not principal.read_only and await is_operator(self._vault, principal)

    async def list(self, principal: Principal) -> Sequence[OwnManifest]:
        """Return what is in this server's folder, with why a file is left out. Raises `RoleDenied` for viewers."""
        require_member(principal, "see the server's own connectors")
        return await self._manifests.all()

    async def check(self, principal: Principal, text: str) -> CheckedManifest:
        """Judge a manifest beside all others, and keep nothing. Raises `RoleDenied` for viewers, `PolicyDenied`."""
        require_member(principal, "check manifests")
        return await self._manifests.check(text)

    async def put(self, principal: Principal, text: str) -> Connector:
        """Keep a good manifest, in the place of an own one of its name; the connector can be connected at once.

        Raises `RoleDenied`, `PolicyDenied`, `InvalidArguments` with the first problems, `SetupError`.
        """
        async with self._record(principal, "connector_put", Effect.WRITE, {"manifest": text}) as line:
            await self._require_operator(principal, "add connectors")
            async with self._one_at_a_time:
                checked = await self._manifests.check(text)
                connector = checked.connector
                if connector is None:
                    raise _broken(checked)
                await line.start()
                await self._change(self._manifests.put(connector.name, text))
            return connector

    async def remove(self, principal: Principal, name: str) -> None:
        """Remove one that nothing uses any more.

        Raises `RoleDenied`, `PolicyDenied`, `UnknownObject`, `InvalidArguments` while it is used, `SetupError`.
        """
        async with self._record(principal, "connector_remove", Effect.DESTRUCTIVE, given(connector=name)) as line:
            await self._require_operator(principal, "remove connectors")
            async with self._one_at_a_time:
                own = [one.name for one in await self._manifests.all()]
                if name not in own:
                    raise UnknownObject("connector of your own", name[:80], own)
                await self._require_unused(name)
                await line.start()
                await self._change(self._manifests.remove(name))

    async def _change(self, work: Coroutine[None, None, None]) -> None:
        """Change the folder and the catalog, and tell open pages and agents."""
        try:
            await work
        except OSError as error:
            raise _unwritable(error) from error
        await self._vault.workspaces.bump_all()

    async def _require_unused(self, name: str) -> None:
        if count := await self._vault.grants.count_uses(name):
            them = "a connection uses" if count == 1 else f"{count} connections use"
            raise InvalidArguments(f"'{name}' stays, since {them} it.", hint="Disconnect first.")
        if needing := await asyncio.to_thread(self._manifests.needing, name):
            raise InvalidArguments(f"'{name}' stays, since {', '.join(needing)} would not work without it.")

    async def _require_operator(self, principal: Principal, what: str) -> None:
        require_writing(principal)
        if not await is_operator(self._vault, principal):
            raise RoleDenied(
                f"Only owners of the workspace 'default' may {what}: they are there for the whole server.",
                hint="Ask whoever runs this server.",
            )


def _broken(checked: CheckedManifest) -> InvalidArguments:
    told = "; ".join(str(problem) for problem in checked.problems[:MOST_TOLD])
    return InvalidArguments(f"The manifest is not good: {told}", hint="Checking it tells of all that is wrong.")


def _unwritable(error: OSError) -> ConnectoryError:
    what = "The connector was not kept"
    return refused_by_disk(what, error) or SetupError(
        f"{what}: {error.strerror}.", hint="Whoever runs this server must let it write to its data folder."
    )
