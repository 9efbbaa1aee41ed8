"""Real OAuth servers for the tests: oidc-provider and JupyterHub, and a person who walks through their pages."""
