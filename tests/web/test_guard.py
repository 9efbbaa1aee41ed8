from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from starlette.types import Message
from tests.web.guarded_app import Handlers, client_of, make_app

from connectory.settings import Settings
from connectory.web.guard import MAX_CONNECT_BODY, MAX_MANIFEST_BODY, MAX_PAGE_BODY, RequestGuard

PUBLIC: dict[str, Any] = {"app_url": "https://connect.example.com", "host": "0.0.0.0"}
PAGE = "/connect/abc"
NAVIGATION = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


async def send(
    method: str, path: str, headers: dict[str, str], body: bytes = b"", peer: str = "127.0.0.1", **settings: object
) -> tuple[int, Handlers]:
    handlers = Handlers()
    app = make_app(handlers, Settings.model_validate(settings))
    async with client_of(app, peer=peer) as client:
        answer = await client.request(method, path, headers=headers, content=body)
    return answer.status_code, handlers


@pytest.mark.parametrize(
    "host", ["localhost:8765", "LOCALHOST:8765", "127.0.0.1:8765", "[::1]:8765", "host.docker.internal:8765"]
)
async def test_our_own_names_are_answered(host: str) -> None:
    status, handlers = await send("POST", "/mcp", {"Host": host})
    assert (status, handlers.reached) == (200, [("POST", "/mcp")])


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8765",
        "localhost",
        "localhost:80",
        "localhost:9999",
        "localhost.:8765",
        "localhost:8765.evil.example",
        "localhost@evil.example:8765",
        "evil.example#localhost:8765",
        "127.0.0.1.evil.example:8765",
        "127.1:8765",
        "2130706433:8765",
        "[::1]",
        "[::ffff:127.0.0.1]:8765",
        "localhost:08765 ",
        "localhost:8765, evil.example",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/mcp", PAGE, "/healthz", "/nowhere"])
async def test_another_host_name_reaches_no_handler(host: str, path: str) -> None:
    status, handlers = await send("GET", path, {"Host": host})
    assert (status, handlers.reached) == (421, [])


@pytest.mark.parametrize(
    ("listens_on", "host"),
    [
        ("127.0.0.2", "127.0.0.2:8765"),
        ("192.168.1.5", "192.168.1.5:8765"),
        ("fd00:0::5", "[fd00::5]:8765"),
        ("[fd00::5]", "[fd00::5]:8765"),
        ("Box.lan", "box.lan:8765"),
    ],
)
async def test_the_address_that_was_bound_is_answered(listens_on: str, host: str) -> None:
    assert (await send("GET", "/healthz", {"Host": host}, host=listens_on))[0] == 200
    assert (await send("GET", "/healthz", {"Host": host.replace(":8765", ":9999")}, host=listens_on))[0] == 421
    assert (await send("GET", "/healthz", {"Host": host}))[0] == 421


@pytest.mark.parametrize("listens_on", ["0.0.0.0", "::"])
async def test_every_address_is_none_that_one_asks_for(listens_on: str) -> None:
    for host in ("0.0.0.0:8765", "[::]:8765", "192.168.1.5:8765"):
        assert (await send("GET", "/healthz", {"Host": host}, host=listens_on))[0] == 421


