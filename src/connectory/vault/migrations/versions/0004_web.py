"""The pages: sessions that no API token stands behind, and the links of this machine that begin one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ID = sa.String(40)


def upgrade() -> None:
    """Loosen the column and add the table."""
    with op.batch_alter_table("web_sessions") as sessions:
        sessions.alter_column("token_id", existing_type=ID, nullable=True)
    op.create_table(
        "sign_in_links",
        sa.Column("link_hash", sa.String(64), nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("link_hash"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "user_id"], ["memberships.workspace_id", "memberships.user_id"], ondelete="CASCADE"
        ),
    )
    op.create_index("ix_sign_in_links_expires_at", "sign_in_links", ["expires_at"])
    op.create_index("ix_sign_in_links_workspace_id_user_id", "sign_in_links", ["workspace_id", "user_id"])


def downgrade() -> None:
    """Sessions without a token would be lost."""
    raise NotImplementedError("restore a backup instead")
