"""The one way of a call: its seven steps, policy, shaping, audit, kept results."""
