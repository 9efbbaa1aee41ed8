"""What is said once at the start, so that nobody finds out later by a failing call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from connectory.wiring import Application

_log = structlog.get_logger(__name__)


async def warn_at_start(application: Application) -> None:
    """Log each finding as a warning."""
    async for finding in findings(application):
        _log.warning(finding)


async def findings(application: Application) -> AsyncIterator[str]:
    """Say what is set up in a way that somebody should know of. The vault itself warns of a short key."""
    for problem in application.catalog.problems:
        yield f"A manifest was left out: {problem}"
    if application.settings.nango_public_key is not None:
        yield "NANGO_PUBLIC_KEY is no longer needed; Nango's secret key alone is used."
    names = await _unreadable(application)
    if names:
        yield (
            f"{len(names)} connection(s) cannot be opened with the encryption key at hand: {', '.join(names)}. "
            "Nothing was changed. Put back the key they were encrypted with, or connect them again."
        )


async def _unreadable(application: Application) -> list[str]:
    """The connections whose grant does not open, over all workspaces, each with its workspace."""
    lost = {grant.id for grant in await application.vault.grants.unreadable()}
    if not lost:
        return []
    names: list[str] = []
    for workspace in await application.vault.workspaces.list():
        rows = await application.vault.connections.list_all(workspace.id)
        names += [f"{row.name} ({workspace.slug})" for row in rows if row.grant_id in lost]
    return sorted(names)
