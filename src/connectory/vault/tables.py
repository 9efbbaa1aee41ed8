"""The tables (design 5.7), as SQLAlchemy Core. `migrations/` builds the same; a test compares the two.

Every row of a workspace hangs on it by foreign keys, so that deleting the workspace, or a membership, leaves nothing.
References between such rows carry the workspace too: no connection can point at another workspace's grant.
Sealed columns are bytes; JSON columns hold strings, lists and flat objects, never a secret.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

ID = String(40)
NAME = String(200)


class UtcTime(TypeDecorator[datetime]):
    """An aware time. SQLite keeps no zone, so it is written in UTC and read back as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone was given to the vault")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", ID, primary_key=True),
    Column("slug", NAME, nullable=False, unique=True),
    Column("name", NAME, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", NAME, nullable=False, index=True),
    Column("email", NAME, unique=True),  # case-folded
    Column("created_at", UtcTime, nullable=False),
)

memberships = Table(
    "memberships",
    metadata,
    Column("workspace_id", ID, ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ID, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("role", String(20), nullable=False),
    Column("created_at", UtcTime, nullable=False),
)


identities = Table(
    "identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("user_id", ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("roles", JSON, nullable=False),  # workspace → the role that the last sign-in gave there
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("issuer", "user_id"),
)


def _of_member(*, nullable_user: bool = False) -> tuple[Column[str], Column[str], ForeignKeyConstraint]:
    """The columns of a row that belongs to a user in a workspace, and goes with the membership."""
    return (
        Column("workspace_id", ID, ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
        Column("user_id", ID, nullable=nullable_user),
        ForeignKeyConstraint(
            ["workspace_id", "user_id"], ["memberships.workspace_id", "memberships.user_id"], ondelete="CASCADE"
        ),
    )


def _in_workspace(column: str, table: str) -> ForeignKeyConstraint:
    """A reference to a row of the same workspace, which goes with it."""
    return ForeignKeyConstraint(["workspace_id", column], [f"{table}.workspace_id", f"{table}.id"], ondelete="CASCADE")


api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", ID, primary_key=True),
    *_of_member(),
    Column("name", NAME, nullable=False),
    Column("prefix", String(40), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("read_only", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("last_used_at", UtcTime),
    Column("revoked_at", UtcTime),
    UniqueConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "user_id"),
)

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("id_hash", String(64), primary_key=True),
    *_of_member(),
    Column("token_id", ID),  # null: signed in by a link of this machine, or by OpenID Connect
    Column("way", String(20)),  # null: from before it was kept
    Column("browser", String(80), nullable=False, server_default=""),  # empty: unknown
    Column("created_at", UtcTime, nullable=False),
    Column("last_used_at", UtcTime),
    Column("expires_at", UtcTime, nullable=False, index=True),
    Column("ended_at", UtcTime),
    _in_workspace("token_id", "api_tokens"),
    Index(None, "workspace_id", "user_id"),
    Index(None, "workspace_id", "token_id"),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("link_hash", String(64), primary_key=True),
    *_of_member(),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
    Index(None, "workspace_id", "user_id"),
)

grants = Table(
    "grants",
    metadata,
    Column("id", ID, primary_key=True),
    Column("workspace_id", ID, ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("backend", String(40), nullable=False),
    Column("connector", String(80), nullable=False),  # whose `auth` the method is of
    Column("method", String(80), nullable=False),
    Column("family", String(80), nullable=False),
    Column("client_id", Text),  # of the OAuth client that the tokens were given to
    Column("account_id", Text),
    Column("account_name", Text),
    Column("credentials", LargeBinary, nullable=False),  # sealed
    Column("facts", JSON, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("expires_at", UtcTime),
    Column("status", String(20), nullable=False),
    Column("problem", Text),
    Column("version", Integer, nullable=False),
    Column("lease_by", String(80)),
    Column("lease_until", UtcTime),
    Column("refreshed_at", UtcTime),
    Column("failures", Integer, nullable=False, server_default="0"),  # refreshes that failed since the last good one
    Column("retry_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "family", "account_id"),
    Index(None, "expires_at"),
)

connections = Table(
    "connections",
    metadata,
    Column("id", ID, primary_key=True),
    Column("workspace_id", ID, ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("owner", ID, nullable=False),  # a user's id or the workspace's own: no foreign key can say that
    Column("connector", String(80), nullable=False),
    Column("alias", String(40), nullable=False),
    Column("grant_id", ID, nullable=False),
    Column("hosts", JSON, nullable=False),
    Column("labels", JSON, nullable=False, server_default="{}"),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "owner", "connector", "alias"),
    _in_workspace("grant_id", "grants"),
    Index(None, "workspace_id", "grant_id"),
)

connect_sessions = Table(
    "connect_sessions",
    metadata,
    Column("id", ID, primary_key=True),
    Column("link_hash", String(64), nullable=False, unique=True),
    Column("link", LargeBinary, nullable=False),  # sealed, so that a repeated connect call can show the same link
    *_of_member(),
    Column("owner", ID, nullable=False),
    Column("connector", String(80), nullable=False),
    Column("alias", String(40), nullable=False),
    Column("backend", String(40)),  # null: whichever the person chooses
    Column("method", String(80)),
    Column("scopes", JSON, nullable=False),
    Column("browser_hash", String(64)),
    Column("status", String(20), nullable=False),
    Column("problem", Text),
    Column("labels", JSON(none_as_null=True)),  # null: a renewed connection keeps its own
    Column("expires_at", UtcTime, nullable=False),
    Column("connected_at", UtcTime),
    Column("connection_id", ID),
    Column("created_at", UtcTime, nullable=False),
    _in_workspace("connection_id", "connections"),
    UniqueConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "user_id", "connector", "alias"),
    Index(None, "workspace_id", "connection_id"),
)

oauth_flows = Table(
    "oauth_flows",
    metadata,
    Column("id", ID, primary_key=True),
    Column("workspace_id", ID, ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("session_id", ID, nullable=False),
    Column("backend", String(40), nullable=False, server_default="builtin"),
    Column("family", String(80), nullable=False),
    Column("state_hash", String(64), nullable=False, unique=True),
    Column("status", String(20), nullable=False),
    Column("body", LargeBinary, nullable=False),  # sealed
    Column("poll_at", UtcTime),
    Column("expires_at", UtcTime, nullable=False, index=True),
    Column("created_at", UtcTime, nullable=False),
    _in_workspace("session_id", "connect_sessions"),
    UniqueConstraint("workspace_id", "session_id"),
)

oauth_clients = Table(
    "oauth_clients",
    metadata,
    Column("id", ID, primary_key=True),
    Column("workspace_id", ID, ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("family", String(80), nullable=False),
    Column("server", Text, nullable=False),  # origin of the authorization server it is for; empty: of any
    Column("source", String(20), nullable=False),
    Column("client_id", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),  # sealed
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("workspace_id", "family", "server"),
)

nango_integrations = Table(
    "nango_integrations",
    metadata,
    Column("workspace_id", ID, ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True),
    Column("connector", String(80), primary_key=True),
    Column("method", String(80), primary_key=True),
    Column("integration", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

confirmations = Table(
    "confirmations",
    metadata,
    Column("id", ID, primary_key=True),
    Column("link_hash", String(64), nullable=False, unique=True),
    Column("link", LargeBinary, nullable=False),  # sealed
    *_of_member(),
    Column("token_id", ID),
    Column("connection_id", ID, nullable=False),
    Column("action", String(100), nullable=False),
    Column("digest", String(128), nullable=False),
    Column("arguments", LargeBinary, nullable=False),  # sealed
    Column("status", String(20), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    _in_workspace("token_id", "api_tokens"),
    _in_workspace("connection_id", "connections"),
    Index(None, "workspace_id", "user_id", "digest"),
    Index(None, "workspace_id", "connection_id"),
    Index(None, "workspace_id", "token_id"),
)

kept_results = Table(
    "kept_results",
    metadata,
    Column("id", ID, primary_key=True),
    *_of_member(),
    Column("token_id", ID),
    Column("connection_id", ID, nullable=False),
    Column("body", LargeBinary, nullable=False),  # sealed
    Column("size", Integer, nullable=False),  # bytes of the body before it was sealed
    Column("media_type", Text),
    Column("file_name", Text),
    Column("expires_at", UtcTime, nullable=False, index=True),
    Column("created_at", UtcTime, nullable=False),
    _in_workspace("token_id", "api_tokens"),
    _in_workspace("connection_id", "connections"),
    Index(None, "workspace_id", "user_id", "created_at"),
    Index(None, "workspace_id", "connection_id"),
    Index(None, "workspace_id", "token_id"),
)

policies = Table(
    "policies",
    metadata,
    Column("id", ID, primary_key=True),
    *_of_member(nullable_user=True),
    Column("token_id", ID),
    Column("effect", String(20), nullable=False),
    Column("pattern", NAME, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    _in_workspace("token_id", "api_tokens"),
    Index(None, "workspace_id", "user_id"),
    Index(None, "workspace_id", "token_id"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", ID, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("workspace_id", ID, ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", ID, nullable=False),  # history stays when the user, token or connection has gone
    Column("token_id", ID),
    Column("connection_id", Text),
    Column("connector", NAME),
    Column("action", Text, nullable=False),
    Column("effect", String(20), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("code", String(80)),
    Column("argument_names", JSON, nullable=False),
    Column("digest", String(128), nullable=False),
    Column("duration_ms", Integer),
    Index(None, "workspace_id", "at"),
    Index(None, "workspace_id", "connection_id", "at"),
)
