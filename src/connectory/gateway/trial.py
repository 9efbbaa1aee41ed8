"""A tried call as who writes a manifest needs to see it: the request, the provider's answer, what an agent gets.

It is a call like any other, by the same rules and on the record; what is said of it here is pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from itertools import islice
from typing import TYPE_CHECKING, Any

from connectory.errors import ConnectoryError

if TYPE_CHECKING:
    from connectory.actions.watching import Seen
    from connectory.catalog.connector import Action, Connector
    from connectory.gateway.gateway import Gateway
    from connectory.gateway.results import Result
    from connectory.identity.principal import Principal

MOST_LINES = 40  # of an answer that is not shown whole
MOST_LINE = 300  # characters of such a line
MOST_NULLS = 20  # members that are named as null everywhere
USUAL_HEADERS = ("content-type", "retry-after")


@dataclass(slots=True)
class Trial:
    """What is known of a tried call so far. `request` is {method, url, headers, body}, without credentials."""

    action: Action
    connector: Connector
    request: Mapping[str, Any] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    result: Result | None = None
    error: ConnectoryError | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One of the parts that are shown, as lines."""

    title: str
    lines: tuple[str, ...]


async def draw_request(
    gateway: Gateway,
    principal: Principal,
    trial: Trial,
    arguments: Mapping[str, Any],
    *,
    connection: str | None = None,
) -> None:
    """Put the request into the trial. Raises what keeps it from being made at all."""
    preview = {**arguments, "dry_run": True}
    shown = await gateway.call_action(principal, trial.action.tool, preview, connection=connection)
    trial.request = shown.value


async def make_call(
    gateway: Gateway,
    principal: Principal,
    trial: Trial,
    arguments: Mapping[str, Any],
    *,
    connection: str | None = None,
) -> None:
    """Put into the trial what comes of the call, an error too."""
    trial.seen.clear()  # of the sign-in
    try:
        trial.result = await gateway.call_action(principal, trial.action.tool, arguments, connection=connection)
    except ConnectoryError as error:
        trial.error = error


def parts_of(
    trial: Trial, *, is_sent: bool, whole: bool = False, more: str = "", tells_error: bool = False
) -> tuple[Part, ...]:
    """Return what is shown of a trial: the request, and once it was sent the answer, what an agent gets, and notes.

    A long answer is cut unless it shall be `whole`; `more` says how the rest can be seen. `tells_error`: an error's
    words and hint stand there too.
    """
    request = _request(trial)
    if not is_sent:
        return (request,)
    notes = tuple(f"- {note}" for note in (*_sent(trial.seen), *islice(null_members(trial), MOST_NULLS)))
    answer, outcome = _answer(trial, whole=whole, more=more), _outcome(trial, tells_error=tells_error)
    return (request, answer, outcome, *([Part("Notes", notes)] if notes else []))


def sign_in_parts(trial: Trial) -> tuple[Part, ...]:
    """Return what was answered to a sign-in that did not work, as far as somebody was asked."""
    return (replace(_answer(trial), title="The provider's answer to the sign-in"),) if trial.seen else ()


def null_members(trial: Trial) -> Iterator[str]:
    """Members of the projection that are null everywhere are misspelt more often than not."""
    value = trial.result.value if trial.result is not None else None
    items = value if isinstance(value, list) else [value]
    found = [item for item in items if isinstance(item, dict)]
    if not found or len(found) != len(items):
        return
    filled = {name for item in found for name, one in item.items() if one is not None}
    for name in dict.fromkeys(name for item in found for name in item):
        if name not in filled:
            yield f"'{_cut(name)}' is null everywhere: if the answer has it, its path in `answer` is wrong."


def _request(trial: Trial) -> Part:
    request = trial.request
    lines = [f"{request['method']} {request['url']}", *(f"{name}: {text}" for name, text in request["headers"].items())]
    body = request["body"]
    if body is not None:
        lines += ["", body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)]
    return Part("1. The request, without credentials", tuple(lines))


def _answer(trial: Trial, *, whole: bool = False, more: str = "") -> Part:
    """The answer, or of several the first one that is an error, else the first."""
    if not trial.seen:
        return Part("2. The provider's answer", ("There was none.",))
    seen = next((one for one in trial.seen if one.verdict), trial.seen[0])
    if trial.error is None:
        seen = next((one for one in trial.seen if not one.verdict), seen)
    headers = [f"{name}: {seen.headers[name]}" for name in _headers_read(trial) if name in seen.headers]
    lines = [f"{seen.status}, {seen.size} bytes", *headers, *([""] if seen.size else [])]
    return Part("2. The provider's answer, before its projection", (*lines, *_body(seen, whole=whole, more=more)))


def _outcome(trial: Trial, *, tells_error: bool) -> Part:
    """The result; of an error, why it is one."""
    if trial.result is not None:
        return Part("3. What an agent gets", (trial.result.text,))
    verdict = next((one.verdict for one in reversed(trial.seen) if one.verdict), "")
    why = f"It is an error by {verdict}." if verdict else "No error rule applied: this is about the call itself."
    lines = [why if trial.seen else "Nothing came back."]
    if tells_error and (error := trial.error) is not None:
        lines += ["", f"{error.code}: {error.message}", *([error.hint] if error.hint else [])]
    return Part("3. What an agent gets: an error", tuple(lines))


def _body(seen: Seen, *, whole: bool, more: str) -> Iterator[str]:
    if seen.body is None:
        if seen.size:
            yield "(a file, which is not shown)"
        return
    lines = _lines_of(seen.body)
    if whole:
        yield from lines
        return
    yield from map(_cut, islice(lines, MOST_LINES))
    if next(lines, None) is not None:
        yield f"… more lines{more}."


def _lines_of(body: object) -> Iterator[str]:
    """The lines of a body, written as far as they are read: the whole of a large one takes seconds."""
    if isinstance(body, str):
        yield from (line.rstrip("\n") for line in StringIO(body, newline=None))
        return
    line: list[str] = []
    for chunk in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(body):
        first, *others = chunk.split("\n")
        line.append(first)
        for other in others:
            yield "".join(line)
            line = [other]
    yield "".join(line)


def _cut(line: str) -> str:
    return line if len(line) <= MOST_LINE else f"{line[:MOST_LINE]}…"


def _headers_read(trial: Trial) -> list[str]:
    """The answer headers that say something here: the usual ones, and those that the manifest reads."""
    action, connector = trial.action.manifest, trial.connector
    names: list[str | None] = [*USUAL_HEADERS]
    if action.pages is not None:
        names += ["link"] if action.pages.style == "link_header" else []
        names += [getattr(action.pages, name, None) for name in ("header", "next_header", "total_header")]
    for rule in (*action.errors, *(rule for _, rules in connector.errors for rule in rules)):
        names += [*rule.when.headers, rule.retry.header if rule.retry else None]
    names.append(connector.retry.header if connector.retry else None)
    return list(dict.fromkeys(name.lower() for name in names if name))


def _sent(seen: Sequence[Seen]) -> Iterator[str]:
    """Pages, details of items and repeated tries: what went out beside the one request that is shown."""
    if len(seen) > 1:
        yield f"{len(seen)} requests were sent:"
        for one in seen:
            yield f"  {one.method} {one.url}: {one.status}{f', an error by {one.verdict}' if one.verdict else ''}"
