from __future__ import annotations

import json

import pytest

from connectory.web.problems import is_api, problem_response


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("/api", True),
        ("/api/workspace/w1/connectors", True),
        ("/api/openapi.json", True),
        ("/api/nowhere", True),
        ("/api/auth/callback/github", False),
        ("/api/nango/webhook", False),
        ("/apis", False),
        ("/", False),
        ("/workspaces/w1/api", False),
    ],
)
def test_only_what_serves_programs_is_the_api(path: str, is_one: bool) -> None:
    assert is_api(path) is is_one


@pytest.mark.parametrize(
    ("wait_s", "header"), [(None, None), (0.0, "1"), (0.2, "1"), (2.5, "3"), (float("inf"), None), (float("nan"), None)]
)
def test_a_problem_says_when_to_try_again(wait_s: float | None, header: str | None) -> None:
    answer = problem_response(429, "Too much.", code="rate_limited", hint="Wait.", retry_after_s=wait_s)
    assert answer.headers.get("retry-after") == header
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(bytes(answer.body)) == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "Too much.",
        "code": "rate_limited",
        "hint": "Wait.",
    }


def test_a_status_that_has_no_name_is_an_error() -> None:
    assert json.loads(bytes(problem_response(499, "Gone.").body))["title"] == "Error"
