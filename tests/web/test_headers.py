from __future__ import annotations

import pytest
from tests.web.guarded_app import Handlers, client_of, make_app

from connectory.settings import Settings

ANSWERS = [
    ("GET", "/", {}, 200),
    ("GET", "/mcp", {}, 200),
    ("GET", "/nowhere", {}, 404),
    ("PUT", "/connect/x", {}, 405),
    ("GET", "/fails", {}, 500),
    ("GET", "/connect/x", {"Host": "evil.example"}, 421),
    ("POST", "/mcp", {"Origin": "https://evil.example"}, 403),
    ("GET", "/connect/x", {"Host": "127.0.0.1:8765"}, 307),
]


@pytest.mark.parametrize(("method", "path", "headers", "status"), ANSWERS)
async def test_every_answer_carries_the_security_headers(
    method: str, path: str, headers: dict[str, str], status: int
) -> None:
    async with client_of(make_app(Handlers(), Settings())) as client:
        answer = await client.request(method, path, headers=headers)
    assert answer.status_code == status
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "img-src": "'self' data:",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["vary"] == "Cookie, Authorization"
    assert "strict-transport-security" not in answer.headers
    assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_https_is_made_to_last_only_where_it_is_used() -> None:
    public = Settings.model_validate({"app_url": "https://connect.example.com"})
    async with client_of(make_app(Handlers(), public), host="https://connect.example.com") as client:
        answer = await client.get("/nowhere")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
