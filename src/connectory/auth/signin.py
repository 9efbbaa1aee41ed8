"""From what the person entered to stored connections: bind, begin, verify, store (design 5.6).

Nothing is kept before the provider has accepted it, and the provider is asked outside any transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from connectory.auth.accounts import ConnectedAccounts
from connectory.auth.backend import Account, Connected, Done, Entry, Form, NewGrant, Problem, Step, Verify
from connectory.auth.choice import BackendChoice
from connectory.auth.connections import describe_account
from connectory.auth.members import Failed, Member, Proven, members_of, prove, told_facts
from connectory.auth.sessions import ConnectSessions, link_is_spent
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Effect
from connectory.errors import AccessNeeded, BackendUnavailable, ProviderError, RoleDenied, SetupError
from connectory.identity.principal import Principal
from connectory.identity.record import OpenRecord, Record
from connectory.settings import Settings
from connectory.vault.entities import ConnectSession, FinishedSignIn, Grant, GrantId, Role, StoredGrant
from connectory.vault.vault import Vault

NOT_SIGNED_IN = "sign_in_incomplete"  # in the audit: the form came back, with what is wrong or missing
Withdraw = Callable[[Sequence[Grant]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _SignedIn:
    """Credentials that are not proven yet. `used` is the grant that holds them already."""

    new: NewGrant
    private_confirmed: bool
    used: GrantId | None = None


class SignIn:
    """The steps that a browser, or a terminal, takes through one connect session."""

    def __init__(
        self,
        vault: Vault,
        catalog: Catalog,
        settings: Settings,
        choice: BackendChoice,
        sessions: ConnectSessions,
        accounts: ConnectedAccounts,
        verify: Verify,
        withdraw: Withdraw,
        record: Record,
    ) -> None:
        self._vault = vault
        self._catalog = catalog
        self._settings = settings
        self._choice = choice
        self._sessions = sessions
        self._accounts = accounts
        self._verify = verify
        self._withdraw = withdraw
        self._record = record

    async def first_step(self, session: ConnectSession) -> Step:
        """Return what to show first. Raises `BackendUnavailable`, `UnknownConnector`."""
        return await self._with_accounts(session, await self._choice.named(session.backend).begin(session, None))

    async def submit(self, session: ConnectSession, browser: str, entry: Entry) -> Form | Connected:
        """Take an entry from the browser that holds the session; the form comes back while something is wrong.

        Raises `SessionExpired`, `RoleDenied` where the person's role was taken meanwhile, `BackendUnavailable`.
        """
        current = await self._sessions.bind(session, browser)
        role = await self._vault.workspaces.role_of(current.workspace_id, current.user_id)
        acting = Principal(current.workspace_id, current.user_id, role or Role.VIEWER)
        asked = {"connector": current.connector, "alias": current.alias, "method": entry.method}  # nothing typed
        async with self._record(acting, "sign_in", Effect.WRITE, asked) as line:
            _check_role(role, current)
            step = await self._sign_in(current, entry, line)
            if isinstance(step, Form):
                line.refuse(NOT_SIGNED_IN)
            return step

    async def _sign_in(self, current: ConnectSession, entry: Entry, line: OpenRecord) -> Form | Connected:
        connector = self._catalog.connector(current.connector)
        members = await self._members(current, connector)
        signed_in = await self._begin(current, entry)
        if isinstance(signed_in, Form):
            return signed_in
        found = await self._prove(members, signed_in)
        asked = [one for one in found if isinstance(one, Proven)]
        if not asked:
            return await self._form_again(current, _problems([one for one in found if isinstance(one, Failed)]))
        grant_id = signed_in.used or next((one.member.grant.id for one in asked if one.member.grant), None)
        if signed_in.used is None and grant_id is not None:
            found += await self._prove(await self._going_along(current, members, grant_id), signed_in)
        proven = [one for one in found if isinstance(one, Proven)]
        problem = _account_problem(proven)
        if problem is not None and not entry.account_change_confirmed:
            return await self._form_again(current, (problem,))
        line.learn(connection_id=asked[0].use.connection_id)
        await line.start()
        left_out = tuple(one.sentence for one in found if isinstance(one, Failed))
        account = _account(proven)
        stored = _finished(current, connector, signed_in, grant_id, proven, account, left_out)
        done = await self._vault.sessions.finish(current, stored)
        await self._withdraw(done.unused)
        return Connected(done.connections[0], account, connector, done.connections[1 : len(asked)], left_out)

    async def _prove(self, members: Sequence[Member], signed_in: _SignedIn) -> list[Proven | Failed]:
        confirmed = signed_in.private_confirmed
        return await prove(members, signed_in.new, self._verify, self._settings, private_confirmed=confirmed)

    async def _begin(self, current: ConnectSession, entry: Entry) -> _SignedIn | Form:
        """What was typed, checked by the backend; or an account that is connected already."""
        if entry.grant_id is not None:
            try:
                new, is_private = await self._accounts.use(current, entry.grant_id)
            except (AccessNeeded, SetupError, ProviderError) as error:
                return await self._form_again(current, (Problem("", error.text),))
            return _SignedIn(new, is_private, entry.grant_id)
        step = await self._choice.named(current.backend).begin(current, entry)
        step = await self._with_accounts(current, step)
        if isinstance(step, Form):
            return step
        if not isinstance(step, Done):
            title = self._catalog.connector(current.connector).title
            raise BackendUnavailable(f"{title} is not signed in to by typing.", hint="Open the connect link again.")
        return _SignedIn(step.grant, entry.private_confirmed and self._settings.is_local)

    async def _members(self, session: ConnectSession, connector: Connector) -> list[Member]:
        """What is to be connected, with the connections that are there: the renewed one, or those of a bundle."""
        found = await self._accounts.owned(session)
        if connector.manifest.is_bundle:
            there = {row.connector: (row, grant) for row, grant in found if row.alias == session.alias}
            bundled = members_of(self._catalog, connector)
            return [Member(one, *there.get(one.name, (None, None))) for one in bundled]
        if session.connection_id is None:
            return [Member(connector)]
        existing = next(((row, grant) for row, grant in found if row.id == session.connection_id), None)
        if existing is None:  # disconnected since
            raise link_is_spent()
        return [Member(connector, *existing)]

    async def _going_along(self, session: ConnectSession, members: Sequence[Member], grant_id: GrantId) -> list[Member]:
        """The other connections on the grant that is renewed: the new credentials are for them too."""
        named = {one.existing.id for one in members if one.existing}
        return [
            Member(self._catalog.connector(row.connector), row, grant, goes_along=True)
            for row, grant in await self._accounts.owned(session)
            if grant.id == grant_id and row.id not in named and row.connector in self._catalog.connectors
        ]

    async def _with_accounts(self, session: ConnectSession, step: Step) -> Step:
        return replace(step, accounts=await self._accounts.offered(session)) if isinstance(step, Form) else step

    async def _form_again(self, session: ConnectSession, problems: tuple[Problem, ...]) -> Form:
        first = await self.first_step(session)
        return replace(first, problems=problems) if isinstance(first, Form) else Form((), problems)


def _check_role(role: Role | None, session: ConnectSession) -> None:
    """A link outlives the moment it was asked for; the right to it does not."""
    is_shared = session.owner == session.workspace_id
    if role is not Role.OWNER and (role is not Role.MEMBER or is_shared):
        raise RoleDenied(
            "Whoever asked for this link may not connect accounts in this workspace any more.",
            hint="An owner of the workspace can change the role.",
        )


def _problems(failed: Sequence[Failed]) -> tuple[Problem, ...]:
    """Why nothing was connected; each said of its connector where there are several."""
    asked = [one for one in failed if not one.member.goes_along]
    if len(asked) == 1:
        return (asked[0].problem,)
    return tuple(replace(one.problem, message=one.sentence) for one in asked)


def _account_problem(proven: Sequence[Proven]) -> Problem | None:
    """Another account, or another server, under an old name must be meant (design 5.3).

    Members of a family may name the same account each in its own way: one that is named as before is enough.
    """
    ids = {one.account.id for one in proven}
    for one in proven:
        existing, grant = one.member.existing, one.member.grant
        if existing is None or grant is None or one.member.goes_along:
            continue
        servers = {host.origin for host in existing.hosts} != {host.origin for host in one.use.hosts}
        if not servers and (grant.account_id is None or grant.account_id in ids):
            continue
        entered = one.account.name or one.account.id or "another account"
        what = f"This belongs to {entered}" + (" on another server" if servers else "")
        return Problem(
            "",
            f"{what}, but {existing.name} has been {one.member.connector.title} account {describe_account(grant)} so"
            " far. Confirm the change, or connect the other account under an alias of its own.",
            "account_change_confirmed",
        )
    return None


def _account(proven: Sequence[Proven]) -> Account:
    """Whose sign-in it is: as the grant has known the account, else as the first connector names it."""
    known = {one.member.grant.account_id for one in proven if one.member.grant}
    same = [one.account for one in proven if one.account.id is not None and one.account.id in known]
    return (same or [one.account for one in proven])[0]


def _finished(
    session: ConnectSession,
    connector: Connector,
    signed_in: _SignedIn,
    grant_id: GrantId | None,
    proven: Sequence[Proven],
    account: Account,
    left_out: Sequence[str],
) -> FinishedSignIn:
    new, told = signed_in.new, told_facts(proven, signed_in.new)
    scopes = next((one.account.scopes for one in proven if one.account.scopes), ())
    uses, problem = tuple(one.use for one in proven), " ".join(left_out) or None
    if signed_in.used is not None:
        return FinishedSignIn(uses, grant_id=grant_id, facts=told, scopes=scopes, problem=problem)
    family = connector.manifest.auth_family
    stored = StoredGrant(
        backend=session.backend,
        connector=family,  # the one that is called like the family has the `auth`
        method=new.method,
        family=family,
        account_id=account.id,
        account_name=account.name,
        credentials=new.credentials,
        facts={**told, **new.facts},
        scopes=scopes or new.scopes,
        expires_at=new.expires_at,
    )
    return FinishedSignIn(uses, stored, grant_id, problem=problem)
