"""As whom somebody acts on the page of a link: by the session of their browser, where they have one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectory.errors import Unauthenticated

if TYPE_CHECKING:
    from starlette.requests import Request

    from connectory.identity.principal import Principal
    from connectory.vault.entities import UserId, WorkspaceId
    from connectory.web.visitors import Visitors


async def session_of(
    visitors: Visitors, request: Request, workspace_id: WorkspaceId, user_id: UserId
) -> Principal | None:
    """Return who is signed in, if that user's page in that workspace is theirs.

    None where nobody is, or somebody else: in local mode the link itself is enough, in fleet mode they are not let in.
    """
    try:
        principal = await visitors.principal(request)
    except Unauthenticated:
        return None
    return principal if visitors.may_see(principal, workspace_id, user_id) else None
