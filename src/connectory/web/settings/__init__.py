"""The settings pages: tokens, OAuth apps, rules, connectors of one's own, and how assistants are registered."""
