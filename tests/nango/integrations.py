"""Providers and integrations (the page's section 2)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError
from starlette.responses import JSONResponse, Response
from tests.nango.asking import KEY_PATTERN, Asked, Empty, Strict, success
from tests.nango.refusal import invalid, refuse
from tests.nango.state import Integration, NangoState, iso

NEEDS_CREDENTIALS = ("OAUTH1", "OAUTH2", "APP", "CUSTOM")
TAKES_CREDENTIALS = (*NEEDS_CREDENTIALS, "TBA")
SCOPES = r"^$|^[0-9a-zA-Z:/_.*-]+(,[0-9a-zA-Z:/_.*-]+)*$"
PEM = r"(?s)^-----BEGIN RSA PRIVATE KEY----.*-----END RSA PRIVATE KEY-----$"
Key = Annotated[str, StringConstraints(pattern=KEY_PATTERN, max_length=255)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Filled = Annotated[str, StringConstraints(min_length=1)]


def _scopes(text: str) -> str:
    if not re.fullmatch(SCOPES, text):
        raise PydanticCustomError("invalid_union", "Invalid input")
    return text


def _included(found: Any) -> Any:
    given = found if isinstance(found, list) else [found]
    if not set(given) <= {"webhook", "credentials"}:
        raise PydanticCustomError("invalid_union", "Invalid input")
    return given


class Client(Strict):
    type: Literal["OAUTH1", "OAUTH2", "TBA"]
    client_id: Text
    client_secret: Filled
    scopes: Annotated[str, AfterValidator(_scopes)] | None = None
    webhook_secret: Annotated[str, StringConstraints(max_length=255)] | None = None


class App(Strict):
    type: Literal["APP"]
    app_id: Text
    app_link: Filled
    private_key: Annotated[str, StringConstraints(pattern=PEM)]


class Both(Strict):
    type: Literal["CUSTOM"]
    client_id: Text
    client_secret: Filled
    app_id: Text
    app_link: Filled
    private_key: Annotated[str, StringConstraints(pattern=PEM)]


class _Fields(Strict):
    display_name: Text | None = None
    credentials: Annotated[Client | App | Both, Field(discriminator="type")] | None = None
    forward_webhooks: bool | None = None
    integration_config: dict[str, str] | None = None
    custom: dict[str, str] | None = None


class NewIntegration(_Fields):
    provider: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_-]+$", max_length=255)]
    unique_key: Key


class ChangedIntegration(_Fields):
    unique_key: Key | None = None


class Include(Strict):
    include: Annotated[list[str], BeforeValidator(_included)] = Field(default_factory=list)


class Search(Strict):
    search: Annotated[str, StringConstraints(pattern=KEY_PATTERN)] | None = None


async def list_providers(asked: Asked) -> Response:
    """All, or those whose name has a part of the given form; a dot stands for any character."""
    wanted = asked.parse_query(Search).search
    names = sorted(asked.state.providers)
    if wanted is not None:
        part = re.escape(wanted).replace(r"\.", ".")
        names = [name for name in names if re.search(part, name, re.IGNORECASE)]
    return JSONResponse({"data": [show_provider(asked.state, name) for name in names]})


async def get_provider(asked: Asked) -> Response:
    """One entry."""
    asked.parse_query(Empty)
    name = asked.parse_path("provider", KEY_PATTERN)
    if name not in asked.state.providers:
        raise refuse(404, "not_found", f"Unknown provider {name}")
    return JSONResponse({"data": show_provider(asked.state, name)})


async def list_integrations(asked: Asked) -> Response:
    """All, by provider; to a session those it allows."""
    asked.parse_query(Empty)
    rows = sorted(asked.environment.integrations.values(), key=lambda one: (one.provider, one.unique_key))
    if asked.caller.session is not None and asked.session.allowed:
        rows = [row for row in rows if row.unique_key in asked.session.allowed]
    return JSONResponse({"data": [show(asked.state, row) for row in rows]})


async def get_integration(asked: Asked) -> Response:
    """One, with what is included; credentials only for a key that may read them."""
    include = set(asked.parse_query(Include).include)
    row = _existing(asked, asked.parse_path("key", KEY_PATTERN))
    more: dict[str, Any] = {}
    if "webhook" in include:
        routes = "webhook_routing_script" in asked.state.provider_of(row)
        url = f"{asked.state.origin}/webhook/{asked.environment.uuid}/{row.unique_key}"
        more["webhook_url"] = url if routes else None
    if "credentials" in include and asked.has("environment:integrations:read_credentials"):
        unset = {"scopes": None, "webhook_secret": None} if (row.credentials or {}).get("client_id") else {}
        more["credentials"] = None if row.credentials is None else unset | row.credentials
    return JSONResponse({"data": show(asked.state, row) | more})


async def create_integration(asked: Asked) -> Response:
    """Make one; the answer is 200."""
    asked.parse_query(Empty)
    body = asked.parse_body(NewIntegration)
    entry = asked.state.providers.get(body.provider)
    if entry is None:
        raise invalid((("provider",), "invalid_string", "Invalid provider"))
    if body.unique_key in asked.environment.integrations:
        raise invalid((("uniqueKey",), "invalid_string", "Unique key already exists"))
    _check_credentials(entry["auth_mode"], body.credentials)
    if body.credentials is None and entry["auth_mode"] in NEEDS_CREDENTIALS:
        raise refuse(400, "invalid_body", "Missing credentials")
    now = asked.state.clock.now()
    row = Integration(body.unique_key, body.provider, now, now, body.display_name, _given(body.credentials))
    row.forward_webhooks = body.forward_webhooks is not False
    row.custom = {**(body.custom or {}), **(body.integration_config or {})}
    asked.environment.integrations[row.unique_key] = row
    return JSONResponse({"data": show(asked.state, row)})


async def change_integration(asked: Asked) -> Response:
    """Change what is given; scopes that are left out stay."""
    asked.parse_query(Empty)
    body = asked.parse_body(ChangedIntegration)
    row = _existing(asked, asked.parse_path("key", KEY_PATTERN))
    _check_credentials(asked.state.provider_of(row)["auth_mode"], body.credentials)
    if body.unique_key not in (None, row.unique_key):
        _rename(asked, row, str(body.unique_key))
    if body.credentials is not None:
        kept = {"scopes": (row.credentials or {})["scopes"]} if "scopes" in (row.credentials or {}) else {}
        row.credentials = {**kept, **(_given(body.credentials) or {})}
    row.display_name = body.display_name or row.display_name
    row.forward_webhooks = row.forward_webhooks if body.forward_webhooks is None else body.forward_webhooks
    row.custom |= {**(body.custom or {}), **(body.integration_config or {})}
    row.updated_at = asked.state.clock.now()
    return JSONResponse({"data": show(asked.state, row)})


async def delete_integration(asked: Asked) -> Response:
    """Its connections go too."""
    asked.parse_query(Empty)
    key = asked.parse_path("key", KEY_PATTERN)
    if asked.environment.integrations.pop(key, None) is None:
        raise refuse(404, "not_found", "Integration does not exist")
    for place in [place for place in asked.environment.connections if place[0] == key]:
        del asked.environment.connections[place]
    return success()


def show(state: NangoState, row: Integration) -> dict[str, Any]:
    """An integration as the API shows it."""
    return {
        "unique_key": row.unique_key,
        "provider": row.provider,
        "display_name": row.display_name or state.provider_of(row)["display_name"],
        "logo": f"{state.origin}/images/template-logos/{row.provider}.svg",
        "forward_webhooks": row.forward_webhooks,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
    }


def show_provider(state: NangoState, name: str) -> dict[str, Any]:
    """An entry as the API shows it."""
    return {
        **state.providers[name],
        "name": name,
        "logo_url": f"{state.origin}/images/template-logos/{name}.svg",
    }


def _existing(asked: Asked, key: str) -> Integration:
    row = asked.environment.integrations.get(key)
    if row is None:
        raise refuse(404, "not_found", f'Integration "{key}" does not exist')
    return row


def _check_credentials(mode: str, given: Client | App | Both | None) -> None:
    if given is not None and given.type != mode:
        raise refuse(400, "invalid_body", "incompatible credentials auth type and provider auth")


def _given(given: Client | App | Both | None) -> dict[str, Any] | None:
    return None if given is None else given.model_dump(exclude_none=True)


def _rename(asked: Asked, row: Integration, key: str) -> None:
    if key in asked.environment.integrations:
        raise refuse(400, "invalid_body", "uniqueKey is already used by another integration")
    if any(place[0] == row.unique_key for place in asked.environment.connections):
        raise refuse(400, "invalid_body", "Can't rename an integration with active connections")
    del asked.environment.integrations[row.unique_key]
    row.unique_key = key
    asked.environment.integrations[key] = row
