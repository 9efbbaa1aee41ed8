"""Which answers are errors (design 4.6): by the action's rules, the file's, GraphQL's own list, then the status.

A condition over the body is about a JSON body, or the words of a failure: of what is empty, text or a file it never
holds, since `!ok` would be true of them all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectory.actions.expressions import evaluate_or_none, is_true
from connectory.actions.redaction import Redactor
from connectory.actions.refusals import code_of_status, quoted, refusal
from connectory.actions.retry_times import seconds_to_wait
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Condition, ErrorRule
from connectory.catalog.manifest.answers import ErrorCode
from connectory.errors import ConnectoryError

USUAL_MESSAGES = (
    "message",
    "error.message",
    "error_description",
    "errors[0].message",
    "detail",
    "title",
    "error",
    "errors[0]",
)
_NOTHING_SAID: tuple[object, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Came:
    """What came, as far as rules look at it; `body` is clean of our credentials."""

    status: int
    headers: Mapping[str, str]
    body: Any
    has_body: bool  # whether `body` is what the provider said: JSON, or the words of a failure


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Why an answer is an error."""

    code: ErrorCode
    place: str  # what says so, as who writes the manifest calls it
    rule: ErrorRule | None = None  # of the manifest


@dataclass(frozen=True, slots=True)
class Rules:
    """How the answers to one request are judged."""

    connector: Connector
    own: Sequence[ErrorRule] = ()  # of the action
    is_graphql: bool = False
    is_read: bool = True

    def failure(self, came: Came, redactor: Redactor) -> ConnectoryError | None:
        """Return the error that an answer is, or None. The provider's message is quoted as theirs, and cut."""
        verdict = self._verdict(came)
        if verdict is None:
            return None
        rule = verdict.rule
        said = self._said(came, redactor, rule.message if rule is not None else None)
        hint = (rule.hint or "") if rule is not None else self._usual_hint(came)
        wait_s = self._seconds_to_wait(came, rule)
        return refusal(verdict.code, self.connector, came.status, said, wait_s=wait_s, hint=hint)

    def verdict(self, came: Came) -> str:
        """Say which rule makes an answer an error, as who writes the manifest calls it; empty: none does."""
        verdict = self._verdict(came)
        return f"{verdict.place} ({verdict.code})" if verdict is not None else ""

    def note(self, came: Came, redactor: Redactor) -> str:
        """What a reader should know of an answer that is no error: GraphQL may leave parts of it out."""
        if not (self.is_graphql and _has_errors(came)):
            return ""
        return f"Parts of this answer are missing.{self._said(came, redactor)}"

    def _verdict(self, came: Came) -> _Verdict | None:
        """The first rule that applies, failing these the status, and what GraphQL says."""
        for place, rules in (("the action's errors", self.own), *self.connector.errors):
            for index, rule in enumerate(rules):
                if _applies(rule.when, came):
                    return _Verdict(rule.code, f"{place}[{index}]", rule)
        if came.status >= 400:
            return _Verdict(code_of_status(came.status), f"the status {came.status}")
        if self.is_graphql and _has_errors(came) and not (self.is_read and _has_data(came)):
            return _Verdict("provider_rejected", "`errors` of GraphQL")
        return None

    def _seconds_to_wait(self, came: Came, rule: ErrorRule | None) -> float | None:
        retry = self.connector.retry
        if rule is not None:
            return seconds_to_wait(came.headers, came.body, rule.retry, retry)
        return seconds_to_wait(came.headers, came.body, retry if came.status in (429, 503) else None)

    def _usual_hint(self, came: Came) -> str:
        """What to do where no rule says it: after a status the code's own words, after GraphQL's errors ours."""
        if came.status >= 400:
            return ""
        part = "Part of it may have been done: look first. " if _has_data(came) else ""
        return f"{part}Correct the arguments and call again; the same call would be refused again."

    def _said(self, came: Came, redactor: Redactor, expression: str | None = None) -> str:
        """The provider's message by the rule, the manifest or the usual places; of HTML, nothing."""
        if isinstance(came.body, str):
            message = "" if came.body.lstrip().startswith("<") else came.body
        elif isinstance(came.body, Mapping | list):
            places = [*filter(None, (expression, self.connector.message)), *USUAL_MESSAGES]
            found = (evaluate_or_none(place, came.body) for place in places)
            message = next((one for one in found if one not in _NOTHING_SAID), "")
        else:
            return ""
        clean = redactor.clean_message(message)
        return quoted(self.connector, clean if isinstance(clean, str) else json.dumps(clean, ensure_ascii=False))


def _applies(when: Condition, came: Came) -> bool:
    if when.status is not None and came.status not in when.status:
        return False
    if any(came.headers.get(name) != wanted for name, wanted in when.headers.items()):
        return False
    return when.body is None or (came.has_body and is_true(evaluate_or_none(when.body, came.body)))


def _has_errors(came: Came) -> bool:
    """Whether a GraphQL answer has errors (GraphQL October 2021, section 7.1.2)."""
    return isinstance(came.body, Mapping) and isinstance(came.body.get("errors"), list) and bool(came.body["errors"])


def _has_data(came: Came) -> bool:
    data = came.body.get("data") if isinstance(came.body, Mapping) else None
    return isinstance(data, Mapping) and any(part is not None for part in data.values())
