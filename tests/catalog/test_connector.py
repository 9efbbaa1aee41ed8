"""A connector as connections of one way to sign in see it."""

from __future__ import annotations

import json

from tests.catalog.making import changed

from connectory.testing.connectors import make_connector

OWN = (
    "auth/oauth",
    {
        "method": "oauth2",
        "authorize_url": "https://auth.acme.example/authorize",
        "token_url": "https://auth.acme.example/token",
        "facts": {"site": {"token": "site", "pattern": "[a-z0-9-]{1,63}"}},
    },
)


def test_a_way_to_sign_in_may_have_servers_of_its_own() -> None:
    special = ("servers_by_method", {"oauth": {"api": "https://gateway.acme.example/{connection.site}"}})
    connector = make_connector(json.dumps(changed(OWN, special)))

    assert connector.signed_in_by("oauth").manifest.servers == {"api": "https://gateway.acme.example/{connection.site}"}
    assert connector.signed_in_by("key") is connector
    assert connector.signed_in_by("one that is gone") is connector
    assert connector.manifest.servers == {"api": "https://{connection.shop}.acme.example/v1"}
