"""The `direct` backend: keys and passwords that a person typed on the connect page, or nothing at all.

They have no expiry that we know and cannot be renewed or withdrawn by us; only the person can, at the provider.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from connectory.auth.backend import (
    Access,
    BackendConfig,
    Done,
    Entry,
    Form,
    MethodForm,
    NewGrant,
    Problem,
    Revocation,
    Step,
)
from connectory.auth.entries import CheckedEntry, check_entry
from connectory.auth.hosts import resolve_hosts
from connectory.auth.kept_here import KeptHere
from connectory.auth.no_callback import NoCallback
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import AuthMethod
from connectory.errors import InvalidPath, NeedsReconnect
from connectory.net.address import HostRule
from connectory.settings import Settings
from connectory.vault.credentials import Credentials, NoCredentials, SecretFields
from connectory.vault.entities import ConnectSession, Grant, WorkspaceId
from connectory.vault.vault import Vault

TITLES = {"api_key": "API key", "basic": "User name and password", "fields": "Credentials", "none": "No sign-in needed"}


class DirectBackend(KeptHere, NoCallback):
    """Serves the methods `api_key`, `basic`, `fields` and `none`."""

    name: ClassVar[str] = "direct"

    def __init__(self, vault: Vault, settings: Settings) -> None:
        self._vault = vault
        self._settings = settings

    async def begin(self, session: ConnectSession, connector: Connector, entry: Entry) -> Step:
        """Turn what was typed into a grant."""
        del session
        forms = _forms(connector)
        method = _methods(connector).get(entry.method)
        if method is None:
            return Form(forms, (_unknown_method(connector),))
        checked, hosts = self._check(connector, method, entry)
        if checked.problems:
            return Form(forms, checked.problems)
        confirmed = entry.private_confirmed and self._settings.is_local
        credentials = _credentials(checked)
        return Done(NewGrant(entry.method, credentials, checked.facts, hosts, private_confirmed=confirmed))

    async def poll(self, session: ConnectSession) -> NewGrant | None:
        """They come at once, or not at all."""
        del session
        return None

    async def access(self, grant: Grant, *, valid_for_s: float, direct: bool = False) -> Access:
        """Return what was typed."""
        del valid_for_s, direct
        return Access(await self._vault.grants.open_credentials(grant))

    async def refresh(self, grant: Grant) -> Access:
        """Typed keys cannot be renewed."""
        raise NeedsReconnect(
            f"The stored key of {grant.family} cannot be renewed by itself.",
            hint="The person must make a new one at the provider and enter it on the connect page.",
        )

    async def revoke(self, grant: Grant) -> Revocation:
        """Only the person can withdraw a key, where it was made."""
        del grant
        return Revocation.NOT_SUPPORTED

    async def configs(self, workspace_id: WorkspaceId, connectors: Sequence[Connector]) -> Mapping[str, BackendConfig]:
        """Return the forms, in the manifests' order."""
        del workspace_id
        forms = {one.name: _forms(one) for one in connectors}
        return {name: BackendConfig(self.name, name, found) for name, found in forms.items() if found}

    def validate(self, connector: Connector, entry: Entry) -> list[Problem]:
        """Check what was typed without asking the provider."""
        method = _methods(connector).get(entry.method)
        return (
            [_unknown_method(connector)] if method is None else list(self._check(connector, method, entry)[0].problems)
        )

    def _check(
        self, connector: Connector, method: AuthMethod, entry: Entry
    ) -> tuple[CheckedEntry, tuple[HostRule, ...]]:
        checked = check_entry(method.fields, entry, self._settings)
        if checked.problems:
            return checked, ()
        confirmed = entry.private_confirmed and self._settings.is_local
        try:
            servers = connector.signed_in_by(entry.method).manifest.servers
            return checked, resolve_hosts(servers, method.fields, checked.facts, private_confirmed=confirmed)
        except InvalidPath as error:
            return CheckedEntry({}, {}, (Problem("", error.text),)), ()


def _methods(connector: Connector) -> dict[str, AuthMethod]:
    if connector.integration is not None:  # what is typed there, Nango's own page asks for
        return {}
    return {name: method for name, method in connector.auth.items() if method.method in TITLES}


def _forms(connector: Connector) -> tuple[MethodForm, ...]:
    return tuple(_form(name, method) for name, method in _methods(connector).items())


def _form(name: str, method: AuthMethod) -> MethodForm:
    return MethodForm(name, method.title or TITLES[method.method], method.help, method.docs, method.fields)


def _unknown_method(connector: Connector) -> Problem:
    return Problem("", f"{connector.title} knows these ways to sign in: {', '.join(_methods(connector))}.")


def _credentials(checked: CheckedEntry) -> Credentials:
    return SecretFields(values=dict(checked.secrets)) if checked.secrets else NoCredentials()
