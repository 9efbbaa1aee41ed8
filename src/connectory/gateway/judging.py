"""What the rules look at: what a raw request amounts to, and which permissions an action needs of a sign-in."""

from __future__ import annotations

from collections.abc import Mapping

from connectory.actions.filling import Values
from connectory.actions.matching import match_actions
from connectory.actions.raw import RawRequest
from connectory.catalog.connector import Action, Connector
from connectory.catalog.manifest import Effect
from connectory.errors import MissingScope
from connectory.gateway.policy import Judged
from connectory.vault.entities import Grant


def judge_raw(connector: Connector, facts: Mapping[str, str], raw: RawRequest) -> list[Judged]:
    """A raw request is each action that it is or may be taken for (design 2).

    What is exactly none, or only a read that is sent by POST, is also `{connector}_request`: a write if no GET or HEAD.
    The agent writes the body itself: what an action sends to `/graphql` only reads, what the agent sends may not.
    """
    matches = match_actions(connector, raw, Values({}, facts))
    judged = [Judged(action.tool, action.effect) for action in (*matches.exact, *matches.alike)]
    effect = Effect.READ if raw.method.upper() in ("GET", "HEAD") else Effect.WRITE
    only_reads = all(action.effect is Effect.READ for action in matches.exact)
    if not matches.exact or (only_reads and effect is not Effect.READ):
        judged.append(Judged(f"{connector.name.replace('-', '_')}_request", effect))
    return judged


def require_scopes(action: Action, connector: Connector, grant: Grant) -> None:
    """Raise `MissingScope` where the sign-in is known to lack a permission; one that tells none may have it."""
    if not grant.scopes:
        return
    missing = [
        " or ".join(wanted)
        for needed in action.manifest.scopes
        if not set(wanted := [needed] if isinstance(needed, str) else needed) & set(grant.scopes)
    ]
    if missing:
        raise MissingScope(
            f"{action.tool} needs the permission {' and '.join(missing)}, which this sign-in to {connector.title} "
            f"does not have.",
            hint="Ask the person to connect it again with that permission.",
        )
