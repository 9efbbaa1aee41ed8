"""Every action that is held to what the provider's SDK was seen to send, before a double that compares with that."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.contracts.recordings import Recorded
from tests.e2e.every_action import check_every_action, held_by

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("connector", held_by(Recorded))
async def test_each_request_is_one_of_the_sdks_and_each_answer_comes_projected(connector: str, tmp_path: Path) -> None:
    assert await check_every_action(connector, Recorded, tmp_path) == {}
