"""What is particular to GitHub's manifest."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest

from connectory.actions.expressions import evaluate
from connectory.actions.filling import Values
from connectory.actions.request import preview
from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Effect

ACTIONS = [
    "list_issues", "get_issue", "create_issue", "update_issue", "add_comment", "search_issues", "get_repository",
    "list_pull_requests", "get_pull_request", "create_pull_request", "merge_pull_request", "list_pull_request_files",
    "list_reviews", "create_review", "get_file", "write_file", "search_code", "search_repositories", "list_releases",
    "create_release", "list_workflow_runs", "rerun_workflow",
]  # fmt: skip
ISSUE: dict[str, Any] = {
    "number": 1347, "title": "Found a bug", "state": "open", "user": {"login": "octocat"}, "body": "No.",
    "labels": [{"id": 1, "name": "bug"}], "assignees": [{"login": "hubot"}], "milestone": {"title": "v1.0"},
    "comments": 0, "created_at": "2011-04-22T13:33:48Z", "updated_at": "2011-04-22T13:33:48Z", "closed_at": None,
    "html_url": "https://github.com/octocat/Hello-World/issues/1347",
}  # fmt: skip


@pytest.fixture(scope="module")
def github() -> Connector:
    return load_catalog([packaged_folder()], index_dir=None).connector("github")


def test_it_has_these_actions(github: Connector) -> None:
    assert sorted(github.actions) == sorted(ACTIONS)


def test_what_writes_says_which_scope_it_needs_and_what_reads_needs_none(github: Connector) -> None:
    for action in github.actions.values():
        assert action.manifest.scopes == ([] if action.effect is Effect.READ else [["repo", "public_repo"]])


def test_every_request_says_which_version_of_the_api_it_means(github: Connector) -> None:
    assert github.manifest.headers == {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2026-03-10"}


def test_pull_requests_are_left_out_of_the_list_of_issues(github: Connector) -> None:
    answer = github.actions["list_issues"].manifest.answer
    both = [ISSUE, {**ISSUE, "number": 2, "pull_request": {"url": "https://api.github.com/x"}}]

    items = [item for item in jmespath.search(answer.items or "", both) if jmespath.search(answer.when or "", item)]

    assert [jmespath.search(answer.item, item)["number"] for item in items] == [1347]


def test_an_issue_says_whether_it_is_a_pull_request(github: Connector) -> None:
    item = github.actions["get_issue"].manifest.answer.item

    assert jmespath.search(item, ISSUE)["is_pull_request"] is False
    assert jmespath.search(item, {**ISSUE, "pull_request": {}})["is_pull_request"] is True


@pytest.mark.parametrize(
    ("answer", "content", "entries"),
    [
        ({"type": "file", "content": "R3LDvMOf\nZQo=\n"}, "Grüße\n", None),  # GitHub breaks lines at 60 characters
        ({"type": "file", "content": "", "encoding": "none"}, "", None),  # over 1 MB
        ({"type": "dir", "entries": [{"path": "src", "type": "dir"}]}, None, ["src"]),
    ],
)
def test_a_file_comes_as_text_and_a_folder_as_its_entries(
    github: Connector, answer: Any, content: str | None, entries: list[str] | None
) -> None:
    given = evaluate(github.actions["get_file"].manifest.answer.item, answer)

    assert given["content"] == content
    assert (given["entries"] and [entry["path"] for entry in given["entries"]]) == entries


def test_a_file_goes_as_base64(github: Connector) -> None:
    given = {"owner": "octocat", "repo": "hello", "path": "a.md", "content": "# Gr\u00fc\u00dfe\n", "message": "Greet"}

    shown = preview(github, github.actions["write_file"].manifest.request, Values(given, {}, {}))

    assert shown.body["content"] == "IyBHcsO8w59lCg=="


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
