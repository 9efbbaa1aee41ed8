"""Policy rules of workspaces, users and tokens (design 2). Every change counts in the revision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from connectory.errors import InvalidArguments
from connectory.vault.clock import Clock
from connectory.vault.database import Database
from connectory.vault.entities import PolicyEffect, PolicyRule, TokenId, UserId, WorkspaceId, new_id
from connectory.vault.revision import bump_revision
from connectory.vault.tables import policies

MOST_RULES = 500  # every call reads them all
_OF_WORKSPACE = (
    sa.select(policies)
    .where(policies.c.workspace_id == sa.bindparam("workspace"))
    .order_by(policies.c.created_at, policies.c.id)
)


class PolicyStore:
    """Keeps policy rules."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def list(self, workspace_id: WorkspaceId) -> Sequence[PolicyRule]:
        """Return all rules of the workspace, also those of single users and tokens, the oldest first."""
        return [_to_rule(row) for row in await self._database.rows(_OF_WORKSPACE, {"workspace": workspace_id})]

    async def add(
        self,
        *,
        workspace_id: WorkspaceId,
        user_id: UserId | None,
        token_id: TokenId | None,
        effect: PolicyEffect,
        pattern: str,
    ) -> PolicyRule:
        """Add a rule, and return it. Raises `InvalidArguments` where the workspace has `MOST_RULES`."""
        rule = PolicyRule(new_id("po"), workspace_id, user_id, token_id, effect, pattern)
        values = {
            "id": rule.id,
            "workspace_id": workspace_id,
            "user_id": user_id,
            "token_id": token_id,
            "effect": effect.value,
            "pattern": pattern,
            "created_at": self._now(),
        }

        def insert(connection: sa.Connection) -> None:
            count = sa.select(sa.func.count()).select_from(policies).where(policies.c.workspace_id == workspace_id)
            if connection.execute(count).scalar_one() >= MOST_RULES:
                raise InvalidArguments(
                    f"This workspace has {MOST_RULES} policy rules, and can have no more.",
                    hint="Remove some, or say several in one by a pattern such as github_*.",
                )
            connection.execute(sa.insert(policies), values)
            bump_revision(connection, workspace_id)

        await self._database.write(insert)
        return rule

    async def remove(self, workspace_id: WorkspaceId, rule_id: str) -> bool:
        """Remove a rule. False if the workspace has none of this id."""
        chosen = policies.c.workspace_id == workspace_id, policies.c.id == rule_id
        return await self._delete(workspace_id, *chosen) > 0

    async def clear(self, workspace_id: WorkspaceId, user_id: UserId | None, token_id: TokenId | None) -> int:
        """Remove the rules of exactly this level (both None: the workspace's own); return how many there were."""
        chosen = (
            policies.c.workspace_id == workspace_id,
            policies.c.user_id.is_not_distinct_from(user_id),
            policies.c.token_id.is_not_distinct_from(token_id),
        )
        return await self._delete(workspace_id, *chosen)

    async def _delete(self, workspace_id: WorkspaceId, *chosen: sa.ColumnElement[bool]) -> int:
        def delete(connection: sa.Connection) -> int:
            deleted = connection.execute(sa.delete(policies).where(*chosen)).rowcount
            if deleted:
                bump_revision(connection, workspace_id)
            return deleted

        return await self._database.write(delete)


def _to_rule(row: sa.Row[Any]) -> PolicyRule:
    return PolicyRule(
        id=row.id,
        workspace_id=WorkspaceId(row.workspace_id),
        user_id=UserId(row.user_id) if row.user_id else None,
        token_id=TokenId(row.token_id) if row.token_id else None,
        effect=PolicyEffect(row.effect),
        pattern=row.pattern,
    )
