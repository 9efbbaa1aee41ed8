"""Importing a connection whose credentials are at hand (section 4): the same id again overwrites it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import uuid4

from pydantic import BeforeValidator, Field
from starlette.responses import JSONResponse, Response
from tests.nango.asking import Asked, Empty, Strict
from tests.nango.connections import full
from tests.nango.integrations import Key
from tests.nango.people import EndUser, Tags
from tests.nango.proxying import connection_test
from tests.nango.refusal import refuse
from tests.nango.sessions import check_webhook
from tests.nango.state import Connection, Integration, iso, parse_iso
from tests.nango.webhooks import send_auth

NO_ACCOUNT = "Missing accountId in connection_config. This is required to create a TBA connection."
TESTED = ("API_KEY", "BASIC", "TBA")


def _date(found: Any) -> Any:
    """An ISO date, or milliseconds."""
    if isinstance(found, int | float) and not isinstance(found, bool):
        return iso(datetime.fromtimestamp(found / 1000, UTC))
    return iso(parse_iso(found)) if isinstance(found, str) else found


Date = Annotated[str, BeforeValidator(_date)]


class Override(Strict):
    client_id: str | None = None
    client_secret: str | None = None


class OAuth2(Strict):
    type: Literal["OAUTH2"]
    access_token: str
    refresh_token: str | None = None
    expires_at: Date | None = None
    config_override: Override | None = None


class ClientCredentials(Strict):
    type: Literal["OAUTH2_CC"]
    token: str
    client_id: str
    client_secret: str
    expires_at: Date | None = None
    client_certificate: str | None = None
    client_private_key: str | None = None


class OAuth1(Strict):
    type: Literal["OAUTH1"]
    oauth_token: str
    oauth_token_secret: str


class ApiKey(Strict):
    type: Literal["API_KEY"]
    api_key: Annotated[str, Field(alias="apiKey")]


class Basic(Strict):
    type: Literal["BASIC"]
    username: str
    password: str = ""


class Tba(Strict):
    type: Literal["TBA"]
    token_id: str
    token_secret: str
    config_override: Override = Field(default_factory=Override)


class AppOf(Strict):
    type: Literal["APP", "CUSTOM"]
    app_id: str
    installation_id: str


class Nothing(Strict):
    type: Literal["NONE"]


Given = Annotated[
    OAuth2 | ClientCredentials | OAuth1 | ApiKey | Basic | Tba | AppOf | Nothing, Field(discriminator="type")
]


class NewConnection(Strict):
    provider_config_key: Key
    credentials: Given
    connection_id: str | None = None
    metadata: dict[str, Any] | None = None
    connection_config: dict[str, Any] | None = None
    tags: Tags | None = None
    end_user: EndUser | None = None
    webhook_url_override: str | None = None


async def import_connection(asked: Asked) -> Response:
    """Store it; the answer is 201 with refresh tokens."""
    asked.parse_query(Empty)
    body = asked.parse_body(NewConnection)
    check_webhook(asked.state, body.webhook_url_override)
    integration = asked.environment.integrations.get(body.provider_config_key)
    if integration is None:
        raise refuse(404, "not_found", "Integration does not exist")
    mode = asked.state.provider_of(integration)["auth_mode"]
    if body.credentials.type != mode:
        raise refuse(400, "invalid_body", f"Provider {mode} does not support {body.credentials.type} auth")
    config = body.connection_config or {}
    if mode == "TBA" and not config.get("accountId"):
        raise refuse(
            400, "invalid_body", "Missing accountId in connection_config. This is required to create a TBA connection."
        )
    credentials = _credentials(asked, body)
    if mode in TESTED:
        await connection_test(asked.state, integration, credentials, config)
    connection = _stored(asked, body, integration, credentials)
    person = None if body.end_user is None else body.end_user.shown(None)
    send_auth(asked.state, asked.environment, integration, "creation", connection)
    shown = {**full(integration, connection, credentials, iso), "errors": [], "end_user": person}
    return JSONResponse(shown, 201)


def _credentials(asked: Asked, body: NewConnection) -> dict[str, Any]:
    """As they are kept: with `raw` where a token answer would have been."""
    given = body.credentials.model_dump(exclude_none=True, by_alias=True)
    if given["type"] in ("OAUTH2", "OAUTH2_CC", "OAUTH1"):
        return {**given, "raw": dict(given)}
    if given["type"] in ("APP", "CUSTOM"):
        token = {"access_token": f"ghs_{uuid4().hex}", "expires_at": iso(asked.state.clock.now())}
        app = {"type": "APP", **token, "raw": dict(token)}
        return app if given["type"] == "APP" else {"type": "CUSTOM", "app": app, "user": None, "raw": {}}
    return {} if given["type"] == "NONE" else given


def _config(body: NewConnection, integration: Integration) -> dict[str, Any]:
    """What was given; of TBA the client stands in it as well."""
    app = integration.credentials or {}
    client = {"oauth_client_id": app.get("client_id"), "oauth_client_secret": app.get("client_secret")}
    return {**(body.connection_config or {}), **(client if body.credentials.type == "TBA" else {})}


def _stored(asked: Asked, body: NewConnection, integration: Integration, credentials: dict[str, Any]) -> Connection:
    """What is left out is emptied; the end user alone stays."""
    now, person = asked.state.clock.now(), body.end_user
    connection_id = str(uuid4()) if body.connection_id is None else body.connection_id
    place = integration.unique_key, connection_id
    before = asked.environment.connections.get(place)
    shown = None if person is None else person.shown(None)
    connection = Connection(
        id=asked.state.next_id() if before is None else before.id,
        connection_id=connection_id,
        provider_config_key=integration.unique_key,
        credentials=credentials,
        created_at=now if before is None else before.created_at,
        updated_at=now,
        tags={**({} if person is None else person.as_tags(None)), **(body.tags or {})},
        metadata=body.metadata or {},
        connection_config=_config(body, integration),
        last_fetched_at=None if body.credentials.type == "NONE" else now,
        end_user=shown or (None if before is None else before.end_user),
        webhook_url_override=body.webhook_url_override or None,
    )
    asked.environment.connections[place] = connection
    return connection
