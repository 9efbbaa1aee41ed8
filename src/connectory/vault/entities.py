"""What the vault keeps, as immutable values (design 5.7). Table rows never leave the vault; these do.

Ids are a prefix that names the kind and 26 random base32 characters (130 bits). Times are aware, in UTC.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NewType

from pydantic import SecretStr

from connectory.net.address import HostRule
from connectory.vault.credentials import Credentials

WorkspaceId = NewType("WorkspaceId", str)
UserId = NewType("UserId", str)
TokenId = NewType("TokenId", str)
GrantId = NewType("GrantId", str)
ConnectionId = NewType("ConnectionId", str)
SessionId = NewType("SessionId", str)
ResultId = NewType("ResultId", str)
FlowId = NewType("FlowId", str)

Prefix = Literal["ws", "us", "tk", "gr", "cn", "cs", "cf", "rs", "po", "au", "fl", "oc"]


def new_id(prefix: Prefix) -> str:
    """Return a new random id, e.g. `cn_4kq2...`: 130 random bits behind the prefix."""
    return f"{prefix}_{base64.b32encode(secrets.token_bytes(17)).decode().lower()[:26]}"


class Role(StrEnum):
    """What a user may do in a workspace (design 1)."""

    OWNER = "owner"
    MEMBER = "member"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The tenant; nothing crosses it. `revision` grows with every change that another process must hear of."""

    id: WorkspaceId
    slug: str
    name: str
    revision: int = 0


