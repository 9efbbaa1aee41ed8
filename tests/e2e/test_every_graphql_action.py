"""Every action that its provider's GraphQL schema knows, before a server that executes by it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.contracts.graphql_schema import GraphQl
from tests.e2e.every_action import check_every_action, held_by

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("connector", held_by(GraphQl))
async def test_each_request_is_executed_and_each_answer_comes_projected(connector: str, tmp_path: Path) -> None:
    assert await check_every_action(connector, GraphQl, tmp_path) == {}
