"""Connections (the page's section 4): listed without credentials, given out with them, changed, deleted."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError
from starlette.responses import JSONResponse, Response
from tests.nango.asking import Asked, Strict, success
from tests.nango.integrations import Key
from tests.nango.people import EndUser, Tags
from tests.nango.refreshing import RefreshRefused, make_fresh
from tests.nango.refusal import refuse
from tests.nango.sessions import check_webhook, valid_connection_id
from tests.nango.state import Connection, Integration, iso_offset, iso_short

TRUE = ("true", "1", "yes", "on", "y", "enabled")
FALSE = ("false", "0", "no", "off", "n", "disabled")
MOST_LISTED = 10_000


def _flag(found: Any) -> Any:
    word = str(found).lower()
    if word not in TRUE + FALSE:
        raise PydanticCustomError("invalid_value", "Invalid option")
    return word in TRUE


def _number(found: Any) -> Any:
    return int(found) if isinstance(found, str) and found.isdecimal() else found


Flag = Annotated[bool, BeforeValidator(_flag)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class Of(Strict):
    provider_config_key: Key


class Which(Of):
    refresh_token: Flag = False
    force_refresh: Flag = False
    refresh_github_app_jwt_token: Flag = False


class Filters(Strict):
    connection_id: Annotated[Name | None, Field(alias="connectionId")] = None
    search: Name | None = None
    end_user: Annotated[Name | None, Field(alias="endUserId")] = None
    integrations: Annotated[Name | None, Field(alias="integrationId")] = None
    organization: Annotated[Name | None, Field(alias="endUserOrganizationId")] = None
    tags: Tags | None = None
    limit: Annotated[int, BeforeValidator(_number), Field(ge=1, le=2000)] | None = None
    page: Annotated[int, BeforeValidator(_number), Field(ge=0)] | None = None


class Change(Strict):
    tags: Tags | None = None
    end_user: EndUser | None = None
    webhook_url_override: str | None = None


class MetadataBody(Strict):
    connection_id: str | list[str]
    provider_config_key: Key
    metadata: dict[str, Any]


async def list_connections(asked: Asked) -> Response:
    """Newest first; a page past the end is empty."""
    wanted = asked.parse_query(Filters)
    keys = None if wanted.integrations is None else [key.strip() for key in wanted.integrations.split(",")]
    found = [
        row
        for row in reversed(asked.environment.connections.values())
        if (keys is None or row.provider_config_key in keys)
        and (wanted.connection_id in (None, row.connection_id))
        and (wanted.tags is None or wanted.tags.items() <= row.tags.items())
        and _is_person(row, wanted)
        and (wanted.search is None or wanted.search.lower() in _searched(row).lower())
    ]
    limit = wanted.limit or MOST_LISTED
    start = (wanted.page or 0) * limit
    rows = [
        listed(asked.environment.integrations[row.provider_config_key], row) for row in found[start : start + limit]
    ]
    return JSONResponse({"connections": rows})


async def get_connection(asked: Asked) -> Response:
    """With credentials, refreshed where that is due; without them for a key that may not read them."""
    query, connection_id = asked.parse_query(Which), valid_connection_id(asked)
    may_read = asked.has("environment:connections:read_credentials")
    if not may_read and (query.refresh_token or query.force_refresh or query.refresh_github_app_jwt_token):
        scope = "environment:connections:read_credentials"
        raise refuse(403, "forbidden", f"Credential and refresh options require the {scope} scope")
    integration, connection = existing(asked, query.provider_config_key, connection_id)
    if may_read:
        try:
            await make_fresh(asked.state, asked.environment, integration, connection, force=query.force_refresh)
        except RefreshRefused as refused:
            shown = full(integration, connection, {})
            raise refuse(
                refused.status, "invalid_credentials", refused.message, payload={"connection": shown}
            ) from None
    given = visible(connection.credentials, with_refresh_token=query.refresh_token) if may_read else {}
    return JSONResponse(full(integration, connection, given))


async def change_connection(asked: Asked) -> Response:
    """`tags` and `end_user` each take the place of all tags."""
    query, body = asked.parse_query(Of), asked.parse_body(Change)
    check_webhook(asked.state, body.webhook_url_override)
    _, connection = existing(asked, query.provider_config_key, valid_connection_id(asked))
    if body.end_user is not None:
        connection.end_user = body.end_user.shown(None)
    if body.tags is not None or body.end_user is not None:
        person = {} if body.end_user is None else body.end_user.as_tags(None)
        connection.tags = {**person, **(body.tags or {})}
    if body.webhook_url_override is not None:
        connection.webhook_url_override = body.webhook_url_override or None
    connection.updated_at = asked.state.clock.now()
    return success()


async def delete_connection(asked: Asked) -> Response:
    """What is not there is a 400 without a message, be it the connection or the integration."""
    connection_id, query = valid_connection_id(asked), asked.parse_query(Of)
    if asked.environment.connections.pop((query.provider_config_key, connection_id), None) is None:
        raise refuse(400, "unknown_connection")
    return success()


async def replace_metadata(asked: Asked) -> Response:
    """201; the answer is the body."""
    body, rows = _for_metadata(asked)
    for row in rows:
        row.metadata = dict(body.metadata)
    return JSONResponse(asked.body, 201)


async def merge_metadata(asked: Asked) -> Response:
    """200; the top level alone is merged."""
    body, rows = _for_metadata(asked)
    for row in rows:
        row.metadata = {**(row.metadata or {}), **body.metadata}
    return JSONResponse(asked.body)


def existing(asked: Asked, key: str, connection_id: str) -> tuple[Integration, Connection]:
    """The connection with its integration; 400 for a missing integration, 404 for a missing connection."""
    integration = asked.environment.integrations.get(key)
    if integration is None:
        raise refuse(400, "unknown_provider_config", "Provider does not exists")
    connection = asked.environment.connections.get((key, connection_id))
    if connection is None:
        raise refuse(404, "not_found", "Failed to find connection")
    return integration, connection


def listed(integration: Integration, row: Connection) -> dict[str, Any]:
    """A connection as lists have it."""
    return {
        "id": row.id,
        "connection_id": row.connection_id,
        "provider_config_key": row.provider_config_key,
        "provider": integration.provider,
        "errors": row.errors,
        "end_user": row.end_user,
        "tags": row.tags,
        "metadata": row.metadata,
        "created": iso_short(row.created_at),
    }


def full(
    integration: Integration, row: Connection, credentials: dict[str, Any], times: Any = iso_offset
) -> dict[str, Any]:
    """A connection as GET and import show it; `times` writes its dates."""
    shown = {key: value for key, value in listed(integration, row).items() if key != "created"}
    return {
        **shown,
        "connection_config": row.connection_config,
        "webhook_url_override": row.webhook_url_override,
        "created_at": times(row.created_at),
        "updated_at": times(row.updated_at),
        "last_fetched_at": None if row.last_fetched_at is None else times(row.last_fetched_at),
        "credentials": credentials,
    }


def visible(credentials: dict[str, Any], *, with_refresh_token: bool) -> dict[str, Any]:
    """Credentials, their refresh tokens left out at every depth unless they were asked for."""
    return credentials if with_refresh_token else _without(credentials)


def _without(found: Any) -> Any:
    if isinstance(found, dict):
        return {key: _without(value) for key, value in found.items() if key != "refresh_token"}
    return [_without(one) for one in found] if isinstance(found, list) else found


def _searched(row: Connection) -> str:
    person = row.end_user or {}
    return " ".join(str(one) for one in (row.connection_id, person.get("email"), person.get("display_name")) if one)


def _is_person(row: Connection, wanted: Filters) -> bool:
    person = row.end_user or {}
    organization = person.get("organization") or {}
    return wanted.end_user in (None, person.get("id")) and (wanted.organization in (None, organization.get("id")))


def _for_metadata(asked: Asked) -> tuple[MetadataBody, list[Connection]]:
    body = asked.parse_body(MetadataBody)
    ids = [body.connection_id] if isinstance(body.connection_id, str) else body.connection_id
    rows = [asked.environment.connections.get((body.provider_config_key, one)) for one in ids]
    found = [row for row in rows if row is not None]
    if len(found) < len(rows):
        lost = ids[rows.index(None)]
        words = (
            f"Connection with connection id {lost} and provider config key {body.provider_config_key} not found. "
            "Please make sure the connection exists in the Nango dashboard"
        )
        more = ". No actions were taken on any of the connections as a result of this failure."
        raise refuse(404, "unknown_connection", words + (more if len(ids) > 1 else ""))
    return body, found
