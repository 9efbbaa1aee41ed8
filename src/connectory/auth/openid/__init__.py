"""Signing in to the pages at an OpenID Connect issuer: the way there and back, and the proof that came of it."""
