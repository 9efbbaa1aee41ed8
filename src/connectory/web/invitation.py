"""From a page of a member's to the connect page: the same link, by the same rules, as an agent's `connect` gives."""

from __future__ import annotations

from connectory.gateway.policy import CONNECT
from connectory.identity.principal import Principal
from connectory.web.services import WebServices


async def link_to_connect(
    services: WebServices,
    principal: Principal,
    connector: str,
    *,
    alias: str | None = None,
    backend: str | None = None,
    shared: bool = False,
) -> str:
    """Return the path of the connect page, of a new session or an open one for the same.

    Raises `PolicyDenied` and as `AuthManager.connect`.
    """
    asked = {"connector": connector, "alias": alias, "backend": backend, "shared": shared}
    async with services.audit.enclose(principal, CONNECT.tool, CONNECT.effect, asked):
        await services.gateway.permit(principal, CONNECT, asked)
        session = await services.auth.connect(principal, connector, alias=alias, backend=backend, shared=shared)
    return f"/connect/{session.link}"
