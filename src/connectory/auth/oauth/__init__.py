"""The `builtin` backend: an OAuth client of our own, on Authlib and through the one guarded way out."""
