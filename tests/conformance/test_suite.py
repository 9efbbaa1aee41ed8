"""MCP's official conformance suite finds nothing wrong with our face, in either era and either way to hold sessions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from tests.conformance.judges import Verdict, judge, node, requirements, serving
from tests.e2e.programs import Install

pytestmark = pytest.mark.slow

# The requests that a server sends need a connection that stays: `CONNECTORY_HTTP_SESSIONS=stateful`. Clients that are
# asked nothing lose nothing: a sign-in is then asked for by the error -32042, or in words (mcp/elicitation.py).
NEEDS_SESSIONS = frozenset(
    {"tools-call-sampling", "tools-call-elicitation", "elicitation-sep1034-defaults", "elicitation-sep1330-enums"}
)
RUNS = [
    ("2025-11-25", "stateful", frozenset[str]()),
    ("2025-11-25", "stateless", NEEDS_SESSIONS),
    ("2026-07-28", "stateful", frozenset[str]()),
    ("2026-07-28", "stateless", frozenset[str]()),
]
# What the suite does not score and we do not pass: all of it, with the reason.
TASKS = "the extension of tasks: a call of ours ends within a minute, and we do not declare it"
NOT_OURS = {
    "server-sse-polling": "streams are not resumed: a client that lost an answer asks again",
    "http-custom-header-server-validation": "no tool of ours takes an argument from a header",
    "tasks-lifecycle": TASKS,
    "tasks-capability-negotiation": TASKS,
    "tasks-wire-fields": TASKS,
    "tasks-request-state-removal": TASKS,
    "tasks-mrtr-input": TASKS,
    "tasks-request-headers": TASKS,
    "tasks-dispatch-and-envelope": TASKS,
    "tasks-required-task-error": TASKS,
    "tasks-mrtr-composition": TASKS,
}
# Wishes of the specification (SHOULD) and checks that do not apply.
NO_RESUMING = NOT_OURS["server-sse-polling"]
WISHES = {
    "server-sse-priming-event": NO_RESUMING,
    "server-sse-retry-field": NO_RESUMING,
    "server-sse-polling-session": "without sessions there is none to name",
    "server-sse-multiple-streams-session": "without sessions there is none to name",
    "sep-2575-server-sends-prompts-list-changed-on-subscription": "our prompts do not change, and we do not say so",
    "sep-2575-server-sends-tools-list-changed-on-subscription": "heard within two seconds; the suite waits for 1.5",
    "tasks-status-notifications": "the suite has no such check yet, and we have no tasks",
}


@pytest.mark.parametrize(("revision", "sessions", "excused"), RUNS, ids=[f"{run[0]}-{run[1]}" for run in RUNS])
def test_nothing_that_is_scored_fails(
    revision: str,
    sessions: str,
    excused: frozenset[str],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    node()
    required = requirements(revision)
    with serving(Install(tmp_path, extra={"CONNECTORY_HTTP_SESSIONS": sessions}), with_fixtures=True) as url:
        verdict = judge(url, revision, tmp_path / "first")
        if verdict.failed() & required.scored != excused:
            verdict = judge(url, revision, tmp_path / "second")  # some checks give half a second: a machine may be busy

    assert verdict.ran == required.scored | required.not_scored.keys()
    failures = verdict.found.get("FAILURE", {})
    scored = {check: words for check, words in failures.items() if check[0] in required.scored - excused}
    assert not scored
    assert verdict.failed() & required.scored == excused
    assert (verdict.exit_code == 0) == (not excused)
    assert verdict.failed() - required.scored == NOT_OURS.keys() & required.not_scored.keys()
    for reason, names in _not_judged(verdict, excused, required.not_scored).items():
        record_property("told", f"not counted, {reason}: {', '.join(names)}")
    record_property("told", f"{verdict.checks} checks passed in {len(verdict.ran)} scenarios")


def _not_judged(
    verdict: Verdict, excused: frozenset[str], not_scored: Mapping[str, str]
) -> Mapping[str, Sequence[str]]:
    """What did not count or apply, by reason. Fails for what nobody has given a reason for."""
    told: dict[str, list[str]] = {}
    for name in sorted(excused):
        told.setdefault("needs CONNECTORY_HTTP_SESSIONS=stateful", []).append(f"{name} (scored)")
    for name in sorted(verdict.failed() & NOT_OURS.keys()):
        told.setdefault(NOT_OURS[name], []).append(f"{name} ({not_scored[name]})")
    for status in ("WARNING", "SKIPPED"):
        for (scenario, check), words in sorted(verdict.found.get(status, {}).items()):
            assert check in WISHES, f"{status} {scenario}/{check}: {words}"
            told.setdefault(WISHES[check], []).append(f"{check} ({status.lower()})")
    return told
