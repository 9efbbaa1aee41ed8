"""Google's manifests against Google's own discovery documents: paths, parameters, bodies, answers and scopes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest
from tests.contracts.check import check_action, check_lookup, operation_of
from tests.contracts.description import Description
from tests.contracts.discovery import DISCOVERY, check_scopes, of_server, read_discovery

from connectory.catalog.catalog import Catalog, load_catalog, packaged_folder
from connectory.catalog.connector import Action
from connectory.catalog.manifest import OAuth2Method, TokenRequest

MEMBERS = ["gmail", "google-analytics", "google-drive", "google-sheets"]
DOCUMENTS = {
    "gmail.googleapis.com": "gmail.v1",
    "www.googleapis.com": "drive.v3",
    "sheets.googleapis.com": "sheets.v4",
    "analyticsdata.googleapis.com": "analyticsdata.v1beta",
    "analyticsadmin.googleapis.com": "analyticsadmin.v1beta",
}
UNDESCRIBED = "openidconnect.googleapis.com"  # OpenID Connect Core 1.0 section 5.3 describes it


@cache
def packaged() -> Catalog:
    return load_catalog([packaged_folder()], index_dir=None)


def actions() -> list[Action]:
    return [action for name in MEMBERS for action in packaged().connector(name).actions.values()]


@pytest.fixture(scope="module")
def known() -> Mapping[str, Description]:
    if not DISCOVERY.exists():
        pytest.skip("Google's discovery documents are not there: `make test` fetches them into .test-tools")
    return {host: read_discovery(DISCOVERY / f"{name}.json") for host, name in DOCUMENTS.items()}


def test_the_bundle_connects_every_member() -> None:
    google = packaged().connector("google")

    assert sorted(google.manifest.includes) == MEMBERS
    assert all(packaged().connector(name).auth == google.auth for name in MEMBERS)


def test_every_member_reads_googles_errors_alike() -> None:
    google = packaged().connector("google").manifest
    assert google.errors

    for member in (packaged().connector(name) for name in MEMBERS):
        assert member.errors[-1] == ("the family's errors", google.errors)
        assert (member.message, member.retry) == (google.message, google.retry)


@pytest.mark.parametrize("action", actions(), ids=lambda action: action.tool)
def test_an_action_is_what_google_describes(action: Action, known: Mapping[str, Description]) -> None:
    connector = packaged().connector(action.connector)
    description = of_server(connector, action.manifest.request, known)

    assert check_action(connector, action, description) == []


@pytest.mark.parametrize("action", actions(), ids=lambda action: action.tool)
def test_any_of_its_scopes_opens_the_call_and_its_details(action: Action, known: Mapping[str, Description]) -> None:
    connector, expand = packaged().connector(action.connector), action.manifest.answer.expand

    for request in [action.manifest.request, *([expand.request] if expand is not None else [])]:
        operation = operation_of(connector, request, of_server(connector, request, known))
        assert operation is not None
        assert check_scopes(action.manifest.scopes, operation.says["x-scopes"]) == []


@pytest.mark.parametrize("action", actions(), ids=lambda action: action.tool)
@pytest.mark.parametrize("method", ["oauth", "service_account"])
def test_what_a_sign_in_asks_for_is_enough(action: Action, method: str) -> None:
    way = packaged().connector("google").auth[method]
    assert isinstance(way, TokenRequest)

    for group in action.manifest.scopes:
        assert set(way.scopes) & set([group] if isinstance(group, str) else group)


def test_every_scope_that_a_sign_in_asks_for_is_used() -> None:
    way = packaged().connector("google").auth["oauth"]
    assert isinstance(way, OAuth2Method)
    used = {scope for action in actions() for group in action.manifest.scopes for scope in group}

    assert set(way.scopes) <= used
    assert way.always_scopes == ["openid", "email"]


@pytest.mark.parametrize("name", MEMBERS)
def test_the_verify_call_and_the_details_are_what_google_describes(name: str, known: Mapping[str, Description]) -> None:
    connector = packaged().connector(name)
    verify = connector.manifest.verify
    assert verify is not None
    proofs = [proof for proof in (verify, verify.otherwise) if proof is not None]
    looked_up = [(proof.request, [proof.account.id or "@", proof.account.name]) for proof in proofs]
    looked_up += [
        (expand.request, [expand.item])
        for action in connector.actions.values()
        if (expand := action.manifest.answer.expand) is not None
    ]

    for request, expressions in looked_up:
        if UNDESCRIBED in connector.manifest.servers[request.server or next(iter(connector.manifest.servers))]:
            assert (request.path, expressions) == ("/v1/userinfo", ["email", "email"])
        else:
            description = of_server(connector, request, known)
            assert check_lookup(connector, request, expressions, description) == []
