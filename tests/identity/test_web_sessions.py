"""Sessions as their person sees them: which are theirs to end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.identity.making import town

from connectory.errors import PolicyDenied
from connectory.identity.web_sessions import WebSessions

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("read_only", [True, False])
async def test_a_session_is_listed_with_whether_it_is_ones_own_to_end(read_only: bool) -> None:
    async with town() as t:
        sessions = WebSessions(t.vault, t.tokens)
        await sessions.start_for(t.owner.workspace_id, t.owner.user_id, HOUR)
        made, secret = await t.tokens.create(t.owner, "agent")
        await sessions.start_by_token(secret, HOUR)
        acting = replace(t.owner, token_id=made.id, read_only=read_only)

        found = await sessions.list(acting)

        assert {one.session.way: one.may_end for one in found} == {"openid": not read_only, "token": True}
        assert all(one.may_end for one in await sessions.list(t.owner))
        for one in found:
            ending = sessions.end_listed(acting, [one.session.id_hash])
            if one.may_end:
                assert await ending == 1
            else:
                with pytest.raises(PolicyDenied):
                    await ending
