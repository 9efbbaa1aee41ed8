"""`actions` and `search`: what can be done with the connected services, and doing it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from connectory.catalog.connector import Action
from connectory.gateway.policy import Judged
from connectory.gateway.results import Result
from connectory.web.api.callers import ApiRoute, By, Caller
from connectory.web.api.shapes import MAX_TEXT, ActionInfo, CallAnswer, CallBody

router = APIRouter(prefix="/api/workspace/{slug}", route_class=ApiRoute, tags=["actions"])
MOST_FOUND = 100
Words = Annotated[str, Query(max_length=MAX_TEXT, description="Words of what shall be done, e.g. `create issue`.")]
OfConnector = Annotated[str | None, Query(max_length=MAX_TEXT, description="Only this connector's, connected or not.")]


@router.get("/actions")
async def list_actions(by: By, connector: OfConnector = None, query: Words = "") -> list[ActionInfo]:
    """The actions of all that is connected, or of one connector; with `query` those that fit, the best first."""
    catalog = by.services.catalog
    await catalog.settled(connector)
    if query:
        found = await asyncio.to_thread(catalog.search, query, connector=connector, limit=MOST_FOUND)
    elif connector is not None:
        found = list(catalog.connector(connector).actions.values())
    else:
        known = [catalog.connectors.get(name) for name in sorted(await _connected(by))]
        found = [action for one in known if one is not None for action in one.actions.values()]
    if connector is None:
        connected = await _connected(by)
        found = [action for action in found if action.connector in connected]
    return await _describe(by, found)


@router.get("/search")
async def search_actions(
    by: By, query: Words, limit: Annotated[int, Query(ge=1, le=MOST_FOUND)] = 10
) -> list[ActionInfo]:
    """The actions that fit best, of all services, connected or not."""
    await by.services.catalog.settled()
    return await _describe(by, await asyncio.to_thread(by.services.catalog.search, query, limit=limit))


@router.post("/actions/{action}", response_model=CallAnswer)
async def call_action(
    by: By, action: Annotated[str, Path(max_length=200, description="E.g. github_list_issues.")], body: CallBody
) -> Response:
    """Run an action, as an agent would: the same policies, confirmations, limits and record.

    Where a person must say yes first, the answer is a 409 with the code `confirmation_needed`, and `link` is for them;
    then exactly this call runs once.
    """
    result = await by.services.gateway.call_action(by.principal, action, body.arguments, connection=body.connection)
    return Response(await asyncio.to_thread(_as_json, result), media_type="application/json")


def _as_json(result: Result) -> bytes:
    """The whole of the value, in ASCII: half a character that a provider sent can be written only so."""
    return json.dumps({"result": result.value, "nextCursor": result.next_cursor}, separators=(",", ":")).encode("ascii")


async def _connected(by: Caller) -> set[str]:
    return {row.connector for row, _ in await by.services.auth.list_connections(by.principal)}


async def _describe(by: Caller, actions: Sequence[Action]) -> list[ActionInfo]:
    connected = await _connected(by)
    denied = await by.services.gateway.denied(by.principal, *(Judged(one.tool, one.effect) for one in actions))

    def describe() -> list[ActionInfo]:
        return [
            ActionInfo(
                action=action.tool,
                connector=action.connector,
                title=action.manifest.title,
                description=action.description,
                effect=action.effect.value,
                connected=action.connector in connected,
                permitted=action.tool not in denied,
                input_schema=dict(action.input_schema),
            )
            for action in actions
        ]

    return await asyncio.to_thread(describe)  # schemas are built when they are first asked for
