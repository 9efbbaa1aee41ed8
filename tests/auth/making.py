"""A vault in memory, a small catalog, a provider that answers by key, and people of two workspaces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from connectory.auth.backend import (
    Access,
    Account,
    AppSetup,
    Backend,
    BackendConfig,
    Callback,
    Connected,
    DeviceCode,
    Entry,
    MethodForm,
    NewGrant,
    Problem,
    Revocation,
    Step,
)
from connectory.auth.changes import ConnectionChanges
from connectory.auth.connections import Connections
from connectory.auth.direct import DirectBackend
from connectory.auth.kept_here import KeptHere
from connectory.auth.manager import AuthManager
from connectory.auth.sessions import ConnectSessions
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.errors import ConnectoryError, NeedsReconnect, ProviderUnauthorized
from connectory.identity.principal import Principal
from connectory.identity.record import no_record
from connectory.settings import Settings
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector, make_family
from connectory.vault.credentials import SecretFields
from connectory.vault.entities import ConnectSession, Grant, Role, SessionId, WorkspaceId
from connectory.vault.vault import Vault, open_memory_vault

KINTO_YAML = """
format: 1
name: kinto
title: Kinto
description: Keep records.
category: databases
docs: https://kinto.example/docs
servers: {api: "{connection.server}/v1"}
auth:
  basic: {method: basic, fields: {server: {title: Server, kind: origin}}}
verify: {request: {get: /}, account: {id: user.id, name: user.id}}
"""
OPEN_YAML = """
format: 1
name: open-data
title: Open Data
description: Read what is open.
category: other
docs: https://open.example/docs
servers: {api: "https://api.open.example"}
auth:
  none: {method: none}
"""
SUITE_YAML = """
format: 1
name: suite
title: Suite
description: Mail and files at once.
category: productivity
docs: https://suite.example/docs
includes: [mail, files]
auth:
  token: {method: api_key, title: API token, headers: {Authorization: "Bearer {credential.token}"}}
"""
MAIL_YAML = """
format: 1
name: mail
title: Mail
description: Read mail.
category: communication
docs: https://suite.example/docs
family: suite
servers: {api: "https://mail.suite.example"}
verify: {request: {get: /me}, account: {id: id, name: name}}
actions:
  list_mails:
    title: List mails
    description: List the mails.
    effect: read
    request: {get: /mails}
    docs: https://suite.example/docs/mails
tasks: [What is new in my mail?]
"""
FILES_YAML = MAIL_YAML.replace("name: mail", "name: files").replace("Mail", "Files").replace("mail", "file")
FILES_YAML = FILES_YAML.replace("https://file.suite", "https://files.suite")
HOME_YAML = SUITE_YAML.replace("suite", "home").replace(
    "method: api_key,",
    "method: fields, fields: {server: {title: Server, kind: origin}, token: {title: T, kind: secret}},",
)
START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SUITE = make_family(SUITE_YAML, MAIL_YAML, FILES_YAML)
HOME = make_family(
    HOME_YAML,
    *(
        yaml.replace("family: suite", "family: home").replace(
            "https://" + name + ".suite.example", "{connection.server}/" + name
        )
        for name, yaml in (("mail", MAIL_YAML), ("files", FILES_YAML))
    ),
)
GOOD_KEY, OTHER_KEY, BAD_KEY = "k-good-000", "k-other-111", "k-bad-222"


@dataclass
class Clock:
    """Time that moves only when told."""

    time: datetime = START

    def __call__(self) -> datetime:
        return self.time

    def pass_by(self, **by: float) -> None:
        self.time += timedelta(**by)


@dataclass
class Sleep:
    """Does not sleep, but lets happen what a test wants to happen meanwhile."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def __call__(self, seconds: float) -> None:
        if self.meanwhile is not None:
            await self.meanwhile()
        await asyncio.sleep(0)


@dataclass
class Provider:
    """Stands for the verify call: knows two keys, notes what it was shown, and fails as told."""

    accounts: Mapping[str, Account] = field(
        default_factory=lambda: {
            GOOD_KEY: Account("1", "octocat", ("repo",)),
            OTHER_KEY: Account("2", "hubot", ("repo",)),
        }
    )
    failure: ConnectoryError | None = None
    at_first: ConnectoryError | None = None  # once
    refusals: dict[str, ConnectoryError] = field(default_factory=dict)  # by connector
    facts: dict[str, Mapping[str, str]] = field(default_factory=dict)  # by connector
    asked: list[NewGrant] = field(default_factory=list)
    asked_by: list[str] = field(default_factory=list)

    async def verify(self, connector: Connector, new: NewGrant) -> Account:
        self.asked.append(new)
        self.asked_by.append(connector.name)
        failure = self.at_first or self.failure or self.refusals.get(connector.name)
        self.at_first = None
        if failure is not None:
            raise failure
        if not isinstance(new.credentials, SecretFields):
            return Account(None, None)
        key = next(iter(new.credentials.values.values())).get_secret_value()
        if key not in self.accounts:
            raise ProviderUnauthorized("Notes said 401.")
        return replace(self.accounts[key], facts=self.facts.get(connector.name, {}))


class RevokingBackend(DirectBackend):
    """Like `direct`, but what it gives out can be renewed and withdrawn."""

    name = "builtin"

    def __init__(self, vault: Vault, settings: Settings) -> None:
        super().__init__(vault, settings)
        self.revoked: list[Grant] = []
        self.failure: ConnectoryError | None = None

    async def refresh(self, grant: Grant) -> Access:
        if self.failure is not None:
            raise NeedsReconnect("no")
        return await self.access(grant, valid_for_s=60)

    async def revoke(self, grant: Grant) -> Revocation:
        if self.failure is not None:
            raise self.failure
        self.revoked.append(grant)
        return Revocation.REVOKED


