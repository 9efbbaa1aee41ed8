"""The first tables (design 5.7): a frozen copy, which later changes of `vault/tables.py` do not touch.

Constraint names follow from the naming convention there.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None

ID = sa.String(40)
NAME = sa.String(200)
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make all tables and their indexes."""
    _people()
    _api_tokens()
    _web_sessions()
    _grants()
    _connections()
    _connect_sessions()
    _confirmations()
    _kept_results()
    _policies()
    _audit()


def downgrade() -> None:
    """There is nothing before the first version."""
    raise NotImplementedError("restore a backup instead")


def _id(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, ID, nullable=nullable)


def _text(name: str, size: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(size), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, TIME, nullable=nullable)


def _sealed(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON, nullable=False)


def _to(columns: list[str], target: str, names: list[str]) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(columns, [f"{target}.{name}" for name in names], ondelete="CASCADE")


def _of_workspace() -> sa.ForeignKeyConstraint:
    return _to(["workspace_id"], "workspaces", ["id"])


def _of_member() -> sa.ForeignKeyConstraint:
    return _to(["workspace_id", "user_id"], "memberships", ["workspace_id", "user_id"])


def _of(column: str, table: str) -> sa.ForeignKeyConstraint:
    return _to(["workspace_id", column], table, ["workspace_id", "id"])


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _people() -> None:
    op.create_table(
        "workspaces",
        sa.Column("id", ID, primary_key=True),
        sa.Column("slug", NAME, nullable=False, unique=True),
        sa.Column("name", NAME, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        _time("created_at"),
    )
    op.create_table(
        "users",
        sa.Column("id", ID, primary_key=True),
        sa.Column("name", NAME, nullable=False),
        sa.Column("email", NAME, unique=True),
        _time("created_at"),
    )
    _index("users", "name")
    op.create_table(
        "memberships",
        sa.Column("workspace_id", ID, primary_key=True),
        sa.Column("user_id", ID, primary_key=True),
        _text("role", 20),
        _time("created_at"),
        _of_workspace(),
        _to(["user_id"], "users", ["id"]),
    )
    _index("memberships", "user_id")


def _api_tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", ID, primary_key=True),
        _id("workspace_id"),
        _id("user_id"),
        sa.Column("name", NAME, nullable=False),
        _text("prefix", 40),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("read_only", sa.Boolean, nullable=False),
        _time("created_at"),
        _time("expires_at", nullable=True),
        _time("last_used_at", nullable=True),
        _time("revoked_at", nullable=True),
        sa.UniqueConstraint("workspace_id", "id"),
        _of_workspace(),
        _of_member(),
    )
    _index("api_tokens", "workspace_id", "user_id")


def _web_sessions() -> None:
    op.create_table(
        "web_sessions",
        sa.Column("id_hash", sa.String(64), primary_key=True),
        _id("workspace_id"),
        _id("user_id"),
        _id("token_id"),
        _time("created_at"),
        _time("expires_at"),
        _time("ended_at", nullable=True),
        _of_workspace(),
        _of_member(),
        _of("token_id", "api_tokens"),
    )
    _index("web_sessions", "expires_at")
    _index("web_sessions", "workspace_id", "user_id")
    _index("web_sessions", "workspace_id", "token_id")


def _grants() -> None:
    op.create_table(
        "grants",
        sa.Column("id", ID, primary_key=True),
        _id("workspace_id"),
        _text("backend", 40),
        _text("connector", 80),
        _text("method", 80),
        _text("family", 80),
        sa.Column("account_id", sa.Text),
        sa.Column("account_name", sa.Text),
        _sealed("credentials"),
        _json("facts"),
        _json("scopes"),
        _time("expires_at", nullable=True),
        _text("status", 20),
        sa.Column("problem", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        _text("lease_by", 80, nullable=True),
        _time("lease_until", nullable=True),
        _time("created_at"),
        sa.UniqueConstraint("workspace_id", "id"),
        _of_workspace(),
    )
    _index("grants", "workspace_id", "family", "account_id")
    _index("grants", "expires_at")


def _connections() -> None:
    op.create_table(
        "connections",
        sa.Column("id", ID, primary_key=True),
        _id("workspace_id"),
        _id("owner"),
        _text("connector", 80),
        _text("alias", 40),
        _id("grant_id"),
        _json("hosts"),
        _time("created_at"),
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "owner", "connector", "alias"),
        _of_workspace(),
        _of("grant_id", "grants"),
    )
    _index("connections", "workspace_id", "grant_id")


