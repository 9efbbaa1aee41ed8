"""From what the person entered to a stored connection: bind, begin, verify, store (design 5.6).

Nothing is kept before the provider has accepted it, and the provider is asked outside any transaction.
"""

from __future__ import annotations

from dataclasses import replace

from connectory.auth.backend import Account, Connected, Done, Entry, Form, NewGrant, Problem, Step, Verify
from connectory.auth.choice import BackendChoice
from connectory.auth.connections import describe_account
from connectory.auth.entries import private_address_problem
from connectory.auth.sessions import ConnectSessions, link_is_spent
from connectory.catalog.catalog import Catalog
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Effect
from connectory.errors import (
    AddressRefused,
    BackendUnavailable,
    BadInput,
    ConnectoryError,
    ProviderError,
    ProviderUnauthorized,
    Refused,
    RoleDenied,
)
from connectory.identity.principal import Principal
from connectory.identity.record import OpenRecord, Record
from connectory.settings import Settings
from connectory.vault.entities import Connection, ConnectSession, Role, StoredGrant
from connectory.vault.vault import Vault

MAX_ACCOUNT_TEXT = 500  # characters
NOT_SIGNED_IN = "sign_in_incomplete"  # in the audit: the form came back, with what is wrong or missing


class SignIn:
    """The steps that a browser, or a terminal, takes through one connect session."""

    def __init__(
        self,
        vault: Vault,
        catalog: Catalog,
        settings: Settings,
        choice: BackendChoice,
        sessions: ConnectSessions,
        verify: Verify,
        record: Record,
    ) -> None:
        self._vault = vault
        self._catalog = catalog
        self._settings = settings
        self._choice = choice
        self._sessions = sessions
        self._verify = verify
        self._record = record

    async def first_step(self, session: ConnectSession) -> Step:
        """Return what to show first. Raises `BackendUnavailable`, `UnknownConnector`."""
        return await self._choice.named(session.backend).begin(session, None)

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
        existing = await self._existing(current)
        connector = self._catalog.connector(current.connector)
        step = await self._choice.named(current.backend).begin(current, entry)
        if isinstance(step, Form):
            return step
        if not isinstance(step, Done):
            raise BackendUnavailable(
                f"{connector.title} is not signed in to by typing.", hint="Open the connect link again."
            )
        new = replace(step.grant, connection_id=existing.id) if existing else step.grant
        try:
            account = _cut(await self._verify(connector, new))
        except (BadInput, ProviderError, Refused) as error:
            return await self._form_again(current, self._verify_problem(connector, new, error))
        problem = await self._account_problem(connector, existing, new, account)
        if problem is not None and not entry.account_change_confirmed:
            return await self._form_again(current, problem)
        line.learn(connection_id=new.connection_id)
        await line.start()
        connection = await self._vault.sessions.finish(current, _stored(current, connector, new, account))
        return Connected(connection, account, connector)

    async def _existing(self, session: ConnectSession) -> Connection | None:
        if session.connection_id is None:
            return None
        existing = await self._vault.connections.get(session.workspace_id, session.connection_id)
        if existing is None:  # disconnected since
            raise link_is_spent()
        return existing

    async def _form_again(self, session: ConnectSession, problem: Problem) -> Form:
        first = await self.first_step(session)
        return Form(first.methods if isinstance(first, Form) else (), (problem,))

    def _verify_problem(self, connector: Connector, new: NewGrant, error: ConnectoryError) -> Problem:
        """Say whose fault it was that the credentials could not be proven."""
        fields = connector.auth[new.method].fields
        typed = next((name for name, field in fields.items() if field.is_origin), None)
        if isinstance(error, AddressRefused) and typed is not None:
            can_confirm = not any(host.private_confirmed for host in new.hosts)
            return private_address_problem(typed, self._settings) if can_confirm else Problem(typed, error.text)
        if isinstance(error, ProviderUnauthorized):
            return Problem(
                "", f"{connector.title} did not accept this. Check that it is complete, valid and not revoked."
            )
        return Problem("", f"It could not be checked with {connector.title}: {error.text}")

    async def _account_problem(
        self, connector: Connector, existing: Connection | None, new: NewGrant, account: Account
    ) -> Problem | None:
        """Another account, or another server, under the old name must be meant (design 5.3)."""
        if existing is None:
            return None
        grant = await self._vault.grants.get(existing.workspace_id, existing.grant_id)
        if grant is None:
            raise link_is_spent()
        servers = {host.origin for host in existing.hosts} != {host.origin for host in new.hosts}
        accounts = grant.account_id is not None and grant.account_id != account.id
        if not servers and not accounts:
            return None
        entered = account.name or account.id or "another account"
        what = f"This belongs to {entered}" + (" on another server" if servers else "")
        return Problem(
            "",
            f"{what}, but {existing.name} has been {connector.title} account {describe_account(grant)} so far."
            " Confirm the change, or connect the other account under an alias of its own.",
            "account_change_confirmed",
        )


def _check_role(role: Role | None, session: ConnectSession) -> None:
    """A link outlives the moment it was asked for; the right to it does not."""
    is_shared = session.owner == session.workspace_id
    if role is not Role.OWNER and (role is not Role.MEMBER or is_shared):
        raise RoleDenied(
            "Whoever asked for this link may not connect accounts in this workspace any more.",
            hint="An owner of the workspace can change the role.",
        )


def _cut(account: Account) -> Account:
    """A provider may say anything: an account's id and name are kept to a length that can be stored and shown."""
    return replace(
        account, id=account.id and account.id[:MAX_ACCOUNT_TEXT], name=account.name and account.name[:MAX_ACCOUNT_TEXT]
    )


def _stored(session: ConnectSession, connector: Connector, new: NewGrant, account: Account) -> StoredGrant:
    return StoredGrant(
        backend=session.backend,
        method=new.method,
        family=connector.manifest.auth_family,
        account_id=account.id,
        account_name=account.name,
        credentials=new.credentials,
        facts=new.facts,
        scopes=account.scopes or new.scopes,
        expires_at=new.expires_at,
        hosts=new.hosts,
        connection_id=new.connection_id,
    )
