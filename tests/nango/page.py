"""The page at a connect link, as far as a person sees it: plain HTML where the real one is an application.

The real one asks `https://api.nango.dev` unless `apiURL` says otherwise, and then fails; so does this one.
"""

from __future__ import annotations

from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from tests.nango.refusal import Refusal
from tests.nango.signing_in import integration_of, sign_in_by_keys
from tests.nango.state import Integration, NangoState, Session

FIELDS = {"API_KEY": ("apiKey",), "BASIC": ("username", "password")}


async def show(request: Request, state: NangoState) -> Response:
    """The integrations that the session allows, each with a way to sign in."""
    session = _session(request, state)
    if session is None:
        return _page("An error occurred", "<p>An error occurred. Please refresh your page or contact our support.</p>")
    rows = session.environment.integrations.values()
    shown = [row for row in rows if not session.allowed or row.unique_key in session.allowed]
    return _page("Connect", "".join(_section(state, session, row, request.url.query) for row in shown))


async def take(request: Request, state: NangoState) -> Response:
    """The form of a key or a password."""
    session = _session(request, state)
    if session is None:
        return _page("An error occurred", "<p>An error occurred. Please refresh your page.</p>")
    form = {name: str(value) for name, value in (await request.form()).items()}
    try:
        integration = integration_of(session, form.get("integration", ""))
        mode = state.provider_of(integration)["auth_mode"]
        typed: dict[str, Any] = {"type": mode, **{name: form.get(name, "") for name in FIELDS[mode]}}
        config = {name[7:-1]: value for name, value in form.items() if name.startswith("params[") and value}
        await sign_in_by_keys(state, session, integration, typed, config)
    except Refusal:
        return _page("Connection failed", "<p>Connection failed. Check what you typed.</p>")
    return _page("Success!", "<p>Success! You have set up your integration.</p>")


def _session(request: Request, state: NangoState) -> Session | None:
    api = request.query_params.get("apiURL", "https://api.nango.dev").rstrip("/")
    return state.session_of(request.query_params.get("session_token", "")) if api == state.origin else None


def _section(state: NangoState, session: Session, row: Integration, query: str) -> str:
    entry = state.provider_of(row)
    title = escape(row.display_name or entry["display_name"])
    known = session.defaults.get(row.unique_key, {}).get("connection_config", {})
    asked = [
        name
        for name, one in entry.get("connection_config", {}).items()
        if not one.get("automated") and name not in known
    ]
    inputs = "".join(_input(f"params[{name}]", entry["connection_config"][name].get("title", name)) for name in asked)
    button = f'<button type="submit">Connect {title}</button>'
    if entry["auth_mode"] == "OAUTH2":
        target = f"{state.origin}/oauth/connect/{escape(row.unique_key)}"
        token = f'<input type="hidden" name="connect_session_token" value="{session.token}">'
        return f'<form method="get" action="{target}"><h2>{title}</h2>{token}{inputs}{button}</form>'
    if entry["auth_mode"] not in FIELDS:
        return f"<p>{title} cannot be connected by this double: {escape(entry['auth_mode'])}.</p>"
    inputs += "".join(_input(name, name) for name in FIELDS[entry["auth_mode"]])
    hidden = f'<input type="hidden" name="integration" value="{escape(row.unique_key)}">'
    return f'<form method="post" action="?{escape(query)}"><h2>{title}</h2>{hidden}{inputs}{button}</form>'


def _input(name: str, title: str) -> str:
    kind = "password" if name in ("apiKey", "password") else "text"
    return f'<label>{escape(title)} <input type="{kind}" name="{escape(name)}" value=""></label>'


def _page(title: str, content: str) -> Response:
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
    return HTMLResponse(f"{head}<main><h1>{escape(title)}</h1>{content}</main></html>")
