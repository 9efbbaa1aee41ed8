"""Nango's proxy (the page's section 5): what it adds, what it passes on, and what it says of its own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
from starlette.responses import JSONResponse, Response
from tests.nango.asking import ID_PATTERN, KEY_PATTERN, Asked
from tests.nango.bodies import body_of
from tests.nango.placing import authorize
from tests.nango.refreshing import BACKING_OFF, RefreshRefused, make_fresh
from tests.nango.refusal import Refusal, refuse
from tests.nango.state import Connection, Integration, NangoState
from tests.nango.templates import fill

BUFFERED = ("content-type", "mcp-session-id", "x-request-id", "x-correlation-id")
NEVER_PASSED = ("connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date", "server")
STREAMED = "x-double-streamed"  # for ourselves: what is passed on as it comes gets no ETag
MOST_REDIRECTS = 5
TEST_FAILED = "The given credentials were found to be invalid. Please check the credentials and try again."
UNKNOWN_INTEGRATION = (
    "Provider config not found for the given provider config key. Please make sure the provider config exists in the "
    "Nango dashboard."
)
NOT_ALLOWED = "This base URL override is not allowed by server configuration."
_FLAGS = ("true", "false")


@dataclass(frozen=True)
class Order:
    """What the caller's headers say."""

    connection: str
    integration: str
    retries: int
    retry_on: tuple[int, ...]
    base_url: str
    forwarded: Mapping[str, str]


async def proxy(asked: Asked) -> Response:
    """Send the request on, with the connection's credential."""
    order = read_order(asked)
    integration = asked.environment.integrations.get(order.integration)
    if integration is None:
        raise refuse(404, "unknown_provider_config", UNKNOWN_INTEGRATION)
    connection = asked.environment.connections.get((order.integration, order.connection))
    if connection is None:
        raise refuse(400, "server_error", "Failed to get connection")
    await _fresh(asked, integration, connection)
    path = asked.request.scope["raw_path"].decode("ascii")
    query = asked.request.url.query
    endpoint = re.sub(r"^/proxy/?", "/", path) + (f"?{query}" if query else "")
    url = _url(asked.state, integration, connection, order.base_url, endpoint)
    content, kind = body_of(asked, order.forwarded.get("content-type"))
    headers = {"accept": "application/json, text/plain, */*", "user-agent": "nango/0.71.4"}
    headers |= {} if kind is None else {"content-type": kind}
    headers |= authorize(asked.state.provider_of(integration), integration, connection, asked.request.method, str(url))
    headers |= {name: value for name, value in order.forwarded.items() if name != "content-type"}
    if kind is not None and "content-type" in order.forwarded:
        headers["content-type"] = kind  # what is prefixed goes before what the provider's entry sets
    return await _exchange(asked, order, url, headers, content)


def read_order(asked: Asked) -> Order:
    """Check our own headers. Refuses with `invalid_headers`; fewer than no retries is a 500."""
    given = asked.request.headers
    problems = [
        name
        for name, pattern in (("provider-config-key", KEY_PATTERN), ("connection-id", ID_PATTERN))
        if not re.fullmatch(pattern, given.get(name, ""))
    ]
    problems += [
        name for name in ("decompress", "forward-headers-on-redirect") if given.get(name, "true") not in _FLAGS
    ]
    base = given.get("base-url-override", "")
    problems += ["base-url-override"] if base and not urlsplit(base).hostname else []
    problems += [] if re.fullmatch(r"\d+(,\d+)*", given.get("retry-on", "0")) else ["retry-on"]
    problems += [] if re.fullmatch(r"-?\d+", given.get("retries", "0")) else ["retries"]
    if problems:
        unions = ("base-url-override",)
        issues = [
            {"code": "invalid_union" if name in unions else "invalid_type", "message": "Invalid input", "path": [name]}
            for name in problems
        ]
        raise Refusal(400, {"error": {"code": "invalid_headers", "errors": issues}})
    retries = int(given.get("retries", "0"))
    if retries < 0:
        raise Refusal(500, None)
    return Order(
        given["connection-id"],
        given["provider-config-key"],
        retries,
        tuple(int(one) for one in given.get("retry-on", "").split(",") if one),
        base,
        {name.removeprefix("nango-proxy-"): value for name, value in given.items() if name.startswith("nango-proxy-")},
    )


async def connection_test(
    state: NangoState, integration: Integration, credentials: dict[str, Any], config: Mapping[str, Any]
) -> None:
    """Try credentials at the provider, if its entry says how. Refuses with `connection_test_failed`."""
    entry = state.provider_of(integration)
    how = entry.get("proxy", {}).get("verification")
    if not how:
        return
    now = state.clock.now()
    trial = Connection(0, "", integration.unique_key, credentials, now, now, connection_config=dict(config))
    endpoints = how.get("endpoints") or [how["endpoint"]]
    for endpoint in endpoints:
        try:
            url = _url(state, integration, trial, how.get("base_url_override", ""), endpoint)
            headers = authorize(entry, integration, trial, how["method"], str(url))
            answer = await state.http.request(how["method"], url, headers=headers)
        except (Refusal, httpx2.HTTPError):
            continue
        if answer.is_success:
            return
    raise refuse(400, "connection_test_failed", TEST_FAILED)


async def _fresh(asked: Asked, integration: Integration, connection: Connection) -> None:
    try:
        await make_fresh(asked.state, asked.environment, integration, connection, force=False)
    except RefreshRefused as refused:
        if refused.message == BACKING_OFF:
            raise refuse(424, "connection_refresh_backoff", refused.message) from None
        words = f"Failed to get connection credentials: '{refused.message}'"
        raise refuse(refused.status, "server_error", words) from None


