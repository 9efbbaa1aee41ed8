"""14: what is typed into a server's slot cannot lead the connection to another host."""

from __future__ import annotations

import pytest
from tests.auth.making import world

from connectory.auth.backend import Entry, Form
from connectory.testing.connectors import NOTES_YAML, make_connector

SHOP_YAML = NOTES_YAML.replace("https://api.notes.example/v1", "https://{connection.shop}.myshop.example").replace(
    "token: {method: api_key,",
    "token: {method: api_key, fields: {shop: {title: Shop, pattern: '[a-z0-9-]{1,60}'}, token: {title: Key,"
    " kind: secret}},",
)


@pytest.mark.parametrize(
    "shop",
    [
        "evil.example/",
        "x.myshop.example@evil.example",
        "x.myshop.example.evil.example",
        "evil.example#.myshop.example",
        "evil.example?.myshop.example",
        "x\n.myshop.example",
        "x\n",
        "\nx",
        "x\r",
        "x\u2028",
        "x%2f",
        "x\\",
        "",
        "a" * 61,
    ],
)
async def test_attack_14_a_slot_takes_only_what_its_pattern_matches_whole(shop: str) -> None:
    async with world(connectors=[make_connector(SHOP_YAML)]) as w:
        session = await w.auth.connect(w.owner, "notes")

        form = await w.auth.sign_in.submit(session, "b1", Entry("token", {"shop": shop, "token": "k-good-000"}))

        assert isinstance(form, Form)
        assert [problem.field for problem in form.problems] == ["shop"]
        assert not w.provider.asked
        assert not await w.auth.list_connections(w.owner)


async def test_attack_14_the_frozen_host_is_the_manifest_s_with_the_slot_filled() -> None:
    async with world(connectors=[make_connector(SHOP_YAML)]) as w:
        session = await w.auth.connect(w.owner, "notes")
        await w.auth.sign_in.submit(session, "b1", Entry("token", {"shop": "north", "token": "k-good-000"}))

        [(connection, _)] = await w.auth.list_connections(w.owner)
        assert [host.origin for host in connection.hosts] == ["https://north.myshop.example"]
