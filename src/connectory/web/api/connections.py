"""`connectors` and `connectors/{connectionId}`: the connected accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from connectory.auth.connections import Found
from connectory.auth.withdrawing import what_became
from connectory.identity.rights import require_member
from connectory.vault.entities import ConnectionId
from connectory.web.api.callers import ApiRoute, By, Caller
from connectory.web.api.connecting import link_to
from connectory.web.api.labels import MOST_LABELS, WANTED, WantedLabel, fits
from connectory.web.api.shapes import (
    ConnectedService,
    ConnectionChange,
    Disconnected,
    LinkAnswer,
    SyncAnswer,
    Verified,
)
from connectory.web.api.views import view_connection
from connectory.web.problems import problem_response

router = APIRouter(prefix="/api/workspace/{slug}/connectors", route_class=ApiRoute, tags=["connections"])
ConnectionParameter = Annotated[str, Path(alias="connectionId", max_length=100, description="E.g. cn_4kq2...")]
NO_SYNC = "Nothing is synced yet: this server has no background sync."


@router.get("")
async def list_connections(
    by: By,
    label: Annotated[list[WantedLabel], Query(default_factory=list, max_length=MOST_LABELS, description=WANTED)],
) -> list[ConnectedService]:
    """The connected accounts that you see, your own and the whole workspace's; `label` finds among them."""
    found = await by.services.auth.list_connections(by.principal)
    return await _shown(by, [pair for pair in found if fits(pair[0].labels, label)])


@router.get("/{connectionId}")
async def get_connection(by: By, connection_id: ConnectionParameter) -> ConnectedService:
    """One connected account."""
    return await _shown_one(by, connection_id)


@router.patch("/{connectionId}")
async def change_connection(by: By, connection_id: ConnectionParameter, body: ConnectionChange) -> ConnectedService:
    """Give a connection another alias, other labels, or both; its id, sign-in and history stay."""
    if body.alias is not None:  # first: it may be refused, and then nothing is changed
        await by.services.changes.rename(by.principal, ConnectionId(connection_id), body.alias)
    if body.labels is not None:
        await by.services.changes.label(by.principal, ConnectionId(connection_id), body.labels)
    return await _shown_one(by, connection_id)


@router.delete("/{connectionId}")
async def disconnect(by: By, connection_id: ConnectionParameter) -> Disconnected:
    """Delete a connection and its stored credentials; a sign-in that nothing else uses is withdrawn at the service."""
    row, revocation = await by.services.accounts.disconnect(by.principal, connection_id)
    words = what_became(revocation, by.services.catalog.title_of(row.connector))
    return Disconnected(revocation=revocation.value, message=words)


@router.post("/{connectionId}/verify")
async def verify_connection(by: By, connection_id: ConnectionParameter) -> Verified:
    """Ask whether the service still takes the sign-in; one that it refuses is `needs_reconnect` from then on: 409."""
    account = await by.services.accounts.verify(by.principal, ConnectionId(connection_id))
    return Verified(account=account.name or account.id, scopes=list(account.scopes))


@router.post("/{connectionId}/refresh")
async def refresh_connection(by: By, connection_id: ConnectionParameter) -> ConnectedService:
    """Renew the sign-in's tokens now. A key that somebody typed cannot be renewed: 409."""
    await by.services.accounts.renew(by.principal, ConnectionId(connection_id))
    return await _shown_one(by, connection_id)


@router.post("/{connectionId}/reconnect")
async def reconnect(by: By, connection_id: ConnectionParameter) -> LinkAnswer:
    """Return the address at which a person signs in anew; the connection keeps its id, alias and history."""
    return await link_to(by, await by.services.accounts.ask_reconnect(by.principal, connection_id))


@router.post("/{connectionId}/sync", response_model=SyncAnswer)
async def sync_connection(by: By, connection_id: ConnectionParameter) -> Response:
    """Sync now. This server does not sync yet, and says so: 409."""
    await _find(by, connection_id)
    require_member(by.principal, "sync")
    return problem_response(
        409, NO_SYNC, code="sync_unavailable", hint="Call the service's actions.", success=False, message=NO_SYNC
    )


async def _shown_one(by: Caller, connection_id: str) -> ConnectedService:
    return (await _shown(by, [await _find(by, connection_id)]))[0]


async def _shown(by: Caller, found: Sequence[Found]) -> list[ConnectedService]:
    """How they are, and when each was used last."""
    unreadable = {grant.id for grant in await by.services.vault.grants.unreadable(by.principal.workspace_id)}
    last = await by.services.activity.last_used(by.principal)
    return [
        view_connection(pair, is_unreadable=pair[1].id in unreadable, last_used=last.get(pair[0].id)) for pair in found
    ]


async def _find(by: Caller, connection_id: str) -> Found:
    return await by.services.auth.resolve(by.principal, connection_id, writes=False)
