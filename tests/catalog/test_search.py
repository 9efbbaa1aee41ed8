"""Search finds actions by what people say, whatever they say."""

from __future__ import annotations

import pytest

from connectory.catalog.catalog import Catalog, load_catalog, packaged_folder
from connectory.errors import UnknownConnector


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog([packaged_folder(), packaged_folder().parent / "examples"], index_dir=None)


@pytest.mark.parametrize(
    ("query", "tool"),
    [
        ("create issue", "github_create_issue"),
        ("open a new ticket on github", "github_create_issue"),
        ("list pull requests", "github_list_pull_requests"),
        ("show my PRs", "github_list_pull_requests"),
        ("reply to an issue on github", "github_add_comment"),
        ("searching issues on github", "github_search_issues"),
        ("close issue", "github_update_issue"),
        ("repo details", "github_get_repository"),
        ("remove a task", "demo_delete_task"),
        ("add todo", "demo_create_task"),
        ("list kinto records", "kinto_list_records"),
    ],
)
def test_people_find_the_action_they_mean_first(catalog: Catalog, query: str, tool: str) -> None:
    found = [action.tool for action in catalog.search(query)]

    assert tool in found[:2], found


@pytest.mark.parametrize(
    "query", ['" OR NEAR(', "*", "tool:x", "a AND", "NOT issue", "issue*", "^issue", "(", "\x00", "-", "{x}", "💥"]
)
def test_query_syntax_is_only_text(catalog: Catalog, query: str) -> None:
    catalog.search(query)


def test_a_huge_query_is_cut(catalog: Catalog) -> None:
    assert isinstance(catalog.search("issue " * 100_000), list)


def test_search_keeps_to_one_connector_and_to_the_limit(catalog: Catalog) -> None:
    assert {action.connector for action in catalog.search("list create get", connector="demo")} == {"demo"}
    assert len(catalog.search("list create get", limit=3)) == 3
    assert len(catalog.search("list", limit=0)) == 1


def test_without_words_a_connectors_actions_come_in_their_order(catalog: Catalog) -> None:
    assert [action.name for action in catalog.search("", connector="demo")] == list(catalog.connector("demo").actions)
    assert catalog.search("") == []


def test_an_unknown_connector_is_an_error_with_the_nearest(catalog: Catalog) -> None:
    with pytest.raises(UnknownConnector, match="demos"):
        catalog.search("x", connector="demos")
