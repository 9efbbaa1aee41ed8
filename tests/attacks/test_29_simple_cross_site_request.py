"""29. Simple cross-site request: a page makes the browser post to us without asking first (no preflight)."""

from __future__ import annotations

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from tests.attacks.outside import Outside
from tests.web.chromium import browsing, needs_chromium
from tests.web.guarded_app import Handlers, make_app
from tests.web.ports import free_port, serving

from connectory.settings import Settings

CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"disconnect"}}'
TYPES = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
ATTACK = """
async ([target, body]) => {
  const results = [];
  for (const host of ["127.0.0.1", "localhost", "[::1]"]) {
    for (const path of ["/mcp", "/connect/abc", "/confirm/abc", "/api/x"]) {
      const url = `http://${host}:${target}${path}`;
      for (const mode of ["no-cors", "cors"]) {
        for (const method of ["POST", "GET"]) {
          const options = {mode, method, credentials: "include"};
          if (method === "POST") Object.assign(options, {headers: {"Content-Type": "text/plain"}, body});
          results.push(await fetch(url, options).then(answer => answer.type, () => "failed"));
        }
      }
      navigator.sendBeacon(url, body);
    }
  }
  return results;
}
"""


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("path", ["/mcp", "/connect/abc", "/confirm/abc", "/signin", "/api/x"])
async def test_attack_29_a_post_that_needs_no_preflight_runs_nothing(kind: str, path: str) -> None:
    handlers = Handlers()
    transport = httpx2.ASGITransport(app=make_app(handlers, Settings()))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8765") as client:
        for origin in ("https://evil.example", "http://localhost:3000", "null"):
            sent = {"Origin": origin, "Content-Type": kind, "Sec-Fetch-Site": "cross-site"}
            answer = await client.post(path, content=CALL, headers=sent)
            assert answer.status_code == 403
            assert "access-control-allow-origin" not in answer.headers
            preflight = await client.options(path, headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
            assert preflight.status_code == 403
            assert not [name for name in preflight.headers if name.startswith("access-control-")]
    assert handlers.reached == []


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize("attacker", ["evil.example", "127.0.0.1", "localhost"])
async def test_attack_29_from_a_real_browser_nothing_runs_and_nothing_is_read(attacker: str) -> None:
    async def bait(request: Request) -> Response:
        return HTMLResponse("<title>bait</title>")

    handlers = Handlers()
    ours = Settings.model_validate({"port": free_port()})
    theirs = Settings.model_validate({"port": free_port()})
    rules = "--host-resolver-rules=MAP evil.example 127.0.0.1"
    async with (
        serving(make_app(handlers, ours), ours),
        serving(Starlette(routes=[Route("/", bait)]), theirs),
        browsing(rules) as page,
    ):
        await page.goto(f"http://{attacker}:{theirs.port}/")
        results = await page.evaluate(ATTACK, [ours.port, CALL])
        assert len(results) == 48
        assert set(results) <= {"failed", "opaque"}  # nothing of an answer can be read
        await page.set_content(
            f"<iframe src='http://localhost:{ours.port}/connect/abc'></iframe>"
            f"<form method=post action='http://localhost:{ours.port}/connect/abc'><button>win</button></form>"
        )
        await page.click("button")
        await page.get_by_text("comes from another site").wait_for()
    assert handlers.reached == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", TYPES)
def test_attack_29_the_real_mcp_takes_no_post_that_needs_no_preflight(outside: Outside, kind: str) -> None:
    call = {"name": "echo_save_thing", "arguments": {"way": "fine", "connection": "echo/default"}}
    heard = len(outside.echo.heard)
    for origin in ("https://evil.example", "http://localhost:3000", "null"):
        page = {"Origin": origin, "Sec_Fetch_Site": "cross-site", "Content_Type": kind}
        assert outside.post("tools/call", call, **page).status == 403
        assert outside.post("tools/call", call, Authorization=f"Bearer {outside.token}", **page).status == 403
        preflight = outside.send("OPTIONS", "/mcp", {"Origin": origin, "Access-Control-Request-Method": "POST"})
        assert preflight.status == 403
        assert not [name for name in preflight.headers if name.startswith("access-control-")]
    # An old browser that sends neither header: no token comes with a form, and no form's type is JSON.
    assert outside.post("tools/call", call, Content_Type=kind).status == 401
    assert outside.post("tools/call", call, Content_Type=kind, Authorization=f"Bearer {outside.token}").status in (
        400,
        415,
    )
    assert len(outside.echo.heard) == heard
