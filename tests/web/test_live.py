"""The stream of events on the wire; what it means for pages stands in `test_live_in_chromium.py` and in attack 76."""

from __future__ import annotations

import html
import re

import pytest
from tests.attacks.test_76_event_stream import next_event, opened

from connectory.testing.application import connect, make_principal
from connectory.web import live


async def test_what_changed_between_the_page_and_its_stream_is_told_at_once() -> None:
    async with opened() as o:
        ann = await make_principal(o.application)
        client = await o.client(ann)
        shown = await o.application.vault.workspaces.revision(ann.workspace_id)
        await connect(o.application, ann)

        request = client.build_request("GET", f"/workspaces/default/events?since={shown}")
        answer = await client.send(request, stream=True)
        o.stack.push_async_callback(answer.aclose)

        assert await next_event(answer) == live.CHANGED


async def test_what_was_done_between_the_page_and_its_stream_is_told_at_once() -> None:
    async with opened() as o:
        ann = await make_principal(o.application)
        await connect(o.application, ann)
        client = await o.client(ann)
        page = (await client.get("/workspaces/default/activity")).text
        found = re.search(r'data-events="([^"]+)"', page)
        assert found
        await o.application.gateway.call_action(ann, "notes_list_notes", {"book": "b"})
        await o.application.audit.flush()

        answer = await client.send(client.build_request("GET", html.unescape(found[1])), stream=True)
        o.stack.push_async_callback(answer.aclose)

        assert await next_event(answer) == live.CALLED


@pytest.mark.parametrize("since", ["", "x", "-1", "9" * 30, "1 OR 1"])
async def test_what_is_no_revision_is_passed_over(since: str) -> None:
    async with opened() as o:
        client = await o.client(await make_principal(o.application))
        request = client.build_request("GET", "/workspaces/default/events", params={"since": since})
        answer = await client.send(request, stream=True)
        o.stack.push_async_callback(answer.aclose)

        assert answer.status_code == 200
