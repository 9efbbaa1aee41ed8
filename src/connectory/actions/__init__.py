"""How a call reaches a provider: executors, pagination, retry."""
