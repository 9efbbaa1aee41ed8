"""What an action needs of the sign-in is asked before the call, where the sign-in tells what it may (design 4.4)."""

from __future__ import annotations

import pytest
from tests.gateway.filing import filing

from connectory.errors import MissingScope
from connectory.testing.provider import answers


async def test_a_missing_permission_is_told_with_the_link_and_nothing_is_sent() -> None:
    async with filing(answers(200, {})) as (application, principal, provider):
        with pytest.raises(MissingScope) as refusal:
            await application.gateway.call_action(principal, "filing_purge", {"folder": "f"})

        assert "needs the permission admin or purge," in refusal.value.message
        assert "http://localhost:8765/connect/" in refusal.value.hint
        assert not provider.requests


async def test_one_of_several_permissions_is_enough() -> None:
    async with filing(answers(200, {})) as (application, principal, provider):
        await application.gateway.call_action(principal, "filing_tag", {"id": "1"})

        assert [request.url.path for request in provider.requests] == ["/v1/files/1/tag"]
