"""The two protocols of an auth backend (design 5.2): getting credentials, and saying what it supports."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal, Protocol

from connectory.catalog.connector import Connector
from connectory.catalog.manifest import CredentialField
from connectory.net.address import HostRule
from connectory.vault.credentials import Credentials
from connectory.vault.entities import Connection, ConnectionId, ConnectSession, Grant, GrantId, new_id

Route = Literal["direct", "nango_proxy"]
Confirm = Literal["private_confirmed", "account_change_confirmed"]  # the fields of `Entry` that a tick sets


@dataclass(frozen=True, slots=True)
class Access:
    """Credentials ready to send, and how the call travels."""

    credentials: Credentials
    route: Route = "direct"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with what was entered. `field` is empty when it concerns the whole.

    `confirm` names the field of `Entry` with which the person may say "yes, that is meant"; None where nobody can.
    """

    field: str
    message: str
    confirm: Confirm | None = None


@dataclass(frozen=True, slots=True)
class MethodForm:
    """One way to sign in by typing: the fields to show, secret ones never filled again."""

    method: str  # its name in the manifest's `auth`
    title: str
    help: str
    docs: str | None
    fields: Mapping[str, CredentialField]


@dataclass(frozen=True, slots=True)
class ConnectedAccount:
    """An account of the same family that is connected already, and can be used here without another sign-in."""

    grant_id: GrantId
    name: str
    used_by: tuple[str, ...]  # the titles of the connectors that use it


@dataclass(frozen=True, slots=True)
class Form:
    """The next step is a form, or one of `accounts`; `problems` say why the last try failed."""

    methods: tuple[MethodForm, ...]
    problems: tuple[Problem, ...] = ()
    accounts: tuple[ConnectedAccount, ...] = ()


@dataclass(frozen=True, slots=True)
class Redirect:
    """The next step is the provider's own page."""

    url: str


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """The next step is typing `user_code` at `verification_uri` (RFC 8628 section 3.2)."""

    user_code: str
    verification_uri: str
    expires_in_s: float
    interval_s: float


@dataclass(frozen=True, slots=True)
class Entry:
    """What the person entered on the form; or, with `grant_id`, the connected account that shall be used here too.

    `private_confirmed`: yes, a private address is meant (design 7.3). `account_change_confirmed`: yes, the connection
    shall belong to another provider account from now on (design 5.3).
    """

    method: str
    values: Mapping[str, str] = field(repr=False)
    private_confirmed: bool = False
    account_change_confirmed: bool = False
    grant_id: GrantId | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Whose credentials they are, by the provider's own word."""

    id: str | None
    name: str | None
    scopes: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)  # what the verify call told beside them


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A grant that is not stored yet. `connection_id`: of the connection it will serve, known before it is verified."""

    method: str
    credentials: Credentials
    facts: Mapping[str, str]
    hosts: tuple[HostRule, ...]
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    connection_id: ConnectionId = field(default_factory=lambda: ConnectionId(new_id("cn")))


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to ask."""

    grant: NewGrant


Step = Form | Redirect | DeviceCode | Done


@dataclass(frozen=True, slots=True)
class Connected:
    """The sign-in is over: the connection stands, and this is the account it speaks for.

    `connector` is what was asked for; of a bundle `connection` is the first one made, `further` are the others.
    `left_out` says, a sentence each, which connectors could not be proven.
    """

    connection: Connection
    account: Account
    connector: Connector
    further: tuple[Connection, ...] = ()
    left_out: tuple[str, ...] = ()


class Revocation(StrEnum):
    """What became of the credentials at the provider when a connection left."""

    KEPT = "kept"  # another connection still uses the grant
    REVOKED = "revoked"
    NOT_SUPPORTED = "not_supported"  # the provider has no revocation; the person may delete the key there
    FAILED = "failed"


class AuthBackend(Protocol):
    """One way to get credentials: ready to send, or a `ConnectoryError` that says what to do."""

    name: ClassVar[str]

    async def begin(self, session: ConnectSession, entry: Entry | None) -> Step:
        """Take the next step of `session`. Without `entry`: what to show first. Bad entries come back as a `Form`."""
        ...

    async def complete(self, session: ConnectSession, callback: Mapping[str, str]) -> NewGrant:
        """Turn the provider's callback (its query) into a grant. Raises `SessionExpired` where none is under way."""
        ...

    async def access(self, grant: Grant) -> Access:
        """Return credentials as they are stored. Raises `CannotDecrypt`."""
        ...

    async def refresh(self, grant: Grant) -> Access:
        """Return renewed credentials. Raises `NeedsReconnect` where the provider refuses, or nothing can be renewed."""
        ...

    async def revoke(self, grant: Grant) -> Revocation:
        """Withdraw the grant at the provider (RFC 7009 where it offers that)."""
        ...


@dataclass(frozen=True, slots=True)
class BackendConfig:
    """How a backend would sign in to a connector."""

    backend: str
    connector: str
    methods: tuple[MethodForm, ...]


class BackendCatalog(Protocol):
    """What a backend supports, as the server is set up."""

    def supports(self, connector: Connector) -> bool:
        """Whether the backend can serve the connector now."""
        ...

    def config(self, connector: Connector) -> BackendConfig:
        """How it would sign in. Raises `BackendUnavailable`."""
        ...

    def validate(self, connector: Connector, entry: Entry) -> list[Problem]:
        """Check what was entered without asking the provider; an empty list is good."""
        ...


class Backend(AuthBackend, BackendCatalog, Protocol):
    """Both protocols in one object: what `AuthManager` is handed, by name."""


Verify = Callable[[Connector, NewGrant], Awaitable[Account]]
"""Runs the manifest's verify call with credentials not stored yet; the wiring hands it in, since `auth` never sends."""
