"""Every action that its provider's OpenAPI description or Discovery document knows, before Prism."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.contracts.openapi import OpenApi
from tests.e2e.every_action import check_every_action, held_by

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("connector", held_by(OpenApi))
async def test_each_request_is_taken_and_each_answer_comes_projected(connector: str, tmp_path: Path) -> None:
    assert await check_every_action(connector, OpenApi, tmp_path) == {}
