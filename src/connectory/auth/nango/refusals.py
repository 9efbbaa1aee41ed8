"""What Nango's errors mean here, whatever was asked: pure, by status and code together, since no header marks them."""

from __future__ import annotations

import re
from enum import StrEnum

from connectory.auth.nango.answers import VERSION_HINT, NangoAnswer
from connectory.auth.nango.models import NangoConnection
from connectory.errors import ConnectoryError, NangoRefused, NangoUnavailable

ADDRESS_HINT = "Check NANGO_HOST, and that Nango runs there."
KEY_HINT = "Set NANGO_SECRET_KEY to a key of the environment: Nango's dashboard shows it under Environment Settings."
BACK_OFF_S = 30.0  # that Nango waits after a failed refresh
_SCOPE = re.compile(r"(?:environment|account):[a-z_:*]+")


class RefreshState(StrEnum):
    """How far a refresh at Nango has failed."""

    FAILED = "failed"  # just now: the provider said no, or could not be reached; Nango does not tell which
    BACKING_OFF = "backing_off"  # within 30 s after a failure: nothing was tried
    EXHAUSTED = "exhausted"  # on four days: nothing is tried any more, until the person signs in again


class RefreshFailed(Exception):
    """Nango could not refresh a connection's token. The caller knows the connection, and so whose move it is.

    `connection` is the connection as Nango sent it along, without credentials.
    """

    def __init__(self, state: RefreshState, connection: NangoConnection | None) -> None:
        super().__init__(state.value)
        self.state = state
        self.connection = connection


def common_refusal(answer: NangoAnswer) -> ConnectoryError | None:
    """Return the error that a status means whatever was asked; None: whoever asked knows what it means."""
    if answer.status == 401:
        return _unauthorized(answer.code)
    if answer.status == 403:
        return _forbidden(answer)
    if answer.status == 402 or answer.code in ("plan_limit", "resource_capped"):
        return NangoRefused(
            "The limit of Nango's plan is reached.",
            hint="Whoever runs this server can raise it in Nango's dashboard.",
            reason=answer.code,
        )
    if answer.status >= 500:
        return NangoUnavailable(
            f"Nango failed by itself (status {answer.status}{f', {answer.code}' if answer.code else ''}).",
            hint="Try again in a moment; its own log says why.",
        )
    return None


def not_nango(host: str, status: int) -> NangoUnavailable:
    """Return the error for an answer that is no JSON: Nango sends its dashboard for paths that it does not know."""
    return NangoUnavailable(
        f"{host} answered with something that is not Nango's API (status {status}).",
        hint=f"{ADDRESS_HINT} It may be another version of Nango, or a page in front of it.",
    )


def refresh_state(answer: NangoAnswer) -> RefreshState | None:
    """Return how a refresh failed; None where the answer is about something else."""
    if answer.status not in (400, 424) or answer.code != "invalid_credentials":
        return None
    if answer.status == 400:
        return RefreshState.FAILED
    # The two that come with 424 differ in their words alone.
    exhausted = "limit has been reached" in str(answer.error.get("message"))
    return RefreshState.EXHAUSTED if exhausted else RefreshState.BACKING_OFF


def sent_along(answer: NangoAnswer) -> NangoConnection | None:
    """Return the connection that a failed refresh is about; None where Nango sent none, or none that can be read."""
    payload = answer.error.get("payload")
    if not isinstance(payload, dict) or not isinstance(payload.get("connection"), dict):
        return None
    try:
        return NangoAnswer(answer.status, payload).parse(NangoConnection, "connection")
    except NangoUnavailable:
        return None


def _unauthorized(code: str) -> NangoRefused:
    said = {
        "invalid_secret_key_format": "What NANGO_SECRET_KEY holds is no key of Nango's: those are UUIDs.",
        "unknown_account": "Nango does not know the key in NANGO_SECRET_KEY.",
    }
    return NangoRefused(said.get(code, "Nango did not accept NANGO_SECRET_KEY (401)."), hint=KEY_HINT, reason=code)


def _forbidden(answer: NangoAnswer) -> NangoRefused:
    scopes = tuple(dict.fromkeys(_SCOPE.findall(str(answer.error.get("message")))))
    if not scopes:
        return NangoRefused("Nango does not allow this (403).", hint=VERSION_HINT, reason=answer.code)
    return NangoRefused(
        f"The key in NANGO_SECRET_KEY lacks the scope {' or '.join(scopes)}.",
        hint="Give the key that scope in Nango's dashboard, or set NANGO_SECRET_KEY to one that has it.",
        reason=answer.code,
        places=scopes,
    )
