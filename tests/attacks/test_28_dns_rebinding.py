"""28. DNS rebinding: a page of evil.example, whose name now leads to this machine, calls us."""

from __future__ import annotations

import httpx2
import pytest
from tests.attacks.outside import Outside
from tests.web.guarded_app import Handlers, make_app
from tests.web.ports import free_port, serving

from connectory.settings import Settings

FACES = ("/mcp", "/sse", "/api/x", "/connect/abc", "/confirm/abc", "/metrics", "/healthz", "/")
FOREIGN = [
    ({"Host": "evil.example:{port}"}, 421),
    ({"Host": "evil.example"}, 421),
    ({"Host": "localhost:{port}.evil.example"}, 421),
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "http://evil.example:{port}"}, 403),
    ({"Origin": "null"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
]


@pytest.mark.parametrize(
    ("host", "address"),
    [(None, "127.0.0.1"), (None, "[::1]"), ("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("0.0.0.0", "127.0.0.1")],
)
async def test_attack_28_no_face_answers_a_rebound_name_or_a_foreign_page(host: str | None, address: str) -> None:
    settings = Settings.model_validate({"port": free_port(), "host": host})
    handlers = Handlers()
    async with serving(make_app(handlers, settings), settings), httpx2.AsyncClient() as client:
        for face in FACES:
            for method in ("GET", "POST", "DELETE"):
                for headers, status in FOREIGN:
                    sent = {name: value.format(port=settings.port) for name, value in headers.items()}
                    answer = await client.request(method, f"http://{address}:{settings.port}{face}", headers=sent)
                    assert answer.status_code == status, (method, face, sent)
                    assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert handlers.reached == []
        answer = await client.post(f"http://{address}:{settings.port}/mcp", content=b"{}")
        assert (answer.text, handlers.reached) == ("reached", [("POST", "/mcp")])


@pytest.mark.slow
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_attack_28_the_real_mcp_judges_the_page_before_the_token(outside: Outside, address: str) -> None:
    """Even with a good token, as if the browser's person had let a page have one."""
    allowed = {"Authorization": f"Bearer {outside.token}"}
    call = {"name": "echo_save_thing", "arguments": {"way": "fine", "connection": "echo/default"}}
    heard = len(outside.echo.heard)
    for foreign, status in FOREIGN:
        headers = {name.replace("-", "_"): text.format(port=outside.install.port) for name, text in foreign.items()}
        for more in (allowed, {}):
            answer = outside.post("tools/call", call, host=address, **headers, **more)
            assert answer.status == status, headers
            assert not [name for name in answer.headers if name.startswith("access-control-")]
            assert "tools" not in answer.body
        sse = {name: text.format(port=outside.install.port) for name, text in foreign.items()}
        assert outside.send("GET", "/sse", sse, host=address).status == status
    assert len(outside.echo.heard) == heard
    assert outside.post("tools/call", call, host=address, **allowed).status == 200
    assert len(outside.echo.heard) == heard + 1
