"""The settings pages as tests open them: where they are, and a manifest that nobody has kept."""

from __future__ import annotations

from tests.cli.provider import MANIFEST

ROOT = "/workspaces/default/settings"
DRAFT = MANIFEST.replace("name: acme", "name: draft")
