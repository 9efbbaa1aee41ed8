"""Nango: which backend a sign-in under way is of, and which integration serves a way to sign in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ID = sa.String(40)
NAME = sa.String(80)


def upgrade() -> None:
    """Add the column and the table."""
    with op.batch_alter_table("oauth_flows") as flows:
        flows.add_column(sa.Column("backend", ID, nullable=False, server_default="builtin"))
    op.create_table(
        "nango_integrations",
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("connector", NAME, nullable=False),
        sa.Column("method", NAME, nullable=False),
        sa.Column("integration", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "connector", "method"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
    )


def downgrade() -> None:
    """Sign-ins that were made since would be lost."""
    raise NotImplementedError("restore a backup instead")
