"""After a connection was deleted: the page that is led to says what became of its sign-in at the service."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from connectory.auth.backend import Revocation
from connectory.auth.withdrawing import what_became
from connectory.catalog.catalog import Catalog
from connectory.vault.entities import Connection
from connectory.web.links import Said
from connectory.web.visitors import home_of


def address_after(slug: str, row: Connection, revocation: Revocation) -> str:
    """Return where to go once `row` is deleted; a reload there does nothing."""
    return f"{home_of(slug)}?{urlencode({'disconnected': row.connector, 'revocation': revocation.value})}"


def said_in(query: Mapping[str, str], catalog: Catalog) -> Said | None:
    """Say what the address says was done: no words of the address itself, which anybody can write."""
    name, outcome = query.get("disconnected", ""), query.get("revocation", "")
    if outcome not in set(Revocation):
        return None
    title = catalog.title_of(name) if name in catalog.connectors else "The service"
    then = what_became(Revocation(outcome), title)
    return Said(f"The connection and its stored credentials are deleted. {then}", is_bad=outcome == Revocation.FAILED)
