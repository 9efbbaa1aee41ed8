"""The MCP face: tool list, tool calls, transports."""
