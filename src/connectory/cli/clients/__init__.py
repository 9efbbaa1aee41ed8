"""Putting Connectory into the configuration of MCP clients on this machine, and taking it out again."""
