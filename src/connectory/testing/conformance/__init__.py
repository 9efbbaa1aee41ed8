"""What the official MCP conformance suite calls by name, put before our own face; everything around it is ours."""
