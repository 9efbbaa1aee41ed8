"""The tags by which our connections are known at Nango. Pure.

A connection is ours if its tags name the workspace and the very sign-in that we have begun, or taken over. Whoever
holds the environment's key can write tags; whoever only signs in at Nango's page, or sends webhooks, can not.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from connectory.vault.entities import ConnectSession, SessionId, WorkspaceId

WORKSPACE = "connectory_workspace"  # Nango turns names of tags into small letters
USER = "connectory_user"
SESSION = "connectory_session"
SIGN_IN = "connectory_sign_in"
OURS, MOST = 4, 10  # tags of ours, and those that a connection may have in all
SIGN_IN_BYTES = 18


def new_sign_in() -> str:
    """Return a name for one sign-in that nobody can guess."""
    return secrets.token_urlsafe(SIGN_IN_BYTES)


def tags_of(session: ConnectSession, sign_in: str) -> dict[str, str]:
    """Return what a session's sign-in is tagged with."""
    return {WORKSPACE: session.workspace_id, USER: session.user_id, SESSION: session.id, SIGN_IN: sign_in}


def is_ours(tags: Mapping[str, str], workspace_id: WorkspaceId, sign_in: str) -> bool:
    """Whether a connection is the workspace's, and still by this sign-in."""
    return tags.get(WORKSPACE) == workspace_id and tags.get(SIGN_IN) == sign_in


def is_by(tags: Mapping[str, str], session: ConnectSession, sign_in: str) -> bool:
    """Whether a connection was made by this sign-in of this session."""
    return is_ours(tags, session.workspace_id, sign_in) and tags.get(SESSION) == session.id


def session_named(tags: Mapping[str, str]) -> tuple[WorkspaceId, SessionId] | None:
    """Return the session that tags name, believed by nobody before it was looked for at Nango."""
    workspace, session = tags.get(WORKSPACE), tags.get(SESSION)
    return (WorkspaceId(workspace), SessionId(session)) if workspace and session else None
