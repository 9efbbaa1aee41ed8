"""What a connection's page shows, as plain values: facts, the newest calls, what can be done. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from connectory.auth.connections import Found
from connectory.catalog.connector import Action, Connector
from connectory.catalog.manifest import Effect
from connectory.identity.activity import ActivityLine
from connectory.vault.entities import Grant, GrantStatus
from connectory.web.connect_form import EFFECT_TITLES
from connectory.web.meanings import meaning_of
from connectory.web.states import DOINGS, OUTCOMES, Moment, Word, kept_by, moment_of, took

INSIDE = ".invalid"  # the demo's host: nothing of it leaves this process (RFC 2606 section 2)
RENEWING = frozenset({"builtin", "nango"})  # backends


@dataclass(frozen=True, slots=True)
class FactsView:
    """What there is to know of a connection; nothing of its credentials."""

    alias: str
    kept_by: str
    scopes: tuple[str, ...]
    expires: Moment | None
    is_renewed: bool  # by itself, when it is used
    hosts: tuple[str, ...]
    since: Moment | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class CallView:
    """One call of the record."""

    at: Moment | None
    title: str
    by: str
    outcome: Word
    why: str
    took: str


@dataclass(frozen=True, slots=True)
class ActionLink:
    """An action that can be tried."""

    tool: str
    title: str


@dataclass(frozen=True, slots=True)
class ActionsView:
    """The actions of one effect."""

    effect: Effect
    title: str
    actions: tuple[ActionLink, ...]


def view_facts(found: Found, now: datetime) -> FactsView:
    """Return what the page says of a connection."""
    row, grant = found
    return FactsView(
        alias=row.alias,
        kept_by=kept_by(grant),
        scopes=grant.scopes,
        expires=moment_of(grant.expires_at, now),
        is_renewed=grant.backend in RENEWING and grant.status is GrantStatus.ACTIVE,
        hosts=tuple(
            f"{host.origin} (private network)" if host.private_confirmed else host.origin
            for host in row.hosts
            if not host.origin.endswith(INSIDE)
        ),
        since=moment_of(row.created_at, now),
        problem=grant.problem,
    )


def credential_of(grant: Grant, connector: Connector | None) -> Literal["nothing", "key", "sign-in"]:
    """Return what is kept: no service can be told to forget a key that somebody typed."""
    if grant.backend != "direct":
        return "sign-in"
    way = connector.auth.get(grant.method) if connector is not None else None
    return "nothing" if (way.method if way is not None else grant.method) == "none" else "key"


def view_calls(lines: Iterable[ActivityLine], connector: Connector | None, now: datetime) -> tuple[CallView, ...]:
    """Return the newest calls, in the words of the connector's manifest."""
    titles = {one.tool: one.manifest.title for one in connector.actions.values()} if connector is not None else {}
    return tuple(
        CallView(
            at=moment_of(shown.line.at, now),
            title=titles.get(shown.line.action) or DOINGS.get(shown.line.action, shown.line.action),
            by=shown.user or "somebody who has left",
            outcome=OUTCOMES[shown.line.outcome],
            why=meaning_of(shown.line.code) or (shown.line.code or "").replace("_", " "),
            took=took(shown.line.duration_ms),
        )
        for shown in lines
    )


def view_actions_by_effect(actions: Sequence[Action]) -> tuple[ActionsView, ...]:
    """Return the actions that may be called, the harmless first."""
    groups = (
        ActionsView(
            effect,
            title,
            tuple(
                ActionLink(one.tool, one.manifest.title)
                for one in sorted(actions, key=lambda one: one.manifest.title)
                if one.effect is effect
            ),
        )
        for effect, title in EFFECT_TITLES.items()
    )
    return tuple(group for group in groups if group.actions)
