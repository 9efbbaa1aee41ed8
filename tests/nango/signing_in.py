"""What a person does with a session's token: OAuth by the browser, a key or a password typed (section 3)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from tests.nango import tokens
from tests.nango.asking import check, parse_query, read_body
from tests.nango.environments import caller_by_token
from tests.nango.proxying import connection_test
from tests.nango.refusal import Refusal, refuse
from tests.nango.state import Connection, Integration, NangoState, Session, SignIn
from tests.nango.templates import fill
from tests.nango.webhooks import send_auth


class ApiKeyBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    api_key: str = Field(alias="apiKey")


class BasicBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    username: str
    password: str = ""


async def start_oauth(request: Request, state: NangoState) -> Response:
    """Leave for the provider, with state and PKCE."""
    try:
        session, integration, config = _asked(request, state)
    except Refusal as refusal:
        return refusal.response()
    entry, app = state.provider_of(integration), integration.credentials or {}
    if entry["auth_mode"] != "OAUTH2":
        return refuse(400, "invalid_auth_mode", "Provider does not support OAuth").response()
    base = fill(entry["authorization_url"], config, {})
    if base is None:
        return failed_page(400)
    defaults = session.defaults.get(integration.unique_key, {})
    name = secrets.token_urlsafe(24)
    verifier = None if entry.get("disable_pkce") else secrets.token_urlsafe(48)
    scopes = config.get("oauth_scopes_override") or app.get("scopes") or ""
    query = {
        "response_type": "code",
        "client_id": app["client_id"],
        "redirect_uri": f"{state.origin}/oauth/callback",
        "state": name,
        **({"scope": str(scopes).replace(",", entry.get("scope_separator", " "))} if scopes else {}),
        **entry.get("authorization_params", {}),
        **defaults.get("authorization_params", {}),
    }
    if verifier is not None:
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    state.sign_ins[name] = SignIn(session, integration, verifier, config, str(scopes))
    return RedirectResponse(f"{base}{'&' if '?' in base else '?'}{urlencode(query)}", 302)


async def oauth_callback(request: Request, state: NangoState) -> Response:
    """Come back from the provider: a code becomes a connection, anything else a page that says no."""
    query = request.query_params
    begun = state.sign_ins.pop(query.get("state", ""), None)
    if begun is None:
        return failed_page(400)
    if "code" not in query:
        return _failed(state, begun, "invalid_callback")
    parameters = {
        "grant_type": "authorization_code",
        "code": query["code"],
        "redirect_uri": f"{state.origin}/oauth/callback",
        **({} if begun.verifier is None else {"code_verifier": begun.verifier}),
    }
    try:
        answer = await tokens.ask(state, begun.integration, begun.config, parameters)
    except tokens.TokenError:
        return _failed(state, begun, "unknown")
    store(state, begun.session, begun.integration, tokens.read(state, "OAUTH2", answer, {}), begun.config)
    return HTMLResponse("<!doctype html><title>Nango</title><p>Authentication successful. You may close this page.</p>")


async def take_api_key(request: Request, state: NangoState) -> Response:
    """A key."""
    body = await _typed(request, ApiKeyBody)
    return await _take(request, state, {"type": "API_KEY", "apiKey": body.api_key})


async def take_basic(request: Request, state: NangoState) -> Response:
    """A user name and a password, which may be empty."""
    body = await _typed(request, BasicBody)
    return await _take(request, state, {"type": "BASIC", "username": body.username, "password": body.password})


async def sign_in_by_keys(
    state: NangoState, session: Session, integration: Integration, credentials: dict[str, Any], config: dict[str, Any]
) -> Connection:
    """Try what was typed at the provider, then store it. Refuses with `connection_test_failed`."""
    mode = state.provider_of(integration)["auth_mode"]
    if mode != credentials["type"]:
        raise refuse(400, "invalid_auth_mode", f"Provider does not support {credentials['type']}")
    await connection_test(state, integration, credentials, config)
    return store(state, session, integration, credentials, config)


def store(
    state: NangoState, session: Session, integration: Integration, credentials: dict[str, Any], config: dict[str, Any]
) -> Connection:
    """Make a connection, or renew the session's: it keeps id, metadata and end user, and loses its tags."""
    now, is_oauth = state.clock.now(), credentials["type"].startswith("OAUTH")
    connection = session.connection
    if connection is None:
        connection = Connection(
            id=state.next_id(),
            connection_id=str(uuid4()),
            provider_config_key=integration.unique_key,
            credentials=credentials,
            created_at=now,
            updated_at=now,
            metadata=None if is_oauth else {},
            end_user=session.end_user,
        )
        session.environment.connections[integration.unique_key, connection.connection_id] = connection
    elif not is_oauth:
        connection.updated_at = now
    connection.credentials = credentials
    connection.connection_config = {**connection.connection_config, **config}
    connection.tags = dict(session.tags)
    connection.webhook_url_override = session.webhook_url_override
    connection.errors, connection.last_failure = [], None
    connection.failure_days, connection.exhausted = 0, False
    send_auth(state, session.environment, integration, _operation(session), connection)
    return connection


def integration_of(session: Session, key: str) -> Integration:
    """The integration, if the session may use it. Refuses without a message."""
    integration = session.environment.integrations.get(key)
    if integration is None:
        raise refuse(404, "unknown_provider_config")
    if session.allowed and key not in session.allowed:
        raise refuse(400, "integration_not_allowed")
    return integration


def failed_page(status: int) -> Response:
    """What a browser sees where a sign-in did not work; it names nothing."""
    return HTMLResponse("<!doctype html><title>Nango</title><p>An error occurred during authorization.</p>", status)


async def _take(request: Request, state: NangoState, credentials: dict[str, Any]) -> Response:
    session, integration, config = _asked(request, state)
    connection = await sign_in_by_keys(state, session, integration, credentials, config)
    done = {"connectionId": connection.connection_id, "providerConfigKey": integration.unique_key}
    return JSONResponse(done)


async def _typed(request: Request, model: type[Any]) -> Any:
    return check(model, await read_body(request, any_type=False), "invalid_body")


def _asked(request: Request, state: NangoState) -> tuple[Session, Integration, dict[str, Any]]:
    """Session, integration and connection fields of a sign-in: those of the session, then `params[...]`."""
    query = parse_query(request.url.query)
    session = caller_by_token(state, str(query.get("connect_session_token", ""))).session
    assert session is not None
    if "connection_id" in query:
        issue = {
            "code": "custom",
            "message": "connection_id is forbidden when using session token",
            "path": ["connection_id"],
        }
        raise Refusal(400, {"error": {"code": "invalid_query_params", "errors": [issue]}})
    integration = integration_of(session, request.path_params["key"])
    params = query.get("params", {})
    given = json.loads(params) if isinstance(params, str) else params
    defaults = session.defaults.get(integration.unique_key, {}).get("connection_config", {})
    return session, integration, {**defaults, **{name: value for name, value in given.items() if value != ""}}


def _failed(state: NangoState, begun: SignIn, kind: str) -> Response:
    """Tell of a sign-in that came to nothing: to the environment's address, or the session's own."""
    session, problem = begun.session, {"type": kind, "description": "the sign-in failed"}
    override = session.webhook_url_override
    operation = _operation(session)
    send_auth(state, session.environment, begun.integration, operation, None, error=problem, override=override)
    return failed_page(400)


def _operation(session: Session) -> str:
    return "creation" if session.connection is None else "override"
