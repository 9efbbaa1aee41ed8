"""A thin client of Nango's public REST API, 0.71.4 (https://nango.dev/docs/reference/backend/http-api).

PyPI's `nango` is an unrelated Django library; Nango's own client is for Node. Every method may raise `NangoUnavailable`
(down, slow, broken, not Nango), `NangoRefused` (key, scope, plan, or the request itself) and `RateLimited`. What is not
there comes back as None or False, since Nango says it in six ways (400, 404, three codes). Tokens are in no text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import SecretStr

from connectory.auth.nango.answers import NangoAnswer
from connectory.auth.nango.calls import TIMEOUT_S, NangoCalls, Sleep
from connectory.auth.nango.catalogue import ProviderCatalogue
from connectory.auth.nango.models import (
    NangoApp,
    NangoConnection,
    NangoIntegration,
    NangoListed,
    NangoProvider,
    NangoSession,
    SessionDefaults,
)
from connectory.auth.nango.refusals import RefreshFailed, refresh_state, sent_along
from connectory.auth.nango.way import CLOUD
from connectory.errors import AlreadyExists, BackendUnavailable, NangoUnavailable
from connectory.net.client import OutboundClient
from connectory.settings import Settings

PAGE = 1000  # connections; Nango gives at most 2000 at a time
MOST_PAGES = 100
NO_SESSION = ("unknown_connect_session_token", "invalid_connect_session_token_format")


class NangoClient:
    """One Nango environment: that of `NANGO_SECRET_KEY` at `NANGO_HOST`. `client` is from `way.open_way_out`."""

    def __init__(
        self,
        client: OutboundClient,
        settings: Settings,
        *,
        timeout_s: float = TIMEOUT_S,
        sleep: Sleep = asyncio.sleep,
        page: int = PAGE,
    ) -> None:
        if settings.nango_secret_key is None:
            raise BackendUnavailable("Nango is not set up here.", hint="Set NANGO_SECRET_KEY.")
        self._host = settings.nango_host
        self._public = settings.nango_public_server_url or settings.nango_host
        self._page = page
        self._calls = NangoCalls(client, self._host, settings.nango_secret_key, timeout_s=timeout_s, sleep=sleep)
        self._catalogue = ProviderCatalogue(self._calls)

    async def providers(self) -> Mapping[str, NangoProvider]:
        """Return Nango's catalogue by name, about a thousand entries; asked for once in an hour."""
        return await self._catalogue.all()

    async def provider(self, name: str) -> NangoProvider | None:
        """Return one entry of the catalogue; None where there is no such provider."""
        return await self._catalogue.one(name)

    async def integrations(self) -> tuple[NangoIntegration, ...]:
        """Return what is configured in the environment, by provider."""
        answer = await self._calls.ask("GET", ("integrations",))
        return answer.good("list its integrations").parse_all(NangoIntegration, "data")

    async def integration(self, key: str, *, with_credentials: bool = False) -> NangoIntegration | None:
        """Return one integration, with the webhook's address; with its OAuth client where that is asked for."""
        query = [("include", "webhook"), *([("include", "credentials")] if with_credentials else [])]
        answer = await self._calls.ask("GET", ("integrations", key), query=query)
        if answer.says(404, "not_found"):
            return None
        return answer.good("show an integration").parse(NangoIntegration, "data")

    async def create_integration(
        self,
        key: str,
        provider: str,
        *,
        display_name: str | None = None,
        app: NangoApp | None = None,
        config: Mapping[str, str] | None = None,
        forward_webhooks: bool = True,
    ) -> NangoIntegration:
        """Make an integration. Raises `AlreadyExists` where the key is taken."""
        body = {
            "provider": provider,
            "unique_key": key,
            "forward_webhooks": forward_webhooks,
            **_integration_parts(display_name, app, config),
        }
        answer = await self._calls.ask("POST", ("integrations",), body=body, hidden=_secrets_of(app))
        if answer.says(400, "invalid_body") and "uniqueKey" in answer.places:
            raise AlreadyExists(
                f"Nango has an integration '{key}' already.", hint="Change that one, or use another key."
            )
        return answer.good(f"make the integration '{key}'").parse(NangoIntegration, "data")

    async def update_integration(
        self,
        key: str,
        *,
        new_key: str | None = None,
        display_name: str | None = None,
        app: NangoApp | None = None,
        config: Mapping[str, str] | None = None,
        forward_webhooks: bool | None = None,
    ) -> NangoIntegration | None:
        """Change what is given of an integration; None where there is no such one. Scopes that are left out stay."""
        changes = {"unique_key": new_key, "forward_webhooks": forward_webhooks}
        body = _integration_parts(display_name, app, config)
        body |= {name: value for name, value in changes.items() if value is not None}
        answer = await self._calls.ask("PATCH", ("integrations", key), body=body, hidden=_secrets_of(app))
        if answer.says(404, "not_found"):
            return None
        return answer.good(f"change the integration '{key}'").parse(NangoIntegration, "data")

    async def delete_integration(self, key: str) -> bool:
        """Delete an integration and all its connections; False where there was none."""
        answer = await self._calls.ask("DELETE", ("integrations", key))
        return not answer.says(404, "not_found") and bool(answer.good("delete an integration"))

    async def create_session(
        self,
        tags: Mapping[str, str],
        allowed: Iterable[str],
        defaults: Mapping[str, SessionDefaults] | None = None,
    ) -> NangoSession:
        """Begin a sign-in: whoever opens the link makes a connection of one of `allowed`, which carries `tags`.

        Nango turns the tags' names into small letters. The session is not used up by a sign-in: delete it. Raises
        `BackendUnavailable` where an integration is not there.
        """
        body = {"tags": dict(tags), "allowed_integrations": list(allowed), **_defaults(defaults)}
        return self._session(await self._calls.ask("POST", ("connect", "sessions"), body=body))

    async def reconnect_session(
        self,
        connection_id: str,
        integration: str,
        *,
        tags: Mapping[str, str],
        defaults: Mapping[str, SessionDefaults] | None = None,
    ) -> NangoSession | None:
        """Begin a sign-in that renews a connection; None where there is no such one.

        It keeps id and metadata; `tags` take the place of those it had. Put a fresh one among them and look for it in
        `connections`: nothing else tells that an OAuth sign-in has happened.
        """
        body = {"connection_id": connection_id, "integration_id": integration, "tags": dict(tags)}
        body |= _defaults(defaults)
        answer = await self._calls.ask("POST", ("connect", "sessions", "reconnect"), body=body)
        if answer.says(400, "invalid_body") and "does not exist" in answer.message:
            return None
        return self._session(answer)

    async def delete_session(self, token: SecretStr) -> None:
        """End a session; one that has ended already is no error."""
        answer = await self._calls.ask("DELETE", ("connect", "session"), token=token)
        if answer.code not in NO_SESSION:
            answer.good("end a connect session")

    async def connections(
        self,
        *,
        tags: Mapping[str, str] | None = None,
        connection_id: str | None = None,
        integration: str | None = None,
    ) -> tuple[NangoListed, ...]:
        """Return all connections that have all of `tags`, newest first, without credentials."""
        narrow = {"connectionId": connection_id, "integrationId": integration}
        query = [(name, value) for name, value in narrow.items() if value is not None]
        query += [(f"tags[{name}]", value) for name, value in (tags or {}).items()]
        found: dict[int, NangoListed] = {}  # one that is made between two pages moves another onto the second again
        for page in range(MOST_PAGES):
            paged = [*query, ("limit", str(self._page)), ("page", str(page))]
            answer = await self._calls.ask("GET", ("connections",), query=paged)
            rows = answer.good("list its connections").parse_all(NangoListed, "connections")
            found |= {row.id: row for row in rows}
            if len(rows) < self._page:
                break
        return tuple(found.values())

    async def connection(
        self, connection_id: str, integration: str, *, force_refresh: bool = False, with_refresh_token: bool = False
    ) -> NangoConnection | None:
        """Return a connection with credentials, which Nango refreshes where they end within 15 minutes.

        None: there is no such connection, or no such integration, in this environment. With a key that lacks the scope
        `read_credentials` they are `Nothing`. `force_refresh` refreshes in any case; if that fails, it hides a good
        token for 30 s. Raises `RefreshFailed`.
        """
        query = _of(integration)
        query += [("force_refresh", "true")] if force_refresh else []
        query += [("refresh_token", "true")] if with_refresh_token else []
        answer = await self._calls.ask("GET", ("connections", connection_id), query=query)
        if _is_absent(answer):
            return None
        if (state := refresh_state(answer)) is not None:
            raise RefreshFailed(state, sent_along(answer))
        return answer.good("give out a connection").parse(NangoConnection)

    async def import_connection(
        self,
        integration: str,
        credentials: Mapping[str, Any],
        *,
        connection_id: str | None = None,
        tags: Mapping[str, str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        connection_config: Mapping[str, Any] | None = None,
    ) -> NangoConnection:
        """Store credentials, of Nango's form, as a connection; of one with the same id what is left out is emptied."""
        given = {
            "connection_id": connection_id,
            "tags": tags,
            "metadata": metadata,
            "connection_config": connection_config,
        }
        body: dict[str, Any] = {"provider_config_key": integration, "credentials": dict(credentials)}
        body |= {name: value for name, value in given.items() if value is not None}
        hidden = [value for name, value in credentials.items() if isinstance(value, str) and name != "type"]
        answer = await self._calls.ask("POST", ("connections",), body=body, hidden=hidden)
        return answer.good("import a connection").parse(NangoConnection)

    async def update_tags(self, connection_id: str, integration: str, tags: Mapping[str, str]) -> bool:
        """Put `tags` in the place of all tags of a connection; False where there is no such one."""
        body = {"tags": dict(tags)}
        answer = await self._calls.ask("PATCH", ("connections", connection_id), query=_of(integration), body=body)
        return not _is_absent(answer) and bool(answer.good("change a connection"))

    async def delete_connection(self, connection_id: str, integration: str) -> bool:
        """Delete a connection; False where there was none. At most providers its tokens stay good until they expire."""
        answer = await self._calls.ask("DELETE", ("connections", connection_id), query=_of(integration))
        return not answer.says(400, "unknown_connection") and bool(answer.good("delete a connection"))

    def _session(self, answer: NangoAnswer) -> NangoSession:
        """The session, its link mended: without `apiURL` the page of a self-hosted Nango would ask Nango's cloud."""
        if answer.says(400, "invalid_body") and any(place.startswith("allowed_") for place in answer.places):
            raise BackendUnavailable(
                "Nango has no such integration.", hint="`connectory nango sync-integrations` makes what is missing."
            )
        session = answer.good("begin a sign-in").parse(NangoSession, "data")
        parts = urlsplit(session.link.get_secret_value())
        if parts.scheme not in ("http", "https"):
            raise NangoUnavailable("Nango gave a link that no browser should open.", hint="Check NANGO_HOST.")
        query = parse_qsl(parts.query)
        if self._host == CLOUD or any(name == "apiURL" for name, _ in query):
            return session
        link = parts._replace(query=urlencode([*query, ("apiURL", self._public)])).geturl()
        return session.model_copy(update={"link": SecretStr(link)})


def _of(integration: str) -> list[tuple[str, str]]:
    return [("provider_config_key", integration)]


def _is_absent(answer: NangoAnswer) -> bool:
    """Whether the connection is not there, or its integration is not: then all of its connections have gone too."""
    return answer.says(404, "not_found") or answer.says(400, "unknown_provider_config")


def _integration_parts(
    display_name: str | None, app: NangoApp | None, config: Mapping[str, str] | None
) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "display_name": display_name,
        "credentials": app.sent() if app is not None else None,
        "integration_config": dict(config) if config else None,
    }
    return {name: value for name, value in parts.items() if value is not None}


def _secrets_of(app: NangoApp | None) -> list[str]:
    found = () if app is None else (app.client_secret, app.webhook_secret, app.private_key)
    return [secret.get_secret_value() for secret in found if secret is not None]


def _defaults(defaults: Mapping[str, SessionDefaults] | None) -> dict[str, Any]:
    sent = {key: values for key, one in (defaults or {}).items() if (values := one.sent())}
    return {"integrations_config_defaults": sent} if sent else {}
