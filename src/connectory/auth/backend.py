"""The two protocols of an auth backend (design 5.2): getting credentials, and saying what it supports."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal, Protocol

from pydantic import SecretStr

from connectory.catalog.connector import Connector
from connectory.catalog.manifest import CredentialField
from connectory.errors import ConnectoryError
from connectory.net.address import HostRule
from connectory.vault.credentials import Credentials
from connectory.vault.entities import (
    Connection,
    ConnectionId,
    ConnectSession,
    Grant,
    GrantId,
    SessionId,
    WorkspaceId,
    new_id,
)

Route = Literal["direct", "nango_proxy"]
Confirm = Literal["private_confirmed", "account_change_confirmed"]  # the fields of `Entry` that a tick sets


@dataclass(frozen=True, slots=True)
class Access:
    """Credentials ready to send, and how the call travels.

    `hidden`: secrets that are put in on the way, as far as they are known: no answer may repeat them to an agent.
    """

    credentials: Credentials
    route: Route = "direct"
    hidden: tuple[SecretStr, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with what was entered. `field` is empty when it concerns the whole.

    `confirm` names the field of `Entry` with which the person may say "yes, that is meant"; None where nobody can.
    `failure`: what kept it from being checked for now, which says nothing of the entry.
    """

    field: str
    message: str
    confirm: Confirm | None = None
    failure: ConnectoryError | None = None


@dataclass(frozen=True, slots=True)
class AppSetup:
    """What must be done once before a sign-in can leave for the provider: an OAuth client registered there.

    `url` is the provider's page, filled in where it can be; `problem` says why it will not work, before somebody tries.
    """

    url: str | None
    steps: tuple[str, ...]
    redirect_uri: str
    scopes: tuple[str, ...]
    without: str
    needs_secret: bool
    problem: str = ""


@dataclass(frozen=True, slots=True)
class MethodForm:
    """One way to sign in: the fields to fill first, secret ones never shown again, and what happens then.

    `leaves`: the person goes on at the provider's own page. `scopes`: what each that can be ticked allows, and `ticked`
    those that are when the form is first shown. `setup`: it does not work before that is done. `backend`: whose way it
    is; several may have one of the same method. `through`: the service that will keep the sign-in, where one does.
    """

    method: str  # its name in the manifest's `auth`
    title: str
    help: str
    docs: str | None
    fields: Mapping[str, CredentialField]
    leaves: bool = False
    scopes: Mapping[str, str] = field(default_factory=dict)
    ticked: frozenset[str] = frozenset()
    setup: AppSetup | None = None
    backend: str = ""
    through: str = ""


@dataclass(frozen=True, slots=True)
class ConnectedAccount:
    """An account of the same family that is connected already, and can be used here without another sign-in."""

    grant_id: GrantId
    name: str
    used_by: tuple[str, ...]  # the titles of the connectors that use it


@dataclass(frozen=True, slots=True)
class Option:
    """One of the things that a sign-in gives access to, such as a site; `facts` become the connection's."""

    id: str
    name: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """The person is back from the provider; the next step is choosing one of `options`, or the yes to `problems`.

    The tokens wait meanwhile. `Entry.chosen` and the ticks of `Entry` answer it.
    """

    options: tuple[Option, ...] = ()
    problems: tuple[Problem, ...] = ()


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
class Elsewhere:
    """The next step is a page of `at` that does not lead back here: whoever waits polls. The address is a secret."""

    url: str = field(repr=False)
    at: str
    expires_in_s: float


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
    shall belong to another provider account from now on (design 5.3). `scopes`: those that were ticked; None: as
    the form has them. `chosen`: the id of an option. `device`: by a code, since no browser here reaches the page.
    `backend`: whose form it was; None: the preferred one's that has the method.
    """

    method: str
    values: Mapping[str, str] = field(repr=False)
    private_confirmed: bool = False
    account_change_confirmed: bool = False
    grant_id: GrantId | None = None
    scopes: tuple[str, ...] | None = None
    chosen: str | None = None
    device: bool = False
    backend: str | None = None

    @property
    def is_answer(self) -> bool:
        """Whether it answers a `Question`, and begins no sign-in."""
        return not self.method and self.grant_id is None


@dataclass(frozen=True, slots=True)
class Account:
    """Whose credentials they are, by the provider's own word."""

    id: str | None
    name: str | None
    scopes: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)  # what the verify call told beside them


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A grant that is not stored yet. `connection_id`: of the connection it will serve, known before it is verified.

    `access`: how requests of it are sent, where that differs from what is stored.
    """

    method: str
    credentials: Credentials
    facts: Mapping[str, str]
    hosts: tuple[HostRule, ...]
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    client_id: str | None = None  # of the OAuth client that the tokens were given to
    private_confirmed: bool = False
    connection_id: ConnectionId = field(default_factory=lambda: ConnectionId(new_id("cn")))
    access: Access | None = None

    @property
    def sent(self) -> Access:
        """How requests of it are sent."""
        return self.access or Access(self.credentials)


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to ask."""

    grant: NewGrant


