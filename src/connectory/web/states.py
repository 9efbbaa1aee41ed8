"""How connections are, and when something was, in words: never by a colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from connectory.auth.ways import KINDS
from connectory.catalog.connector import Connector
from connectory.vault.entities import Grant, GrantStatus

Tone = Literal["good", "warn", "bad", "off"]
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
SOME_DAYS_S = 14 * DAY_S  # from then on the date says more
KEPT_BY = {"nango": "kept by Nango", "builtin": "kept and renewed here", "direct": "kept here"}


@dataclass(frozen=True, slots=True)
class Word:
    """A state in words, and the tone of the dot beside it."""

    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Moment:
    """A time for people, and for programs."""

    text: str
    iso: str
    full: str


OUTCOMES = {
    "ok": Word("Done", "good"),
    "previewed": Word("Only shown, nothing was sent", "off"),
    "started": Word("Begun, its end was not seen", "warn"),
    "error": Word("Failed", "bad"),
    "refused": Word("Refused", "warn"),
}
DOINGS: Mapping[str, str] = {  # what is no action of a connector, in the form of their titles: it may have been refused
    "web_sign_in": "Sign in to these pages",
    "web_sign_out": "Sign out of these pages",
    "connect": "Ask for a connection",
    "sign_in": "Sign in to a service",
    "verify": "Test a sign-in",
    "rename": "Rename a connection",
    "label": "Label a connection",
    "refresh": "Renew a sign-in",
    "disconnect": "Disconnect",
    "request": "Send a request to a service",
    "read_result": "Read on in a kept answer",
    "confirm": "Say yes to a call",
    "decline": "Say no to a call",
    "token_create": "Make an API token",
    "token_revoke": "Revoke an API token",
    "policy_set": "Add a rule",
    "policy_remove": "Remove a rule",
    "policy_clear": "Remove rules",
    "workspace_create": "Make a workspace",
    "workspace_delete": "Delete a workspace",
    "member_set": "Set a member’s role",
    "member_remove": "Remove a member",
    "user_create": "Make a user",
    "user_delete": "Delete a user",
    "oauth_app_set": "Set up an OAuth app",
    "oauth_app_remove": "Remove an OAuth app",
    "connector_put": "Keep a connector of one’s own",
    "connector_remove": "Remove a connector of one’s own",
    "nango_sync": "Make integrations in Nango",
}


def health_of(grant: Grant, *, is_unreadable: bool) -> Word:
    """How a connection is, by its grant."""
    if is_unreadable:
        return Word("Cannot be opened with this server’s key", "bad")
    if grant.status is not GrantStatus.ACTIVE:
        return Word("Needs a new sign-in", "bad")
    if grant.failures:
        return Word("Works, but could not be renewed lately", "warn")
    return Word("Works", "good")


def method_of(connector: Connector | None, grant: Grant) -> str:
    """How the account was signed in, as a person calls it."""
    way = connector.auth.get(grant.method) if connector is not None else None
    if way is None:
        return grant.method
    kind = KINDS[way.method].removeprefix("a ").removeprefix("an ")
    return way.title or f"{kind[0].upper()}{kind[1:]}"


def kept_by(grant: Grant) -> str:
    """Who keeps the sign-in; nobody where there is none to keep."""
    return "" if grant.method == "none" else KEPT_BY.get(grant.backend, grant.backend)


def moment_of(at: datetime | None, now: datetime) -> Moment | None:
    """Write a time as what has passed since, or is left until; dates in UTC."""
    if at is None:
        return None
    seconds = (now - at).total_seconds()
    text = f"{at:%d %B %Y}".lstrip("0")
    if abs(seconds) < SOME_DAYS_S:
        text = _passed(seconds) if seconds >= 0 else f"in {_nearly(-seconds) or 'a moment'}"
    return Moment(text, at.isoformat(), f"{at:%Y-%m-%d %H:%M} UTC")


def took(duration_ms: int | None) -> str:
    """How long a call took; empty where that is not known."""
    if duration_ms is None:
        return ""
    return f"{duration_ms} ms" if duration_ms < 1000 else f"{duration_ms / 1000:.1f} s"


def _passed(seconds: float) -> str:
    span = _span(seconds)
    return f"{span} ago" if span else "just now"


def _span(seconds: float) -> str:
    """A length of time by its greatest unit; empty below a minute."""
    unit_s, name = _unit_of(seconds)
    return _counted(int(seconds // unit_s), name)


def _nearly(seconds: float) -> str:
    """The same to the nearest: what lasts twelve hours has not eleven left a moment later."""
    minutes_s = round(seconds / MINUTE_S) * MINUTE_S if seconds >= MINUTE_S else 0
    unit_s, name = _unit_of(minutes_s)
    return _counted(int(minutes_s / unit_s + 0.5), name)


def _unit_of(seconds: float) -> tuple[int, str]:
    units = (DAY_S, "day"), (HOUR_S, "hour")
    return next((unit for unit in units if seconds >= unit[0]), (MINUTE_S, "minute"))


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}" if count else ""
