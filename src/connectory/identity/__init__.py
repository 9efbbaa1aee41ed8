"""Who is calling: principals, API tokens, users, workspaces, roles."""
