"""Connectory: one MCP server through which an LLM agent uses every service its people use."""

__version__ = "0.1.0"
