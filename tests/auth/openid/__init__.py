"""Signing in to the pages by OpenID Connect, below the pages."""
