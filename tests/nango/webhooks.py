"""What Nango sends of its own accord (the page's section 6), and what it passes on from providers."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx2
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tests.nango.refusal import refuse
from tests.nango.state import Connection, Environment, Integration, NangoState

TIMEOUT_S = 20.0
NOT_PASSED_ON = (
    "host", "authorization", "connection", "keep-alive", "content-", "cookie", "set-cookie", "referer", "user-agent",
    "sec-", "proxy-", "www-authenticate", "server",
)  # fmt: skip


def compact(body: Any) -> bytes:
    """As it is signed and sent: keys sorted, no white space."""
    return json.dumps(body, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()


def signatures(key: str, raw: bytes) -> dict[str, str]:
    """Both headers; the older one is open to length extension."""
    return {
        "X-Nango-Signature": hashlib.sha256(key.encode() + raw).hexdigest(),
        "X-Nango-Hmac-Sha256": hmac.new(key.encode(), raw, hashlib.sha256).hexdigest(),
    }


def send_auth(
    state: NangoState,
    environment: Environment,
    integration: Integration,
    operation: str,
    connection: Connection | None,
    *,
    error: Mapping[str, str] | None = None,
    override: str | None = None,
) -> None:
    """Tell of a sign-in, a re-authorisation or a failed refresh; a failed creation has an id that never exists.

    `override`: the session's own address, where there is no connection whose it is.
    """
    told = {"creation": environment.tells_of_creation, "refresh": environment.tells_of_failed_refresh}
    if not told.get(operation, True):
        return
    body: dict[str, Any] = {
        "from": "nango",
        "type": "auth",
        "operation": operation,
        "success": error is None,
        "connectionId": connection.connection_id if connection else str(uuid4()),
        "providerConfigKey": integration.unique_key,
        "authMode": state.provider_of(integration)["auth_mode"],
        "provider": integration.provider,
        "environment": environment.name,
    }
    if connection is not None:
        body["tags"] = connection.tags
        if connection.end_user is not None:
            body["endUser"] = _end_user(connection.end_user)
    if error is not None:
        body["error"] = dict(error)
    override = connection.webhook_url_override if connection else override
    raw = compact(body)
    for url in _targets(environment, override):
        state.start(_deliver(state, url, raw, signatures(environment.signing_key, raw)))


async def take_from_provider(request: Request, state: NangoState) -> Response:
    """A provider's webhook: checked by the integration's secret, then passed on once per matching connection.

    Connections match here by a member of the payload that their configuration has too. Without a routing script
    nothing is passed on; without a match the raw payload is, alone.
    """
    environment = next((one for one in state.environments if one.uuid == request.path_params["environment"]), None)
    integration = environment.integrations.get(request.path_params["key"]) if environment else None
    if environment is None or integration is None:
        raise refuse(404, "unknown_provider_config")
    raw = await request.body()
    secret = (integration.credentials or {}).get("webhook_secret")
    given = request.headers.get("x-hub-signature-256", "").removeprefix("sha256=")
    if secret and not hmac.compare_digest(given, hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()):
        raise refuse(401, "invalid_signature")
    if "webhook_routing_script" not in state.provider_of(integration):
        return Response(status_code=204)
    payload = json.loads(raw)
    if integration.forward_webhooks:
        _pass_on(state, environment, integration, payload, dict(request.headers))
    return JSONResponse(None)


def _pass_on(
    state: NangoState, environment: Environment, integration: Integration, payload: Any, headers: Mapping[str, str]
) -> None:
    kept = {name: value for name, value in headers.items() if not name.lower().startswith(NOT_PASSED_ON)}
    matching = [
        connection
        for (key, _), connection in environment.connections.items()
        if key == integration.unique_key and _matches(connection, payload)
    ]
    bodies: list[tuple[Any, str | None]] = [
        (
            {
                "from": integration.provider,
                "type": "forward",
                "providerConfigKey": integration.unique_key,
                "connectionId": connection.connection_id,
                "payload": payload,
            },
            connection.webhook_url_override,
        )
        for connection in matching
    ]
    for body, override in bodies or [(payload, None)]:
        raw = compact(body)
        for url in _targets(environment, override):
            state.start(_deliver(state, url, raw, kept | signatures(environment.signing_key, raw)))


def _matches(connection: Connection, payload: Any) -> bool:
    config = connection.connection_config.items()
    return isinstance(payload, dict) and any(name in payload and payload[name] == value for name, value in config)


async def _deliver(state: NangoState, url: str, raw: bytes, headers: Mapping[str, str]) -> None:
    """Send it, and again on network errors and 5xx, the same bytes."""
    sent = {**headers, "Content-Type": "application/json", "User-Agent": "nango/0.71.4"}
    for wait_s in (0.0, *state.webhook_waits_s):
        await asyncio.sleep(wait_s)
        try:
            answer = await state.http.post(url, content=raw, headers=sent, timeout=TIMEOUT_S)
        except httpx2.HTTPError:
            continue
        if answer.status_code < 500:
            return


def _targets(environment: Environment, override: str | None) -> list[str]:
    """Only the connection's own address where it has one."""
    return [override] if override else [url for url in (environment.webhook_url, environment.secondary_url) if url]


def _end_user(person: Mapping[str, Any]) -> dict[str, Any]:
    organization = person.get("organization") or {}
    said = {"endUserId": person["id"], "endUserEmail": person.get("email"), "organizationId": organization.get("id")}
    return {**{name: value for name, value in said.items() if value is not None}, "tags": person.get("tags") or {}}
