from __future__ import annotations

import html
import json

from tests.web.browsing import FLEET, Browser, make_web, services_of

from connectory import __version__
from connectory.testing.application import make_application, make_settings
from connectory.web.app import create_web_app


async def test_it_says_what_this_is_and_how_to_register_it() -> None:
    async with make_web() as (_, app), Browser(app) as browser:
        page = await browser.open("/")
    assert page.status == 200
    for words in ("MCP server", "connectory stdio", "http://localhost:8765/mcp", __version__):
        assert words in page.text


async def test_a_person_can_type_every_command_as_it_stands_there() -> None:
    async with make_application(settings=make_settings()) as application:
        app = create_web_app(services_of(application, command="/opt/my tools/connectory"))
        async with Browser(app) as browser:
            text = html.unescape((await browser.open("/")).text)

    for words in (
        "'/opt/my tools/connectory' install cursor",
        "claude mcp add connectory -- '/opt/my tools/connectory' stdio",
        "'/opt/my tools/connectory' token create NAME",
        '"--max-tools", "15"',
        "VS Code wants servers",
    ):
        assert words in text
    entry = json.loads(text[text.index("{") : text.rindex("}") + 1])
    assert entry["mcpServers"]["connectory"] == {"command": "/opt/my tools/connectory", "args": ["stdio"]}


async def test_in_fleet_mode_it_names_the_public_address() -> None:
    async with make_web(FLEET) as (_, app), Browser(app, FLEET["APP_URL"]) as browser:
        page = await browser.open("/")
    assert "https://connect.example.com/mcp" in page.text
    assert "stdio" not in page.text


async def test_static_files_are_a_closed_set() -> None:
    async with make_web() as (_, app), Browser(app) as browser:
        assert (await browser.client.get("/static/icon.svg")).headers["content-type"] == "image/svg+xml"
        for path in (
            "/static/",
            "/static/../app.py",
            "/static/%2e%2e/app.py",
            "/templates/home.html",
            "/connect/x.css/",
        ):
            assert (await browser.client.get(path)).status_code in (404, 307)


async def test_health_answers_over_the_real_vault() -> None:
    async with make_web() as (_, app), Browser(app) as browser:
        assert (await browser.client.get("/healthz")).json() == {"status": "ok", "version": __version__}
