"""Who is connected: encryption, tables, stores, migrations."""
