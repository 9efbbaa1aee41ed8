"""Who sets up a workspace's OAuth apps: nobody is led through the steps of it who is refused at the end."""

from __future__ import annotations

from connectory.identity.principal import Principal
from connectory.identity.rights import may_change
from connectory.vault.entities import Role
from connectory.web.services import WebServices

MOST_NAMED = 3
BY_TOKEN = "You signed in by a token that is read-only or has rules of its own: it sets up no OAuth app."


async def who_sets_up(services: WebServices, principal: Principal) -> str:
    """Return who does it where the principal may not, in a sentence; empty where they may, as `OAuthApps` has it."""
    if principal.role is Role.OWNER:
        return "" if await may_change(services.vault, principal) else BY_TOKEN
    members = await services.workspaces.members(principal)
    owners = sorted((user.name for user, role in members if role is Role.OWNER), key=str.casefold)
    named = f": {' or '.join(owners)}" if 0 < len(owners) <= MOST_NAMED else ""
    return f"An owner of the workspace sets this up{named}."
