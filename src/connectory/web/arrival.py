"""What the connectors page says to whoever is led to it: what was connected, or what became of what was disconnected.

Addresses name things, and hold no words: anybody can write one.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from connectory.auth.backend import Revocation
from connectory.auth.connections import Found, describe_account
from connectory.auth.withdrawing import what_became
from connectory.catalog.catalog import Catalog
from connectory.vault.entities import Connection
from connectory.web.links import Said

CONNECTED = "connected"
DISCONNECTED = "disconnected"
REVOCATION = "revocation"


def after_connecting(home: str, made: Sequence[Connection]) -> str:
    """Return where to go on the page at `home` once these stand."""
    return f"{home}?{urlencode([(CONNECTED, row.id) for row in made])}"


def after_disconnecting(home: str, row: Connection, revocation: Revocation) -> str:
    """Return where to go once `row` is deleted; a reload there does nothing."""
    return f"{home}?{urlencode({DISCONNECTED: row.connector, REVOCATION: revocation.value})}"


def said_on_arrival(query: QueryParams, catalog: Catalog, found: Sequence[Found]) -> Said | None:
    """Say what the address says was done; `found` are the connections that this visitor sees."""
    made = [pair for pair in found if pair[0].id in query.getlist(CONNECTED)]
    if made:
        return _connected(made, catalog)
    name, outcome = query.get(DISCONNECTED, ""), query.get(REVOCATION, "")
    return _disconnected(name, Revocation(outcome), catalog) if outcome in set(Revocation) else None


def _connected(made: Sequence[Found], catalog: Catalog) -> Said:
    known = [catalog.connectors[row.connector] for row, _ in made if row.connector in catalog.connectors]
    titles = list(dict.fromkeys(one.title for one in known)) or [made[0][0].connector]
    whole = f"{', '.join(titles[:-1])} and {titles[-1]} are" if len(titles) > 1 else f"{titles[0]} is"
    grant = made[0][1]
    who = f" as {describe_account(grant)}" if grant.account_name or grant.account_id else ""
    task = next((task for one in known for task in one.manifest.tasks), None)
    then = f"Ask your assistant, for instance: “{task}”" if task else "Your assistant can use it from now on."
    return Said(f"{whole} connected{who}. {then}")


def _disconnected(name: str, outcome: Revocation, catalog: Catalog) -> Said:
    title = catalog.title_of(name) if name in catalog.connectors else "The service"
    then = what_became(outcome, title)
    return Said(f"The connection and its stored credentials are deleted. {then}", is_bad=outcome is Revocation.FAILED)