async def test_a_form_that_does_not_arrive_in_time_is_refused() -> None:
    handlers, sent = Handlers(), []
    guard = RequestGuard(make_app(handlers, Settings()), Settings(), body_timeout_s=0.01)
    pieces = [{"type": "http.request", "body": b"a", "more_body": True}]

    async def receive() -> Message:
        if pieces:
            return pieces.pop()
        await asyncio.Event().wait()
        raise AssertionError

    async def send_back(message: Message) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost:8765"), (b"origin", b"http://localhost:8765")]
    scope = {"type": "http", "method": "POST", "path": PAGE, "query_string": b"", "headers": headers, "client": None}
    await guard(scope, receive, send_back)

    assert sent[0]["status"] == 408
    assert handlers.reached == []


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("connect.example.com", 200),
        ("connect.example.com:443", 200),
        ("connect.example.com:8443", 421),
        ("gateway.internal", 200),
        ("gateway.internal:7000", 200),
        ("other.internal:81", 200),
        ("other.internal", 421),
        ("localhost:8765", 200),
    ],
)
async def test_the_public_name_and_trusted_hosts_are_answered(host: str, status: int) -> None:
    trusted = ("gateway.internal", "other.internal:81")
    assert (await send("GET", PAGE, {"Host": host}, **PUBLIC, trusted_hosts=trusted))[0] == status


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://127.0.0.1:8765"},
        {"Origin": "https://localhost:8765"},
        {"Origin": "http://localhost:8765.evil.example"},
        {"Origin": "http://localhost:8765, https://evil.example"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "anything"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:8765"},
        NAVIGATION,
    ],
)
@pytest.mark.parametrize("path", ["/mcp", "/sse", "/api/x", PAGE, "/confirm/abc", "/signin"])
async def test_a_request_of_another_site_changes_nothing(headers: dict[str, str], path: str) -> None:
    for method in ("POST", "DELETE", "OPTIONS"):
        status, handlers = await send(method, path, headers)
        assert (status, handlers.reached) == (403, [])


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_link_in_a_chat_opens_a_page_and_nothing_else(site: str) -> None:
    navigation = {**NAVIGATION, "Sec-Fetch-Site": site}
    assert (await send("GET", PAGE, navigation))[0] == 200
    for path in ("/mcp", "/sse", "/api/x", "/metrics", "/healthz"):
        assert (await send("GET", path, navigation))[0] == 403
    for other in ({"Sec-Fetch-Dest": "iframe"}, {"Sec-Fetch-Dest": "image"}, {"Sec-Fetch-Mode": "no-cors"}):
        assert (await send("GET", PAGE, {**navigation, **other}))[0] == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost:8765"},
        {"Origin": "http://localhost:8765", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_our_own_page_and_programs_may_post(headers: dict[str, str]) -> None:
    assert (await send("POST", PAGE, headers, b"x=1"))[0] == 200
    assert (await send("POST", "/mcp", headers, b"{}"))[0] == 200


async def test_a_browser_that_hides_where_a_form_comes_from_is_refused() -> None:
    assert (await send("POST", PAGE, {"Sec-Fetch-Mode": "navigate", "Cookie": "a=b"}))[0] == 403


async def test_a_program_that_sends_a_fetch_mode_only_reaches_mcp() -> None:
    """Node's fetch, which desktop clients use, sends `sec-fetch-mode: cors` and nothing else of the kind."""
    assert (await send("POST", "/mcp", {"Sec-Fetch-Mode": "cors"}))[0] == 200


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "[::1]:8765"])
async def test_pages_under_another_loopback_name_move_to_the_canonical_origin(host: str) -> None:
    async with client_of(make_app(handlers := Handlers(), Settings())) as client:
        answer = await client.get("/connect/abc?x=1&y=%2F", headers={"Host": host})
    assert (answer.status_code, answer.headers["location"]) == (307, "http://localhost:8765/connect/abc?x=1&y=%2F")
    assert handlers.reached == []


@pytest.mark.parametrize(
    "path", ["//evil.example/connect/", "/connect//evil.example", "/connect/%0d%0aX: y", "/connect/%5Cevil"]
)
async def test_a_moved_page_stays_on_our_origin(path: str) -> None:
    async with client_of(make_app(Handlers(), Settings())) as client:
        answer = await client.get(f"http://localhost:8765{path}", headers={"Host": "127.0.0.1:8765"})
    assert answer.headers.get("location", "http://localhost:8765/").startswith("http://localhost:8765/")
    assert "\n" not in answer.headers.get("location", "")


async def test_only_gets_of_pages_move() -> None:
    host = {"Host": "127.0.0.1:8765"}
    assert (await send("POST", PAGE, host, b"x=1"))[0] == 200
    assert (await send("GET", "/mcp", host))[0] == 200
    assert (await send("GET", "/healthz", host))[0] == 200
    assert (await send("GET", PAGE, host, **PUBLIC))[0] == 200  # a proxy may rewrite Host: no circle


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "javascript"},
        {"X-Forwarded-For": "1.2.3.4", "X-Real-IP": "1.2.3.4", "X-Forwarded-User": "owner"},
        {"X-Original-URL": "/api", "X-Rewrite-URL": "/api", "Forwarded": "for=1.2.3.4;host=evil.example"},
    ],
)
async def test_forwarding_headers_of_strangers_never_reach_a_handler(headers: dict[str, str]) -> None:
    status, handlers = await send("GET", PAGE, headers)
    assert status == 200
    assert not {name.lower() for name in headers} & set(handlers.headers)


