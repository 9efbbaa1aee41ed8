"""Authlib is loaded when the first sign-in or refresh needs it, beside the event loop: it takes a fifth of a second."""

from __future__ import annotations

import asyncio
import importlib

FLOWS = tuple(f"connectory.auth.oauth.{name}" for name in ("code_flow", "device_flow", "typed", "oauth1", "revocation"))


async def load_flows() -> None:
    """Import the modules that use it; the imports inside functions find them loaded from then on."""
    await asyncio.to_thread(_load)


def _load() -> None:
    for name in FLOWS:
        importlib.import_module(name)