@dataclass
class World:
    """Everything a test of this room touches."""

    vault: Vault
    catalog: Catalog
    auth: AuthManager
    provider: Provider
    clock: Clock
    settings: Settings
    backends: Mapping[str, Backend]
    owner: Principal
    member: Principal
    viewer: Principal
    stranger: Principal  # owner of another workspace
    links: list[Principal]
    sleep: Sleep
    sessions: ConnectSessions

    @property
    def changes(self) -> ConnectionChanges:
        """What changes a connection, off the record."""
        return ConnectionChanges(self.vault.connections, Connections(self.vault, self.catalog), no_record)

    async def submit(
        self, session: ConnectSession, key: str = GOOD_KEY, browser: str = "b1", **entry: Any
    ) -> Step | Connected:
        return await self.auth.sign_in.submit(session, browser, Entry("token", {"token": key}, **entry))

    async def connected(self, principal: Principal, key: str = GOOD_KEY, **how: object) -> Connected:
        session = await self.auth.connect(principal, "notes", **how)  # type: ignore[arg-type]  # the call's own keywords
        done = await self.submit(session, key)
        assert isinstance(done, Connected)
        return done


@asynccontextmanager
async def open_test_vault(clock: Clock) -> AsyncIterator[Vault]:
    """A vault in memory, closed at the end."""
    vault = await open_memory_vault(now=clock)
    try:
        yield vault
    finally:
        await vault.aclose()


@asynccontextmanager
async def world(
    settings: Settings | None = None, *, with_builtin: bool = False, connectors: Sequence[Connector] = ()
) -> AsyncIterator[World]:
    """Build it, and close the vault at the end."""
    clock, provider, sleep, links = Clock(), Provider(), Sleep(), list[Principal]()
    chosen = settings or Settings()
    async with open_test_vault(clock) as vault:
        catalog = make_catalog(*(connectors or map(make_connector, (NOTES_YAML, KINTO_YAML, OPEN_YAML))))
        backends: dict[str, Backend] = {"direct": DirectBackend(vault, chosen)}
        if with_builtin:
            backends["builtin"] = RevokingBackend(vault, chosen)

        async def allow_link(principal: Principal) -> None:
            links.append(principal)

        auth = AuthManager(
            vault, catalog, chosen, backends, provider.verify, allow_link=allow_link, now=clock, sleep=sleep
        )
        people, sessions = await make_people(vault), ConnectSessions(vault, clock, sleep)
        yield World(vault, catalog, auth, provider, clock, chosen, backends, *people, links, sleep, sessions)


async def make_people(vault: Vault) -> tuple[Principal, Principal, Principal, Principal]:
    """The owner of the first workspace, a member and a viewer of it, and the owner of another one."""
    workspace, owner = await vault.workspaces.ensure_default()
    people = [Principal(workspace.id, owner.id, Role.OWNER)]
    for name, role in (("Mia", Role.MEMBER), ("Vic", Role.VIEWER)):
        user = await vault.workspaces.create_user(name)
        await vault.workspaces.set_member(workspace.id, user.id, role)
        people.append(Principal(workspace.id, user.id, role))
    stranger = await vault.workspaces.create_user("Sam")
    other = await vault.workspaces.create("other", "Other", owner=stranger.id)
    return people[0], people[1], people[2], Principal(other.id, stranger.id, Role.OWNER)


class SilentBackend(KeptHere):
    """Serves, or does not, by one of several ways; every step of it is an error.

    By a way that `leaves` the person goes on at the provider's page, as with OAuth; one with a `setup` needs an app.
    """

    name: ClassVar[str] = "silent"

    def __init__(self, called: str, serves: bool, *ways: MethodForm) -> None:
        self._called = called
        self._serves = serves
        self._ways = ways or (make_form("token"),)

    async def begin(self, session: ConnectSession, connector: Connector, entry: Entry) -> Step:
        raise NotImplementedError

    async def session_of(self, family: str, callback: Callback) -> tuple[WorkspaceId, SessionId] | None:
        raise NotImplementedError

    async def complete(self, session: ConnectSession, callback: Callback) -> NewGrant:
        raise NotImplementedError

    async def poll(self, session: ConnectSession) -> NewGrant | None:
        raise NotImplementedError

    async def code_of(self, session: ConnectSession) -> DeviceCode | None:
        raise NotImplementedError

    async def access(self, grant: Grant, *, valid_for_s: float, direct: bool = False) -> Access:
        raise NotImplementedError

    async def refresh(self, grant: Grant) -> Access:
        raise NotImplementedError

    async def revoke(self, grant: Grant) -> Revocation:
        raise NotImplementedError

    async def configs(self, workspace_id: WorkspaceId, connectors: Sequence[Connector]) -> Mapping[str, BackendConfig]:
        return {one.name: BackendConfig(self._called, one.name, self._ways) for one in connectors if self._serves}

    def validate(self, connector: Connector, entry: Entry) -> list[Problem]:
        raise NotImplementedError


def make_form(method: str, *, leaves: bool = False, needs_app: bool = False) -> MethodForm:
    """A way to sign in without fields."""
    setup = AppSetup("https://notes.example/apps", (), "http://localhost:8765/cb", (), "", needs_secret=True)
    return MethodForm(method, method, "", None, {}, leaves, setup=setup if needs_app else None)
