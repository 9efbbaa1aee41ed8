"""Linear: a key that goes bare, filters of which only those are sent that were given, and errors with status 400."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.gate.doubles.linear import KEY, TOKEN, Linear, refused
from tests.gate.doubles.serving import Reply
from tests.gate.gate import BOTH_ERAS, Era, Gate, gate

from connectory.errors import RateLimited
from connectory.testing.application import connect, grant_oauth

ORIGIN = "https://api.linear.app"
LINE: dict[str, Any] = {
    "identifier": "ENG-1", "title": "Login times out", "priorityLabel": "Urgent", "estimate": None, "dueDate": None,
    "createdAt": "2026-01-31T10:00:00.000Z", "updatedAt": "2026-02-01T10:00:00.000Z", "completedAt": None,
    "url": "https://linear.app/acme/issue/ENG-1", "state": {"name": "In Progress", "type": "started"},
    "assignee": {"name": "Ann", "email": "a@x.de"}, "team": {"key": "ENG"}, "project": None,
    "cycle": {"number": 7, "name": None}, "labels": {"nodes": [{"name": "Bug"}]},
}  # fmt: skip


def page(*nodes: dict[str, Any], after: str | None = None) -> dict[str, Any]:
    return {"nodes": list(nodes), "pageInfo": {"hasNextPage": after is not None, "endCursor": after}}


@asynccontextmanager
async def workspace() -> AsyncIterator[tuple[Gate, Linear]]:
    """A workspace that was connected by a key."""
    linear = Linear()
    async with gate((ORIGIN, linear)) as opened:
        await connect(opened.application, opened.principal, "linear", token=KEY, method="key")
        linear.received.clear()
        yield opened, linear


async def test_a_key_goes_without_bearer_and_says_whose_it_is() -> None:
    linear = Linear()
    async with gate((ORIGIN, linear)) as opened:
        await connect(opened.application, opened.principal, "linear", token=KEY, method="key")
        [(_, grant)] = await opened.application.auth.list_connections(opened.principal)

    assert linear.last.headers["authorization"] == KEY
    assert (grant.account_id, grant.account_name) == ("u-1", "Ann at Acme")


async def test_an_oauth_token_goes_with_bearer() -> None:
    linear = Linear()
    linear.answers = [{"issues": page()}]
    async with gate((ORIGIN, linear)) as opened:
        await grant_oauth(opened.application, opened.principal, "linear", token=TOKEN, scopes=["read"])

        assert (await opened.call("linear_list_issues")).value == []

    assert linear.last.headers["authorization"] == f"Bearer {TOKEN}"


@BOTH_ERAS
async def test_an_agent_reads_its_open_issues(era: Era) -> None:
    async with workspace() as (opened, linear):
        linear.answers = [{"issues": page(LINE)}]

        said, is_error = await opened.by_mcp(
            era,
            "linear_list_issues",
            mine=True,
            state_types=["unstarted", "started"],
            fields=["title", "cycle", "labels"],
        )

    assert not is_error
    assert said.splitlines()[1:5] == ["- title: Login times out", "  cycle: 7", "  labels:", "    - Bug"]
    assert linear.last.json["variables"] == {
        "first": 25,
        "orderBy": "updatedAt",
        "filter": {"assignee": {"isMe": {"eq": True}}, "state": {"type": {"in": ["unstarted", "started"]}}},
    }


async def test_what_was_not_given_is_no_filter() -> None:
    async with workspace() as (opened, linear):
        linear.answers = [{"issues": page()}, {"users": page()}]
        await opened.call("linear_list_issues")
        first = linear.last.json["variables"]
        await opened.call("linear_list_users")

    assert first == {"first": 25, "orderBy": "updatedAt"}
    assert linear.last.json["variables"] == {"first": 25, "filter": {"active": {"eq": True}}}


async def test_an_update_sends_what_changes_and_null_where_it_clears() -> None:
    async with workspace() as (opened, linear):
        linear.answers = [{"issueUpdate": {"success": True, "issue": LINE}}]
        changed = await opened.call("linear_update_issue", issue="ENG-1", assignee=None, due_date="2026-12-24")

    assert linear.last.json["variables"] == {"id": "ENG-1", "input": {"assigneeId": None, "dueDate": "2026-12-24"}}
    assert (changed.value["id"], changed.value["state"]) == ("ENG-1", "In Progress")


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (refused("INPUT_ERROR", "invalid input", "Argument Validation Error", said="Title is too long."),
         "provider_rejected", "Title is too long."),
        (refused("INPUT_ERROR", "invalid input", "Entity not found: Issue"), "provider_not_found", "Entity not found"),
        (refused("FORBIDDEN", "forbidden", "Invalid scope: `write` required"), "missing_scope", "`write` required"),
        (refused("FORBIDDEN", "forbidden", "No access"), "provider_forbidden", "No access"),
        (refused("INTERNAL_SERVER_ERROR", "internal error", "Oops"), "provider_unavailable", "Oops"),
        (Reply(200, {"data": {"commentCreate": {"success": False, "comment": None}}}), "provider_rejected", ""),
    ],
)  # fmt: skip
async def test_an_error_means_what_its_type_says(answer: Reply, code: str, said: str) -> None:
    async with workspace() as (opened, linear):
        linear.queue.append(answer)
        error = await opened.refused("linear_add_comment", issue="ENG-1", text="x")

    assert error.code == code
    assert said in error.message
    assert len(linear.received) == 1


async def test_a_key_that_was_revoked_asks_for_the_sign_in() -> None:
    async with workspace() as (opened, linear):
        linear.keys = ()
        error = await opened.refused("linear_list_issues")

    assert error.code == "needs_reconnect"
    assert "/connect/" in (error.hint or "")
    assert KEY not in f"{error.message} {error.hint}"


@pytest.mark.parametrize(
    "headers",
    [
        {"requests_remaining": "0", "requests_reset": "{at}", "complexity_reset": "0"},
        {"requests_remaining": "9", "requests_reset": "0", "complexity_reset": "{at}"},
    ],
)
async def test_a_limit_says_when_it_ends_by_the_header_of_what_is_used_up(headers: dict[str, str]) -> None:
    ends = str(int((time.time() + 600) * 1000))
    given = {f"x_ratelimit_{name}": value.replace("{at}", ends) for name, value in headers.items()}
    async with workspace() as (opened, linear):
        linear.queue.append(refused("RATELIMITED", "ratelimited", "Rate limit exceeded", **given))
        error = await opened.refused("linear_list_teams")

    assert isinstance(error, RateLimited)
    assert error.retry_after_s == pytest.approx(600, abs=10)