@dataclass(frozen=True, slots=True)
class User:
    """A person."""

    id: UserId
    name: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """An account of an OpenID Connect issuer's, and the user that it is here."""

    issuer: str
    subject: str
    user_id: UserId
    roles: Mapping[WorkspaceId, Role]  # that the last sign-in gave


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A bearer token for our own faces; only its hash is stored."""

    id: TokenId
    workspace_id: WorkspaceId
    user_id: UserId
    name: str
    prefix: str
    read_only: bool
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WebSession:
    """A sign-in to the pages, as it is now."""

    workspace_id: WorkspaceId
    user_id: UserId
    role: Role
    token: ApiToken | None  # that it was started with
    is_use_noted: bool  # not long ago


SessionWay = Literal["link", "token", "openid"]


@dataclass(frozen=True, slots=True)
class OpenWebSession:
    """A sign-in to the pages as its user sees it, beside their others. `id_hash` names it, and opens nothing."""

    id_hash: str
    workspace_id: WorkspaceId
    way: SessionWay | None  # None: it began before that was kept
    token: ApiToken | None
    browser: str  # and its system; empty: unknown
    created_at: datetime
    last_used_at: datetime  # or up to `NOTE_EVERY` later
    expires_at: datetime  # its own end, or its token's


class GrantStatus(StrEnum):
    """Whether the provider still honours a grant."""

    ACTIVE = "active"
    NEEDS_RECONNECT = "needs_reconnect"
    REVOKING = "revoking"  # its last connection has left; the row goes once the provider was told


@dataclass(frozen=True, slots=True)
class Grant:
    """What a provider account gave us. `facts` are what `{connection.NAME}` stands for.

    `connector` is the one whose `auth` the method is of; connections of its whole family may use the grant.
    """

    id: GrantId
    workspace_id: WorkspaceId
    backend: str
    connector: str
    method: str
    family: str
    account_id: str | None
    account_name: str | None
    sealed_credentials: bytes = field(repr=False)
    facts: Mapping[str, str]
    scopes: tuple[str, ...]
    expires_at: datetime | None
    status: GrantStatus
    version: int
    client_id: str | None = None  # of the OAuth client that the tokens were given to
    refreshed_at: datetime | None = None
    failures: int = 0  # refreshes that failed since the last good one
    retry_at: datetime | None = None  # no refresh is tried before
    lease_until: datetime | None = None  # some process renews it until then
    problem: str | None = None  # why it needs reconnecting


@dataclass(frozen=True, slots=True)
class Use:
    """A connection as it shall stand on a grant: one that exists is put there with its new hosts, any other is made."""

    connector: str
    connection_id: ConnectionId
    hosts: tuple[HostRule, ...]
    goes_along: bool = False  # it stands on the renewed grant too, and nobody asked for it: it keeps its labels


@dataclass(frozen=True, slots=True)
class StoredGrant:
    """A sign-in as it is stored: verified, in a grant of its own or in the place of an older one."""

    backend: str
    connector: str
    method: str
    family: str
    account_id: str | None
    account_name: str | None
    credentials: Credentials = field(repr=False)
    facts: Mapping[str, str]
    scopes: tuple[str, ...]
    expires_at: datetime | None
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class FinishedSignIn:
    """What a finished sign-in hands to the vault: on which grant which connections shall stand, the session's first.

    `grant_id` is an existing grant: renewed by `grant`, or, where that is None, used as it is beside its other
    connections, with `facts` and `scopes` that were learnt meanwhile. `problem` says what did not work besides.
    """

    uses: tuple[Use, ...]
    grant: StoredGrant | None = None
    grant_id: GrantId | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """One use of a grant. `owner` is a user's id, or the workspace's own for a shared connection; never null.

    `labels` are a program's own, such as its customer's id; they are no secrets, and agents do not see them.
    """

    id: ConnectionId
    workspace_id: WorkspaceId
    owner: str
    connector: str
    alias: str
    grant_id: GrantId
    hosts: tuple[HostRule, ...]
    created_at: datetime
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def name(self) -> str:
        """`{connector}/{alias}`: how people and agents name it."""
        return f"{self.connector}/{self.alias}"

    @property
    def is_shared(self) -> bool:
        """Whether the workspace itself owns it."""
        return self.owner == self.workspace_id


class SessionStatus(StrEnum):
    """The life of a connect session."""

    PENDING = "pending"  # link given, nobody has posted yet
    BOUND = "bound"  # a browser has posted; only that one may go on
    CONNECTED = "connected"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class ConnectSession:
    """A short-lived, single-use invitation to make one connection on the web page, or those of a bundle.

    `connection_id` is set from the start when an existing connection is to be reconnected, else at the end; of a bundle
    it is the first of those that were made. `backend` is the one that was asked for; None: the person chooses.
    """

    id: SessionId
    workspace_id: WorkspaceId
    user_id: UserId
    owner: str
    connector: str
    alias: str
    backend: str | None
    scopes: tuple[str, ...]
    status: SessionStatus
    expires_at: datetime
    link: str = field(repr=False)  # the secret part of the link; sealed at rest, looked up by its hash
    browser_hash: str | None = field(default=None, repr=False)
    connection_id: ConnectionId | None = None
    connected_at: datetime | None = None
    problem: str | None = None  # why the last try failed; of a finished one what did not work, as a part of a bundle
    labels: Mapping[str, str] | None = field(default=None, hash=False)  # for what it makes; None: as they are


class FlowStatus(StrEnum):
    """The life of an OAuth sign-in under way."""

    LEFT = "left"  # for the provider; its callback, or a token for its device code, may come
    TAKEN = "taken"  # the callback came
    HELD = "held"  # tokens are there, and the person is to choose or confirm before they are used


@dataclass(frozen=True, slots=True)
class OAuthFlow:
    """A sign-in that has left for the provider. `body` is what its backend must know again; sealed at rest."""

    id: FlowId
    workspace_id: WorkspaceId
    session_id: SessionId
    backend: str
    family: str
    status: FlowStatus
    expires_at: datetime
    body: bytes = field(repr=False)


ClientSource = Literal["entered", "registered"]


@dataclass(frozen=True, slots=True)
class StoredClient:
    """An OAuth client of a workspace (RFC 6749 section 2.2): registered by hand, or by us (RFC 7591).

    `server` is the origin of the authorization server that it is for; empty: whichever the manifest names.
    """

    workspace_id: WorkspaceId
    family: str
    server: str
    source: ClientSource
    client_id: str
    client_secret: SecretStr | None = field(default=None, repr=False)
    redirect_uri: str | None = None  # the one that it was registered with


class ConfirmationStatus(StrEnum):
    """The life of a confirmation."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    DENIED = "denied"
    SPENT = "spent"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One call that waits for a person's yes; `digest` identifies exactly that call."""

    id: str
    workspace_id: WorkspaceId
    user_id: UserId
    token_id: TokenId | None
    connection_id: ConnectionId
    action: str
    digest: str
    arguments: Mapping[str, Any]
    status: ConfirmationStatus
    expires_at: datetime
    link: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeptResult:
    """The whole of an answer that was cut, or a file, for the same principal only.

    `media_type` is a file's; None: `body` is the projected answer in JSON.
    """

    id: ResultId
    workspace_id: WorkspaceId
    user_id: UserId
    token_id: TokenId | None
    connection_id: ConnectionId
    body: bytes = field(repr=False)
    expires_at: datetime
    media_type: str | None = None
    file_name: str | None = None


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """What is kept, without its body; `size` in bytes."""

    id: ResultId
    size: int
    media_type: str | None
    file_name: str | None


class PolicyEffect(StrEnum):
    """What a rule says of the tool names that its pattern matches."""

    ALLOW = "allow"
    CONFIRM = "confirm"
    DENY = "deny"
    READ_ONLY = "read_only"  # denies every action of theirs that is not a read


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """A rule for the whole workspace, or narrowed to one user or one token. `pattern` is a glob over tool names."""

    id: str
    workspace_id: WorkspaceId
    user_id: UserId | None
    token_id: TokenId | None
    effect: PolicyEffect
    pattern: str


Outcome = Literal["started", "ok", "previewed", "error", "refused"]
"""How what was done ended: `previewed` showed what would be sent and sent nothing; of `started` no end was seen."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """What happened, without values: argument names and a digest (design 7.6)."""

    id: str
    at: datetime
    workspace_id: WorkspaceId
    user_id: UserId
    token_id: TokenId | None
    connection_id: str | None
    action: str
    effect: str
    outcome: Outcome
    code: str | None
    argument_names: tuple[str, ...]
    digest: str
    duration_ms: int | None
    connector: str | None = None  # the service that it was about
