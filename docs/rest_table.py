"""The table of the REST API's addresses."""

from __future__ import annotations

import inspect

from docs.markdown import table


def routes_table() -> str:
    """One row per address and method, in the order of the description."""
    from connectory.web.api.application import SUBJECTS  # FastAPI takes a second to import

    prefix = "/api/workspace/{slug}/"
    rows = [
        (f"`{method} {route.path.removeprefix(prefix)}`", inspect.cleandoc(route.endpoint.__doc__).split("\n\n")[0])
        for subject in SUBJECTS
        for route in subject.router.routes
        for method in sorted(route.methods)
    ]
    return table(("Address", "What it does"), rows)
