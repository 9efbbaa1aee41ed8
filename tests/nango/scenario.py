"""A conversation with a Nango server that needs no provider which answers.

Its keys are of providers that Nango does not try, its tokens have no refresh token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from tests.nango.talking import JSON, NO_TOKEN, Step

OAUTH2 = {"type": "OAUTH2", "client_id": "an-id", "client_secret": "a-secret", "scopes": "repo,read:user"}
TOKEN = {"type": "OAUTH2", "access_token": "an-access-token", "refresh_token": "a-refresh-token"}
ENDLESS = {"type": "OAUTH2", "access_token": "an-access-token", "expires_at": "2000-01-01T00:00:00.000Z"}
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def conversation() -> dict[str, list[Step]]:
    """All steps, in order, by subject; a later one needs what the earlier ones made."""
    return {
        "authentication": list(_authentication()),
        "integrations": list(_integrations()),
        "sessions": list(_sessions()),
        "imports": list(_imports()),
        "connections": list(_connections()),
        "proxy": list(_proxy()),
        "clearing": list(_clearing()),
    }


def _authentication() -> Iterator[Step]:
    yield Step("health", "GET", "/health", auth=None)
    yield Step("401-without-a-key", "GET", "/integrations", auth=None)
    yield Step("401-no-uuid", "GET", "/integrations", auth="Bearer not-a-key")
    yield Step("401-small-bearer", "GET", "/integrations", auth="bearer {key}")
    yield Step("401-unknown-key", "GET", "/integrations", auth=f"Bearer {UNKNOWN}")
    yield Step("401-no-session", "GET", "/connect/session", auth=f"Bearer {NO_TOKEN}")
    yield Step("401-no-token", "DELETE", "/connect/session", auth="Bearer {key}")
    yield Step("415", "POST", "/integrations", b"a=b", headers={"content-type": "text/plain"})
    yield Step("400-no-json", "POST", "/integrations", b"{", headers=JSON)
    yield Step("400-no-body", "POST", "/integrations")
    yield Step("404-unknown-provider", "GET", "/providers/no-such-provider")
    yield Step("400-query-where-none-is", "GET", "/integrations?a=b")


def _integrations() -> Iterator[Step]:
    made = {"provider": "github", "unique_key": "{prefix}github", "credentials": OAUTH2}
    yield Step("integration-created", "POST", "/integrations", {**made, "display_name": "Our GitHub"})
    yield Step("integration-key-taken", "POST", "/integrations", made)
    yield Step("integration-of-no-provider", "POST", "/integrations", {**made, "provider": "no-such-provider"})
    other = {"provider": "github", "unique_key": "{prefix}other"}
    yield Step("integration-without-credentials", "POST", "/integrations", other)
    wrong = {**other, "credentials": {**OAUTH2, "type": "OAUTH1"}}
    yield Step("integration-with-wrong-credentials", "POST", "/integrations", wrong)
    yield Step("integration-with-unknown-keys", "POST", "/integrations", {**made, "extra": 1, "more": 2})
    deep = {**other, "credentials": {**OAUTH2, "extra": 1}}
    yield Step("integration-with-unknown-key-inside", "POST", "/integrations", deep)
    yield Step(
        "integration-with-bad-scopes", "POST", "/integrations", {**other, "credentials": {**OAUTH2, "scopes": "a b"}}
    )
    yield Step("integration-read", "GET", "/integrations/{prefix}github")
    query = "?include=credentials&include=webhook"
    yield Step("integration-read-with-all", "GET", f"/integrations/{{prefix}}github{query}")
    yield Step("integration-include-unknown", "GET", "/integrations/{prefix}github?include=tokens")
    yield Step("integration-absent", "GET", "/integrations/{prefix}absent")
    change = {"display_name": "Changed", "credentials": {"type": "OAUTH2", "client_id": "b", "client_secret": "c"}}
    yield Step("integration-changed", "PATCH", "/integrations/{prefix}github", change)
    yield Step("integration-keeps-its-scopes", "GET", "/integrations/{prefix}github?include=credentials")
    yield Step("integration-change-of-absent", "PATCH", "/integrations/{prefix}absent", {"display_name": "x"})
    plain = {"key": "exa", "basic": "mixpanel", "cc": "domo", "none": "unauthenticated"}
    body: dict[str, Any]
    for name, provider in plain.items():
        body = {"provider": provider, "unique_key": f"{{prefix}}{name}"}
        yield Step(f"integration-of-{name}", "POST", "/integrations", body)
    oauth1 = {"type": "OAUTH1", "client_id": "an-id", "client_secret": "a-secret"}
    body = {"provider": "twitter", "unique_key": "{prefix}oauth1", "credentials": oauth1}
    yield Step("integration-of-oauth1", "POST", "/integrations", body)
    body = {"provider": "netsuite-tba", "unique_key": "{prefix}tba", "credentials": {**oauth1, "type": "TBA"}}
    yield Step("integration-of-tba", "POST", "/integrations", body)
    tested = {"provider": "github-pat", "unique_key": "{prefix}tested"}
    yield Step("integration-of-tested", "POST", "/integrations", tested)
    yield Step("integration-key-of-no-use", "PATCH", "/integrations/{prefix}key", {"credentials": OAUTH2})
    yield Step("integration-key-into-taken", "PATCH", "/integrations/{prefix}key", {"unique_key": "{prefix}basic"})


def _sessions() -> Iterator[Step]:
    tags = {"Workspace": "ws_1", "connect.session": "cs_1"}
    body = {"tags": tags, "allowed_integrations": ["{prefix}key", "{prefix}basic"]}
    yield Step("session-created", "POST", "/connect/sessions", body, saves={"token": "data.token"})
    yield Step("session-read", "GET", "/connect/session", auth="Bearer {token}")
    yield Step("session-lists-integrations", "GET", "/integrations", auth="Bearer {token}")
    yield Step("session-without-tags", "POST", "/connect/sessions", {"allowed_integrations": ["{prefix}key"]})
    yield Step("session-with-empty-tags", "POST", "/connect/sessions", {"tags": {}}, saves={"second": "data.token"})
    yield Step("session-of-unknown-integration", "POST", "/connect/sessions", {**body, "allowed_integrations": ["no"]})
    defaults = {"tags": tags, "integrations_config_defaults": {"no": {"user_scopes": "a"}}}
    yield Step("session-defaults-of-unknown-integration", "POST", "/connect/sessions", defaults)
    yield Step("session-with-unknown-key", "POST", "/connect/sessions", {**body, "lifetime": 5})
    yield Step("session-tags-twice", "POST", "/connect/sessions", {"tags": {"a": "1", "A": "2"}})
    yield Step("session-tag-of-bad-name", "POST", "/connect/sessions", {"tags": {"1a": "1"}})
    yield Step("session-tag-empty", "POST", "/connect/sessions", {"tags": {"a": ""}})
    many = {"tags": {f"t{number}": "1" for number in range(11)}}
    yield Step("session-of-too-many-tags", "POST", "/connect/sessions", many)
    yield Step("session-tag-of-no-email", "POST", "/connect/sessions", {"tags": {"end_user_email": "x"}})
    hook = {"tags": {}, "webhook_url_override": "http://127.0.0.1:1/hook"}
    yield Step("session-with-refused-webhook", "POST", "/connect/sessions", hook)
    sign_in = "?connect_session_token={token}"
    key = f"/api-auth/api-key/{{prefix}}key{sign_in}"
    yield Step("sign-in-by-key", "POST", key, {"apiKey": "a-key"}, auth=None, saves={"signed_in": "connectionId"})
    again = {"signed_in_again": "connectionId"}
    yield Step("sign-in-by-key-again", "POST", key, {"apiKey": "b-key"}, auth=None, saves=again)
    basic = f"/api-auth/basic/{{prefix}}basic{sign_in}"
    typed = {"username": "a-user", "password": ""}
    yield Step("sign-in-by-password", "POST", basic, typed, auth=None)
    other = f"/api-auth/api-key/{{prefix}}tested{sign_in}"
    yield Step("sign-in-at-what-is-not-allowed", "POST", other, {"apiKey": "a-key"}, auth=None)
    absent = f"/api-auth/api-key/{{prefix}}absent{sign_in}"
    yield Step("sign-in-at-what-is-not-there", "POST", absent, {"apiKey": "a-key"}, auth=None)
    chosen = f"{key}&connection_id=mine"
    yield Step("sign-in-with-an-id-of-ours", "POST", chosen, {"apiKey": "a-key"}, auth=None)
    yield Step("sign-in-read", "GET", "/connections/{signed_in}?provider_config_key={prefix}key")
    yield Step("sign-in-listed-by-tag", "GET", "/connections?tags[workspace]=ws_1&integrationId={prefix}key")
    yield Step("sign-in-listed-by-upper-tag", "GET", "/connections?tags[WORKSPACE]=ws_1&connectionId={signed_in}")
    renew = {"connection_id": "{signed_in}", "integration_id": "{prefix}key", "tags": {"fresh": "1"}}
    yield Step("reconnect-created", "POST", "/connect/sessions/reconnect", renew, saves={"renewing": "data.token"})
    yield Step("reconnect-read", "GET", "/connect/session", auth="Bearer {renewing}")
    renewing = "/api-auth/api-key/{prefix}key?connect_session_token={renewing}"
    yield Step("reconnect-by-key", "POST", renewing, {"apiKey": "c-key"}, auth=None)
    yield Step("reconnect-has-new-tags", "GET", "/connections?connectionId={signed_in}&tags[fresh]=1")
    lost = {**renew, "connection_id": "no-such-connection"}
    yield Step("reconnect-of-absent", "POST", "/connect/sessions/reconnect", lost)
    for name in ("token", "second", "renewing"):
        yield Step(f"session-deleted-{name}", "DELETE", "/connect/session", auth=f"Bearer {{{name}}}")
    yield Step("session-deleted-twice", "DELETE", "/connect/session", auth="Bearer {token}")


def _imports() -> Iterator[Step]:
    def given(key: str, credentials: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        return {"provider_config_key": f"{{prefix}}{key}", "credentials": dict(credentials), **more}

    full = given("github", TOKEN, connection_id="mine", tags={"A": "1"}, metadata={"m": 1}, connection_config={"c": 2})
    yield Step("import-oauth2", "POST", "/connections", full)
    yield Step("import-overwrites", "POST", "/connections", given("github", ENDLESS, connection_id="mine"))
    odd = "an id/with|{odd}@things"
    yield Step("import-of-odd-id", "POST", "/connections", given("github", ENDLESS, connection_id=odd))
    client = {"type": "OAUTH2_CC", "token": "t", "client_id": "i", "client_secret": "s"}
    yield Step("import-client-credentials", "POST", "/connections", given("cc", client, connection_id="cc"))
    oauth1 = {"type": "OAUTH1", "oauth_token": "t", "oauth_token_secret": "s"}
    yield Step("import-oauth1", "POST", "/connections", given("oauth1", oauth1, connection_id="oauth1"))
    key = {"type": "API_KEY", "apiKey": "a-key"}
    yield Step("import-key", "POST", "/connections", given("key", key, connection_id="key"))
    basic = {"type": "BASIC", "username": "u", "password": "p"}
    yield Step("import-basic", "POST", "/connections", given("basic", basic, connection_id="basic"))
    tba = {"type": "TBA", "token_id": "i", "token_secret": "s", "config_override": {}}
    yield Step("import-tba-without-account", "POST", "/connections", given("tba", tba, connection_id="tba"))
    account = {"accountId": "tst1"}
    yield Step("import-tba", "POST", "/connections", given("tba", tba, connection_id="tba", connection_config=account))
    yield Step("import-none", "POST", "/connections", given("none", {"type": "NONE"}, connection_id="none"))
    yield Step("import-of-wrong-kind", "POST", "/connections", given("key", basic))
    yield Step("import-test-failed", "POST", "/connections", given("tested", key))
    yield Step("import-into-absent", "POST", "/connections", given("absent", key))
    yield Step("import-with-unknown-key", "POST", "/connections", given("github", {**TOKEN, "expires_in": 5}))
    end_user = {"id": "u1", "email": "a@b.example", "display_name": "A", "tags": {"Team": "x"}}
    person = given("github", ENDLESS, connection_id="person", end_user=end_user)
    yield Step("import-of-a-person", "POST", "/connections", person)


def _connections() -> Iterator[Step]:
    of = "?provider_config_key={prefix}github"
    yield Step("read-oauth2", "GET", f"/connections/mine{of}")
    yield Step("read-odd-id", "GET", f"/connections/{quote('an id/with|{odd}@things', safe='')}{of}")
    yield Step("read-person", "GET", f"/connections/person{of}")
    for key in ("cc", "oauth1", "key", "basic", "tba", "none"):
        yield Step(f"read-{key}", "GET", f"/connections/{key}?provider_config_key={{prefix}}{key}")
    again = {**TOKEN, "expires_at": "2100-01-01T00:00:00.000Z"}
    body = {"provider_config_key": "{prefix}github", "credentials": again, "connection_id": "mine", "tags": {"A": "1"}}
    yield Step("import-with-expiry", "POST", "/connections", body)
    yield Step("read-without-refresh-token", "GET", f"/connections/mine{of}")
    yield Step("read-with-refresh-token", "GET", f"/connections/mine{of}&refresh_token=true")
    yield Step("read-forced-key", "GET", "/connections/key?provider_config_key={prefix}key&force_refresh=yes")
    yield Step("read-with-bad-flag", "GET", f"/connections/mine{of}&force_refresh=perhaps")
    yield Step("read-without-integration", "GET", "/connections/mine")
    yield Step("read-absent", "GET", f"/connections/absent{of}")
    yield Step("read-of-absent-integration", "GET", "/connections/mine?provider_config_key={prefix}absent")
    yield Step("list-two", "GET", "/connections?integrationId={prefix}cc,{prefix}none&limit=1&page=0")
    yield Step("list-second-page", "GET", "/connections?integrationId={prefix}cc,{prefix}none&limit=1&page=1")
    yield Step("list-past-the-end", "GET", "/connections?integrationId={prefix}cc,{prefix}none&limit=1&page=2")
    yield Step("list-by-person", "GET", "/connections?endUserId=u1&integrationId={prefix}github")
    yield Step("list-of-unknown", "GET", "/connections?integrationId={prefix}absent")
    yield Step("list-of-none", "GET", "/connections?limit=0")
    yield Step("list-of-too-many", "GET", "/connections?limit=2001")
    yield Step("list-of-no-search", "GET", "/connections?search=")
    yield Step("list-with-unknown-key", "GET", "/connections?a=b")
    yield Step("tags-replaced", "PATCH", f"/connections/mine{of}", {"tags": {"B": "2"}})
    yield Step("tags-read", "GET", "/connections?connectionId=mine&integrationId={prefix}github")
    yield Step("change-of-absent", "PATCH", f"/connections/absent{of}", {"tags": {}})
    yield Step("change-at-absent", "PATCH", "/connections/mine?provider_config_key={prefix}absent", {"tags": {}})
    meta = {"connection_id": "mine", "provider_config_key": "{prefix}github", "metadata": {"a": {"b": 1}, "c": 2}}
    yield Step("metadata-replaced", "POST", "/connections/metadata", meta)
    yield Step("metadata-merged", "PATCH", "/connections/metadata", {**meta, "metadata": {"a": 3}})
    yield Step("metadata-of-absent", "POST", "/connections/metadata", {**meta, "connection_id": ["mine", "absent"]})
    yield Step("metadata-read", "GET", "/connections?connectionId=mine&integrationId={prefix}github")
    yield Step("rename-with-connections", "PATCH", "/integrations/{prefix}github", {"unique_key": "{prefix}renamed"})
    yield Step("connection-deleted", "DELETE", f"/connections/mine{of}")
    yield Step("connection-deleted-twice", "DELETE", f"/connections/mine{of}")
    yield Step("deleted-of-absent", "DELETE", "/connections/mine?provider_config_key={prefix}absent")


def _proxy() -> Iterator[Step]:
    def through(key: str, connection: str, **more: str) -> dict[str, str]:
        return {"provider-config-key": f"{{prefix}}{key}", "connection-id": connection, **more}

    yield Step("proxy-without-headers", "GET", "/proxy/v1/things")
    yield Step("proxy-of-absent-integration", "GET", "/proxy/v1/things", headers=through("absent", "key"))
    yield Step("proxy-of-absent-connection", "GET", "/proxy/v1/things", headers=through("key", "absent"))
    yield Step("proxy-to-nowhere", "GET", "/proxy/v1/things", headers=through("none", "none"))
    local = through("key", "key", **{"base-url-override": "http://127.0.0.1:1"})
    yield Step("proxy-to-loopback", "GET", "/proxy/v1/things", headers=local)
    yield Step("proxy-with-bad-retries", "GET", "/proxy/v1/things", headers=through("key", "key", retries="abc"))
    bad = through("key", "key", **{"base-url-override": "no-url"})
    yield Step("proxy-with-bad-base", "GET", "/proxy/v1/things", headers=bad)


def _clearing() -> Iterator[Step]:
    for name in ("github", "key", "basic", "cc", "none", "oauth1", "tba", "tested"):
        yield Step(f"integration-deleted-{name}", "DELETE", f"/integrations/{{prefix}}{name}")
    yield Step("integration-deleted-twice", "DELETE", "/integrations/{prefix}github")
    yield Step("connections-went-too", "GET", "/connections?integrationId={prefix}github")
