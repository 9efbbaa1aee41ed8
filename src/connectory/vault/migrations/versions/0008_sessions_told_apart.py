"""How a sign-in to the pages began, by which browser, and when it was used last: what tells one from another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns; of sessions that are open already, half a day at most, none of it is known."""
    with op.batch_alter_table("web_sessions") as sessions:
        sessions.add_column(sa.Column("way", sa.String(20)))
        sessions.add_column(sa.Column("browser", sa.String(80), nullable=False, server_default=""))
        sessions.add_column(sa.Column("last_used_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Take them away."""
    with op.batch_alter_table("web_sessions") as sessions:
        for name in ("way", "browser", "last_used_at"):
            sessions.drop_column(name)
