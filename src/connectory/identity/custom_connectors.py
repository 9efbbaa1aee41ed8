"""Custom connectors: manifests that whoever runs this server adds while it runs (attack 67, design 4).

The catalog is the whole server's, so all of it is for its operators; on one's own machine that is oneself. What is in
use sends nowhere new: refresh tokens, keys and the secrets of OAuth apps would go there with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence

from connectory.catalog.connector import Connector
from connectory.catalog.destinations import destinations_in
from connectory.catalog.manifest import Effect
from connectory.catalog.own_manifests import CheckedManifest, OwnManifest, OwnManifests, tree_of
from connectory.errors import ConnectoryError, InvalidArguments, Refused, RoleDenied, SetupError, UnknownObject
from connectory.identity.principal import Principal
from connectory.identity.record import Record, given, no_record
from connectory.identity.rights import OPERATOR_WORKSPACE, is_operator, require_unheld, require_writing
from connectory.vault.data_folder import refused_by_disk
from connectory.vault.vault import Vault

MOST_TOLD = 3  # problems, or new addresses, in one error; `check` tells all
FREE_IT = "Disconnect first, and remove its OAuth app if there is one."


class CustomConnectors:
    """Lists, checks, keeps and removes them."""

    def __init__(self, vault: Vault, manifests: OwnManifests, record: Record = no_record) -> None:
        self._vault = vault
        self._manifests = manifests
        self._record = record
        self._one_at_a_time = asyncio.Lock()

    async def may_look(self, principal: Principal) -> bool:
        """Whether any of this is for this principal."""
        return await is_operator(self._vault, principal)

    async def may_change(self, principal: Principal) -> bool:
        """Whether `put` and `remove` are for this principal."""
        try:
            await self.require_changing(principal, "change connectors")
        except Refused:
            return False
        return True

    async def require_changing(self, principal: Principal, what: str) -> None:
        """Raise `RoleDenied`, `PolicyDenied` unless `may_change`; `what` continues "Only owners ... may ...".

        Trying one is as much: a draft says itself what its actions are called and whether they only read.
        """
        require_writing(principal)
        await self._require_operator(principal, what)
        await require_unheld(self._vault, principal, what)

    async def list(self, principal: Principal) -> Sequence[OwnManifest]:
        """Return what is in this server's folder, with why a file is left out. Raises `RoleDenied`."""
        await self._require_operator(principal, "see the server's own connectors")
        return await self._manifests.all()

    async def check(self, principal: Principal, text: str) -> CheckedManifest:
        """Judge a manifest beside all others, and keep nothing. Raises `RoleDenied`, `PolicyDenied`."""
        require_writing(principal)
        await self._require_operator(principal, "check manifests here")
        async with self._one_at_a_time:
            return await self._manifests.check(text)

    async def put(self, principal: Principal, text: str) -> Connector:
        """Keep a good manifest, in the place of an own one of its name; the connector can be connected at once.

        Raises `RoleDenied`, `PolicyDenied`, `InvalidArguments` with the first problems or with the addresses that are
        new to one in use, `SetupError`.
        """
        async with self._record(principal, "connector_put", Effect.WRITE, {"manifest": text}) as line:
            await self.require_changing(principal, "add connectors")
            async with self._one_at_a_time:
                checked = await self._manifests.check(text)
                connector = checked.connector
                if connector is None:
                    raise _broken(checked)
                await self._require_no_new_destination(connector.name, text)
                await line.start()
                await self._change(self._manifests.put(connector.name, text))
            return connector

    async def remove(self, principal: Principal, name: str) -> None:
        """Remove one that nothing uses any more.

        Raises `RoleDenied`, `PolicyDenied`, `UnknownObject`, `InvalidArguments` while it is used, `SetupError`.
        """
        async with self._record(principal, "connector_remove", Effect.DESTRUCTIVE, given(connector=name)) as line:
            await self.require_changing(principal, "remove connectors")
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
        if using := await self._using(name):
            raise InvalidArguments(f"'{name}' stays, since {using}.", hint=FREE_IT)
        if needing := await asyncio.to_thread(self._manifests.needing, name):
            raise InvalidArguments(f"'{name}' stays, since {', '.join(needing)} would not work without it.")

    async def _require_no_new_destination(self, name: str, text: str) -> None:
        using = await self._using(name)
        if using is None:
            return
        present = next((one.text for one in await self._manifests.all() if one.name == name), "")
        new = await asyncio.to_thread(lambda: destinations_in(tree_of(text)) - destinations_in(tree_of(present)))
        if new:
            shown = ", ".join(one[:200] for one in sorted(new)[:MOST_TOLD])
            why = f"since {using}, and this manifest would send what is kept for it elsewhere: {shown}"
            raise InvalidArguments(f"'{name}' stays as it is, {why}.", hint=FREE_IT)

    async def _using(self, name: str) -> str | None:
        """What of any workspace stands on this connector, in words; None: nothing."""
        if count := await self._vault.grants.count_uses(name):
            return "a connection uses it" if count == 1 else f"{count} connections use it"
        if await self._vault.oauth_clients.count_entered(name):
            return "an OAuth app is kept for it"
        return None

    async def _require_operator(self, principal: Principal, what: str) -> None:
        if not await is_operator(self._vault, principal):
            raise RoleDenied(
                f"Only owners of the workspace '{OPERATOR_WORKSPACE}' may {what}: they are there for the whole server.",
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
