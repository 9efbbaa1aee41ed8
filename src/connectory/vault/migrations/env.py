"""Run by Alembic: migrates on the connection it is handed, inside the transaction that is open there."""

from __future__ import annotations

from alembic import context

from connectory.vault.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot change a column in place
)
context.run_migrations()
