"""All groups in order. Each may fail by itself; the others go on with what is left."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

from connectory.cli.clients.machine import this_machine
from connectory.cli.doctor.clients import GROUP as CLIENTS
from connectory.cli.doctor.clients import check_clients
from connectory.cli.doctor.clock import check_clock
from connectory.cli.doctor.connections import GROUP as CONNECTIONS
from connectory.cli.doctor.connections import check_connections
from connectory.cli.doctor.database import GROUP as DATABASE
from connectory.cli.doctor.database import Sound, check_database, check_folder
from connectory.cli.doctor.finding import Finding, Status, from_error, from_os_error, note, ok, wrong
from connectory.cli.doctor.key import GROUP as KEY
from connectory.cli.doctor.key import check_key
from connectory.cli.doctor.manifests import GROUP as MANIFESTS
from connectory.cli.doctor.manifests import check_manifests
from connectory.cli.doctor.port import GROUP as PORT
from connectory.cli.doctor.port import check_port
from connectory.errors import ConnectoryError
from connectory.settings import Settings
from connectory.vault.keys import KeyRing

Findings = list[Finding]
NANGO, ISSUER = "nango", "issuer"


async def examine(settings: Settings, *, offline: bool, workspace: str | None = None) -> Findings:
    """Look at everything beside the settings themselves. Never raises: what fails is a finding."""
    findings: Findings = []

    async def guarded(group: str, check: Callable[[], Awaitable[Findings]]) -> None:
        findings.extend(await _guarded(group, check))

    database, keys = Sound(), list[KeyRing]()

    async def see_database() -> Findings:
        nonlocal database
        database, found = await asyncio.to_thread(check_database, settings)
        return found

    async def see_key() -> Findings:
        ring, found = await asyncio.to_thread(check_key, settings, database)
        keys.extend([ring] if ring is not None else [])
        return found

    async def see_connections() -> Findings:
        return await _connections(settings, database, bool(keys), findings, offline=offline, workspace=workspace)

    await guarded("data folder", lambda: asyncio.to_thread(check_folder, settings))
    await guarded(DATABASE, see_database)
    await guarded(KEY, see_key)
    await guarded(PORT, lambda: check_port(settings, keys[0] if keys else None))
    await guarded(MANIFESTS, lambda: asyncio.to_thread(check_manifests, settings))
    await guarded("clock", lambda: asyncio.to_thread(check_clock, settings, database))
    await guarded(CLIENTS, lambda: asyncio.to_thread(lambda: check_clients(settings, this_machine(), database)))
    if not offline:
        await guarded(NANGO, lambda: _nango(settings))
        await guarded(ISSUER, lambda: _issuer(settings))
    await guarded(CONNECTIONS, see_connections)
    return findings


async def _nango(settings: Settings) -> Findings:
    """Nango's own group, which is imported where there is a Nango."""
    if settings.nango_secret_key is None:
        return []
    from connectory.cli.doctor.nango import check_nango

    return await check_nango(settings)


async def _issuer(settings: Settings) -> Findings:
    """The same for the issuer at which people sign in to the pages."""
    if settings.oidc_issuer is None:
        return []
    from connectory.cli.doctor.issuer import check_issuer

    return await check_issuer(settings)


async def _connections(
    settings: Settings, database: Sound, has_key: bool, before: Findings, *, offline: bool, workspace: str | None
) -> Findings:
    """Ask the providers only where opening the vault would change nothing and can succeed."""
    if offline:
        return []
    is_broken = any(one.status is Status.WRONG and one.group in ("data folder", DATABASE) for one in before)
    if database.path is None and not is_broken:
        return [ok(CONNECTIONS, "Nothing is connected yet. `connectory connect NAME` connects a service.")]
    if is_broken or not has_key or not database.is_current:
        return [note(CONNECTIONS, "The providers were not asked.", "Mend what stands above, then repeat this.")]
    return await check_connections(settings, workspace=workspace)


async def _guarded(group: str, check: Callable[[], Awaitable[Findings]]) -> Findings:
    try:
        return await check()
    except ConnectoryError as error:
        return [from_error(group, error)]
    except OSError as error:
        return [from_os_error(group, error)]
    except Exception as error:  # noqa: BLE001 # the doctor must work when the rest does not
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
        return [wrong(group, f"This check itself failed ({where}).", "Please report it; nothing was changed.")]
