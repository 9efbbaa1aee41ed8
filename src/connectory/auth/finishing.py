"""From credentials to stored connections: choose, prove, ask where it is another account, store (design 5.3).

Nothing is kept before the provider has accepted it, and the provider is asked outside any transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from connectory.auth.accounts import ConnectedAccounts
from connectory.auth.backend import Account, Connected, ListOptions, NewGrant, Option, Problem, Question, Verify
from connectory.auth.choice import BackendChoice
from connectory.auth.connections import describe_account
from connectory.auth.members import Failed, Member, Proven, hosts_of_choice, members_of, prove, told_facts
from connectory.auth.sessions import link_is_spent
from connectory.auth.withdrawing import Withdrawing
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import OAuth2Method
from connectory.errors import CannotDecrypt, SignInFailed
from connectory.identity.record import OpenRecord
from connectory.settings import Settings
from connectory.vault.credentials import OAuthTokens
from connectory.vault.entities import ConnectSession, FinishedSignIn, Grant, GrantId, StoredGrant
from connectory.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Credentials that are not proven yet. `used` is the grant that holds them already."""

    new: NewGrant
    backend: str
    used: GrantId | None = None
    options: tuple[Option, ...] = ()  # found by an earlier try


@dataclass(frozen=True, slots=True)
class Answers:
    """What the person has said to questions about the credentials."""

    chosen: str | None = None
    account_change_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands against storing a sign-in, and the sign-in as far as it has come: a choice is not asked for twice."""

    question: Question
    signed_in: SignedIn


class Finishing:
    """The last part of every sign-in."""

    def __init__(
        self,
        vault: Vault,
        catalog: Catalog,
        settings: Settings,
        accounts: ConnectedAccounts,
        verify: Verify,
        list_options: ListOptions,
        choice: BackendChoice,
        withdrawing: Withdrawing,
    ) -> None:
        self._vault = vault
        self._catalog = catalog
        self._settings = settings
        self._accounts = accounts
        self._verify = verify
        self._list_options = list_options
        self._choice = choice
        self._withdrawing = withdrawing

    async def finish(
        self, current: ConnectSession, signed_in: SignedIn, answers: Answers, line: OpenRecord
    ) -> Asked | Connected:
        """Store the sign-in, or return what stands against it: options, or problems.

        Raises `SignInFailed` where there is nothing to choose from, `SessionExpired`, leaves of `ProviderError`.
        """
        connector = self._catalog.connector(current.connector)
        signed_in = await self._choose(connector, await self._opened(connector, signed_in), answers.chosen)
        if signed_in.options:
            return Asked(Question(signed_in.options), signed_in)
        members = await self._members(current, connector)
        found = await self._prove(members, signed_in)
        asked = [one for one in found if isinstance(one, Proven)]
        if not asked:
            return Asked(Question((), _problems([one for one in found if isinstance(one, Failed)])), signed_in)
        renewed = next((one.member.grant for one in asked if one.member.grant), None)
        grant_id = signed_in.used or (renewed.id if renewed is not None else None)
        if signed_in.used is None and grant_id is not None:
            found += await self._prove(await self._going_along(current, members, grant_id), signed_in)
        proven = [one for one in found if isinstance(one, Proven)]
        problem = _account_problem(proven)
        if problem is not None and not answers.account_change_confirmed:
            return Asked(Question((), (problem,)), signed_in)
        line.learn(connection_id=asked[0].use.connection_id, connector=asked[0].use.connector)
        await line.start()
        left_out = tuple(one.sentence for one in found if isinstance(one, Failed))
        account = _account(proven)
        if problem is None:
            signed_in = await self._with_refresh_token(signed_in, asked[0].member.grant)
        stored = _finished(connector, signed_in, grant_id, proven, account, left_out)
        done = await self._vault.sessions.finish(current, stored)
        await self._withdrawing.all(done.unused)
        if renewed is not None and signed_in.used is None:
            await self._withdrawing.replaced(renewed)
        return Connected(done.connections[0], account, connector, done.connections[1 : len(asked)], left_out)

    async def _opened(self, connector: Connector, signed_in: SignedIn) -> SignedIn:
        """Get at what is sent, where that is not what is stored; a sign-in that was held does not know it any more."""
        if signed_in.used is not None:
            return signed_in
        access = await self._choice.named(signed_in.backend).access_new(connector, signed_in.new)
        return replace(signed_in, new=replace(signed_in.new, access=access))

    async def _choose(self, connector: Connector, signed_in: SignedIn, chosen: str | None) -> SignedIn:
        """Put in the facts of what the sign-in gives access to; with `options` where the person must choose."""
        method, new = connector.auth.get(signed_in.new.method), signed_in.new
        if not isinstance(method, OAuth2Method) or method.choose is None or signed_in.used is not None:
            return signed_in
        if all(name in new.facts for name, fact in method.facts.items() if fact.chosen is not None):
            return signed_in  # it was chosen before another question
        options = signed_in.options or await self._listed(connector, new)
        if not options:
            raise SignInFailed(
                f"This account has access to nothing at {connector.title} that could be connected.",
                hint="Sign in with another account, or let it in there first.",
            )
        fitting = [one for one in options if len(options) == 1 or one.id == chosen]
        if not fitting:
            return replace(signed_in, options=options)
        from connectory.auth.oauth.facts import from_choice

        facts = {**new.facts, **from_choice(method, fitting[0].facts)}
        return replace(signed_in, new=replace(new, facts=facts), options=())

    async def _listed(self, connector: Connector, new: NewGrant) -> tuple[Option, ...]:
        hosts = hosts_of_choice(connector, new.method, new.facts)
        return tuple(await self._list_options(connector, replace(new, hosts=hosts)))

    async def _prove(self, members: Sequence[Member], signed_in: SignedIn) -> list[Proven | Failed]:
        confirmed = signed_in.new.private_confirmed
        return await prove(members, signed_in.new, self._verify, self._settings, private_confirmed=confirmed)

    async def _with_refresh_token(self, signed_in: SignedIn, old: Grant | None) -> SignedIn:
        """Some give a refresh token on the first consent only (Google): the account's older one is kept."""
        new = signed_in.new.credentials
        if old is None or not isinstance(new, OAuthTokens) or new.refresh_token or new.entered:
            return signed_in
        try:
            had = await self._vault.grants.open_credentials(old)
        except CannotDecrypt:
            return signed_in
        if not isinstance(had, OAuthTokens) or had.refresh_token is None or old.client_id != signed_in.new.client_id:
            return signed_in
        kept = new.model_copy(update={"refresh_token": had.refresh_token})
        return replace(signed_in, new=replace(signed_in.new, credentials=kept))

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
    connector: Connector,
    signed_in: SignedIn,
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
        backend=signed_in.backend,
        connector=family,  # the one that is called like the family has the `auth`
        method=new.method,
        family=family,
        account_id=account.id,
        account_name=account.name,
        credentials=new.credentials,
        facts={**told, **new.facts},
        scopes=scopes or new.scopes,
        expires_at=new.expires_at,
        client_id=new.client_id,
    )
    return FinishedSignIn(uses, stored, grant_id, problem=problem)
