"""The one way of a call, in seven steps (design 2). Each step is a module; this one only puts them in order."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectory.actions.executor import Executor, Outcome, Target
from connectory.actions.raw import RawRequest, check_raw, matching_actions
from connectory.auth.manager import AuthManager
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Action, Connector
from connectory.catalog.manifest import Effect
from connectory.errors import ConnectoryError, ProviderTimeout, ProviderUnauthorized
from connectory.gateway.arguments import ArgumentChecker, CheckedArguments, require_unicode
from connectory.gateway.audit import AuditTrail, OpenLine
from connectory.gateway.confirmations import Confirmations
from connectory.gateway.cursors import digest, open_cursor, seal_cursor
from connectory.gateway.mending import Mending
from connectory.gateway.policy import Judged, Verdict, decide, refusal, strictest
from connectory.gateway.quotas import Quotas
from connectory.gateway.results import Result, Results
from connectory.identity.principal import Principal
from connectory.settings import Settings
from connectory.vault.entities import Connection, Grant
from connectory.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class Steps:
    """What the gateway puts in order; built by the wiring."""

    catalog: Catalog
    vault: Vault
    auth: AuthManager
    executor: Executor
    arguments: ArgumentChecker
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

    async def call_action(
        self, principal: Principal, tool: str, arguments: Mapping[str, Any], *, connection: str | None = None
    ) -> Result:
        """Run the action named `tool`. `connection` may also stand among `arguments`.

        Raises leaves of `ConnectoryError`: `UnknownAction`, `InvalidArguments`, `NotConnected`, `AmbiguousConnection`,
        `PolicyDenied`, `ConfirmationNeeded`, `NeedsReconnect`, `QuotaExceeded` and those of the provider.
        """
        async with self._steps.audit.enclose(principal, tool, "unknown", arguments) as line, self._deadline(tool):
            self._steps.quotas.use_call(principal)
            action = self._steps.catalog.action(tool)
            line.learn(effect=action.effect)
            checked = self._steps.arguments.check(action, arguments)
            connector = self._steps.catalog.connector(action.connector)
            chosen, grant = await self._choose(principal, connector, checked.connection or connection, action.effect)
            line.learn(connection_id=chosen.id)
            judged = Judged(action.tool, action.effect)
            await self._permit(principal, chosen, [judged], tool, checked.shown)
            target = await self._target(principal, connector, chosen, grant)
            return await self._run(principal, line, target, action, checked, chosen, grant)

    async def request(self, principal: Principal, connection: str, raw: RawRequest) -> Result:
        """Send a raw request through a connection; policy judges it as the strictest action that it amounts to."""
        described = {
            "method": raw.method,
            "path": raw.path,
            "query": raw.query,
            "body": raw.body,
            "headers": raw.headers,
        }
        async with (
            self._steps.audit.enclose(principal, "request", "unknown", described) as line,
            self._deadline("request"),
        ):
            self._steps.quotas.use_call(principal)
            require_unicode(described)
            chosen, grant = await self._steps.auth.resolve(principal, connection)
            connector = self._steps.catalog.connector(chosen.connector)
            line.learn(connection_id=chosen.id)
            check_raw(raw, connector)
            judged = _judge_raw(connector, raw)
            effect = max((one.effect for one in judged), key=list(Effect).index)
            line.learn(effect=effect)
            await self._permit(principal, chosen, judged, "request", {**described, "server": raw.server})
            target = await self._target(principal, connector, chosen, grant)
            if effect is not Effect.READ:
                await line.start()
            outcome = await self._send(principal, chosen, grant, self._steps.executor.send_raw(target, raw))
            return await self._steps.results.shape(
                principal, chosen, connector.title, outcome.value, next_cursor=None, is_list=outcome.is_list
            )

    async def read_result(
        self, principal: Principal, handle: str, path: str | None, offset: int, limit: int | None
    ) -> Result:
        """Read from the whole of a result that was cut."""
        described = {"result": handle, "path": path, "offset": offset, "limit": limit}
        async with self._steps.audit.enclose(principal, "read_result", Effect.READ, described):
            self._steps.quotas.use_call(principal)
            return await self._steps.results.read(principal, handle, path, offset, limit)

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

    async def _choose(
        self, principal: Principal, connector: Connector, name: str | None, effect: Effect
    ) -> tuple[Connection, Grant]:
        """Step 2: the named connection, or the one that fits; with none, the error carries the link that makes one."""
        try:
            return await self._steps.auth.choose(principal, connector, name, writes=effect is not Effect.READ)
        except ConnectoryError as error:
            raise await self._steps.mending.with_link(principal, connector.name, None, error) from None

    async def _permit(
        self,
        principal: Principal,
        connection: Connection,
        judged: list[Judged],
        action: str,
        arguments: Mapping[str, Any],
    ) -> None:
        """Step 3. Raises `PolicyDenied`, `RoleDenied` or `ConfirmationNeeded`."""
        rules = await self._steps.vault.policies.list(principal.workspace_id)
        decision = strictest(rules, principal, judged, connection)
        if decision.verdict is Verdict.DENY:
            raise refusal(decision, principal, judged[0])
        if decision.verdict is Verdict.CONFIRM:
            await self._steps.confirmations.require(principal, connection, judged[0], action, arguments)

    async def _target(self, principal: Principal, connector: Connector, connection: Connection, grant: Grant) -> Target:
        """Step 4: credentials, fresh."""
        try:
            access = await self._steps.auth.access(connection, grant)
        except ConnectoryError as error:
            raise await self._steps.mending.with_link(principal, connector.name, connection, error) from None
        facts = {**grant.facts, "id": connection.id}
        return Target(connector, grant.method, facts, connection.hosts, access.credentials, self._timeout_s)

    async def _run(
        self,
        principal: Principal,
        line: OpenLine,
        target: Target,
        action: Action,
        checked: CheckedArguments,
        connection: Connection,
        grant: Grant,
    ) -> Result:
        """Steps 5 and 6."""
        keys = self._steps.vault.keys
        call = digest(action.tool, connection.id, {**checked.inputs, "limit": checked.limit})
        page = open_cursor(keys, checked.cursor, call) if checked.cursor else None
        if action.effect is not Effect.READ:
            await line.start()
        sending = self._steps.executor.run(target, action, checked.inputs, checked.limit, page)
        outcome = await self._send(principal, connection, grant, sending)
        cursor = seal_cursor(keys, outcome.next_page, call) if outcome.next_page else None
        return await self._steps.results.shape(
            principal, connection, target.connector.title, outcome.value, next_cursor=cursor, is_list=outcome.is_list
        )

    async def _send(self, principal: Principal, connection: Connection, grant: Grant, sending: Any) -> Outcome:
        """Step 5; a 401 marks the grant, and the error carries the link that mends it."""
        try:
            outcome: Outcome = await sending
        except ProviderUnauthorized as error:
            await self._steps.auth.mark_needs_reconnect(connection, grant)
            raise await self._steps.mending.with_link(principal, connection.connector, connection, error) from None
        return outcome

    def _deadline(self, what: str) -> Deadline:
        return Deadline(self._timeout_s, what)


class Deadline:
    """`asyncio.timeout` with an error an agent can act on."""

    def __init__(self, timeout_s: float, what: str) -> None:
        self._timeout = asyncio.timeout(timeout_s)
        self._timeout_s, self._what = timeout_s, what

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            raise ProviderTimeout(
                f"{self._what} took longer than {self._timeout_s:.0f} s and was stopped.",
                hint="Ask for less at a time; if it was a write, check first whether it was done.",
            ) from None


def _judge_raw(connector: Connector, raw: RawRequest) -> list[Judged]:
    """A raw request is each action it matches, else `{connector}_request`: a write unless GET or HEAD (design 2)."""
    matching = [Judged(action.tool, action.effect) for action in matching_actions(connector, raw)]
    if matching:
        return matching
    effect = Effect.READ if raw.method.upper() in ("GET", "HEAD") else Effect.WRITE
    return [Judged(f"{connector.name.replace('-', '_')}_request", effect)]
