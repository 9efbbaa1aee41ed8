"""Zoho CRM's manifest against Zoho's own descriptions of its API v8."""

from __future__ import annotations

import pytest
from tests.contracts.check import check_action, check_lookup
from tests.contracts.description import Description
from tests.contracts.zoho import SUBJECTS, describe, file_of

from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import OAuth2Method

ACTIONS = [
    "list_records", "search_records", "query_records", "find_records", "get_record", "create_records", "update_record",
]  # fmt: skip


@pytest.fixture(scope="module")
def zoho() -> Connector:
    return load_catalog([packaged_folder()], index_dir=None).connector("zoho")


@pytest.fixture(scope="module")
def description() -> Description:
    if missing := [subject for subject in SUBJECTS if not file_of(subject).exists()]:
        pytest.skip(f"Zoho's descriptions are not there ({', '.join(missing)}): TEST_SPECS_DIR names their folder")
    return describe()


def test_it_has_these_actions(zoho: Connector) -> None:
    assert sorted(zoho.actions) == sorted(ACTIONS)


def test_every_action_is_what_zoho_describes(zoho: Connector, description: Description) -> None:
    differences = {name: check_action(zoho, action, description) for name, action in zoho.actions.items()}

    assert differences == {name: [] for name in ACTIONS}


def test_the_verify_call_is_what_zoho_describes(zoho: Connector, description: Description) -> None:
    verify = zoho.manifest.verify
    assert verify is not None

    assert check_lookup(zoho, verify.request, [verify.account.id or "@", verify.account.name], description) == []


def test_every_scope_of_an_action_is_one_that_the_sign_in_asks_for(zoho: Connector) -> None:
    way = zoho.auth["oauth"]
    assert isinstance(way, OAuth2Method)
    used = {scope for action in zoho.actions.values() for scope in action.manifest.scopes}

    assert used == set(way.scopes)
