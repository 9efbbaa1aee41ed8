"""Measures Connectory's calls and start against a bare SDK server, in one run: `make bench`."""
