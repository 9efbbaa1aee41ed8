"""What a connection's page shows, as plain values."""

from __future__ import annotations

from dataclasses import replace

from tests.web.one_connection import scene

from connectory.net.address import HostRule
from connectory.vault.clock import utc_now
from connectory.web.connection_view import credential_of, view_facts


async def test_only_a_key_that_was_typed_is_for_the_person_to_delete_at_the_service() -> None:
    async with scene() as it:
        [(_, grant)] = await it.application.auth.list_connections(it.principal)
        connector = it.application.catalog.connector("notes")
    kept = {
        (backend, method): credential_of(replace(grant, backend=backend, method=method), connector)
        for backend, method in (("direct", "token"), ("direct", "none"), ("builtin", "oauth"), ("nango", "oauth"))
    }
    assert list(kept.values()) == ["key", "nothing", "sign-in", "sign-in"]
    assert credential_of(grant, None) == "key"


async def test_a_host_inside_this_process_is_none_that_requests_go_to() -> None:
    async with scene() as it:
        [(row, grant)] = await it.application.auth.list_connections(it.principal)
    inside = replace(row, hosts=(HostRule("https://demo.invalid", private_confirmed=False),))
    assert view_facts((inside, grant), utc_now()).hosts == ()
    assert view_facts((row, grant), utc_now()).hosts != ()
