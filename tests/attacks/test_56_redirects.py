"""Attack 56: redirects to elsewhere, downwards and in circles, with the connection's headers in tow."""

from __future__ import annotations

import pytest
from tests.net.provider import Names, Received, ask, making_client, reply, serving

from connectory.errors import AddressRefused, RedirectRefused
from connectory.net.address import HostRule
from connectory.net.client import OutboundClient

STATUSES = [301, 302, 303, 307, 308]
SECRETS = {
    "Authorization": "Bearer s3cret",
    "X-Api-Key": "s3cret",
    "X-Shopify-Access-Token": "s3cret",
    "Cookie": "s3cret",
}


@pytest.mark.parametrize("status", STATUSES)
async def test_attack_56_a_host_that_is_not_the_connections_is_not_followed(status: int) -> None:
    async with serving() as evil:
        places = [
            evil.origin,
            f"//{evil.host_port}/",
            f"http://p@{evil.host_port}/",
            f"http:{evil.host_port}",
            f"\\\\{evil.host_port}",
        ]
        for place in places:
            redirect = reply(status, b"", location=place)
            async with (
                serving(lambda _, redirect=redirect: redirect) as provider,  # type: ignore[misc]  # a bound default
                making_client(allow_hosts=[provider.host_port, evil.host_port]) as client,
            ):
                with pytest.raises(RedirectRefused):
                    await client.send(ask(provider.origin, headers=SECRETS))

    assert evil.connections == 0


@pytest.mark.parametrize("status", STATUSES)
async def test_attack_56_each_hop_is_checked_by_address_too(status: int) -> None:
    async with (
        serving() as inside,
        serving(lambda _: reply(status, b"", location=f"{inside.origin}/")) as provider,
        making_client(allow_hosts=[provider.host_port]) as client,
    ):
        with pytest.raises(AddressRefused):
            await client.send(ask(provider.origin, provider.origin, inside.origin))

    assert inside.connections == 0


@pytest.mark.parametrize("status", STATUSES)
async def test_attack_56_nothing_of_the_connection_crosses_to_another_origin(status: int) -> None:
    async with (
        serving() as other,
        serving(lambda _: reply(status, b"", location=f"{other.origin}/f")) as provider,
        making_client(allow_hosts=[provider.host_port, other.host_port]) as client,
    ):
        await client.send(ask(provider.origin, provider.origin, other.origin, headers=SECRETS, body=b"s3cret"))

    assert b"s3cret" in provider.last.raw
    assert b"s3cret" not in other.last.raw
    assert set(other.last.headers) == {"host", "user-agent", "accept", "accept-encoding"}


@pytest.mark.parametrize("status", [307, 308])
async def test_attack_56_a_body_is_not_posted_again_elsewhere(status: int) -> None:
    async with (
        serving() as other,
        serving(lambda _: reply(status, b"", location=f"{other.origin}/f")) as provider,
        making_client(allow_hosts=[provider.host_port, other.host_port]) as client,
    ):
        with pytest.raises(RedirectRefused):
            await client.send(ask(provider.origin, provider.origin, other.origin, method="POST", body=b"s3cret"))

    assert other.connections == 0


async def test_attack_56_headers_do_not_come_back_after_a_detour() -> None:
    def home(request: Received) -> bytes:
        return reply(200) if request.target == "/end" else reply(302, b"", location=f"{other.origin}/")

    async with (
        serving(lambda _: reply(302, b"", location=f"{provider.origin}/end")) as other,
        serving(home) as provider,
        making_client(allow_hosts=[provider.host_port, other.host_port]) as client,
    ):
        await client.send(ask(provider.origin, provider.origin, other.origin, headers=SECRETS))

    assert provider.last.target == "/end"
    assert b"s3cret" not in provider.last.raw


async def hops(client: OutboundClient, origin: str) -> None:
    with pytest.raises(RedirectRefused):
        await client.send(ask(f"{origin}/0", HostRule(origin)))


async def test_attack_56_twenty_hops_end_after_five() -> None:
    async with (
        serving(lambda request: reply(302, b"", location=f"/{int(request.target[1:]) + 1}")) as provider,
        making_client(allow_hosts=[provider.host_port]) as client,
    ):
        await hops(client, provider.origin)

    assert [seen.target for seen in provider.requests] == [f"/{number}" for number in range(6)]


async def test_attack_56_a_circle_ends_when_it_closes() -> None:
    async with (
        serving(lambda request: reply(302, b"", location="/1" if request.target == "/0" else "/0")) as provider,
        making_client(allow_hosts=[provider.host_port]) as client,
    ):
        await hops(client, provider.origin)

    assert len(provider.requests) == 2


async def test_attack_56_no_cookie_set_on_the_way_is_sent() -> None:
    def answer(request: Received) -> bytes:
        return reply(302, b"", location="/2", set_cookie="a=s3cret") if request.target == "/" else reply(200)

    async with serving(answer) as provider, making_client(allow_hosts=[provider.host_port]) as client:
        await client.send(ask(provider.origin))

    assert "cookie" not in provider.last.headers


async def test_attack_56_https_never_turns_into_http() -> None:
    """The https end is mounted: what counts is that the http end, allowed in every other way, hears nothing."""
    import httpx2

    async with serving() as plain:
        mount = httpx2.MockTransport(lambda _: httpx2.Response(302, headers={"Location": f"{plain.origin}/"}))
        async with making_client(
            allow_hosts=[plain.host_port], mounts={"https://api.example": mount}, resolver=Names({})
        ) as client:
            with pytest.raises(RedirectRefused):
                await client.send(ask("https://api.example/", "https://api.example", plain.origin))

    assert plain.connections == 0
