"""The one way of a call, in seven steps (design 2). Each step is a module; this one only puts them in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from connectory.actions.executor import Executor, Outcome, Paging, Target
from connectory.actions.nango_proxy import why_direct
from connectory.actions.raw import RawRequest, check_raw
from connectory.auth.backend import Access
from connectory.auth.manager import AuthManager
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Action, Connector
from connectory.catalog.manifest import Effect
from connectory.errors import (
    ConnectoryError,
    InvalidArguments,
    MissingScope,
    NangoRefused,
    NeedsReconnect,
    NotConnected,
    ProviderForbidden,
    ProviderUnauthorized,
)
from connectory.gateway.arguments import ArgumentChecker, CheckedArguments, require_unicode
from connectory.gateway.audit import AuditTrail, OpenLine
from connectory.gateway.confirmations import Confirmations
from connectory.gateway.cursors import digest, digest_key, open_cursor, seal_cursor
from connectory.gateway.deadline import Deadline
from connectory.gateway.fields import pick
from connectory.gateway.files import GivenFiles
from connectory.gateway.judging import judge_raw, require_scopes
from connectory.gateway.mending import Mending
from connectory.gateway.policy import Judged, Verdict, decide, require, strongest
from connectory.gateway.quotas import Quotas
from connectory.gateway.results import Result, Results
from connectory.identity.principal import Principal
from connectory.settings import Settings
from connectory.vault.credentials import NangoReference, NoCredentials
from connectory.vault.entities import Confirmation, Connection, Grant, GrantStatus, KeptEntry, KeptResult
from connectory.vault.vault import Vault

Send = Callable[[Target], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Steps:
    """What the gateway puts in order; built by the wiring."""

    catalog: Catalog
    vault: Vault
    auth: AuthManager
    executor: Executor
    arguments: ArgumentChecker
    files: GivenFiles
    confirmations: Confirmations
    results: Results
    audit: AuditTrail
    quotas: Quotas
    mending: Mending


class Gateway:
    """The only way to a provider: every face calls these methods."""

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self._steps = steps
        self._timeout_s = settings.call_timeout_s
        self._digest_key = digest_key(steps.vault.keys)

    async def call_action(
        self, principal: Principal, tool: str, arguments: Mapping[str, Any], *, connection: str | None = None
    ) -> Result:
        """Run the action named `tool`. `connection` may also stand among `arguments`.

        Raises leaves of `ConnectoryError`: `UnknownAction`, `InvalidArguments`, `NotConnected`, `AmbiguousConnection`,
        `PolicyDenied`, `ConfirmationNeeded`, `NeedsReconnect`, `QuotaExceeded` and those of the provider.
        """
        async with self._steps.audit.enclose(principal, tool, "unknown", arguments) as line, self._deadline(tool):
            await self._steps.quotas.use_call(principal)
            action = self._steps.catalog.action(tool)
            line.learn(effect=action.effect, connector=action.connector)
            checked = self._steps.arguments.check(action, arguments)
            connector = self._steps.catalog.connector(action.connector)
            named = _one_name(checked.connection, connection)
            chosen = await self._choose(principal, connector, named, action, checked)
            call = _Call(principal, connector.signed_in_by(chosen[1].method), *chosen, line)
            line.learn(connection_id=call.connection.id)
            if checked.dry_run:
                return await self._preview(call, action, checked)
            permission = await self._judge(call, [Judged(action.tool, action.effect)])
            await self._require_scopes(call, action)
            filled = await self._fill(call, action, checked)
            if permission.needs_yes:
                await self._draw(call, filled)  # a person is not asked for what cannot be sent
            yes = await self._ask(call, permission, tool, checked.shown)
            return await self._run(call, filled, checked, yes)

    async def request(self, principal: Principal, connection: str, raw: RawRequest) -> Result:
        """Send a raw request through a connection; policy judges it as the strictest action that it amounts to."""
        given = {one.name: value for one in fields(raw) if (value := getattr(raw, one.name)) not in (None, {})}
        async with (
            self._steps.audit.enclose(principal, "request", "unknown", given) as line,
            self._deadline("request"),
        ):
            await self._steps.quotas.use_call(principal)
            require_unicode(given)
            chosen, grant = await self._steps.auth.resolve(principal, connection)
            await self._steps.catalog.settled(chosen.connector)
            connector = self._steps.catalog.connector(chosen.connector).signed_in_by(grant.method)
            call = _Call(principal, connector, chosen, grant, line)
            line.learn(connection_id=chosen.id, connector=chosen.connector)
            check_raw(raw, call.connector)
            judged = judge_raw(call.connector, call.facts, raw)
            line.learn(effect=strongest(judged))
            yes = await self._ask(call, await self._judge(call, judged), "request", given)
            target = await self._target(call)
            await self._before_sending(call, strongest(judged), yes)
            outcome = await self._send(call, target, lambda to: self._steps.executor.send_raw(to, raw), is_raw=True)
            return await self._shape(call, outcome, None)

    async def read_result(
        self, principal: Principal, handle: str, path: str | None, offset: int, limit: int | None
    ) -> Result:
        """Read from the whole of a result that was cut."""
        described = {"result": handle, "path": path, "offset": offset, "limit": limit}
        async with self._steps.audit.enclose(principal, "read_result", Effect.READ, described):
            await self._steps.quotas.use_call(principal)
            return await self._steps.results.read(principal, handle, path, offset, limit)

    async def kept_result(self, principal: Principal, handle: str) -> KeptResult:
        """Return a kept whole or file. Raises `UnknownResult`."""
        async with self._steps.audit.enclose(principal, "read_result", Effect.READ, {"result": handle}):
            await self._steps.quotas.use_call(principal)
            return await self._steps.results.find(principal, handle)

    async def kept_results(self, principal: Principal) -> Sequence[KeptEntry]:
        """Return what is kept for the principal, the newest first."""
        return await self._steps.vault.results.list(principal.workspace_id, principal.user_id, principal.token_id)

    async def callable_actions(self, principal: Principal) -> list[Action]:
        """Return the actions that the principal's connections and policies permit: what the tool list may show."""
        rules = await self._steps.vault.policies.list(principal.workspace_id)
        found: dict[str, Action] = {}
        for connection, _ in await self._steps.auth.list_connections(principal):
            connector = self._steps.catalog.connectors.get(connection.connector)
            for action in connector.actions.values() if connector else ():
                judged = Judged(action.tool, action.effect)
                if decide(rules, principal, judged, connection).verdict is not Verdict.DENY:
                    found[action.tool] = action
        return list(found.values())

    async def permit(
        self, principal: Principal, judged: Judged, arguments: Mapping[str, Any], connection: Connection | None = None
    ) -> None:
        """Step 3 for what is no call to a provider, connecting and disconnecting; a needed yes is spent.

        Raises `PolicyDenied`, `RoleDenied`, `ConfirmationNeeded`.
        """
        rules = await self._steps.vault.policies.list(principal.workspace_id)
        verdict, _ = require(rules, principal, [judged], connection)
        if verdict is Verdict.CONFIRM and connection is not None:
            confirmations = self._steps.confirmations
            yes = await confirmations.require(principal, connection, judged, judged.tool, arguments)
            await confirmations.spend(yes, judged, connection)

    async def count_call(self, principal: Principal) -> None:
        """Count what goes to a provider and is no call of ours. Raises `QuotaExceeded`."""
        await self._steps.quotas.use_call(principal)

    async def denied(self, principal: Principal, *judged: Judged) -> frozenset[str]:
        """Return the names of those of `judged` that the principal may not use, whatever the connection."""
        rules = await self._steps.vault.policies.list(principal.workspace_id)
        return frozenset(one.tool for one in judged if decide(rules, principal, one).verdict is Verdict.DENY)

    async def _choose(
        self, principal: Principal, connector: Connector, name: str | None, action: Action, checked: CheckedArguments
    ) -> tuple[Connection, Grant]:
        """Step 2: the named connection, or the one that fits; with none, the error carries the link that makes one.

        Nobody is to sign in for what stays denied: then that is the error.
        """
        try:
            return await self._steps.auth.choose(principal, connector, name, writes=action.effect is not Effect.READ)
        except ConnectoryError as error:
            if isinstance(error, NotConnected):
                effect = Effect.READ if checked.dry_run else action.effect
                await self.permit(principal, Judged(action.tool, effect), {})
            raise await self._steps.mending.with_link(principal, connector.name, None, error) from None

    async def _judge(self, call: _Call, judged: Sequence[Judged]) -> _Permission:
        """Step 3: what the rules say. Raises `PolicyDenied`, `RoleDenied`."""
        rules = await self._steps.vault.policies.list(call.principal.workspace_id)
        verdict, about = require(rules, call.principal, judged, call.connection)
        return _Permission(verdict is Verdict.CONFIRM, Judged(about.tool, strongest(judged)))

    async def _ask(
        self, call: _Call, permission: _Permission, action: str, arguments: Mapping[str, Any]
    ) -> _Yes | None:
        """Step 3: the person's yes where one is needed. Raises `ConfirmationNeeded`, `PolicyDenied` after a no."""
        if not permission.needs_yes:
            return None
        about, asking = permission.about, self._steps.confirmations
        return _Yes(await asking.require(call.principal, call.connection, about, action, arguments), about)

    async def _target(self, call: _Call, action: Action | None = None) -> Target:
        """Step 4: credentials, fresh; or who puts them in, where the action can go that way."""
        why = why_direct(call.connector, call.grant.method, action.manifest) if action is not None else ""
        try:
            access = await self._steps.auth.access(call.connection, call.grant, direct=bool(why))
        except ConnectoryError as error:
            raise await self._mended(call, _because(error, action, why)) from None
        return call.target(access, self._timeout_s)

    async def _fill(self, call: _Call, action: Action, checked: CheckedArguments) -> _Filled:
        """Put in what handles and cursors stand for. Raises `UnknownResult`, `InvalidCursor`."""
        same = digest(self._digest_key, action.tool, call.connection.id, {**checked.inputs, "limit": checked.limit})
        page = open_cursor(self._steps.vault.keys, checked.cursor, same) if checked.cursor else None
        inputs = await self._steps.files.resolve(call.principal, action.manifest.inputs, checked.inputs)
        return _Filled(action, inputs, Paging(checked.limit, page), same)

    async def _run(self, call: _Call, filled: _Filled, checked: CheckedArguments, yes: _Yes | None) -> Result:
        """Steps 4 to 6 of a declared action."""
        target = await self._target(call, filled.action)
        await self._before_sending(call, filled.action.effect, yes)

        def run(to: Target) -> Awaitable[Outcome]:
            return self._steps.executor.run(to, filled.action, filled.inputs, filled.paging, raw=checked.raw)

        outcome = await self._send(call, target, run, is_raw=False)
        if checked.fields:
            outcome = replace(outcome, value=pick(outcome.value, checked.fields))
        cursor = seal_cursor(self._steps.vault.keys, outcome.next_page, filled.same) if outcome.next_page else None
        return await self._shape(call, outcome, cursor)

    async def _preview(self, call: _Call, action: Action, checked: CheckedArguments) -> Result:
        """Show what the call would send (`dry_run`): it changes nothing, so only what is denied stands against it."""
        call.line.preview()
        await self._judge(call, [Judged(action.tool, Effect.READ)])
        return await self._shape(call, await self._draw(call, await self._fill(call, action, checked)), None)

    async def _draw(self, call: _Call, filled: _Filled) -> Outcome:
        """Build the request without credentials. Raises whatever keeps it from being built."""
        target = call.target(Access(NoCredentials()), self._timeout_s)
        return await self._steps.executor.preview(target, filled.action, filled.inputs, filled.paging)

    async def _require_scopes(self, call: _Call, action: Action) -> None:
        try:
            require_scopes(action, call.connector, call.grant)
        except MissingScope as error:
            raise await self._mended(call, error) from None

    async def _mended(self, call: _Call, error: ConnectoryError) -> ConnectoryError:
        return await self._steps.mending.with_link(call.principal, call.connector.name, call.connection, error)

    async def _before_sending(self, call: _Call, effect: Effect, yes: _Yes | None) -> None:
        """Right before the call is sent: use up the person's yes, and put a write on record."""
        if yes is not None:
            await self._steps.confirmations.spend(yes.confirmation, yes.about, call.connection)
        if effect is not Effect.READ:
            await call.line.start()

    async def _send(self, call: _Call, target: Target, send: Send, *, is_raw: bool) -> Outcome:
        """Step 5; after a 401 once more with other credentials, where there can be any: nothing was done then."""
        try:
            return await self._send_once(call, target, send)
        except ProviderUnauthorized as error:
            call, target = await self._renewed(call, target, error, is_raw=is_raw)
        try:
            return await self._send_once(call, target, send)
        except ProviderUnauthorized as error:
            raise await self._after_401(call, target, error, is_raw=is_raw) from None

    async def _send_once(self, call: _Call, target: Target, send: Send) -> Outcome:
        try:
            return await send(target)
        except (MissingScope, NeedsReconnect) as error:
            raise await self._mended(call, error) from None

    async def _renewed(
        self, call: _Call, target: Target, error: ProviderUnauthorized, *, is_raw: bool
    ) -> tuple[_Call, Target]:
        """Return the call with renewed credentials. Raises what stands against them, else what the 401 means."""
        try:
            access, grant = await self._steps.auth.renew(call.grant)
            if access.route != "direct" and not isinstance(target.credentials, NangoReference):
                access = await self._steps.auth.access(call.connection, grant, direct=True)
        except NeedsReconnect as refusal:
            row = await self._steps.vault.grants.get(call.grant.workspace_id, call.grant.id)
            if row is not None and row.status is GrantStatus.NEEDS_RECONNECT:  # whatever the old token still opens
                raise await self._mended(call, refusal) from None
            raise await self._after_401(call, target, error, is_raw=is_raw) from None
        renewed = replace(call, grant=grant)
        return renewed, renewed.target(access, target.timeout_s)

    async def _after_401(
        self, call: _Call, target: Target, error: ProviderUnauthorized, *, is_raw: bool
    ) -> ConnectoryError:
        """Ask the verify call before the sign-in is called dead: one 401 may be about this request alone.

        Else any member could lock everybody out of a shared connection with one raw request.
        """
        verify = call.connector.verify_of(call.grant.method)
        if verify is None and is_raw:
            return error
        if verify is not None:
            try:
                await self._steps.executor.verify(target)
            except ProviderUnauthorized:
                pass
            except ConnectoryError:  # it could not be asked; the next call will tell
                return error
            else:
                return ProviderForbidden(
                    f"{call.connector.title} takes these credentials, but not for this request (401).",
                    hint="Another kind of key or account may be needed for it; ask the person.",
                )
        await self._steps.auth.mark_needs_reconnect(call.connection, call.grant)
        return await self._mended(call, error)

    async def _shape(self, call: _Call, outcome: Outcome, cursor: str | None) -> Result:
        """Step 6."""
        return await self._steps.results.shape(
            call.principal, call.connection, call.connector.title, outcome, next_cursor=cursor
        )

    def _deadline(self, what: str) -> Deadline:
        return Deadline(self._timeout_s, what)


