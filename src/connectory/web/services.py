"""What the pages use: handed in by the wiring, so that the web room builds nothing of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectory.auth.changes import ConnectionChanges
from connectory.auth.connections import Connections
from connectory.auth.manager import AuthManager
from connectory.auth.oauth.apps import OAuthApps
from connectory.auth.oauth.clients import OAuthClients
from connectory.catalog.catalog import Catalog
from connectory.gateway.accounts import Accounts
from connectory.gateway.audit import AuditTrail
from connectory.gateway.confirmations import Confirmations
from connectory.gateway.drafts import DraftTrials
from connectory.gateway.gateway import Gateway
from connectory.identity.activity import Activity
from connectory.identity.custom_connectors import CustomConnectors
from connectory.identity.policies import Policies
from connectory.identity.tokens import Tokens
from connectory.identity.web_sessions import WebSessions
from connectory.identity.workspaces import Workspaces
from connectory.settings import Settings
from connectory.vault.clock import Clock, utc_now
from connectory.vault.vault import Vault

if TYPE_CHECKING:
    from connectory.auth.nango.receiving import NangoWebhooks
    from connectory.auth.openid.sign_in import OpenIdSignIn


@dataclass(frozen=True, slots=True)
class WebServices:
    """Everything behind the pages."""

    settings: Settings
    catalog: Catalog
    vault: Vault
    auth: AuthManager
    gateway: Gateway
    tokens: Tokens
    web_sessions: WebSessions
    workspaces: Workspaces
    policies: Policies
    audit: AuditTrail
    activity: Activity
    custom_connectors: CustomConnectors
    drafts: DraftTrials
    confirmations: Confirmations
    oauth_apps: OAuthApps
    clients: OAuthClients
    nango: NangoWebhooks | None = None  # where there is a Nango
    openid: OpenIdSignIn | None = None  # where people sign in at an issuer of their own
    now: Clock = utc_now
    command: str = "connectory"  # by which a person on this machine starts this program: mostly a full path

    @property
    def accounts(self) -> Accounts:
        """Connecting and disconnecting, by the policies and on record."""
        return Accounts(self.gateway, self.auth, self.audit)

    @property
    def changes(self) -> ConnectionChanges:
        """Renaming and labelling a connection, on record."""
        return ConnectionChanges(self.vault.connections, Connections(self.vault, self.catalog), self.audit.enclose)
