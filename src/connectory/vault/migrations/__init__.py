"""Alembic's files: `env.py` runs the versions on the connection that `vault/schema.py` hands over."""
