"""Checks of what comes back: projections, details fetched for each item, answers that are errors (design 4.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from connectory.catalog.checks.expressions import check_expression
from connectory.catalog.checks.facts import Sign
from connectory.catalog.checks.names import Names, check_template, placeholders_of
from connectory.catalog.checks.requests import check_request, reads
from connectory.catalog.checks.words import check_header_name
from connectory.catalog.manifest import ActionManifest, Answer, Condition, ErrorRule, Expand, RetryTime
from connectory.catalog.problems import Finding
from connectory.catalog.yaml_document import KeyPath

MEMBER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RETRIED = ("rate_limited", "provider_unavailable")  # the codes after which waiting helps


def check_answer(path: KeyPath, action: ActionManifest, sign: Sign, names: Names) -> Iterator[Finding]:
    """Yield what is wrong with the answer of an action whose request may use `names`."""
    answer = action.answer
    yield from check_expression((*path, "items"), answer.items)
    yield from check_expression((*path, "when"), answer.when)
    yield from check_expression((*path, "item"), answer.item)
    if answer.file_name is not None:
        yield from check_template((*path, "file_name"), answer.file_name, replace(names, paging=(), flat=True))
    for key in ("data", "name", "media_type"):
        yield from check_expression((*path, "content", key), getattr(answer.content, key, None))
    if action.request.method == "HEAD" and answer != Answer():
        yield Finding(path, "A HEAD answer has no body.", "Use get, or leave `answer` out.")
    if answer.expand is not None:
        yield from _check_expand((*path, "expand"), answer.expand, sign, names)


def _check_expand(path: KeyPath, expand: Expand, sign: Sign, names: Names) -> Iterator[Finding]:
    for key in ("when", "items", "item", "more"):
        yield from check_expression((*path, key), getattr(expand, key))
    if expand.into is not None and not MEMBER.fullmatch(expand.into):
        yield Finding((*path, "into"), f"{expand.into[:60]!r} is no name of a member.", "Write it like details.")
    here = (*path, "request")
    request = expand.request
    inner = replace(names, paging=(), has_each=True, element=None)
    yield from check_request(here, request, sign, inner, certain=sign.certain_facts)
    if not reads(request):
        what = (
            "its document changes something"
            if request.graphql is not None
            else f"{request.method} may change something"
        )
        yield Finding(
            here, f"It is sent for every item of a list, and {what}.", "Use a read: get, or a POST that reads."
        )
    if not any(item.scope == "each" for item in placeholders_of([request.path, *request.trees])):
        yield Finding(here, "It is the same for every item.", "Write {each.id}, or another member of the item.")


def check_errors(path: KeyPath, rules: Sequence[ErrorRule], action: ActionManifest | None = None) -> Iterator[Finding]:
    """Yield what is wrong with a list of error rules; `action`: whose they are."""
    for index, rule in enumerate(rules):
        here = (*path, index)
        wider = next((at for at, earlier in enumerate(rules[:index]) if _takes_all(earlier.when, rule.when)), None)
        if wider is not None:
            hint = "Put this one before it: the first that applies counts."
            yield Finding(here, f"It never applies: {path[-1]}[{wider}] takes all that it is about.", hint)
        when = (*here, "when")
        yield from _check_has_body(when, rule.when, action)
        yield from check_condition(when, rule.when)
        yield from check_expression((*here, "message"), rule.message)
        if rule.retry is not None:
            yield from check_retry((*here, "retry"), rule.retry)
            if rule.code not in RETRIED:
                hint = f"Only {' and '.join(RETRIED)} are tried again."
                yield Finding((*here, "retry"), f"After {rule.code} nothing is tried again.", hint)


def check_condition(path: KeyPath, when: Condition) -> Iterator[Finding]:
    """Yield what is wrong with a condition over an answer."""
    yield from check_expression((*path, "body"), when.body)
    for at, status in enumerate(when.status or ()):
        if not 100 <= status <= 599:
            yield Finding((*path, "status", at), f"{status} is no HTTP status.", "It is from 100 to 599.")
    for header in when.headers:
        yield from check_header_name((*path, "headers", header), header)


def _takes_all(earlier: Condition, later: Condition) -> bool:
    """Whether every answer that the later condition is about is the earlier one's already."""
    headers = {name.lower(): value for name, value in later.headers.items()}
    return (
        (not earlier.status or bool(later.status and set(later.status) <= set(earlier.status)))
        and all(headers.get(name.lower()) == value for name, value in earlier.headers.items())
        and earlier.body in (None, later.body)
    )


def _check_has_body(path: KeyPath, when: Condition, action: ActionManifest | None) -> Iterator[Finding]:
    """A condition over the body is about JSON, or the words of a failure (`actions/rules.py`)."""
    if when.body is None or not when.status or action is None:
        return
    is_head = action.request.method == "HEAD"
    if is_head or (not action.answer.is_json and all(status < 400 for status in when.status)):
        what = "A HEAD answer" if is_head else f"An answer that is `as: {action.answer.kind}` and no failure"
        yield Finding((*path, "body"), f"{what} has no body to look at, so this never applies.", "Go by `headers`.")


def check_retry(path: KeyPath, retry: RetryTime) -> Iterator[Finding]:
    """Yield what is wrong with where an answer says when to try again."""
    yield from check_header_name((*path, "header"), retry.header)
    yield from check_expression((*path, "body"), retry.body)
    for key in ("needed", "left", "per_second"):
        yield from check_expression((*path, "bucket", key), getattr(retry.bucket, key, None))
