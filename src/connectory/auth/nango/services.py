"""All that a Nango gives this server, put together once, where `NANGO_SECRET_KEY` is set."""

from __future__ import annotations

from dataclasses import dataclass

from connectory.auth.manager import AuthManager
from connectory.auth.nango.adopting import Adoption
from connectory.auth.nango.backend import NangoBackend
from connectory.auth.nango.client import NangoClient
from connectory.auth.nango.further import FurtherConnectors
from connectory.auth.nango.receiving import NangoWebhooks
from connectory.auth.nango.syncing import IntegrationSync
from connectory.catalog.catalog import Catalog
from connectory.identity.principal import Principal
from connectory.identity.record import Record
from connectory.identity.rights import require_owner
from connectory.settings import Settings
from connectory.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class NangoServices:
    """The client of one environment, and what is made of it."""

    client: NangoClient
    backend: NangoBackend
    webhooks: NangoWebhooks
    adoption: Adoption
    further: FurtherConnectors
    sync: IntegrationSync
    catalog: Catalog

    async def choose(self, principal: Principal, connector: str, integration: str) -> str:
        """Let an integration serve a connector in the principal's workspace; return the way to sign in that it serves.

        Raises `RoleDenied`, `UnknownConnector`, `BackendUnavailable`, and what the client raises.
        """
        require_owner(principal, "choose integrations")
        return await self.backend.integrations.choose(
            principal.workspace_id, self.catalog.connector(connector), integration
        )


def nango_services(
    client: NangoClient,
    backend: NangoBackend,
    auth: AuthManager,
    vault: Vault,
    catalog: Catalog,
    settings: Settings,
    record: Record,
) -> NangoServices:
    """Build what stands on the backend and the AuthManager."""
    webhooks = NangoWebhooks(backend, auth, vault, settings)
    adoption = Adoption(client, backend, auth, vault, catalog, settings)
    further = FurtherConnectors(client, backend.integrations, catalog, vault.grants)
    sync = IntegrationSync(client, backend.integrations, vault, catalog, settings, record)
    return NangoServices(client, backend, webhooks, adoption, further, sync, catalog)
