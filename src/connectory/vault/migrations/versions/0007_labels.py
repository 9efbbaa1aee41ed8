"""What a program keeps with a connection, and with the link that makes one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns; what is there already has no labels."""
    with op.batch_alter_table("connections") as connections:
        connections.add_column(sa.Column("labels", sa.JSON, nullable=False, server_default="{}"))
    with op.batch_alter_table("connect_sessions") as sessions:
        sessions.add_column(sa.Column("labels", sa.JSON))


def downgrade() -> None:
    """Labels would be lost."""
    raise NotImplementedError("restore a backup instead")
