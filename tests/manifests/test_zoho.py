"""What is particular to Zoho CRM's manifest."""

from __future__ import annotations

import pytest

from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import OAuth2Method

ACTIONS = [
    "list_records", "search_records", "query_records", "find_records", "get_record", "create_records", "update_record",
    "upsert_records", "delete_record", "count_records", "list_related_records", "list_notes", "create_note",
    "convert_lead", "add_tags", "list_modules", "list_fields", "list_users",
]  # fmt: skip


@pytest.fixture(scope="module")
def zoho() -> Connector:
    return load_catalog([packaged_folder()], index_dir=None).connector("zoho")


def test_it_has_these_actions(zoho: Connector) -> None:
    assert sorted(zoho.actions) == sorted(ACTIONS)


def test_every_scope_of_an_action_is_one_that_the_sign_in_asks_for(zoho: Connector) -> None:
    way = zoho.auth["oauth"]
    assert isinstance(way, OAuth2Method)
    used = {scope for action in zoho.actions.values() for scope in action.manifest.scopes}

    assert used == set(way.scopes)