async def test_a_trusted_proxy_may_name_the_host_it_was_asked_for() -> None:
    asked = {"Host": "10.1.1.1:8765", "X-Forwarded-Host": "connect.example.com"}
    proxies = ("10.0.0.0/8",)
    assert (await send("GET", PAGE, asked, peer="10.2.3.4", **PUBLIC, trusted_proxies=proxies))[0] == 200
    assert (await send("GET", PAGE, asked, peer="192.168.1.1", **PUBLIC, trusted_proxies=proxies))[0] == 421
    asked["X-Forwarded-Host"] = "evil.example"
    assert (await send("GET", PAGE, asked, peer="10.2.3.4", **PUBLIC, trusted_proxies=proxies))[0] == 421


async def test_a_form_is_cut_at_its_limit_whatever_its_header_says() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b"x" * 16_384

    just_fits = b"x" * MAX_CONNECT_BODY
    status, handlers = await send("POST", PAGE, {}, just_fits)
    assert (status, handlers.body) == (200, just_fits)
    assert (await send("POST", PAGE, {}, just_fits + b"x"))[0] == 413
    for path in ("/nowhere", "/confirm/x", "/signin"):  # where no file of credentials is given
        assert (await send("POST", path, {"Sec-Fetch-Site": "same-origin"}, b"x" * (MAX_PAGE_BODY + 1)))[0] == 413
    manifest, own = b"x" * MAX_MANIFEST_BODY, "/workspaces/w/settings/connectors"
    for path in (own, f"{own}/try"):
        assert [(await send("POST", path, {}, body))[0] for body in (manifest, manifest + b"x")] == [404, 413]  # let in
    for path in (f"{own}/x/remove", "/workspaces/w/settings/policy"):
        assert (await send("POST", path, {}, just_fits + b"x"))[0] == 413
    assert (await send("POST", PAGE, {"Content-Length": "9" * 5000}))[0] == 413
    assert (await send("POST", PAGE, {"Content-Length": "-1"}))[0] == 413
    assert (await send("POST", "/mcp", {}, just_fits + b"x"))[0] == 200  # limits its bodies itself
    handlers = Handlers()
    async with client_of(make_app(handlers, Settings())) as client:
        answer = await client.post(PAGE, content=chunks())
    assert (answer.status_code, handlers.reached) == (413, [])


async def test_a_form_cut_off_half_way_reaches_no_handler() -> None:
    messages: Iterator[dict[str, object]] = iter(
        [{"type": "http.request", "body": b"answer=yes", "more_body": True}, {"type": "http.disconnect"}]
    )
    sent: list[object] = []

    async def receive() -> dict[str, object]:
        return next(messages)

    async def keep(message: object) -> None:
        sent.append(message)

    handlers = Handlers()
    scope = {
        "type": "http", "method": "POST", "path": PAGE, "raw_path": PAGE.encode(), "query_string": b"",
        "headers": [(b"host", b"localhost:8765")], "client": None, "server": None, "scheme": "http", "root_path": "",
    }  # fmt: skip
    await make_app(handlers, Settings())(scope, receive, keep)
    assert (handlers.reached, sent) == ([], [])


async def test_a_web_socket_is_closed() -> None:
    sent: list[object] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def keep(message: object) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/mcp", "headers": [(b"host", b"localhost:8765")]}
    await make_app(Handlers(), Settings())(scope, receive, keep)
    assert sent == [{"type": "websocket.close", "code": 1008}]


async def test_a_proxy_is_known_though_a_socket_for_both_families_names_it_by_a_mapped_address() -> None:
    asked = {"Host": "10.1.1.1:8765", "X-Forwarded-Host": "connect.example.com"}
    settings = {**PUBLIC, "host": "::", "trusted_proxies": ("10.0.0.0/8",)}
    assert (await send("GET", PAGE, asked, peer="::ffff:10.2.3.4", **settings))[0] == 200
    assert (await send("GET", PAGE, asked, peer="::ffff:192.168.1.1", **settings))[0] == 421
