"""`python -m connectory.testing.conformance`: serve as `connectory serve` does, with the suite's fixtures."""

from __future__ import annotations

import asyncio

from connectory.cli.acting import prepared_settings
from connectory.cli.serving import serve_web
from connectory.testing.conformance.app import make_conformance_app

if __name__ == "__main__":
    asyncio.run(serve_web(prepared_settings(), make=make_conformance_app))
