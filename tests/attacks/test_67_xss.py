"""Attack 67 in a real browser: whatever others wrote stands on our pages as text, and leads only to web addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.web.browsing import services_of
from tests.web.chromium import browsing, needs_chromium
from tests.web.ports import free_port, serving

from connectory.catalog.catalog import load_catalog
from connectory.gateway.gateway import Gateway
from connectory.testing.application import connect, make_application, make_principal, make_settings
from connectory.testing.provider import FakeProvider, answers
from connectory.vault.entities import Connection
from connectory.web.app import create_web_app
from connectory.wiring import Application

pytestmark = [pytest.mark.slow, needs_chromium]
EVIL = (
    '"><img src=x onerror=alert(1)>{{77777*77777}}</script><script>alert(2)</script><svg onload=alert(3)>'
    "' onmouseover='alert(4)"
)
CALCULATED = str(77777 * 77777)  # by a template that read it; a shorter one might be the time of day
QUOTED = EVIL.replace("'", "''")  # inside single quotes of YAML
SHORT = QUOTED[:60]
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9H0z"/></svg>'
YAML = f"""
format: 1
name: evil
title: '{SHORT}'
description: '{QUOTED}'
category: other
docs: "https://evil.example/?q=%22%3E%3Cscript%3Ealert(5)%3C/script%3E"
logo: '{SVG}'
servers: {{api: "https://evil.example"}}
auth:
  token:
    method: api_key
    title: '{SHORT}'
    help: '{QUOTED}'
    fields: {{token: {{title: '{SHORT}', kind: secret}}}}
    headers: {{Authorization: "Bearer {{credential.token}}"}}
verify: {{request: {{get: /me}}, account: {{id: id, name: name}}}}
message: message
tasks: ['{QUOTED}']
actions:
  get_thing:
    title: '{SHORT}'
    description: 'Get a thing of Evil: {QUOTED}'
    effect: read
    inputs:
      way:
        type: string
        required: true
        description: '{QUOTED}'
        examples: ['{QUOTED}']
    request: {{get: "/things/{{way}}"}}
    docs: https://evil.example/docs
"""


@dataclass
class World:
    """A server whose connector and provider are hostile, and a browser that is signed in."""

    application: Application
    gateway: Gateway
    connection: Connection
    page: Any
    origin: str
    alarms: list[str]

    async def look(self, path: str) -> str:
        """Open a page, touch everything on it, and return its text."""
        await self.page.goto(self.origin + path)
        await self.page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true; })")
        for one in await self.page.query_selector_all("main *"):
            await one.dispatch_event("mouseover")
        await self.page.wait_for_timeout(100)
        links = await self.page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)")
        assert [one for one in links if not one.startswith(("http://", "https://"))] == []
        return str(await self.page.inner_text("main"))


@asynccontextmanager
async def world(tmp_path: Path) -> AsyncIterator[World]:
    (tmp_path / "evil.yaml").write_text(YAML, encoding="utf-8")
    catalog = load_catalog([tmp_path], index_dir=None)
    assert "evil" in catalog.connectors, catalog.problems
    said = {"id": EVIL, "name": EVIL, "text": EVIL, "message": EVIL, "html_url": "javascript:alert(6)"}
    provider = FakeProvider(lambda request: answers(404 if "missing" in str(request.url) else 200, said)(request))
    settings = make_settings(CONNECTORY_PORT=str(free_port()))
    alarms: list[str] = []
    async with make_application(
        catalog=catalog, settings=settings, mounts={"https://evil.example": provider}
    ) as application:
        principal = await make_principal(application, user=EVIL[:60])
        connection = await connect(application, principal, "evil")
        async with serving(create_web_app(services_of(application)), settings), browsing() as page:
            page.on("dialog", lambda dialog: alarms.append(dialog.message))
            secret = await application.web_sessions.make_link(principal, timedelta(minutes=1))
            await page.goto(f"{settings.origin}/open/{secret}")
            yield World(application, application.gateway, connection, page, settings.origin, alarms)


async def test_attack_67_what_others_wrote_is_text_on_every_page(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        of_connection = f"/workspaces/default/connections/{w.connection.id}"
        for path in (
            "/workspaces/default/connectors",
            "/workspaces/default/connectors?query=%3Cscript%3Ealert(7)%3C/script%3E",
            "/workspaces/default/connectors/evil",
            of_connection,
            f"{of_connection}/disconnect",
            f"{of_connection}/try?action=evil_get_thing",
            "/workspaces/default/activity",
            "/workspaces/default/activity?action=%22%3E%3Cscript%3Ealert(8)%3C/script%3E",
            "/workspaces/default/settings",
            "/workspaces/default/%3Cscript%3Ealert(9)%3C/script%3E",
        ):
            text = await w.look(path)
            assert CALCULATED not in text, path
            assert w.alarms == [], path
        assert "onerror=alert(1)" in await w.look("/workspaces/default/connectors")  # it was there to be read


@pytest.mark.parametrize("way", ["thing", "missing", "</pre><script>alert(10)</script>"])
async def test_attack_67_what_a_provider_answers_is_text_as_a_result_and_as_an_error(tmp_path: Path, way: str) -> None:
    async with world(tmp_path) as w:
        await w.look(f"/workspaces/default/connections/{w.connection.id}/try?action=evil_get_thing")
        form = w.page.locator("main form[method=post]")
        await form.locator("input[type=text], textarea").first.fill(way)
        await form.locator("button[type=submit]").last.press("Tab")
        await form.evaluate("form => form.requestSubmit()")
        answered = "[role=alert], pre.result"  # what the action's own description says stands elsewhere on the page
        await w.page.locator(answered, has_text="onerror=alert(1)").first.wait_for()
        await w.page.wait_for_timeout(100)  # for what would run by it
        assert w.alarms == []
