"""The connectors that one sign-in serves, each proven by its own verify call: members of a family, parts of a bundle.

A family shares credentials, not servers: each member has its own hosts, and may be refused where another is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connectory.auth.backend import Account, NewGrant, Problem, Verify
from connectory.auth.entries import private_address_problem
from connectory.auth.hosts import resolve_hosts
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import OAuth2Method, TokenRequest
from connectory.errors import (
    AccessNeeded,
    AddressRefused,
    BadInput,
    ConnectoryError,
    HeaderRefused,
    InvalidArguments,
    ProviderError,
    ProviderUnauthorized,
    Refused,
    SetupError,
)
from connectory.net.address import HostRule
from connectory.settings import Settings
from connectory.vault.entities import Connection, ConnectionId, Grant, Use, new_id

MAX_ACCOUNT_TEXT = 500  # characters
NO_KEY = "The key holds a line break, a space or a character that no key has. Copy it again."
RESERVED_FACT = "id"  # {connection.id} is the connection's own


@dataclass(frozen=True, slots=True)
class Member:
    """One connector that the sign-in shall serve. `existing` and its `grant` are renewed, or come from another grant.

    `goes_along`: not asked for, but it stands on the grant that is renewed.
    """

    connector: Connector
    existing: Connection | None = None
    grant: Grant | None = None
    goes_along: bool = False


@dataclass(frozen=True, slots=True)
class Proven:
    """The provider took the credentials for this connector."""

    member: Member
    use: Use
    account: Account


@dataclass(frozen=True, slots=True)
class Failed:
    """It did not, or could not be asked."""

    member: Member
    problem: Problem

    @property
    def sentence(self) -> str:
        """The failure for whoever reads of the connector beside others."""
        existing = self.member.existing
        what = f"({existing.name}) could not be checked" if existing else "was not connected"
        return f"{self.member.connector.title} {what}: {self.problem.message}"


def members_of(catalog: Catalog, connector: Connector) -> list[Connector]:
    """Return the connectors that are meant: those that a bundle includes, else the connector itself."""
    return [catalog.connector(name) for name in connector.manifest.includes] or [connector]


async def prove(
    members: Sequence[Member], new: NewGrant, verify: Verify, settings: Settings, *, private_confirmed: bool
) -> list[Proven | Failed]:
    """Ask the provider for each member at once, and return what came of it, in their order."""
    async with asyncio.TaskGroup() as group:
        asking = [
            group.create_task(_prove(member, new, verify, settings, private_confirmed=private_confirmed))
            for member in members
        ]
    return [task.result() for task in asking]


def told_facts(proven: Sequence[Proven], new: NewGrant) -> dict[str, str]:
    """Return the facts that the verify calls told; of two that tell the same one, the first is believed.

    None of them takes the place of what was typed, or of what the sign-in itself gave: those may be part of a server.
    """
    kept = {*new.facts, RESERVED_FACT, *(name for one in proven for name in _fields(one.member, new))}
    told = {name: fact for one in reversed(proven) for name, fact in one.account.facts.items()}
    return {name: fact for name, fact in told.items() if name not in kept}


def hosts_of(
    connector: Connector, method: str, facts: Mapping[str, str], *, private_confirmed: bool
) -> tuple[HostRule, ...]:
    """Return the origins that a connection of this connector owns. Raises `InvalidPath`."""
    servers, way = connector.signed_in_by(method).manifest.servers, connector.auth[method]
    given = way.facts if isinstance(way, TokenRequest) else {}
    return resolve_hosts(servers, way.fields, facts, private_confirmed=private_confirmed, given=given)


def hosts_of_choice(connector: Connector, method: str, facts: Mapping[str, str]) -> tuple[HostRule, ...]:
    """Return the origin of the call that lists what can be chosen. Raises `InvalidPath`."""
    servers, way = connector.signed_in_by(method).manifest.servers, connector.auth[method]
    assert isinstance(way, OAuth2Method), "only such a method has one"
    assert way.choose is not None, "the caller has looked"
    name = way.choose.request.server or next(iter(servers))
    return resolve_hosts({name: servers[name]}, way.fields, facts, private_confirmed=False, given=way.facts)


async def _prove(
    member: Member, new: NewGrant, verify: Verify, settings: Settings, *, private_confirmed: bool
) -> Proven | Failed:
    connection_id = member.existing.id if member.existing else ConnectionId(new_id("cn"))
    asked = new
    try:
        hosts = () if member.goes_along else new.hosts  # the backend's own, of the connector that was asked for
        hosts = hosts or hosts_of(member.connector, new.method, new.facts, private_confirmed=private_confirmed)
        asked = replace(new, hosts=hosts, connection_id=connection_id)
        account = _cut(await verify(member.connector, asked))
    except (AccessNeeded, BadInput, ProviderError, Refused, SetupError) as error:
        return Failed(member, _problem(member.connector, asked, error, settings))
    use = Use(member.connector.name, connection_id, asked.hosts, goes_along=member.goes_along)
    return Proven(member, use, account)


def _problem(connector: Connector, new: NewGrant, error: ConnectoryError, settings: Settings) -> Problem:
    """Say whose fault it was that the credentials could not be proven."""
    fields = connector.auth[new.method].fields
    typed = next((name for name, field in fields.items() if field.is_origin), None)
    if isinstance(error, AddressRefused) and typed is not None:
        can_confirm = not any(host.private_confirmed for host in new.hosts)
        return private_address_problem(typed, settings) if can_confirm else Problem(typed, error.text)
    if isinstance(error, ProviderUnauthorized):
        return Problem("", f"{connector.title} did not accept this. Check that it is complete, valid and not revoked.")
    if (
        isinstance(error, HeaderRefused | InvalidArguments) and "header" in error.message
    ):  # nothing else was typed for it
        secrets = [name for name, field in fields.items() if field.is_secret]
        return Problem(secrets[0] if len(secrets) == 1 else "", NO_KEY)
    told = f"It could not be checked with {connector.title}: {error.text}"
    return Problem("", told, failure=error if error.retryable else None)


def _cut(account: Account) -> Account:
    """A provider may say anything: an account's id and name are kept to a length that can be stored and shown."""
    return replace(
        account, id=account.id and account.id[:MAX_ACCOUNT_TEXT], name=account.name and account.name[:MAX_ACCOUNT_TEXT]
    )


def _fields(member: Member, new: NewGrant) -> Sequence[str]:
    return list(member.connector.auth[new.method].fields)