def _url(
    state: NangoState, integration: Integration, connection: Connection, override: str, endpoint: str
) -> httpx2.URL:
    """The provider's address, dot segments resolved. Refuses what has no base, is denied, or leads nowhere."""
    base = override or state.provider_of(integration).get("proxy", {}).get("base_url", "")
    if not base:
        raise refuse(400, "unsupported_provider", "unsupported_provider")
    if override and not state.base_url_override_allowed:
        raise refuse(400, "base_url_override_disabled", "Base URL override is disabled by server configuration.")
    filled = fill(base, connection.connection_config, connection.credentials)
    if filled is None:
        raise refuse(400, "unknown_error", "Invalid URL")
    filled = filled.rstrip("/")
    rest = endpoint.lstrip("/")
    if "${" not in base and rest.startswith(filled) and rest[len(filled) : len(filled) + 1] in ("", "/", "?", "#"):
        rest = rest[len(filled) :].lstrip("/")
    place = state.place_of(resolved(f"{filled}/{rest}" if rest else filled))
    if place is None:
        raise refuse(400, "base_url_override_not_allowed", NOT_ALLOWED)
    return place


def resolved(text: str) -> httpx2.URL:
    """A URL as a browser reads it: `..` and `%2e%2e` climb."""
    url = httpx2.URL(text)
    path, _, query = url.raw_path.decode("ascii").partition("?")
    kept: list[str] = []
    segments = path.split("/")[1:]
    for position, segment in enumerate(segments):
        plain = segment.lower().replace("%2e", ".")
        if plain == "..":
            kept = kept[:-1]
        elif plain != ".":
            kept.append(segment)
        if plain in (".", "..") and position == len(segments) - 1:
            kept.append("")
    target = "/" + "/".join(kept) + (f"?{query}" if query else "")
    return httpx2.URL(f"{url.scheme}://{url.netloc.decode()}{quote(target, safe='/?%&=+:@,;$!*()[]~-._')}")


async def _exchange(
    asked: Asked, order: Order, url: httpx2.URL, headers: Mapping[str, str], content: bytes | None
) -> Response:
    """Send it as often as `Retries` allows."""
    wait_s = asked.state.retry_wait_s
    for attempt in range(order.retries + 1):
        is_last = attempt == order.retries
        try:
            answer = await _follow(asked, url, headers, content)
        except httpx2.HTTPError as error:
            if is_last:
                return _unreachable(error, asked.request.method)
        else:
            if isinstance(answer, Response):
                return answer
            again = answer.status_code in (401, 429, *order.retry_on) or answer.status_code >= 500
            if is_last or not again:
                return _passed_on(answer)
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, 600)
    raise AssertionError("the last attempt has returned")


async def _follow(
    asked: Asked, url: httpx2.URL, headers: Mapping[str, str], content: bytes | None
) -> httpx2.Response | Response:
    """Follow redirects, five at most, to places that are allowed."""
    method = asked.request.method
    for _ in range(MOST_REDIRECTS + 1):
        answer = await asked.state.http.request(method, url, headers=headers, content=content, follow_redirects=False)
        if not answer.is_redirect or "location" not in answer.headers:
            return answer
        target = url.join(answer.headers["location"])
        place = asked.state.place_of(target) or (target if target.netloc == url.netloc else None)
        if place is None:
            raise refuse(400, "base_url_override_not_allowed", NOT_ALLOWED)
        if target.netloc != url.netloc:
            headers = {name: value for name, value in headers.items() if name not in ("authorization", "cookie")}
        if answer.status_code in (301, 302, 303) and method != "HEAD":
            method, content = "GET", None
        url = place
    return _axios_error("ERR_FR_TOO_MANY_REDIRECTS", "Maximum number of redirects exceeded", method)


def _passed_on(answer: httpx2.Response) -> Response:
    """A success with few headers unless it was chunked or a file; an error with all of them."""
    chunked = answer.headers.get("transfer-encoding") == "chunked"
    is_file = re.match(r"(?i)(attachment|inline)(;|\s|$)", answer.headers.get("content-disposition", "")) is not None
    kept = [
        (name, value)
        for name, value in answer.headers.multi_items()
        if (answer.is_error or chunked or is_file or name in BUFFERED) and name not in NEVER_PASSED
    ]
    if answer.is_error and "application/json" in answer.headers.get("content-type", ""):
        try:
            passed: Response = JSONResponse(answer.json(), answer.status_code)
        except ValueError:
            passed = Response(answer.content, answer.status_code)
    else:
        passed = Response(answer.content, answer.status_code)
    if (chunked or is_file) and not answer.is_error:
        passed.headers[STREAMED] = "yes"
    for name, value in kept:
        if name == "content-type":
            passed.headers[name] = value
        else:
            passed.headers.append(name, value)
    return passed


def _unreachable(error: httpx2.HTTPError, method: str) -> Response:
    """Axios's error: nothing of it is in an `error` object."""
    is_refused = isinstance(error, httpx2.ConnectError)
    code = "ECONNREFUSED" if is_refused else "ECONNRESET"
    message = f"connect {code}" if is_refused else "socket hang up"
    return _axios_error(code, message, method)


def _axios_error(code: str, message: str, method: str) -> Response:
    return JSONResponse({"message": message, "code": code, "method": method.lower()}, 500)
