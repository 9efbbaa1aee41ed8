"""Calls by a sign-in that is kept nowhere: what is entered is used while a block runs, and gone with it.

For who writes a manifest: a draft stands in a catalog of its own, its sign-in in a vault of its own, which knows no
connection and no OAuth app. Rules, allowances and record are the workspace's, as of any call.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from connectory.actions.watching import Watch
from connectory.auth.backend import (
    Connected,
    DeviceCode,
    Elsewhere,
    Entry,
    Form,
    MethodForm,
    Problem,
    Question,
    Redirect,
    Step,
)
from connectory.auth.manager import AuthManager
from connectory.auth.supposing import KEEP_IT, Supposing
from connectory.catalog.catalog import Catalog
from connectory.errors import PageUnavailable
from connectory.gateway.audit import AuditTrail
from connectory.gateway.gateway import Gateway
from connectory.gateway.policy import CONNECT
from connectory.gateway.trial import Trial, draw_request, make_call
from connectory.identity.principal import Principal
from connectory.settings import Settings
from connectory.vault.clock import Clock
from connectory.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class PassingCalls:
    """Signing in and calling in a vault in memory; built by the wiring. What `unrecorded` does leaves no line."""

    settings: Settings
    vault: Vault
    catalog: Catalog
    auth: AuthManager
    gateway: Gateway
    unrecorded: Gateway
    audit: AuditTrail
    now: Clock

    async def ways(self, principal: Principal, connector: str) -> tuple[MethodForm, ...]:
        """Return the ways to sign in; those with `leaves` go on in a browser. Raises `BackendUnavailable`."""
        configs = await self.auth.provider_config(principal, connector)
        return tuple(form for config in configs for form in config.methods)

    async def sign_in(self, principal: Principal, connector: str, entry: Entry) -> tuple[Problem, ...]:
        """Take an entry of a way that is typed, and return what is wrong with it; nothing: it is signed in.

        Raises `PolicyDenied` where the principal may not connect, and as `SignIn.submit`.
        """
        asked = {"connector": connector}
        async with self.audit.enclose_refusal(principal, CONNECT.tool, CONNECT.effect, asked):
            await self.gateway.permit(principal, CONNECT, asked)
            session = await self.auth.connect(principal, connector)
        step = await self.auth.sign_in.submit(session, secrets.token_urlsafe(32), entry)
        if isinstance(step, Connected):
            return ()
        problems = step.problems if isinstance(step, Form | Question) else ()
        return problems or (Problem("", f"This sign-in goes on {_place_of(step)}. {KEEP_IT}"),)

    async def suppose(self, principal: Principal, connector: str, entry: Entry) -> tuple[Problem, ...]:
        """Let a connection stand as if the entry were taken, as `Supposing.suppose`: so that requests can be shown."""
        supposing = Supposing(self.vault, self.settings, self.now)
        return await supposing.suppose(principal, self.catalog.connector(connector), entry)

    async def run(self, principal: Principal, trial: Trial, arguments: Mapping[str, Any], *, send: bool) -> None:
        """Put the request into the trial, and with `send` what comes of it; on record it is one call.

        Raises what keeps the request from being made at all.
        """
        if not send:
            await draw_request(self.gateway, principal, trial, arguments)
            return
        action = trial.action
        async with self.audit.enclose_refusal(principal, action.tool, action.effect, arguments):
            await draw_request(self.unrecorded, principal, trial, arguments)
        await make_call(self.gateway, principal, trial, arguments)


OpenPassing = Callable[[Principal, Catalog, Watch], AbstractAsyncContextManager[PassingCalls]]
"""Makes a vault of the principal's workspace for a block; `Watch` is shown what its calls send and get."""


async def no_page() -> None:
    """A page serves what is stored, and this is not. Raises `PageUnavailable`, always."""
    raise PageUnavailable(
        "This sign-in is for one call, and no page knows it.",
        hint="Keep the manifest (or put it into a folder of the server), connect it, and try again.",
    )


def _place_of(step: Step) -> str:
    """Where a sign-in goes on, without the address itself: that may be a secret."""
    match step:
        case Elsewhere():
            return f"at {step.at}"
        case Redirect(url=url) | DeviceCode(verification_uri=url):
            return f"at {urlsplit(url).hostname}"
        case _:
            return "on the connect page"
