"""The one way out, against a provider on loopback."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import logging
import ssl
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.net.provider import Names, Received, ask, listening, making_client, reply, serving

from connectory import __version__
from connectory.errors import (
    AddressRefused,
    HeaderRefused,
    HostRefused,
    InvalidArguments,
    ProviderTimeout,
    ProviderUnavailable,
    RedirectRefused,
    ResponseTooLarge,
    UnexpectedResponse,
)
from connectory.net.address import HostRule
from connectory.net.client import OutboundClient
from connectory.net.turns import MOST_AT_ONCE, Turns


async def test_a_request_goes_out_as_it_was_built() -> None:
    async with (
        serving(lambda _: reply(201, b'{"id":1}', content_type="application/json", x_a="1")) as provider,
        making_client(allow_hosts=[provider.host_port]) as client,
    ):
        answer = await client.send(
            ask(
                f"{provider.origin}/v1/a%2Fb?q=1",
                provider.origin,
                method="POST",
                headers={"X-Api-Key": "k"},
                body=b"{}",
            )
        )

    assert (answer.status, answer.body, answer.url) == (201, b'{"id":1}', f"{provider.origin}/v1/a%2Fb?q=1")
    assert answer.headers["X-A"] == answer.headers.get("x-a") == "1"
    assert (provider.last.method, provider.last.target, provider.last.body) == ("POST", "/v1/a%2Fb?q=1", b"{}")
    assert provider.last.headers == {
        "host": provider.host_port, "user-agent": f"connectory/{__version__}", "accept": "*/*",
        "accept-encoding": "gzip, deflate", "x-api-key": "k", "content-length": "2",
    }  # fmt: skip


async def test_accept_and_user_agent_may_be_chosen_and_the_encoding_may_not() -> None:
    headers = {"accept": "text/csv", "user-agent": "me/1"}
    async with serving() as provider, making_client(allow_hosts=[provider.host_port]) as client:
        await client.send(ask(provider.origin, headers=headers))
        with pytest.raises(HeaderRefused):
            await client.send(ask(provider.origin, headers={"Accept-Encoding": "br"}))

    seen = provider.last.headers
    assert (seen["accept"], seen["user-agent"], seen["accept-encoding"]) == ("text/csv", "me/1", "gzip, deflate")


@pytest.mark.parametrize("status", [204, 304, 401, 404, 429, 503])
async def test_a_status_is_returned_not_raised(status: int) -> None:
    async with (
        serving(lambda _: reply(status, b"")) as provider,
        making_client(allow_hosts=[provider.host_port]) as client,
    ):
        assert (await client.send(ask(provider.origin))).status == status


async def test_connections_are_used_again_and_keep_nothing_of_the_call_before() -> None:
    async with (
        serving(lambda _: reply(set_cookie="session=s3cret; Path=/")) as provider,
        making_client(allow_hosts=[provider.host_port]) as client,
    ):
        await client.send(ask(provider.origin, headers={"Authorization": "Bearer one"}))
        await client.send(ask(provider.origin, headers={"X-Key": "two"}))

    assert provider.connections == 1
    assert not {"cookie", "authorization"} & provider.last.headers.keys()


async def test_a_pooled_private_connection_is_not_lent_to_who_did_not_confirm_it() -> None:
    async with serving() as provider, making_client() as client:
        await client.send(ask(provider.origin, HostRule(provider.origin, private_confirmed=True)))
        with pytest.raises(AddressRefused):
            await client.send(ask(provider.origin, HostRule(provider.origin)))

    assert len(provider.requests) == 1


async def test_a_persons_confirmation_counts_for_nothing_once_the_installation_is_a_fleets() -> None:
    async with serving() as provider, making_client(believes_persons=False) as client:
        with pytest.raises(AddressRefused):
            await client.send(ask(provider.origin, HostRule(provider.origin, private_confirmed=True)))

    assert provider.connections == 0


async def test_slow_requests_to_one_origin_leave_the_way_to_others_open_and_say_who_is_to_blame() -> None:
    taken, full = 0, asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal taken
        taken += 1
        if taken == MOST_AT_ONCE:
            full.set()
        await reader.read()

    async with listening(hold) as port, serving() as quick:
        slow = f"http://127.0.0.1:{port}"
        async with making_client(allow_hosts=[f"127.0.0.1:{port}", quick.host_port]) as client:
            await client.send(ask(quick.origin))  # from now on a request reaches the pool at once
            held = [asyncio.create_task(client.send(ask(slow, timeout_s=60))) for _ in range(210)]
            await full.wait()
            assert (await client.send(ask(quick.origin))).status == 200
            with pytest.raises(ProviderUnavailable, match=f"Too many requests to {slow} are under way here"):
                await client.send(ask(slow, timeout_s=0.1))
            assert taken == MOST_AT_ONCE
            for task in held:
                task.cancel()
            await asyncio.gather(*held, return_exceptions=True)


async def test_who_waits_for_a_turn_at_an_origin_is_told_so_and_a_turn_comes_when_one_ends() -> None:
    turns = Turns(most=1)
    async with turns.turn("https://a.example", 1.0):
        with pytest.raises(ProviderUnavailable, match=r"Too many requests to https://a\.example are under way here"):
            async with turns.turn("https://a.example", 0.01):
                pass
        async with turns.turn("https://b.example", 0.01):
            pass
        waiting = asyncio.create_task(_take(turns))
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting


async def _take(turns: Turns) -> None:
    async with turns.turn("https://a.example", 1.0):
        pass


async def test_the_environments_proxy_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as stranger, serving() as provider, making_client(allow_hosts=[provider.host_port]) as client:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, stranger.origin)
        await client.send(ask(provider.origin))

    assert (len(provider.requests), stranger.connections) == (1, 0)


async def test_a_proxy_gets_the_request_once_the_targets_address_was_checked() -> None:
    names = Names({"api.example": [["8.8.8.8"]], "inside.example": [["10.0.0.1"]]})
    async with serving() as proxy, making_client(proxy=f"http://u:p@{proxy.host_port}", resolver=names) as client:
        await client.send(ask("http://api.example/x"))
        for host in ("inside.example", "127.0.0.1", "169.254.169.254"):
            with pytest.raises(AddressRefused):
                await client.send(ask(f"http://{host}/"))

    assert [seen.target for seen in proxy.requests] == ["http://api.example:80/x"]
    assert proxy.last.headers["proxy-authorization"] == "Basic dTpw"


async def test_a_mounted_origin_needs_no_socket_and_is_checked_all_the_same() -> None:
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json={"path": request.url.path})

    names = Names({})
    async with making_client(mounts={"https://demo.invalid": httpx2.MockTransport(answer)}, resolver=names) as client:
        response = await client.send(ask("https://demo.invalid/items", method="POST", body=b"x"))
        with pytest.raises(HostRefused):
            await client.send(ask("https://demo.invalid/items", "https://other.example"))

    assert response.body == b'{"path":"/items"}'
    assert [(request.method, request.content) for request in seen] == [("POST", b"x")]
    assert names.asked == []


async def test_a_host_of_no_rule_is_refused_before_anything_is_sent() -> None:
    async with serving() as provider, making_client(allow_hosts=[provider.host_port]) as client:
        with pytest.raises(HostRefused, match=str(provider.port)) as refusal:
            await client.send(ask(provider.origin, "https://api.example"))

    assert provider.connections == 0
    assert "https://api.example" in refusal.value.hint


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "get", "", "GET /x HTTP/1.1\r\nX: y\r\n\r\nGET"])
async def test_only_methods_of_requests_are_sent(method: str) -> None:
    async with serving() as provider, making_client(allow_hosts=[provider.host_port]) as client:
        with pytest.raises(InvalidArguments):
            await client.send(ask(provider.origin, method=method))

    assert provider.connections == 0


async def test_redirects_are_followed_within_the_rules_five_times() -> None:
    def count(request: Received) -> bytes:
        step = int(request.target[1:])
        return reply(200) if step == 5 else reply(302, location=f"/{step + 1}")

    async with serving(count) as provider, making_client(allow_hosts=[provider.host_port]) as client:
        answer = await client.send(ask(f"{provider.origin}/0", provider.origin))
        assert (answer.status, answer.url) == (200, f"{provider.origin}/5")
        assert provider.connections == 1
        with pytest.raises(RedirectRefused):
            await client.send(ask(f"{provider.origin}/-1", provider.origin))


async def test_redirects_are_handed_back_where_nobody_wants_them_followed() -> None:
    async with (
        serving(lambda _: reply(302, b"", location="/2")) as provider,
        making_client(allow_hosts=[provider.host_port]) as client,
    ):
        answer = await client.send(ask(provider.origin, follow_redirects=False))

    assert (answer.status, answer.headers["location"], len(provider.requests)) == (302, "/2", 1)


async def test_a_redirect_without_a_place_is_an_answer() -> None:
    async with (
        serving(lambda _: reply(300, b"choose")) as provider,
        making_client(allow_hosts=[provider.host_port]) as client,
    ):
        assert (await client.send(ask(provider.origin))).body == b"choose"


async def test_a_long_page_behind_a_redirect_is_not_read() -> None:
    def answer(request: Received) -> bytes:
        return reply(200) if request.target == "/2" else reply(302, b"x" * 5_000_000, location="/2")

    async with (
        serving(answer) as provider,
        making_client(allow_hosts=[provider.host_port], max_response_bytes=100) as client,
    ):
        assert (await client.send(ask(provider.origin))).status == 200


async def test_compressed_answers_come_decoded_and_say_so() -> None:
    async with (
        serving(lambda _: reply(200, gzip.compress(b"hello"), content_encoding="gzip")) as provider,
        making_client(allow_hosts=[provider.host_port]) as client,
    ):
        answer = await client.send(ask(provider.origin))
        head = await client.send(ask(provider.origin, method="GET"))

    assert answer.body == head.body == b"hello"
    assert "content-encoding" not in answer.headers


async def test_an_answer_over_the_cap_is_refused_and_the_next_call_works() -> None:
    def answer(request: Received) -> bytes:
        return reply(200, b"x" * 1_000_000 if request.target == "/big" else b"small")

    async with (
        serving(answer) as provider,
        making_client(allow_hosts=[provider.host_port], max_response_bytes=50_000) as client,
    ):
        with pytest.raises(ResponseTooLarge):
            await client.send(ask(f"{provider.origin}/big", provider.origin))
        assert (await client.send(ask(provider.origin))).body == b"small"


async def test_answers_in_a_compression_nobody_asked_for_are_refused() -> None:
    async with (
        serving(lambda _: reply(200, b"x", content_encoding="gzip, gzip")) as provider,
        making_client(allow_hosts=[provider.host_port]) as client,
    ):
        with pytest.raises(UnexpectedResponse):
            await client.send(ask(provider.origin))


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"HTTP/1.1 200 OK\r\n"])
async def test_the_deadline_holds_for_headers_and_body(sent: bytes) -> None:
    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await reader.read()

    async with listening(stall) as port, making_client(allow_hosts=[f"127.0.0.1:{port}"]) as client:
        with pytest.raises(ProviderTimeout, match=r"0\.05 s") as refusal:
            await client.send(ask(f"http://127.0.0.1:{port}", timeout_s=0.05))

    assert refusal.value.retryable


async def test_a_cancelled_caller_is_let_go() -> None:
    arrived = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await reader.read()

    async with listening(stall) as port, making_client(allow_hosts=[f"127.0.0.1:{port}"]) as client:
        call = asyncio.create_task(client.send(ask(f"http://127.0.0.1:{port}")))
        await arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


@pytest.mark.parametrize("sent", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
async def test_an_answer_that_breaks_off_is_told_in_words(sent: bytes) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)

    async with listening(hang_up) as port, making_client(allow_hosts=[f"127.0.0.1:{port}"]) as client:
        with pytest.raises(ProviderUnavailable, match="broke off") as refusal:
            await client.send(ask(f"http://127.0.0.1:{port}"))

    assert "write" in refusal.value.hint


async def test_a_closed_port_is_told_in_words() -> None:
    async with serving() as provider:
        port = provider.port
    async with making_client(allow_hosts=[f"127.0.0.1:{port}"]) as client:
        with pytest.raises(ProviderUnavailable, match="refused the connection"):
            await client.send(ask(f"http://127.0.0.1:{port}"))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for api.example, key and certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "api.example")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(hours=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("api.example")]), critical=False)
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


def server_context(certificate: Path) -> tuple[ssl.SSLContext, list[str | None]]:
    asked: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    return context, asked


async def test_tls_and_host_keep_the_name_though_the_socket_goes_to_the_address(certificate: Path) -> None:
    tls, asked = server_context(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))
    names = Names({"api.example": [["127.0.0.1"]]})
    async with serving(tls=tls) as provider:
        origin = f"https://api.example:{provider.port}"
        async with making_client(allow_hosts=[origin[8:]], resolver=names, ssl_context=trusting) as client:
            assert (await client.send(ask(origin))).status == 200

    assert asked == ["api.example"]
    assert provider.last.headers["host"] == f"api.example:{provider.port}"


@pytest.mark.parametrize(("name", "trusts"), [("api.example", False), ("other.example", True)])
async def test_a_certificate_that_does_not_hold_is_told_in_words(certificate: Path, name: str, trusts: bool) -> None:
    context = ssl.create_default_context(cafile=str(certificate)) if trusts else None
    async with serving(tls=server_context(certificate)[0]) as provider:
        origin = f"https://{name}:{provider.port}"
        async with making_client(
            allow_hosts=[origin[8:]], resolver=Names({name: [["127.0.0.1"]]}), ssl_context=context
        ) as client:
            with pytest.raises(ProviderUnavailable, match=f"certificate of {name} was not accepted"):
                await client.send(ask(origin))

    assert provider.requests == []


async def test_a_port_that_speaks_no_tls_is_told_in_words() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with listening(plain) as port, making_client(allow_hosts=[f"127.0.0.1:{port}"]) as client:
        with pytest.raises(ProviderUnavailable, match="TLS"):
            await client.send(ask(f"https://127.0.0.1:{port}"))


async def test_no_log_at_any_level_shows_what_a_request_carries(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving() as provider, making_client(allow_hosts=[provider.host_port]) as client:
        await client.send(
            ask(
                f"{provider.origin}/?api_key=s3cret",
                provider.origin,
                method="POST",
                headers={"X-Key": "s3cret"},
                body=b"s3cret",
            )
        )

    assert "httpcore2" in caplog.text
    assert "s3cret" not in caplog.text


def test_a_request_shows_no_secret_in_its_repr() -> None:
    request = ask("https://h/?key=s3cret", "https://h", headers={"Authorization": "s3cret"}, body=b"s3cret")

    assert "s3cret" not in repr(request)


async def test_a_client_that_never_sent_closes_too() -> None:
    await OutboundClient().aclose()
