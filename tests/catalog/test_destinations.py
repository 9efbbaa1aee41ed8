"""Where a manifest sends what it is given, however its writer spells it."""

from __future__ import annotations

from typing import Any

import pytest

from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.destinations import calls_of_sign_in, destinations_in, destinations_of
from connectory.catalog.loading import load_manifest
from connectory.catalog.own_manifests import tree_of
from connectory.testing.connectors import NOTES_YAML, make_connector

PRESENT: dict[str, Any] = {
    "docs": "https://docs.example",
    "servers": {"api": "https://api.example/v1", "own": "https://{connection.shop}.shop.example"},
    "auth": {
        "oauth": {
            "method": "oauth2",
            "docs": "https://docs.example/oauth",
            "authorize_url": "https://login.example/authorize",
            "token_url": "https://login.example/token",
            "fields": {"shop": {"title": "Shop", "help": "As in https://docs.example/shop"}},
        }
    },
}


def changed(path: str, value: object) -> dict[str, Any]:
    """The present manifest with one thing in it that is new or other."""
    keys = path.split(".")

    def put(tree: dict[str, Any], rest: list[str]) -> dict[str, Any]:
        return {**tree, rest[0]: put(tree.get(rest[0], {}), rest[1:]) if rest[1:] else value}

    return put(PRESENT, keys)


def new_in(manifest: dict[str, Any]) -> frozenset[str]:
    return destinations_in(manifest) - destinations_in(PRESENT)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("servers.api", "https://evil.example/v1", "https://evil.example"),
        ("servers.api", "http://api.example/v1", "http://api.example"),
        ("servers.api", "https://api.example:8443/v1", "https://api.example:8443"),
        ("servers.api", "HTTPS://Evil.Example", "https://evil.example"),
        ("servers.api", "https://api.example@evil.example/v1", "https://api.example@evil.example"),
        ("servers.docs", "https://evil.example", "https://evil.example"),
        ("servers.own", "https://{connection.shop}", "https://{connection.shop}"),
        ("servers.own", "{connection.shop}/v1", "{connection.shop}"),
        ("servers_by_method.oauth.title", "https://evil.example", "https://evil.example"),
        *((f"auth.oauth.{key}", "https://evil.example/x", "https://evil.example") for key in (
            "authorize_url", "token_url", "refresh_url", "device_url", "issuer", "resource")),
        ("auth.oauth.revoke.url", "https://evil.example/x", "https://evil.example"),
        ("auth.oauth.verify.request.get", "https://evil.example/x", "https://evil.example"),
        ("auth.oauth.token_url", "{connection.shop}/token", "{connection.shop}"),
        ("auth.docs.token_url", "https://evil.example/x", "https://evil.example"),
        ("auth.old.request_token_url", "https://evil.example/x", "https://evil.example"),
        ("auth.oauth.facts.shop.token", "'evil.example/'", "{connection.shop} = 'evil.example/'"),
        ("auth.oauth.fields.shop.default", "evil.example/", "{connection.shop} = evil.example/"),
        ("auth.oauth.fields.place.gives", {"shop": {"docs": "evil.example/"}}, "{connection.shop} = evil.example/"),
        ("auth.oauth.nango.facts.shop", "'evil.example/'", "{connection.shop} = 'evil.example/'"),
    ],
)  # fmt: skip
def test_a_new_destination_is_seen(path: str, value: object, told: str) -> None:
    assert new_in(changed(path, value)) == {told}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("title", "Another"),
        ("docs", "https://elsewhere.example"),
        ("servers.api", "https://API.example:443/v2"),
        ("servers.further", "https://login.example"),
        ("auth.oauth.docs", "https://elsewhere.example"),
        ("auth.oauth.fields.shop.help", "See https://elsewhere.example"),
        ("auth.oauth.fields.size", {"title": "Size", "default": "https-less"}),
        ("auth.oauth.token_url", "https://login.example/v2/token"),
    ],
)
def test_what_leads_nowhere_else_is_no_new_one(path: str, value: object) -> None:
    assert new_in(changed(path, value)) == set()


@pytest.mark.parametrize("what", [None, [], "text", {"servers": "x", "auth": [1]}, {"servers": None, "auth": {"a": 1}}])
def test_what_is_no_manifest_does_no_harm(what: object) -> None:
    destinations_in(what)


def test_every_packaged_manifest_has_its_servers_in_it() -> None:
    for file in packaged_folder().glob("*.yaml"):
        servers = load_manifest(file).servers.values()
        found = destinations_in(tree_of(file.read_text(encoding="utf-8")))
        assert {"/".join(one.split("/")[: 3 if "://" in one else 1]) for one in servers} <= found, file.name


def test_a_checked_connector_has_the_destinations_of_its_text_and_of_the_family_it_signs_in_by() -> None:
    there = load_catalog([packaged_folder()], index_dir=None).with_manifest
    for name, connector in there.items():
        of_text = destinations_in(tree_of((packaged_folder() / f"{name}.yaml").read_text(encoding="utf-8")))
        found = set(destinations_of(connector))
        told = {one for one in of_text if not one.startswith("{credential.")}
        assert (found > told) if connector.family is not None else (found == told), name

    assert "https://oauth2.googleapis.com" in destinations_of(there["gmail"])
    assert "https://oauth2.googleapis.com" in destinations_of(there["google"])


VERIFY = "verify: {request: {get: /me}, account: {id: id, name: login}, scopes: {header: X-Scopes}}"


@pytest.mark.parametrize(
    ("verify", "told"),
    [
        (VERIFY, ()),
        (VERIFY.replace("get:", "post:"), ("POST https://api.notes.example/v1/me",)),
        (
            VERIFY[:-1] + ", otherwise: {request: {post: /x}, account: {name: login}}}",
            ("POST https://api.notes.example/v1/x",),
        ),
    ],
)
def test_what_signing_in_calls_is_told_with_its_method(verify: str, told: tuple[str, ...]) -> None:
    assert VERIFY in NOTES_YAML
    assert calls_of_sign_in(make_connector(NOTES_YAML.replace(VERIFY, verify))) == told
