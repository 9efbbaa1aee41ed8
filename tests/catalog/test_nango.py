"""Connectors without a manifest: their names, addresses and words, of what Nango says of an integration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import jmespath
import pytest
from tests.catalog.making import GOOD, parse
from tests.nango.providers import load_providers, own_providers

from connectory.catalog.catalog import Catalog, compile_connector
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import CONNECTOR_NAME, Category
from connectory.catalog.nango import METHOD, AtNango, connectors_of, name_of
from connectory.errors import UnknownConnector


def made(integration: str = "acme", base_url: str = "https://api.acme.example", **more: Any) -> Connector:
    given = {"provider": "acme", "title": "Acme", **more}
    (connector,) = connectors_of([AtNango(integration, base_url=base_url, **given)], ()).values()
    return connector


def server_with(connector: Connector, config: Mapping[str, Any]) -> str | None:
    """The address that a connection of this configuration has; None where a part is missing."""
    method = connector.auth[METHOD]
    assert method.nango is not None
    server = connector.manifest.servers["api"]
    for name, path in method.nango.facts.items():
        value = jmespath.search(path, dict(config))
        if value is None:
            return None
        server = server.replace(f"{{connection.{name}}}", str(value))
    return server


def test_a_connector_is_made_of_what_nango_says() -> None:
    connector = made(categories=["popular", "crm"], docs="https://nango.dev/docs/acme")

    assert (connector.name, connector.title, connector.integration) == ("acme", "Acme", "acme")
    assert connector.manifest.description == "Use Acme through Nango, by raw requests to its API."
    assert connector.manifest.category is Category.CRM
    assert connector.manifest.docs == "https://nango.dev/docs/acme"
    assert connector.manifest.servers == {"api": "https://api.acme.example"}
    assert connector.actions == {}
    nango = connector.auth[METHOD].nango
    assert nango is not None
    assert nango.providers == ("acme",)


@pytest.mark.parametrize(
    ("integration", "name"),
    [
        ("acme", "acme"),
        ("acme-crm-2", "acme-crm-2"),
        ("Acme", r"acme-[0-9a-f]{5}"),
        ("acme crm", r"acme-crm-[0-9a-f]{5}"),
        ("acme_crm", r"acme-crm-[0-9a-f]{5}"),
        ("2checkout", r"n-2checkout-[0-9a-f]{5}"),
        ("~", r"n-[0-9a-f]{5}"),
        ("microsoft-dynamics-365-finance-and-operations", r"microsoft-dynamics-[0-9a-f]{5}"),
        ("notes", r"notes-[0-9a-f]{5}"),  # it has a manifest
        ("request", r"request-[0-9a-f]{5}"),  # its tools would look like one of ours
        ("list", r"list-[0-9a-f]{5}"),
        ("search", r"search-[0-9a-f]{5}"),
    ],
)
def test_a_name_fits_and_is_nobody_elses(integration: str, name: str) -> None:
    found = name_of(integration, {"notes"})

    assert re.fullmatch(name, found)
    assert re.fullmatch(CONNECTOR_NAME, found)
    assert found == name_of(integration, {"notes", "other"}), "it stays the same, whoever else there is"


def test_names_that_look_alike_are_told_apart() -> None:
    keys = ["acme crm", "acme_crm", "acme-crm", "Acme-CRM", "acme.crm"]

    names = {name_of(key, ()) for key in keys}

    assert len(names) == len(keys)


@pytest.mark.parametrize(
    ("base_url", "config", "server"),
    [
        ("https://api.acme.example/v2/", {}, "https://api.acme.example/v2"),
        ("https://${connectionConfig.subdomain}.acme.example", {"subdomain": "a"}, "https://a.acme.example"),
        ("https://${connectionConfig.host-name}/api", {"host-name": "a.example"}, "https://a.example/api"),
        (
            "${connectionConfig.instance_url}/v1",
            {"instance_url": "https://eu.acme.example"},
            "https://eu.acme.example/v1",
        ),
        ("${connectionConfig.site.url}", {"site": {"url": "https://a.example"}}, "https://a.example"),
        ("https://a.example/t/${connectionConfig.tenant}/v1", {"tenant": "t1"}, "https://a.example/t/t1/v1"),
        (
            "https://a-${connectionConfig.x}.${connectionConfig.y}.example",
            {"x": "1", "y": "eu"},
            "https://a-1.eu.example",
        ),
        ("https://a-${connectionConfig.x}.${connectionConfig.y}.example", {"x": "1"}, None),
        ("https://${connectionConfig.h} || https://a.example", {"h": "b.example"}, "https://b.example"),
        ("https://${connectionConfig.h} || https://a.example", {}, "https://a.example"),
        ("https://${connectionConfig.h} || https://a.example", {"h": ""}, "https://a.example"),
        (
            "https://www.a.${connectionConfig.ext} || ${connectionConfig.api_domain}",
            {"api_domain": "https://www.a.eu"},
            "https://www.a.eu",
        ),
    ],
)
def test_the_address_is_nangos(base_url: str, config: dict[str, Any], server: str | None) -> None:
    assert server_with(made(base_url=base_url), config) == server


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "https://api.telegram.example/bot${apiKey}",
        "https://cognito-${apiSubdomain}.example",
        "http://plain.example",
        "ftp://x.example",
        "https://${connectionConfig.h}/a || https://a.example/b",  # which of the two could not be said by one address
    ],
)
def test_an_address_that_cannot_be_told_makes_no_connector(base_url: str) -> None:
    assert connectors_of([AtNango("acme", "acme", "Acme", base_url)], ()) == {}


@pytest.mark.parametrize(
    "docs", [None, "javascript:alert(1)", "https://a.example/<x>", "https://a.example/" + "x" * 600]
)
def test_documentation_that_is_no_address_is_nangos_own(docs: str | None) -> None:
    assert made(docs=docs).manifest.docs == "https://nango.dev/docs"


@pytest.mark.parametrize("title", ["x" * 300, "A\x00\u202eB", "", "{x}"])
def test_a_title_that_is_too_long_or_hidden_is_made_fit(title: str) -> None:
    connector = made(title=title)

    assert 0 < len(connector.title) <= 60
    assert connector.title.isprintable()


def test_every_provider_of_nangos_catalogue_is_a_connector_or_has_no_address() -> None:
    providers = load_providers()
    without = [
        name
        for name, entry in providers.items()
        if not connectors_of(
            [AtNango(name, name, entry["display_name"], (entry.get("proxy") or {}).get("base_url") or "")], ()
        )
    ]

    if len(providers) > len(own_providers()):
        assert set(without) <= {"aws", "telegram", "linear-mcp", "mcp-generic", "unauthenticated"}
        assert len(providers) > 900
    assert set(without) < providers.keys()


def test_a_manifest_keeps_its_name_whatever_comes_from_nango() -> None:
    manifest, _ = parse(GOOD)
    assert manifest is not None
    catalog = Catalog({"acme-shop": compile_connector(manifest)})
    other = made("zoo")

    catalog.put_further({"acme-shop": other, "zoo": other})

    assert catalog.connector("acme-shop").integration is None
    assert catalog.connector("zoo") is other
    assert list(catalog.connectors) == ["acme-shop", "zoo"]
    assert [action.tool for action in catalog.search("orders")] == ["acme_shop_list_orders"]

    catalog.put_further({})

    assert list(catalog.connectors) == ["acme-shop"]
    with pytest.raises(UnknownConnector):
        catalog.connector("zoo")
