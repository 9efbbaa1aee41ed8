"""GitHub's manifest against its REST documentation, version 2026-03-10, copied here by hand."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest

from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.connector import Connector
from connectory.catalog.template import parse_template

# operation: method, path, query, body (by hand after https://docs.github.com/en/rest; held against no live answer)
DOCUMENTED: dict[str, tuple[str, str, set[str], set[str]]] = {
    "list_issues": (
        "GET", "/repos/{owner}/{repo}/issues",
        {"milestone", "state", "assignee", "type", "creator", "mentioned", "labels", "sort", "direction", "since",
         "per_page", "page"},
        set(),
    ),
    "get_issue": ("GET", "/repos/{owner}/{repo}/issues/{issue_number}", set(), set()),
    "create_issue": (
        "POST", "/repos/{owner}/{repo}/issues", set(), {"title", "body", "milestone", "labels", "assignees", "type"},
    ),
    "update_issue": (
        "PATCH", "/repos/{owner}/{repo}/issues/{issue_number}", set(),
        {"title", "body", "state", "state_reason", "milestone", "labels", "assignees", "type"},
    ),
    "comment_on_issue": ("POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments", set(), {"body"}),
    "search_issues": ("GET", "/search/issues", {"q", "sort", "order", "per_page", "page", "advanced_search"}, set()),
    "get_repository": ("GET", "/repos/{owner}/{repo}", set(), set()),
    "list_pull_requests": (
        "GET", "/repos/{owner}/{repo}/pulls",
        {"state", "head", "base", "sort", "direction", "per_page", "page"}, set(),
    ),
}  # fmt: skip
ENUMS = {
    ("list_issues", "state"): ["open", "closed", "all"],
    ("list_issues", "sort"): ["created", "updated", "comments"],
    ("list_pull_requests", "state"): ["open", "closed", "all"],
    ("list_pull_requests", "sort"): ["created", "updated", "popularity", "long-running"],
    ("update_issue", "state"): ["open", "closed"],
    ("update_issue", "state_reason"): ["completed", "not_planned", "duplicate", "reopened"],
    ("search_issues", "order"): ["asc", "desc"],
}
ISSUE: dict[str, Any] = {
    "number": 1347, "title": "Found a bug", "state": "open", "user": {"login": "octocat"}, "body": "No.",
    "labels": [{"id": 1, "name": "bug"}], "assignees": [{"login": "hubot"}], "milestone": {"title": "v1.0"},
    "comments": 0, "created_at": "2011-04-22T13:33:48Z", "updated_at": "2011-04-22T13:33:48Z", "closed_at": None,
    "html_url": "https://github.com/octocat/Hello-World/issues/1347",
}  # fmt: skip


@pytest.fixture(scope="module")
def github() -> Connector:
    return load_catalog([packaged_folder()], index_dir=None).connector("github")


def test_it_has_the_eight_actions(github: Connector) -> None:
    assert set(github.actions) == set(DOCUMENTED)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_method_path_query_and_body_are_githubs(github: Connector, name: str) -> None:
    request = github.actions[name].manifest.request
    method, path, query, body = DOCUMENTED[name]

    def shape(text: str) -> list[str]:
        return [part if isinstance(part, str) else "{}" for part in parse_template(text).parts]

    assert request.method == method
    assert shape(request.path) == shape(path)
    assert set(request.query) <= query
    assert set(request.body or {}) <= body


@pytest.mark.parametrize(("action", "name"), ENUMS)
def test_words_are_the_ones_github_takes(github: Connector, action: str, name: str) -> None:
    assert github.actions[action].manifest.inputs[name].enum == ENUMS[action, name]


def test_every_request_says_which_version_of_the_api_it_means(github: Connector) -> None:
    assert github.manifest.headers == {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2026-03-10"}


def test_pull_requests_are_left_out_of_the_list_of_issues(github: Connector) -> None:
    answer = github.actions["list_issues"].manifest.answer
    both = [ISSUE, {**ISSUE, "number": 2, "pull_request": {"url": "https://api.github.com/x"}}]

    items = jmespath.search(answer.items or "", both)

    assert [jmespath.search(answer.item, item) for item in items] == [
        {
            "number": 1347, "title": "Found a bug", "state": "open", "author": "octocat", "labels": ["bug"],
            "assignees": ["hubot"], "comments": 0, "created_at": "2011-04-22T13:33:48Z",
            "updated_at": "2011-04-22T13:33:48Z", "url": "https://github.com/octocat/Hello-World/issues/1347",
        }
    ]  # fmt: skip


def test_an_issue_says_whether_it_is_a_pull_request(github: Connector) -> None:
    item = github.actions["get_issue"].manifest.answer.item

    assert jmespath.search(item, ISSUE)["is_pull_request"] is False
    assert jmespath.search(item, {**ISSUE, "pull_request": {}})["is_pull_request"] is True


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"message": "Not Found"}, "Not Found"),
        ({"message": "Validation Failed", "errors": [{"code": "missing"}]}, 'Validation Failed [{"code":"missing"}]'),
        ({"errors": [1]}, None),
        ("<html>", None),
    ],
)
def test_the_message_says_which_field_was_wrong(github: Connector, answer: Any, message: str | None) -> None:
    assert jmespath.search(github.manifest.message or "", answer) == message


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("You have exceeded a secondary rate limit. Please wait.", "rate_limited"),
        ("Resource not accessible by personal access token", "missing_scope"),
        ("Must have admin rights to Repository.", None),
        (None, None),
    ],
)
def test_a_403_means_what_its_message_says(github: Connector, message: str | None, code: str | None) -> None:
    rules = [rule for rule in github.manifest.errors if rule.when.body and 403 in (rule.when.status or [])]

    applying = [rule.code for rule in rules if jmespath.search(rule.when.body or "", {"message": message})]

    assert applying[:1] == ([code] if code else [])
