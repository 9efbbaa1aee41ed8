"""All that a Nango gives this server, put together once, where `NANGO_SECRET_KEY` is set."""

from __future__ import annotations

from dataclasses import dataclass

from connectory.auth.manager import AuthManager
from connectory.auth.nango.adopting import Adoption
from connectory.auth.nango.backend import NangoBackend
from connectory.auth.nango.client import NangoClient
from connectory.auth.nango.further import FurtherConnectors
from connectory.auth.nango.receiving import NangoWebhooks
from connectory.catalog.catalog import Catalog
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


def nango_services(
    client: NangoClient, backend: NangoBackend, auth: AuthManager, vault: Vault, catalog: Catalog, settings: Settings
) -> NangoServices:
    """Build what stands on the backend and the AuthManager."""
    webhooks = NangoWebhooks(backend, auth, vault, settings)
    adoption = Adoption(client, backend, auth, vault, catalog, settings)
    further = FurtherConnectors(client, backend.integrations, catalog, vault.grants)
    return NangoServices(client, backend, webhooks, adoption, further)
