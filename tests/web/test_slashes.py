"""A slash at the end of a path, as a proxy with TLS hands it on."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tests.web.browsing import FLEET, services_of
from tests.web.guarded_app import client_of

from connectory.testing.application import make_application, make_settings
from connectory.web.app import create_web_app

HANDED_ON = {"Host": "connect.example.com", "X-Forwarded-Proto": "https", "Accept": "text/html"}


async def answer(request: Request) -> Response:
    return PlainTextResponse(f"{request.method} {request.url.path}")


async def ask(method: str, path: str, body: bytes = b"") -> tuple[int, str | None, str]:
    environment = {**FLEET, "CONNECTORY_TRUSTED_PROXIES": "127.0.0.1"}
    async with make_application(settings=make_settings(**environment)) as application:
        routes = [Route(face, answer, methods=["GET", "POST"]) for face in ("/mcp", "/sse", "/sse/messages")]
        async with client_of(create_web_app(services_of(application), routes=routes)) as client:
            got = await client.request(method, path, headers=HANDED_ON, content=body)
    return got.status_code, got.headers.get("location"), got.text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/mcp", "/sse", "/sse/messages"])
async def test_both_spellings_of_a_machine_face_are_answered_and_none_is_sent_to_plain_http(
    path: str, method: str
) -> None:
    assert await ask(method, f"{path}/") == await ask(method, path) == (200, None, f"{method} {path}")


@pytest.mark.parametrize("path", ["/signin", "/healthz"])
async def test_both_spellings_of_a_page_are_answered(path: str) -> None:
    assert (await ask("GET", f"{path}/"))[:2] == (200, None)


@pytest.mark.parametrize("path", ["/mcp//", "/connect/", "/nowhere/"])
async def test_what_is_no_page_leads_nowhere(path: str) -> None:
    status, location, _ = await ask("GET", path)

    assert status in (401, 404)
    assert location is None


async def test_a_form_is_held_to_its_size_under_both_spellings() -> None:
    large = b"x" * 70_000

    assert [(await ask("POST", path, large))[0] for path in ("/signin", "/signin/")] == [413, 413]
