"""Building everything: one clock for all, and what a crash left is done first."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.vault.rows import NOW, Place, make_connection, make_policy

from connectory.settings import Settings
from connectory.vault.tables import policies
from connectory.wiring import running


async def test_the_vault_goes_by_the_clock_that_is_handed_in(tmp_path: Path) -> None:
    past = datetime(2020, 1, 1, tzinfo=UTC)
    async with running(Settings(data_dir=tmp_path / "data"), now=lambda: past) as application:
        await make_policy(application.vault, Place(*await application.vault.workspaces.ensure_default()))

        row = await application.vault.database.row(policies.select())

    assert row is not None
    assert row.created_at == past


async def test_a_grant_that_a_crash_left_to_be_withdrawn_goes_at_the_next_start(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    async with running(settings, now=lambda: NOW + timedelta(minutes=1)) as application:
        place = Place(*await application.vault.workspaces.ensure_default())
        connection = await make_connection(application.vault, place)
        assert await application.vault.connections.delete(place.workspace_id, connection.id)

    async with running(settings) as application, asyncio.timeout(60):  # it goes on beside the start
        known = application.vault.grants
        while await known.get(place.workspace_id, connection.grant_id):  # noqa: ASYNC110 # read as any caller does
            await asyncio.sleep(0.01)