def _connect_sessions() -> None:
    op.create_table(
        "connect_sessions",
        sa.Column("id", ID, primary_key=True),
        sa.Column("link_hash", sa.String(64), nullable=False, unique=True),
        _sealed("link"),
        _id("workspace_id"),
        _id("user_id"),
        _id("owner"),
        _text("connector", 80),
        _text("alias", 40),
        _text("backend", 40),
        _text("method", 80, nullable=True),
        _json("scopes"),
        _text("browser_hash", 64, nullable=True),
        _text("status", 20),
        sa.Column("problem", sa.Text),
        _time("expires_at"),
        _time("connected_at", nullable=True),
        _id("connection_id", nullable=True),
        _time("created_at"),
        _of_workspace(),
        _of_member(),
        _of("connection_id", "connections"),
    )
    _index("connect_sessions", "workspace_id", "user_id", "connector", "alias")
    _index("connect_sessions", "workspace_id", "connection_id")


def _confirmations() -> None:
    op.create_table(
        "confirmations",
        sa.Column("id", ID, primary_key=True),
        sa.Column("link_hash", sa.String(64), nullable=False, unique=True),
        _sealed("link"),
        _id("workspace_id"),
        _id("user_id"),
        _id("token_id", nullable=True),
        _id("connection_id"),
        _text("action", 100),
        _text("digest", 128),
        _sealed("arguments"),
        _text("status", 20),
        _time("expires_at"),
        _time("created_at"),
        _of_workspace(),
        _of_member(),
        _of("token_id", "api_tokens"),
        _of("connection_id", "connections"),
    )
    _index("confirmations", "workspace_id", "user_id", "digest")
    _index("confirmations", "workspace_id", "connection_id")
    _index("confirmations", "workspace_id", "token_id")


def _kept_results() -> None:
    op.create_table(
        "kept_results",
        sa.Column("id", ID, primary_key=True),
        _id("workspace_id"),
        _id("user_id"),
        _id("token_id", nullable=True),
        _id("connection_id"),
        _sealed("body"),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("media_type", sa.Text),
        sa.Column("file_name", sa.Text),
        _time("expires_at"),
        _time("created_at"),
        _of_workspace(),
        _of_member(),
        _of("token_id", "api_tokens"),
        _of("connection_id", "connections"),
    )
    _index("kept_results", "expires_at")
    _index("kept_results", "workspace_id", "user_id", "created_at")
    _index("kept_results", "workspace_id", "connection_id")
    _index("kept_results", "workspace_id", "token_id")


def _policies() -> None:
    op.create_table(
        "policies",
        sa.Column("id", ID, primary_key=True),
        _id("workspace_id"),
        _id("user_id", nullable=True),
        _id("token_id", nullable=True),
        _text("effect", 20),
        sa.Column("pattern", NAME, nullable=False),
        _time("created_at"),
        _of_workspace(),
        _of_member(),
        _of("token_id", "api_tokens"),
    )
    _index("policies", "workspace_id", "user_id")
    _index("policies", "workspace_id", "token_id")


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", ID, primary_key=True),
        _time("at"),
        _id("workspace_id"),
        _id("user_id"),
        _id("token_id", nullable=True),
        sa.Column("connection_id", sa.Text),
        sa.Column("action", sa.Text, nullable=False),
        _text("effect", 20),
        _text("outcome", 20),
        _text("code", 80, nullable=True),
        _json("argument_names"),
        _text("digest", 128),
        sa.Column("duration_ms", sa.Integer),
        _of_workspace(),
    )
    _index("audit", "workspace_id", "at")