Step = Form | Question | Redirect | Elsewhere | DeviceCode | Done


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
    DELETED = "deleted"  # where they were kept for us; the provider itself was not told
    NOT_SUPPORTED = "not_supported"  # the provider has no revocation; the person may delete the key there
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Callback:
    """What a provider's redirect brought: its query as pairs, as they came."""

    pairs: tuple[tuple[str, str], ...] = field(repr=False)

    def one(self, name: str) -> str | None:
        """Return a parameter's value; None where it is missing, empty, or there twice (RFC 6749 section 3.1)."""
        found = [value for key, value in self.pairs if key == name]
        return found[0] if len(found) == 1 and found[0] else None


class AuthBackend(Protocol):
    """One way to get credentials: ready to send, or a `ConnectoryError` that says what to do."""

    name: ClassVar[str]
    heals: ClassVar[bool]  # whether a sign-in that needs reconnecting may come to work again by itself

    async def begin(self, session: ConnectSession, connector: Connector, entry: Entry) -> Step:
        """Take the next step of `session` with what was entered. Bad entries come back as a `Form`."""
        ...

    async def session_of(self, family: str, callback: Callback) -> tuple[WorkspaceId, SessionId] | None:
        """Return the session whose sign-in a callback at this family's address is about; None where there is none."""
        ...

    async def complete(self, session: ConnectSession, callback: Callback) -> NewGrant:
        """Turn the provider's callback into a grant, once.

        Raises `SessionExpired` where none is under way, `SignInDeclined` and leaves of `ProviderError`.
        """
        ...

    async def poll(self, session: ConnectSession) -> NewGrant | None:
        """Ask whether the person has signed in elsewhere, as with a device code; None: not yet, or not asked now.

        Raises what `complete` raises.
        """
        ...

    async def code_of(self, session: ConnectSession) -> DeviceCode | None:
        """Return the device code that a session's sign-in waits for; None where it does not."""
        ...

    async def page_of(self, session: ConnectSession) -> Elsewhere | None:
        """Return the page elsewhere at which a session's sign-in goes on; None where it does not."""
        ...

    async def access_new(self, connector: Connector, new: NewGrant) -> Access:
        """Return how requests of a sign-in that is not stored yet are sent. Raises what `access` raises."""
        ...

    async def access(self, grant: Grant, *, valid_for_s: float, direct: bool = False) -> Access:
        """Return credentials that last `valid_for_s` seconds, renewed where needed.

        `direct`: only a way by which the call reaches the provider itself will do. Raises `CannotDecrypt`,
        `NeedsReconnect`, leaves of `ProviderError`, and where only another way is left, of `SetupError`.
        """
        ...

    async def refresh(self, grant: Grant) -> Access:
        """Return other credentials than `grant` holds, after the provider has refused those.

        Raises `NeedsReconnect` where it refuses, or nothing can be renewed, and leaves of `ProviderError`.
        """
        ...

    async def revoke(self, grant: Grant) -> Revocation:
        """Withdraw the grant at the provider (RFC 7009 where it offers that)."""
        ...

    async def discard(self, credentials: Credentials) -> None:
        """Clear away credentials that are kept elsewhere for us, unless a grant refers to them.

        Raises what `revoke` raises.
        """
        ...

    async def look_after(self, workspace_id: WorkspaceId, grants: Sequence[Grant]) -> bool:
        """Bring the status of its grants up to date, where one question tells of all; whether any has changed.

        Raises nothing: what cannot be asked stays as it is.
        """
        ...


@dataclass(frozen=True, slots=True)
class BackendConfig:
    """How a backend would sign in to a connector. One whose methods all need a setup is not `is_ready`."""

    backend: str
    connector: str
    methods: tuple[MethodForm, ...]

    @property
    def is_ready(self) -> bool:
        """Whether one of the ways works now."""
        return any(method.setup is None for method in self.methods)


class BackendCatalog(Protocol):
    """What a backend supports, as the server and the workspace are set up."""

    async def configs(self, workspace_id: WorkspaceId, connectors: Sequence[Connector]) -> Mapping[str, BackendConfig]:
        """Return how it would sign in, by connector, of those that it can serve."""
        ...

    def validate(self, connector: Connector, entry: Entry) -> list[Problem]:
        """Check what was entered without asking the provider; an empty list is good."""
        ...

    async def why_not(self, workspace_id: WorkspaceId, connector: Connector) -> str:
        """Return why it cannot serve a connector, and what helps; empty where its kind of ways says all."""
        ...


class Backend(AuthBackend, BackendCatalog, Protocol):
    """Both protocols in one object: what `AuthManager` is handed, by name."""


Verify = Callable[[Connector, NewGrant], Awaitable[Account]]
"""Runs the manifest's verify call with credentials not stored yet; the wiring hands it in, since `auth` never sends."""

ListOptions = Callable[[Connector, NewGrant], Awaitable[Sequence[Option]]]
"""Runs the call of `choose`, which says what a sign-in gives access to; handed in likewise."""
