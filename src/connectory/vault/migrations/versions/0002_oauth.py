"""OAuth: sign-ins under way, clients, and what a grant must know to be refreshed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.String(40)
NAME = sa.String(80)
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables and columns."""
    with op.batch_alter_table("grants") as grants:
        grants.add_column(sa.Column("client_id", sa.Text))
        grants.add_column(sa.Column("refreshed_at", TIME))
        grants.add_column(sa.Column("failures", sa.Integer, nullable=False, server_default="0"))
        grants.add_column(sa.Column("retry_at", TIME))
    with op.batch_alter_table("connect_sessions", recreate="always") as sessions:
        sessions.alter_column("backend", existing_type=sa.String(40), nullable=True)
        sessions.create_unique_constraint("uq_connect_sessions_workspace_id_id", ["workspace_id", "id"])
    _flows()
    _clients()


def downgrade() -> None:
    """Sign-ins that were made since would be lost."""
    raise NotImplementedError("restore a backup instead")


def _flows() -> None:
    op.create_table(
        "oauth_flows",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("session_id", ID, nullable=False),
        sa.Column("family", NAME, nullable=False),
        sa.Column("state_hash", sa.String(64), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("poll_at", TIME),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "session_id"], ["connect_sessions.workspace_id", "connect_sessions.id"], ondelete="CASCADE"
        ),
        sa.UniqueConstraint("state_hash"),
        sa.UniqueConstraint("workspace_id", "session_id"),
    )
    op.create_index("ix_oauth_flows_expires_at", "oauth_flows", ["expires_at"])


def _clients() -> None:
    op.create_table(
        "oauth_clients",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("family", NAME, nullable=False),
        sa.Column("server", sa.Text, nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("workspace_id", "family", "server"),
    )
