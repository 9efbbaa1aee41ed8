"""The REST API: what the pages can do, for programs, under `/api/workspace/{slug}` (docs/rest-api.md)."""
