"""Connect sessions (the page's section 3): made with a key, read and ended with their own token."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from tests.nango.asking import ID_PATTERN, Asked, Empty, Strict
from tests.nango.integrations import Key
from tests.nango.people import EndUser, Organization, Tags
from tests.nango.refusal import invalid, refuse
from tests.nango.state import SESSION_LIFE, NangoState, Session, iso, new_token

PAGE = "/connect-ui"  # where this double serves the page of `NANGO_PUBLIC_CONNECT_URL`


PRIVATE = ("127.", "10.", "169.254.", "192.168.", "localhost", "::1")
Issue = tuple[tuple[str, ...], str, str]


def check_webhook(state: NangoState, url: str | None) -> None:
    """Refuse an address that Nango does not send to; where a test has placed something, it does."""
    parts = urlsplit(url or "")
    host = parts.hostname or ""
    if not url or f"{parts.scheme}://{parts.netloc}" in state.places:
        return
    if not host or f".{host}".endswith(".nango.dev") or host.startswith(PRIVATE):
        raise invalid((("webhook_url_override",), "custom", "This webhook URL is not allowed."))


class Defaults(Strict):
    user_scopes: str | None = None
    authorization_params: dict[str, str] | None = None
    connection_config: dict[str, Any] | None = None


class Overrides(Strict):
    docs_connect: str | None = None


class _Session(Strict):
    end_user: EndUser | None = None
    organization: Organization | None = None
    integrations_config_defaults: dict[Key, Defaults] | None = None
    overrides: dict[Key, Overrides] | None = None
    webhook_url_override: str | None = None
    tags: Tags | None = None


class NewSession(_Session):
    allowed_integrations: list[Key] | None = None


class Reconnect(_Session):
    connection_id: str
    integration_id: Key


async def create_session(asked: Asked) -> Response:
    """Begin a sign-in; one of `tags` and `end_user` is required."""
    asked.parse_query(Empty)
    body = asked.parse_body(NewSession)
    if body.tags is None and body.end_user is None:
        raise invalid((("end_user",), "invalid_type", "Invalid input: expected object, received undefined"))
    missing: list[Issue] = [
        (("allowed_integrations", str(index)), "custom", "Integration does not exist")
        for index, key in enumerate(body.allowed_integrations or ())
        if key not in asked.environment.integrations
    ]
    _check_known(asked, body, missing)
    check_webhook(asked.state, body.webhook_url_override)
    session = _made(asked, body, body.allowed_integrations or [])
    return _told(asked.state, session)


async def reconnect_session(asked: Asked) -> Response:
    """Begin a sign-in that renews a connection: its tags will be those sent now."""
    asked.parse_query(Empty)
    body = asked.parse_body(Reconnect)
    connection = asked.environment.connections.get((body.integration_id, body.connection_id))
    if connection is None:
        raise refuse(400, "invalid_body", "ConnectionID or IntegrationId does not exists")
    _check_known(asked, body, [])
    check_webhook(asked.state, body.webhook_url_override)
    session = _made(asked, body, [body.integration_id])
    session.connection = connection
    return _told(asked.state, session)


async def get_session(asked: Asked) -> Response:
    """What a session says of itself; the tags are not among it."""
    asked.parse_query(Empty)
    session = asked.session
    said: dict[str, Any] = {
        "endUser": session.end_user,
        "connectUISettings": {
            "showWatermark": True,
            "defaultTheme": "system",
            "theme": {"light": {"primary": "#00B2E3"}, "dark": {"primary": "#00B2E3"}},
        },
        "websocketsPath": "/",
    }
    if session.allowed:
        said["allowed_integrations"] = session.allowed
    if session.defaults:
        said["integrations_config_defaults"] = session.defaults
    if session.connection is not None:
        said["isReconnecting"] = True
    return JSONResponse({"data": said})


async def delete_session(asked: Asked) -> Response:
    """End it."""
    asked.parse_query(Empty)
    del asked.state.sessions[asked.session.token]
    return Response(status_code=204)


def valid_connection_id(asked: Asked, name: str = "id") -> str:
    """The connection id in the path: one part of it, whatever is quoted in there."""
    if asked.request.scope["raw_path"].count(b"/") > 2:
        raise HTTPException(404)
    return asked.parse_path(name, ID_PATTERN)


def _check_known(asked: Asked, body: _Session, missing: list[Issue]) -> None:
    for name in ("integrations_config_defaults", "overrides"):
        keys = getattr(body, name) or {}
        missing += [
            ((name, key), "custom", "Integration does not exist")
            for key in keys
            if key not in asked.environment.integrations
        ]
    if missing:
        raise invalid(*missing)
    if any(one.docs_connect for one in (body.overrides or {}).values()):
        raise refuse(403, "forbidden", "You are not allowed to override the docs connect url")
    if not asked.state.can_make_sessions:
        raise refuse(500, "server_error", "Failed to create session token")


def _made(asked: Asked, body: _Session, allowed: list[str]) -> Session:
    person = {} if body.end_user is None else body.end_user.as_tags(body.organization)
    return asked.state.open_session(
        Session(
            token=new_token(),
            environment=asked.environment,
            expires_at=asked.state.clock.now() + SESSION_LIFE,
            tags={**person, **(body.tags or {})},
            end_user=None if body.end_user is None else body.end_user.shown(body.organization),
            allowed=allowed,
            defaults={
                key: one.model_dump(exclude_none=True) for key, one in (body.integrations_config_defaults or {}).items()
            },
            webhook_url_override=body.webhook_url_override,
        )
    )


def _told(state: NangoState, session: Session) -> Response:
    link = f"{state.origin}{PAGE}/?session_token={session.token}"
    told = {"token": session.token, "connect_link": link, "expires_at": iso(session.expires_at)}
    return JSONResponse({"data": told}, 201)
