"""Attack 54: private, shared, documentation, benchmark, multicast and reserved networks."""

from __future__ import annotations

import pytest
from tests.net.provider import Names, ask, making_client, reply, serving

from connectory.auth.backend import Connected, Entry
from connectory.errors import AddressRefused
from connectory.testing.application import make_principal, make_settings
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.vault.vault import open_memory_vault
from connectory.wiring import running

SPECIAL = [
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "100.127.255.255",
    "192.0.0.8", "198.18.0.1", "198.19.255.255", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "169.254.10.10", "203.0.113.1",
]  # fmt: skip


@pytest.mark.parametrize("address", SPECIAL)
async def test_attack_54_private_and_special_addresses_are_refused(address: str) -> None:
    async with making_client(resolver=Names({"api.example": [[address]]})) as client:
        for url in (f"http://{address}/", f"https://{address}:8443/", "http://api.example/"):
            with pytest.raises(AddressRefused):
                await client.send(ask(url))


async def test_attack_54_a_persons_confirmation_ends_when_the_installation_becomes_a_fleets() -> None:
    """Whoever confirmed spoke for their own machine; behind a public address the same row would open a server's own."""
    yaml = NOTES_YAML.replace("https://api.notes.example/v1", "{connection.server}/v1").replace(
        "token: {method: api_key,",
        "token: {method: api_key, fields: {server: {title: Server, kind: origin}, token: {title: Key, kind: secret}},",
    )
    catalog, vault = make_catalog(make_connector(yaml)), await open_memory_vault()
    call = ("notes_list_notes", {"book": "b"})
    async with serving(lambda seen: reply(body=b'{"id": 1, "login": "a"}' if "/me" in seen.target else b"[]")) as inner:
        async with running(make_settings(), vault=vault, catalog=catalog, mounts={}) as local:
            principal = await make_principal(local)
            session = await local.auth.connect(principal, "notes")
            typed = Entry("token", {"server": inner.origin, "token": "s3cret"}, private_confirmed=True)
            assert isinstance(await local.auth.sign_in.submit(session, "browser", typed), Connected)
            await local.gateway.call_action(principal, *call)
        sent = len(inner.requests)
        assert sent > 1
        fleet = make_settings(APP_URL="https://connect.example.com", CONNECTORY_HOST="0.0.0.0")
        async with running(fleet, vault=vault, catalog=catalog, mounts={}) as application:
            with pytest.raises(AddressRefused):
                await application.gateway.call_action(principal, *call)
        assert len(inner.requests) == sent
    await vault.aclose()
