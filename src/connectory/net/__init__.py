"""The one guarded way out: address checks, redirects, limits."""
