from __future__ import annotations

import secrets
from pathlib import Path

from connectory.auth.backend import Connected, Entry
from connectory.cli.startup import findings
from connectory.identity.principal import local_principal
from connectory.settings import Settings, load_settings
from connectory.wiring import running


def settings(folder: Path, **more: str) -> Settings:
    return load_settings({"CONNECTORY_DATA_DIR": str(folder), **more})


async def test_a_start_with_nothing_wrong_says_nothing(tmp_path: Path) -> None:
    async with running(settings(tmp_path / "data")) as application:
        assert [finding async for finding in findings(application)] == []


async def test_a_start_names_broken_manifests_and_what_is_no_longer_needed(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("format: 2\n")
    given = settings(tmp_path / "data", CONNECTORY_MANIFESTS=str(tmp_path), NANGO_PUBLIC_KEY="pk")

    async with running(given) as application:
        said = [finding async for finding in findings(application)]

    assert any("broken.yaml:1" in finding for finding in said)
    assert any(finding.startswith("NANGO_PUBLIC_KEY is no longer needed") for finding in said)


async def test_a_start_with_another_key_names_the_connections_that_do_not_open(tmp_path: Path) -> None:
    async with running(settings(tmp_path / "data")) as application:
        principal = await local_principal(application.vault)
        session = await application.auth.connect(principal, "demo")
        assert isinstance(await application.auth.sign_in.submit(session, "browser", Entry("none", {})), Connected)

    other_key = secrets.token_hex(32)
    async with running(settings(tmp_path / "data", CONNECTOR_ENCRYPTION_KEY=other_key)) as application:
        (said,) = [finding async for finding in findings(application)]

    assert "1 connection(s) cannot be opened" in said
    assert "demo/default (default)" in said
