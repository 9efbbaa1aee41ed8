"""When a connection was used last, without reading all that was ever done."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_audit_workspace_id_connection_id_at", "audit", ["workspace_id", "connection_id", "at"])


def downgrade() -> None:
    """Take it away."""
    op.drop_index("ix_audit_workspace_id_connection_id_at", "audit")
