"""What a page tells a person about an error, whose hint is written for an agent that tells a person."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from connectory.errors import (
    ConfirmationNeeded,
    ConnectoryError,
    MissingScope,
    NeedsReconnect,
    NotConnected,
    ProviderConflict,
    ProviderError,
    ProviderForbidden,
    ProviderNotFound,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnauthorized,
    ProviderUnavailable,
    RateLimited,
    RedirectRefused,
    ResponseTooLarge,
    RoleDenied,
    UnexpectedResponse,
    UnknownAction,
    UnknownConnection,
    UnknownConnector,
)
from connectory.gateway.confirmations import SaidNo
from connectory.gateway.policy import FOR_AGENTS

OWNERS = "Ask an owner of the workspace."
LOOK_FIRST = "If it was to change something, look first whether it was done."
UNSURE = (
    ProviderUnavailable,
    ProviderTimeout,
    UnexpectedResponse,
    ResponseTooLarge,
)  # a write may be done all the same


@dataclass(frozen=True, slots=True)
class Advice:
    """`do`: what to do now; or, where the error's hint holds a link of ours, `link`: its words."""

    message: str
    do: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """The same of a kind of error. `instead`: of a message that speaks of the person. `{wait}` is when to try again."""

    do: str = ""
    link: str = ""
    instead: str = ""


TELL_MORE = (ProviderUnavailable, ProviderRejected, UnexpectedResponse)  # by their own hint, unless that is an agent's
OF_AN_AGENT = re.compile(r"\b(?:person|them|arguments?|calls?|write)\b", re.IGNORECASE)

WORDS: Mapping[type[ConnectoryError], Words] = {  # the nearest ancestor's; without one, the error's own hint
    ConfirmationNeeded: Words("Try it again.", "Look at the call and decide", "This call needs a yes first."),
    SaidNo: Words(instead="You said no to this call."),
    NeedsReconnect: Words("Somebody who may connect it must sign in again.", "Sign in again"),
    NotConnected: Words("Connect it first.", "Connect it"),
    MissingScope: Words("Sign in again with more rights.", "Sign in again and allow it"),
    ProviderUnauthorized: Words("Reconnect it to use it again."),
    ProviderForbidden: Words("Another account, or a sign-in with more rights, may do it."),
    ProviderNotFound: Words("Check what you typed: it may be called otherwise, or be gone."),
    ProviderConflict: Words("Look at it again, and then decide whether to change it."),
    ProviderRejected: Words("Change what you typed: the same would be refused again."),
    RateLimited: Words("Try again {wait}."),
    ResponseTooLarge: Words("Ask for less: a smaller limit, or a narrower filter."),
    RedirectRefused: Words("Its address seems to have moved: tell whoever runs this server."),
    UnexpectedResponse: Words(
        "Try again {wait}. If it stays so, check the service's address, or tell whoever runs this server."
    ),
    ProviderError: Words("Try again {wait}. If it lasts, the service is down, or its address is wrong."),
    UnknownConnection: Words("It may have been disconnected meanwhile."),
    UnknownConnector: Words("It may have been removed meanwhile."),
    UnknownAction: Words("It may have been removed meanwhile."),
}


def advice_about(error: ConnectoryError, *, is_write: bool = False) -> Advice:
    """Return what to tell; `is_write`: it may have changed something all the same."""
    words = next((WORDS[kind] for kind in type(error).__mro__ if kind in WORDS), None)
    if words is None:
        is_by_role = isinstance(error, RoleDenied) and error.hint.startswith(FOR_AGENTS)
        return Advice(error.message, OWNERS if is_by_role else error.hint.removeprefix(FOR_AGENTS))
    is_own = isinstance(error, TELL_MORE) and error.hint and not OF_AN_AGENT.search(error.hint)
    do = error.hint if is_own else words.do.format(wait=_wait(error.retry_after_s))
    if is_write and isinstance(error, UNSURE):
        do = f"{do} {LOOK_FIRST}"
    return Advice(words.instead or error.message, do, words.link)


def _wait(wait_s: float | None) -> str:
    return f"in {max(1, math.ceil(wait_s))} s" if wait_s is not None else "in a while"
