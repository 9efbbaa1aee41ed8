"""What is particular to Google's manifests: one sign-in for all of them."""

from __future__ import annotations

from functools import cache

import pytest

from connectory.catalog.catalog import Catalog, load_catalog, packaged_folder
from connectory.catalog.connector import Action
from connectory.catalog.manifest import OAuth2Method, TokenRequest

BUNDLED = ["gmail", "google-calendar", "google-drive", "google-sheets"]
MEMBERS = [*BUNDLED, "google-analytics"]


@cache
def packaged() -> Catalog:
    return load_catalog([packaged_folder()], index_dir=None)


def actions() -> list[Action]:
    return [action for name in MEMBERS for action in packaged().connector(name).actions.values()]


def test_the_bundle_connects_what_a_person_works_with_and_all_share_its_sign_in() -> None:
    google = packaged().connector("google")

    assert list(google.manifest.includes) == BUNDLED
    for member in (packaged().connector(name) for name in MEMBERS):  # but for what Nango calls each
        assert {name: way.model_copy(update={"nango": None}) for name, way in member.auth.items()} == {
            name: way.model_copy(update={"nango": None}) for name, way in google.auth.items()
        }


def test_every_member_reads_googles_errors_alike() -> None:
    google = packaged().connector("google").manifest
    assert google.errors

    for member in (packaged().connector(name) for name in MEMBERS):
        assert member.errors[-1] == ("the family's errors", google.errors)
        assert (member.message, member.retry) == (google.message, google.retry)


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
