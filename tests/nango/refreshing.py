"""Refreshing (the page's section 7): 15 minutes early, once for all who ask, and what a failure does."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

from tests.nango import tokens
from tests.nango.state import FAILURES_UNTIL_EXHAUSTED, Connection, Environment, Integration, NangoState, parse_iso
from tests.nango.webhooks import send_auth

EARLY_S = 15 * 60
BACK_OFF_S = 30
FAILED = "The external API returned an error when trying to refresh the access token. Please try again later."
BACKING_OFF = "A recent refresh attempt failed. Backing off before retrying."
EXHAUSTED = "The refresh limit has been reached for this connection."


class RefreshRefused(Exception):
    """No good credentials: the status and the words of it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


async def make_fresh(
    state: NangoState, environment: Environment, integration: Integration, connection: Connection, *, force: bool
) -> None:
    """Refresh where that is due, or in any case. Raises `RefreshRefused`."""
    now = state.clock.now()
    connection.last_fetched_at = now
    if not force:
        if connection.exhausted:
            raise RefreshRefused(424, EXHAUSTED)
        if connection.last_failure is not None and now - connection.last_failure < timedelta(seconds=BACK_OFF_S):
            raise RefreshRefused(424, BACKING_OFF)
    if not _can_refresh(connection) or not (force or _is_due(state, integration, connection)):
        return
    running = connection.refreshing
    if running is None or running.done():
        running = asyncio.ensure_future(_refresh(state, environment, integration, connection))
        connection.refreshing = running
    if not await asyncio.shield(running):
        raise RefreshRefused(400, FAILED)


async def _refresh(
    state: NangoState, environment: Environment, integration: Integration, connection: Connection
) -> bool:
    """Whether it worked; how it failed goes to the server's log alone."""
    kind, held = connection.credentials["type"], connection.credentials
    if kind == "OAUTH2":
        parameters = {"grant_type": "refresh_token", "refresh_token": held["refresh_token"]}
        client = held.get("config_override")
    else:
        parameters, client = {"grant_type": "client_credentials"}, held
    try:
        answer = await tokens.ask(state, integration, connection.connection_config, parameters, client=client)
    except tokens.TokenError as error:
        _note_failure(state, connection)
        problem = {"type": "refresh_token_external_error", "description": str(error)}
        send_auth(state, environment, integration, "refresh", connection, error=problem)
        return False
    connection.credentials = tokens.read(state, kind, answer, held)
    connection.updated_at = state.clock.now()
    connection.errors, connection.last_failure = [], None
    connection.failure_days, connection.exhausted = 0, False
    return True


def _note_failure(state: NangoState, connection: Connection) -> None:
    """Count one for each day, so that an outage of an hour does not end a connection."""
    now, before = state.clock.now(), connection.last_failure
    is_new_day = before is not None and before.date() < now.date()
    connection.failure_days = (connection.failure_days or 1) + int(is_new_day)
    connection.exhausted = connection.failure_days >= FAILURES_UNTIL_EXHAUSTED
    connection.last_failure = connection.updated_at = now
    connection.errors = [{"type": "auth", "log_id": uuid4().hex[:20]}]


def _can_refresh(connection: Connection) -> bool:
    kind = connection.credentials.get("type")
    return kind == "OAUTH2_CC" or (kind == "OAUTH2" and bool(connection.credentials.get("refresh_token")))


def _is_due(state: NangoState, integration: Integration, connection: Connection) -> bool:
    ends = connection.credentials.get("expires_at")
    early_s = state.provider_of(integration).get("token_expiration_buffer") or EARLY_S
    return ends is not None and parse_iso(ends) - state.clock.now() < timedelta(seconds=early_s)
