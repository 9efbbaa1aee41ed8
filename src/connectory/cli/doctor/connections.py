"""Each connection, by its manifest's verify call, with the rights of whoever runs this."""

from __future__ import annotations

import asyncio

from connectory.cli.acting import principal_of
from connectory.cli.connections import renewing_command
from connectory.cli.doctor.finding import Finding, from_error, note, ok, wrong
from connectory.errors import CannotDecrypt, ConnectoryError, NeedsReconnect, ProviderUnauthorized
from connectory.identity.principal import Principal
from connectory.settings import Settings
from connectory.vault.entities import Connection
from connectory.wiring import Application, running

GROUP = "connections"
AT_ONCE = 4
EACH_S, ALL_S = 10.0, 45.0


async def check_connections(
    settings: Settings, *, workspace: str | None = None, each_s: float = EACH_S, all_s: float = ALL_S
) -> list[Finding]:
    """Ask every provider, a few at a time, for at most `each_s` seconds each and `all_s` in all."""
    async with running(settings) as application:
        try:
            principal = await principal_of(application, workspace=workspace)
        except ConnectoryError as error:
            return [from_error(GROUP, error)]
        found = [row for row, _ in await application.auth.list_connections(principal)]
        findings = await _verify_all(application, principal, found, each_s, all_s)
        findings += await _backends(application, principal)
    return findings or [ok(GROUP, "Nothing is connected yet. `connectory connect NAME` connects a service.")]


async def _verify_all(
    application: Application, principal: Principal, found: list[Connection], each_s: float, all_s: float
) -> list[Finding]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def verify(row: Connection) -> Finding:
        async with turns:
            return await _verify(application, principal, row, each_s)

    tasks = {row.id: asyncio.create_task(verify(row)) for row in found}
    try:
        if tasks:
            await asyncio.wait(tasks.values(), timeout=all_s)
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
    return [_unasked(row) if tasks[row.id].cancelled() else tasks[row.id].result() for row in found]


async def _verify(application: Application, principal: Principal, row: Connection, each_s: float) -> Finding:
    again = f"`{renewing_command(row.connector, row.alias, is_shared=row.is_shared)}`"
    connector = application.catalog.connectors.get(row.connector)
    if connector is None:
        return wrong(
            GROUP,
            f"{row.name}: there is no connector '{row.connector}' any more, so it cannot be used.",
            f"Put its manifest back, or let it go with `connectory disconnect {row.name}`.",
        )
    try:
        async with asyncio.timeout(each_s):
            account = await application.auth.verify(principal, row.id)
    except CannotDecrypt as error:
        return from_error(GROUP, error, cure=f"Mend the key, as said above. If it is lost, sign in again: {again}.")
    except (NeedsReconnect, ProviderUnauthorized) as error:
        return from_error(GROUP, error, cure=f"Sign in again: {again}.")
    except ConnectoryError as error:
        return from_error(GROUP, error, cure=f"{error.hint} If it lasts, sign in again: {again}.".strip())
    except TimeoutError:
        return wrong(
            GROUP,
            f"{row.name}: {connector.title} did not answer within {each_s:g} s.",
            "Check this machine's network, then the provider's status page; repeat this later.",
        )
    if connector.manifest.verify is None:
        return ok(GROUP, f"{row.name} is stored; {connector.title} has no call that could prove it.")
    who = account.name or account.id
    return ok(GROUP, f"{row.name} works{f' (account {who})' if who else ''}.")


def _unasked(row: Connection) -> Finding:
    return note(GROUP, f"{row.name} was not asked: the time for all was over.", "Repeat this later.")


async def _backends(application: Application, principal: Principal) -> list[Finding]:
    """Settings of a backend that no connector here is signed in to by."""
    settings, findings = application.settings, list[Finding]()
    asked = {"AUTH_METHOD": settings.auth_method} if settings.auth_method != "auto" else {}
    if settings.nango_secret_key is not None:
        asked["NANGO_SECRET_KEY"] = "nango"
    for variable, backend in asked.items():
        if not await application.auth.supported_providers(principal, backend):
            findings.append(
                note(
                    "settings",
                    f"{variable} changes nothing: no connector here is signed in to by the backend '{backend}'.",
                    "Unset it, or see docs/connections.md for the ways to sign in that there are.",
                )
            )
    return findings
