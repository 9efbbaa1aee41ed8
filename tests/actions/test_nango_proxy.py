"""Calls through Nango's proxy: what is sent there, what is refused here first, and whose answer it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from tests.actions.calling import ORIGIN, Caller, gives, in_turn

from connectory.actions.executor import Outcome, Paging
from connectory.actions.files import File
from connectory.actions.http import HttpExecutor
from connectory.actions.nango_proxy import NangoProxy
from connectory.actions.raw import RawRequest
from connectory.errors import ConnectoryError
from connectory.net.address import HostRule
from connectory.net.client import OutboundClient
from connectory.testing.provider import FakeProvider
from connectory.vault.credentials import NangoReference

NANGO = "http://localhost:3003"
KEY = "0b0e5c2a-5a3f-4a5e-9d0a-2f0d7d7c1f11"
REFERENCE = NangoReference(connection_id="c/1 @x", integration="notes-dev", sign_in="s")
READ = "request: {get: /things, query: {q: '{q}'}}\ninputs: {q: {type: string, description: Words.}}\n"
WRITE = "effect: write\nrequest: {post: /things, body: {n: '{n}'}}\ninputs: {n: {type: number, description: N.}}\n"
RAW = "effect: write\nrequest: {post: /things, encoding: raw, content_type: text/plain, body: '{t}'}\n"
TEXT = "inputs: {t: {type: string, description: T.}}\n"
LIST = "answer: {items: '@'}\n"


def error(code: str, message: str = "", **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **more}}


class Proxied(Caller):
    """Calls `things` by the proxy of a Nango that answers by a function."""

    def __init__(self, action: str, answer: Callable[[httpx2.Request], httpx2.Response], top: str = "") -> None:
        super().__init__(action, lambda _: pytest.fail("the provider was called from here"), top)
        self.nango = FakeProvider(answer)
        client, keys = OutboundClient(mounts={ORIGIN: self.provider}), iter(f"key-{number}" for number in range(9))
        self.proxy = NangoProxy(OutboundClient(mounts={NANGO: self.nango}), NANGO, SecretStr(KEY))
        self.executor = HttpExecutor(client, new_key=lambda: next(keys), watch=self.seen.append, proxy=self.proxy)
        self.target = replace(self.target, credentials=REFERENCE)

    @property
    def asked(self) -> list[httpx2.Request]:
        """What Nango received."""
        return self.nango.requests

    async def raw(self, method: str, path: str, **more: Any) -> Outcome:
        """Send a raw request."""
        return await self.executor.send_raw(self.target, RawRequest(method, path, **more))


def sent(request: httpx2.Request) -> dict[str, str]:
    """The headers that are not of one connection."""
    own = ("host", "content-length", "accept-encoding", "accept", "user-agent")
    return {name: value for name, value in request.headers.items() if name not in own}


async def test_a_call_is_wrapped_with_its_whole_address_and_without_a_credential() -> None:
    caller = Proxied(READ, lambda _: gives([{"id": 1}]), "headers: {X-Version: '7'}")

    outcome = await caller.call(q="a b/ü")

    assert outcome.value == [{"id": 1}]
    (request,) = caller.asked
    assert str(request.url) == f"{NANGO}/proxy/v1/things?q=a+b%2F%C3%BC"
    assert sent(request) == {
        "authorization": f"Bearer {KEY}",
        "provider-config-key": "notes-dev",
        "connection-id": "c/1 @x",
        "base-url-override": ORIGIN,
        "retries": "0",
        "forward-headers-on-redirect": "false",
        "nango-proxy-accept": "*/*",
        "nango-proxy-user-agent": request.headers["nango-proxy-user-agent"],
        "nango-proxy-x-version": "7",
    }
    assert request.headers["nango-proxy-user-agent"].startswith("connectory/")


@pytest.mark.parametrize(
    ("action", "arguments", "carried", "arrives"),
    [
        (WRITE, {"n": 1.5}, "application/json", "application/json"),
        (WRITE, {"n": 2**53 - 1}, "application/json", "application/json"),
        (WRITE, {"n": 2**53}, "application/octet-stream", "application/json"),
        (RAW + TEXT, {"t": "héllo"}, "application/octet-stream", "text/plain"),
        (
            RAW.replace("text/plain", "application/xml") + TEXT,
            {"t": "<a/>"},
            "application/octet-stream",
            "application/xml",
        ),
        (
            RAW.replace("text/plain", "application/vnd.api+json") + TEXT,
            {"t": "{}"},
            "application/octet-stream",
            "application/vnd.api+json",
        ),
        (
            "effect: write\nrequest: {post: /things, encoding: form, body: {a: '{t}'}}\n" + TEXT,
            {"t": "1&2"},
            "application/x-www-form-urlencoded",
            "application/x-www-form-urlencoded",
        ),
    ],
)
async def test_a_body_keeps_its_bytes_and_its_type(
    action: str, arguments: dict[str, Any], carried: str, arrives: str
) -> None:
    direct, caller = Caller(action, lambda _: gives({})), Proxied(action, lambda _: gives({}))
    await direct.call(**arguments)

    await caller.call(**arguments)

    (request,) = caller.asked
    assert request.content == direct.sent[0].content != b""
    assert request.headers["content-type"].partition(";")[0] == carried
    assert request.headers.get("nango-proxy-content-type", "").partition(";")[0] == arrives


@pytest.mark.parametrize("encoding", ["multipart", "multipart_related"])
async def test_files_keep_the_boundary_they_were_written_with(encoding: str) -> None:
    form, parts = "{file: '{file}'}", "[{content_type: text/plain, content: x}, {content: '{file}'}]"
    body = form if encoding == "multipart" else parts
    file = "inputs: {file: {type: file, required: true, description: F.}}\n"
    action = f"effect: write\nrequest: {{post: /things, encoding: {encoding}, body: {body}}}\n{file}"
    caller = Proxied(action, lambda _: gives({}))

    await caller.call(file=File(b"a,b\r\n", "text/csv", "a.csv"))

    (request,) = caller.asked
    kind = request.headers["nango-proxy-content-type"]
    assert kind.startswith("multipart/")
    assert kind.partition("boundary=")[2].partition(";")[0].strip('"').encode() in request.content
    assert b"a,b\r\n" in request.content
    expected = kind if encoding == "multipart" else "application/octet-stream"
    assert request.headers["content-type"] == expected


async def test_a_write_without_a_body_says_nothing_of_one() -> None:
    caller = Proxied("effect: write\nrequest: {post: /things}\n", lambda _: gives({}))

    await caller.call()

    (request,) = caller.asked
    assert "content-type" not in request.headers
    assert "nango-proxy-content-type" not in request.headers


async def test_the_idempotency_key_arrives_and_reads_are_repeated_from_here() -> None:
    keyed = "idempotency: {header: Idempotency-Key}"
    caller = Proxied(WRITE, in_turn(gives({}, 503, {"retry-after": "0"}), gives({})), keyed)

    await caller.call(n=1)

    keys = [request.headers["nango-proxy-idempotency-key"] for request in caller.asked]
    assert keys == ["key-0", "key-0"]
    assert {request.headers["retries"] for request in caller.asked} == {"0"}


async def test_a_write_without_a_key_is_sent_once() -> None:
    caller = Proxied(WRITE, lambda _: gives({}, 503))

    with pytest.raises(ConnectoryError):
        await caller.call(n=1)

    assert len(caller.asked) == 1


@pytest.mark.parametrize(
    "path", ["/https://api.notes.example/v1/other", "/https:%2F%2Fapi.notes.example/x", "/HTTP://x/y", "/a:/x"]
)
async def test_a_path_that_nango_would_take_for_an_address_is_refused(path: str) -> None:
    caller = Proxied(READ, lambda _: gives({}), "servers: {api: 'https://api.notes.example'}")

    with pytest.raises(ConnectoryError) as refusal:
        await caller.raw("GET", path)

    assert refusal.value.code == "invalid_path"
    assert caller.asked == []


@pytest.mark.parametrize("path", ["/things/../me", "/things/%2e%2e/me", "/./me", "/things/%2E%2E"])
async def test_dot_segments_are_refused(path: str) -> None:
    caller = Proxied(READ, lambda _: gives({}))

    with pytest.raises(ConnectoryError) as refusal:
        await caller.raw("GET", path)

    assert refusal.value.code == "invalid_path"
    assert caller.asked == []


@pytest.mark.parametrize(
    ("server", "host", "code"),
    [
        ("https://elsewhere.example", ORIGIN, "host_refused"),
        ("http://169.254.169.254", "http://169.254.169.254", "address_refused"),
        ("http://metadata.google.internal", "http://metadata.google.internal", "address_refused"),
        ("http://10.0.0.7", "http://10.0.0.7", "address_refused"),
        ("http://[::1]:9", "http://[::1]:9", "address_refused"),
    ],
)
async def test_where_we_would_not_send_nango_is_not_asked_to(server: str, host: str, code: str) -> None:
    caller = Proxied(READ, lambda _: gives({}), f"servers: {{api: '{server}'}}")
    caller.target = replace(caller.target, hosts=(HostRule(host),))

    with pytest.raises(ConnectoryError) as refusal:
        await caller.call()

    assert refusal.value.code == code
    assert caller.asked == []


@pytest.mark.parametrize("header", ["Authorization", "Cookie"])
async def test_a_header_that_would_take_the_credentials_place_is_refused(header: str) -> None:
    caller = Proxied(READ, lambda _: gives({}), f"headers: {{{header}: x}}")

    with pytest.raises(ConnectoryError) as refusal:
        await caller.call()

    assert refusal.value.code == "header_refused"
    assert caller.asked == []


@pytest.mark.parametrize(
    ("status", "body", "code", "says"),
    [
        (401, error("unknown_account", "Authentication failed.", payload={}), "nango_refused", "NANGO_SECRET_KEY"),
        (401, error("invalid_secret_key_format", "x", payload={}), "nango_refused", "NANGO_SECRET_KEY"),
        (403, error("forbidden", "Insufficient scope. Required: environment:proxy"), "nango_refused", "scope"),
        (402, error("plan_limit", "x"), "nango_refused", "plan"),
        (404, error("unknown_provider_config", "x"), "nango_refused", "integration for Notes"),
        (400, {"error": {"code": "invalid_headers", "errors": []}}, "nango_refused", "headers"),
        (400, error("server_error", "Failed to get connection"), "needs_reconnect", "does not have this sign-in"),
        (424, error("connection_refresh_backoff", "A recent refresh attempt failed."), "nango_unavailable", "30 s"),
        (
            400,
            error("server_error", "Failed to get connection credentials: 'The external API returned an error'"),
            "nango_unavailable",
            "Nothing was sent",
        ),
        (500, error("server_error", "Failed to get connection credentials: 'x'"), "nango_unavailable", "renew"),
        (
            424,
            error("server_error", "Failed to get connection credentials: 'The refresh limit has been reached for x'"),
            "needs_reconnect",
            "no longer accepts",
        ),
        (400, error("base_url_override_disabled", "x"), "nango_refused", "NANGO_PROXY"),
        (400, error("base_url_override_not_allowed", "x"), "nango_refused", "private"),
        (400, error("unsupported_provider", "x"), "nango_refused", "no address"),
        (400, error("unsupported_auth", "x"), "nango_refused", "kind of sign-in"),
        (
            500,
            {"message": "connect ECONNREFUSED", "code": "ECONNREFUSED", "method": "post"},
            "provider_unavailable",
            "(E",
        ),
        (500, {"message": "x", "code": "ERR_FR_TOO_MANY_REDIRECTS", "method": "post"}, "redirect_refused", "circle"),
        (429, error("too_many_request", method="POST", path="/proxy/v1/things"), "rate_limited", "Nango's rate limit"),
    ],
)
async def test_what_nango_says_itself_is_told_as_nangos(status: int, body: Any, code: str, says: str) -> None:
    caller = Proxied(WRITE, lambda _: gives(body, status, {"retry-after": "40"} if status == 429 else {}))

    with pytest.raises(ConnectoryError) as refusal:
        await caller.call(n=1)

    assert refusal.value.code == code
    assert says in refusal.value.text
    assert "Notes says" not in refusal.value.text
    assert KEY not in repr(refusal.value) + refusal.value.text


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, error("unauthorized", "x"), "provider_unauthorized"),
        (401, error("unknown_account", "no such account"), "provider_unauthorized"),  # without Nango's payload
        (403, error("forbidden", "You may not"), "provider_forbidden"),
        (404, error("not_found", "x"), "provider_not_found"),
        (400, error("server_error", "something else"), "provider_rejected"),
        (403, error("unknown_provider_config", "x"), "provider_forbidden"),
        (429, error("too_many_request", "slow down"), "rate_limited"),
        (500, {"message": "x", "code": "internal", "method": "post"}, "provider_unavailable"),
        (500, {"message": "x", "code": "EVERYTHING", "detail": "of the provider"}, "provider_unavailable"),
        (500, b"", "provider_unavailable"),
        (502, b"<html>bad gateway</html>", "provider_unavailable"),
        (400, ["error"], "provider_rejected"),
        (400, {"error": "text"}, "provider_rejected"),
    ],
)
async def test_what_only_looks_like_it_is_the_providers(status: int, body: Any, code: str) -> None:
    caller = Proxied(WRITE, lambda _: gives(body, status))

    with pytest.raises(ConnectoryError) as refusal:
        await caller.call(n=1)

    assert refusal.value.code == code
    assert "Nango" not in refusal.value.text


async def test_after_nangos_429_nothing_is_sent_until_the_wait_is_over() -> None:
    limited = gives(error("too_many_request", method="POST", path="/x"), 429, {"retry-after": "40"})
    caller = Proxied(WRITE, in_turn(limited, gives({})))

    waits = []
    for _ in range(2):
        with pytest.raises(ConnectoryError) as refusal:
            await caller.call(n=1)
        waits.append(refusal.value.retry_after_s)

    assert len(caller.asked) == 1
    assert [round(wait or 0) for wait in waits] == [40, 40]


async def test_a_providers_429_holds_back_nobody_else() -> None:
    caller = Proxied(WRITE, in_turn(gives({}, 429, {"retry-after": "40"}), gives({"id": 1})))

    with pytest.raises(ConnectoryError):
        await caller.call(n=1)

    assert (await caller.call(n=1)).value == {"id": 1}


async def test_headers_of_nangos_own_are_not_taken_for_the_providers() -> None:
    said = {"etag": 'W/"nango"', "x-ratelimit-remaining": "1", "retry-after": "5", "x-request-id": "r"}
    caller = Proxied(READ, lambda _: gives({}, headers=said))

    outcome = await caller.raw("GET", "/things")

    assert outcome.headers == {}
    assert set(caller.seen[0].headers) == {"content-type", "x-request-id", "content-length"}


async def test_headers_of_an_error_are_the_providers() -> None:
    rules = "errors: [{when: {status: [403], headers: {x-ratelimit-remaining: '0'}}, code: rate_limited}]\n"
    said = {"x-ratelimit-remaining": "0", "retry-after": "77"}
    caller = Proxied(READ + rules, lambda _: gives({}, 403, said))

    with pytest.raises(ConnectoryError) as refusal:
        await caller.call()

    assert (refusal.value.code, refusal.value.retry_after_s) == ("rate_limited", 77)


@pytest.mark.parametrize(
    ("lines", "top", "says"),
    [
        (LIST + "pages: link_header\n", "", "named in a header"),
        (LIST + "pages: {style: next_url_header, header: X-Next}\n", "", "named in a header"),
        (LIST + "pages: {style: page, next_header: X-Next}\n", "", "told by a header"),
        (LIST + "pages: {style: page, total_header: X-Pages}\n", "", "told by a header"),
        ("errors: [{when: {headers: {x-ok: 'no'}}, code: provider_rejected}]\n", "", "errors are told by a header"),
        ("", "errors: [{when: {headers: {x-ok: 'no'}}, code: provider_rejected}]\n", "errors are told by a header"),
    ],
)
async def test_what_hangs_on_a_header_does_not_go_that_way_and_says_why(lines: str, top: str, says: str) -> None:
    query = "query: {n: '{limit}', p: '{cursor}'}" if "style: page" in lines else "query: {n: '{limit}'}"
    request = f"request: {{get: /things{f', {query}' if 'pages' in lines else ''}}}\n"
    caller = Proxied(request + lines, lambda _: gives([]), top)

    with pytest.raises(ConnectoryError) as refusal:
        await caller.call()

    assert refusal.value.code == "backend_unavailable"
    assert says in refusal.value.text
    assert caller.asked == []


async def test_an_error_that_is_told_without_its_header_too_may_go_that_way() -> None:
    when = "when: {headers: {x-left: '0'}, body: failed}"
    by_header = f"{{{when}, code: rate_limited, retry: {{header: x-reset, as: seconds}}}}"
    rules = f"errors: [{by_header}, {{when: {{body: failed}}, code: rate_limited}}]\n"
    caller = Proxied(READ + rules, lambda _: gives({"failed": True}))

    with pytest.raises(ConnectoryError) as refusal:
        await caller.call()

    assert refusal.value.code == "rate_limited"


async def test_a_credential_of_another_place_does_not_go_that_way() -> None:
    place = "{headers: {X-Key: '{credential.token}'}}"
    token = "{method: api_key, headers: {Authorization: 'Bearer {credential.token}'}, %s: {%s: " + place + "}}"
    servers = "servers: {api: 'https://api.notes.example/v1', files: 'https://api.notes.example/files'}\n"
    further = Proxied(
        "request: {get: /things}\ncredential: user\n",
        lambda _: gives([]),
        f"auth: {{token: {token % ('by_credential', 'user')}}}",
    )
    other = f"{servers}auth: {{token: {token % ('by_server', 'files')}}}"
    elsewhere = Proxied("request: {get: /things, server: files}\n", lambda _: gives([]), other)
    usual = Proxied("request: {get: /things}\n", lambda _: gives([]), other)

    for caller in (further, elsewhere):
        with pytest.raises(ConnectoryError) as refusal:
            await caller.call()
        assert refusal.value.code == "backend_unavailable"
        assert caller.asked == []
    assert (await usual.call()).value == []


@pytest.mark.parametrize("style", ["{style: cursor, body: next}", "{style: next_url, body: next}", "{style: offset}"])
async def test_lists_that_go_on_by_their_body_do(style: str) -> None:
    action = "request: {get: /things, query: {n: '{limit}', p: '{cursor}'}}\nanswer: {items: data}\n"
    if "next_url" in style:
        action = action.replace(", p: '{cursor}'", "")
    following = "https://api.notes.example/v1/things?p=2" if "next_url" in style else "2"
    pages = [{"data": [{"id": 1}], "next": following}, {"data": [{"id": 2}], "next": None}, {"data": []}]
    caller = Proxied(f"{action}pages: {style.replace('}', ', max_size: 1}')}\n", in_turn(*map(gives, pages)))

    outcome = await caller.call()

    assert [row["id"] for row in outcome.value] == [1, 2]
    assert all(request.url.path == "/proxy/v1/things" for request in caller.asked)


async def test_what_is_placed_beside_the_credential_is_sent_and_the_credential_is_not() -> None:
    method = "{method: basic, headers: {X-Account: '{connection.id}'}, query: {key: '{credential.password}', v: '2'}}"
    caller = Proxied(READ, lambda _: gives({}), f"auth: {{token: {method}}}")

    await caller.call()

    (request,) = caller.asked
    assert request.headers["nango-proxy-x-account"] == "cn_1"
    assert request.url.query == b"v=2"
    assert not any("authorization" in name for name in request.headers if name.startswith("nango-proxy"))


async def test_a_preview_is_the_providers_request_and_asks_nobody() -> None:
    caller = Proxied(WRITE, lambda _: gives({}))
    direct = Caller(WRITE, lambda _: gives({}))

    shown = await caller.preview(n=1)

    assert shown.value == (await direct.preview(n=1)).value
    assert shown.value["url"] == f"{ORIGIN}/v1/things"
    assert caller.asked == []


async def test_the_verify_call_goes_the_same_way() -> None:
    caller = Proxied(READ, lambda _: gives({"id": 7, "login": "ann"}))

    account = await caller.verify()

    assert (account.account_id, account.account_name) == ("7", "ann")
    assert caller.asked[0].url.path == "/proxy/v1/me"


async def test_of_a_head_the_agent_reads_that_headers_are_kept_back() -> None:
    caller = Proxied(READ, lambda _: httpx2.Response(200, headers={"content-type": "text/plain"}))

    assert "keeps back most headers" in (await caller.raw("HEAD", "/things")).note
    assert (await caller.raw("GET", "/things")).note == ""


async def test_a_nango_that_is_down_is_no_provider_that_is() -> None:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    caller = Proxied(READ, refuse)

    with pytest.raises(ConnectoryError) as refusal:
        await caller.call()

    assert refusal.value.code == "nango_unavailable"
    assert len(caller.asked) == 1


async def test_without_nango_set_up_a_kept_sign_in_says_so() -> None:
    caller = Proxied(READ, lambda _: gives({}))
    caller.executor = HttpExecutor(OutboundClient())

    with pytest.raises(ConnectoryError) as refusal:
        await caller.executor.run(caller.target, caller.connector.actions["things"], {}, Paging(10))

    assert refusal.value.code == "backend_unavailable"
    assert "NANGO_SECRET_KEY" in refusal.value.text


async def test_nothing_shows_the_key() -> None:
    caller = Proxied(READ, lambda _: gives({"you": "sent", "body": json.dumps({})}))

    await caller.call()

    assert KEY not in repr(caller.proxy) + repr(caller.seen) + repr(caller.target)