@dataclass(frozen=True, slots=True)
class _Call:
    """One call under way: who, through which connection, on which audit line."""

    principal: Principal
    connector: Connector
    connection: Connection
    grant: Grant
    line: OpenLine

    @property
    def facts(self) -> Mapping[str, str]:
        """What `{connection.NAME}` stands for."""
        return {**self.grant.facts, "id": self.connection.id}

    def target(self, access: Access, timeout_s: float) -> Target:
        """What an executor needs of it."""
        known = (self.connector, self.grant.method, self.facts, self.connection.hosts)
        return Target(*known, access.credentials, timeout_s, access.hidden)


@dataclass(frozen=True, slots=True)
class _Filled:
    """An action with what its arguments stand for."""

    action: Action
    inputs: Mapping[str, Any]
    paging: Paging
    same: str  # the digest to which cursors of this very call are sealed


@dataclass(frozen=True, slots=True)
class _Permission:
    """What the rules say of a call that they do not deny."""

    needs_yes: bool
    about: Judged  # the reading that the person is asked about


@dataclass(frozen=True, slots=True)
class _Yes:
    """A person's yes that is not spent yet, and what it is about."""

    confirmation: Confirmation
    about: Judged


def _one_name(in_arguments: str | None, beside: str | None) -> str | None:
    """The connection that a call names, among its arguments or beside them."""
    if in_arguments and beside and in_arguments != beside:
        raise InvalidArguments(
            f"Two connections are named: '{beside}', and '{in_arguments}' among the arguments.",
            hint="Name one of them.",
        )
    return in_arguments or beside


def _because(error: ConnectoryError, action: Action | None, why: str) -> ConnectoryError:
    """The same error, with why the credentials themselves were needed where Nango does not give them out."""
    if isinstance(error, NangoRefused) and action is not None and why:
        error.message = f"{action.tool} cannot go through Nango's proxy: {why}. {error.message}"
    return error
