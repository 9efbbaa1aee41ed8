"""Which service a line of the audit log is about: one asks for a connection before there is any."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column; lines that are there already say it by their connection or action alone."""
    with op.batch_alter_table("audit") as audit:
        audit.add_column(sa.Column("connector", sa.String(200)))


def downgrade() -> None:
    """Take it away."""
    with op.batch_alter_table("audit") as audit:
        audit.drop_column("connector")
