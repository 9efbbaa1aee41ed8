"""`serve --no-auth`: MCP over HTTP without a token, for the programs of one machine (attack 118).

Whoever reaches the port then acts as the local principal, so nothing may reach it but this machine itself: that is
looked at before the start, and each request is looked at for what only somebody else's would have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from socket import AddressFamily

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from connectory.cli.surroundings import ROOT, container_mark
from connectory.errors import InvalidSettings
from connectory.setting_forms import is_loopback
from connectory.settings import Settings
from connectory.web.failures import failure_response
from connectory.web.guard import is_forwarding
from connectory.web.origins import parse_authority
from connectory.web.server import listening_addresses

WITH_TOKENS = "leave out --no-auth: `connectory token create NAME` makes a token for each client."
Resolve = Callable[[Settings], Sequence[tuple[AddressFamily, str]]]


def require_alone(settings: Settings, *, resolve: Resolve = listening_addresses, root: Path = ROOT) -> None:
    """Return if this server can be reached from this machine alone. Raises `InvalidSettings`. Blocks for a lookup."""
    if not settings.is_local:
        raise InvalidSettings(
            "--no-auth would let in everybody who reaches this server, and it is set up for more than this machine.",
            hint="Unset CONNECTORY_HOST, APP_URL, CONNECTORY_TRUSTED_HOSTS and CONNECTORY_TRUSTED_PROXIES, or "
            + WITH_TOKENS,
        )
    beyond = [address for _, address in resolve(settings) if not is_loopback(address)]
    if beyond:
        raise InvalidSettings(
            f"--no-auth needs loopback addresses, and the name '{settings.host}' also stands for {beyond[0]}.",
            hint=f"Unset CONNECTORY_HOST, or {WITH_TOKENS}",
        )
    if (mark := container_mark(root)) is not None:
        raise InvalidSettings(
            f"--no-auth does not work in a container ({mark} says that this is one): its port may be published.",
            hint=f"Run it outside, or {WITH_TOKENS}",
        )


class LocalOnly:
    """Refuses what a program on this machine would not send: a proxy's headers, another name, a peer from elsewhere."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := _refusal(scope)) is not None:
            status, message, hint = refusal
            response = failure_response(Headers(scope=scope), status, message, hint, path=scope["path"])
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _refusal(scope: Scope) -> tuple[int, str, str] | None:
    client = scope.get("client")
    if any(is_forwarding(name) for name, _ in scope["headers"]) or (client and not is_loopback(client[0])):
        return (
            403,
            "This request comes through a proxy, or from another machine; this server runs with --no-auth.",
            f"Whoever runs it: {WITH_TOKENS}",
        )
    hosts = Headers(scope=scope).getlist("host")
    authority = parse_authority(hosts[0]) if len(hosts) == 1 else None
    if authority is None or not is_loopback(authority[0]):
        return 421, "With --no-auth this server answers to localhost alone.", f"Use localhost, or {WITH_TOKENS}"
    return None
