"""Moving a connection to another backend: a sign-in by that one, in the place of the present one (design 5.1).

The connection keeps its id, alias, policy and history. Until the person has signed in nothing changes; then the earlier
credentials are cleared away where they were kept elsewhere for us.
"""

from __future__ import annotations

from connectory.auth.manager import AuthManager
from connectory.errors import AlreadyExists
from connectory.identity.principal import Principal
from connectory.vault.entities import ConnectionId, ConnectSession


async def move(auth: AuthManager, principal: Principal, connection_id: ConnectionId, backend: str) -> ConnectSession:
    """Return a session by which the person signs in through `backend`; its link is `auth.link_url(session)`.

    Raises `UnknownConnection`, `AlreadyExists` where it is there already, and what `AuthManager.connect` raises.
    """
    row, grant = await auth.resolve(principal, connection_id)
    if grant.backend == backend:
        raise AlreadyExists(
            f"{row.name} is with the backend '{backend}' already.", hint="To sign in anew there, connect it again."
        )
    return await auth.connect(principal, row.connector, alias=row.alias, backend=backend, shared=row.is_shared)
