"""The part of the conversation that needs a provider: `local_provider`, known by its `address`, host and port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.nango.talking import Step

FORM = "application/x-www-form-urlencoded"
PART = "multipart/form-data; boundary=b"
PARTS = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'
APP = {"type": "OAUTH2", "client_id": "an-id", "client_secret": "a-secret", "scopes": "read,write"}
CONFIG = {"address": "{address}"}


def with_a_provider() -> dict[str, list[Step]]:
    """All steps, in order, by subject."""
    return {
        "local-setup": list(_setup()),
        "local-proxy": list(_proxy()),
        "local-bodies": list(_bodies()),
        "local-answers": list(_answers()),
        "local-oauth": list(_oauth()),
        "local-refresh": list(_refresh()),
        "local-webhooks": list(_webhooks()),
    }


def through(key: str, connection: str = "mine", **more: str) -> dict[str, str]:
    """The headers of a proxied request."""
    return {"provider-config-key": f"{{prefix}}{key}", "connection-id": connection, **more}


def control(name: str, **wanted: Any) -> Step:
    """Change how the provider behaves."""
    return Step(name, "POST", "http://{address}/control", wanted, auth=None)


def _setup() -> Iterator[Step]:
    for name in ("key", "basic", "oauth", "client"):
        body: dict[str, Any] = {"provider": f"connectory-local-{name}", "unique_key": f"{{prefix}}{name}"}
        yield Step(
            f"local-{name}", "POST", "/integrations", {**body, **({"credentials": APP} if name == "oauth" else {})}
        )

    def given(key: str, credentials: Mapping[str, Any], config: Mapping[str, str] = CONFIG) -> dict[str, Any]:
        whole = {"provider_config_key": f"{{prefix}}{key}", "connection_id": "mine", "credentials": dict(credentials)}
        return {**whole, "connection_config": dict(config)}

    key = {"type": "API_KEY", "apiKey": "good-key"}
    yield Step("local-key-refused", "POST", "/connections", given("key", {**key, "apiKey": "bad-key"}))
    yield Step("local-key-imported", "POST", "/connections", given("key", key))
    basic = {"type": "BASIC", "username": "u", "password": "p"}
    yield Step("local-basic-imported", "POST", "/connections", given("basic", basic))
    nowhere = {**given("basic", basic, {"address": "{nowhere}"}), "connection_id": "nowhere"}
    yield Step("local-nowhere-imported", "POST", "/connections", nowhere)
    token = {"type": "OAUTH2", "access_token": "imported"}
    yield Step("local-oauth-imported", "POST", "/connections", given("oauth", token))
    client = {"type": "OAUTH2_CC", "token": "old", "client_id": "i", "client_secret": "s"}
    expired = {**client, "expires_at": "2000-01-01T00:00:00.000Z"}
    yield Step("local-client-imported", "POST", "/connections", given("client", expired))


def _proxy() -> Iterator[Step]:
    yield Step("get", "GET", "/proxy/things?x=1&y=a%20b&z[]=c", headers=through("key"))
    yield Step("get-basic", "GET", "/proxy/things", headers=through("basic"))
    yield Step("get-oauth", "GET", "/proxy/things", headers=through("oauth"))
    yield Step("get-client", "GET", "/proxy/things", headers=through("client"))
    own = {"nango-proxy-x-own": "mine", "x-not-prefixed": "lost", "accept": "text/plain", "idempotency-key": "lost"}
    yield Step("headers", "GET", "/proxy/things", headers=through("key", **own))
    wins = {"nango-proxy-authorization": "Bearer other", "nango-proxy-accept": "text/plain"}
    yield Step("headers-that-win", "GET", "/proxy/things", headers=through("oauth", **wins))
    yield Step("dots-that-climb", "GET", "/proxy/%2e%2e/outside", headers=through("key"))
    yield Step("escaped-path", "GET", "/proxy/a%2Fb/c%20d", headers=through("key"))
    yield Step("absolute-path", "GET", "/proxy/http://{address}/api/things", headers=through("key"))
    other = {"base-url-override": "http://{address}/other"}
    yield Step("other-base", "GET", "/proxy/things", headers=through("key", **other))
    yield Step("head", "HEAD", "/proxy/things", headers=through("key"))
    yield Step("nowhere", "GET", "/proxy/things", headers=through("basic", "nowhere"))


def _bodies() -> Iterator[Step]:
    yield Step("json", "POST", "/proxy/things", {"a": 1.0, "b": [1.5, None, "é"]}, headers=through("key"))
    yield Step("json-put", "PUT", "/proxy/things", {"a": 1}, headers=through("key"))
    yield Step("json-patch", "PATCH", "/proxy/things", [1], headers=through("key"))
    yield Step("json-delete", "DELETE", "/proxy/things", {"a": 1}, headers=through("key"))
    yield Step("no-body", "POST", "/proxy/things", headers=through("key"))
    plain = {"form": (b"a=1&c[]=2", FORM), "text": (b"abc", "text/plain"), "xml": (b"<a/>", "text/xml")}
    for name, (raw, kind) in plain.items():
        yield Step(f"{name}-without", "POST", "/proxy/things", raw, headers=through("key", **{"content-type": kind}))
        both = {"content-type": kind, "nango-proxy-content-type": kind}
        yield Step(f"{name}-with", "POST", "/proxy/things", raw, headers=through("key", **both))
    yield Step("parts-without", "POST", "/proxy/things", PARTS, headers=through("key", **{"content-type": PART}))
    both = {"content-type": PART, "nango-proxy-content-type": "multipart/form-data"}
    yield Step("parts-with", "POST", "/proxy/things", PARTS, headers=through("key", **both))


def _answers() -> Iterator[Step]:
    for name in ("chunked", "file", "error/404", "error/500", "error/404?text", "error/429"):
        plain = name.replace("/", "-").replace("?", "-")
        yield Step(f"answer-{plain}", "GET", f"/proxy/{name}", headers=through("key"))
    yield control("failing-once", fails=1)
    yield Step("not-retried", "GET", "/proxy/things", headers=through("key"))
    yield control("failing-again", fails=1)
    yield Step("retried", "POST", "/proxy/things", {"a": 1}, headers=through("key", retries="1"))
    for to in ("there", "round", "away"):
        yield Step(f"redirected-{to}", "GET", f"/proxy/redirect/{to}", headers=through("key"))


def _oauth() -> Iterator[Step]:
    hook = "http://{address}/hook"
    body = {"tags": {"cs": "1"}, "allowed_integrations": ["{prefix}oauth"], "webhook_url_override": hook}
    yield Step("session", "POST", "/connect/sessions", body, saves={"token": "data.token"})
    begin = "/oauth/connect/{prefix}oauth?connect_session_token={token}&params[address]={address}"
    state = {"state": "location?state"}
    yield Step("leaves", "GET", begin, auth=None, saves=state)
    yield Step("comes-back", "GET", "/oauth/callback?state={state}&code=good", auth=None)
    yield Step("comes-back-again", "GET", "/oauth/callback?state={state}&code=good", auth=None)
    found = {"made": "connections.0.connection_id"}
    listed = "/connections?tags[cs]=1&integrationId={prefix}oauth"
    yield Step("signed-in", "GET", listed, saves=found)
    yield Step("leaves-to-fail", "GET", begin, auth=None, saves=state)
    yield Step("comes-back-badly", "GET", "/oauth/callback?state={state}&code=bad", auth=None)
    yield Step("leaves-to-decline", "GET", begin, auth=None, saves=state)
    yield Step("declines", "GET", "/oauth/callback?state={state}&error=access_denied", auth=None)
    yield Step("forged", "GET", "/oauth/callback?state=other&code=good", auth=None)
    yield Step("still-one", "GET", listed)
    yield Step("ended", "DELETE", "/connect/session", auth="Bearer {token}")
    yield Step("begins-after-the-end", "GET", begin, auth=None)


def _refresh() -> Iterator[Step]:
    read = "/connections/{made}?provider_config_key={prefix}oauth"
    listed = "/connections?connectionId={made}&integrationId={prefix}oauth"
    yield Step("read-refreshes", "GET", read)
    yield Step("read-has-a-rotated-token", "GET", f"{read}&refresh_token=true")
    yield Step("read-client", "GET", "/connections/mine?provider_config_key={prefix}client")
    yield control("refusing", refuses=True)
    yield Step("refresh-fails", "GET", read)
    yield Step("refresh-backs-off", "GET", read)
    yield Step("proxy-backs-off", "GET", "/proxy/things", headers=through("oauth", "{made}"))
    yield Step("listed-as-broken", "GET", listed)
    yield Step("forced-and-fails", "GET", f"{read}&force_refresh=true")
    yield control("giving", refuses=False)
    yield Step("forced", "GET", f"{read}&force_refresh=true")
    yield Step("listed-as-whole", "GET", listed)
    yield control("refusing-again", refuses=True)
    yield Step("proxy-refresh-fails", "GET", "/proxy/things", headers=through("oauth", "{made}"))
    yield control("giving-again", refuses=False)
    body = {"connection_id": "{made}", "integration_id": "{prefix}oauth", "tags": {"cs": "2"}}
    yield Step("renewing", "POST", "/connect/sessions/reconnect", body, saves={"token": "data.token"})
    begin = "/oauth/connect/{prefix}oauth?connect_session_token={token}&params[address]={address}"
    yield Step("leaves-to-renew", "GET", begin, auth=None, saves={"state": "location?state"})
    yield Step("comes-back-renewed", "GET", "/oauth/callback?state={state}&code=good", auth=None)
    yield Step("renewed", "GET", "/connections?tags[cs]=2&integrationId={prefix}oauth")
    yield Step("renewed-read", "GET", read)
    yield Step("renewing-ended", "DELETE", "/connect/session", auth="Bearer {token}")


def _webhooks() -> Iterator[Step]:
    yield Step("webhooks", "GET", "http://{address}/hooks?at_least=6", auth=None)
    for name in ("key", "basic", "oauth", "client"):
        yield Step(f"local-{name}-deleted", "DELETE", f"/integrations/{{prefix}}{name}")
