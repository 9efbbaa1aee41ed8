"""The Nango backend, against the double of Nango in `tests/nango`."""
