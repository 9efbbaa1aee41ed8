"""Doubles of providers that judge each request by the provider's own word, and answer as that says.

A `Double` stands in place of all of a connector's servers. Before each call it is told by which judge the action is
held; what that finds wrong is kept in `problems`, and the answer it gives is kept in `answers`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx2
from tests.contracts.reading import Paths

TEXT = b"a text\nof two lines\n"


@dataclass(frozen=True)
class Verdict:
    """What a judge says of a request, and what it answers: JSON, or nothing."""

    problems: Sequence[str]
    status: int = 200
    answer: Any = None


class Judge(Protocol):
    """Holds requests to one source."""

    async def judge(self, request: httpx2.Request) -> Verdict:
        """Judge one request, whose body has been read."""


@dataclass(frozen=True)
class Unjudged:
    """Takes any request, and answers with the members at these paths: for a verify call that no source knows."""

    paths: Paths

    async def judge(self, request: httpx2.Request) -> Verdict:
        """Give the answer."""
        answer: dict[str, Any] = {}
        for path in sorted(self.paths):
            place = answer
            for name in path[:-1]:
                place = place.setdefault(name, {})
            place.update({name: f"a {name}" for name in path[-1:]})
        return Verdict([], 200, answer)


@dataclass
class Double(httpx2.AsyncBaseTransport):
    """A provider. `form` says how it answers the current action: JSON as the source says, lines of it, or a text.

    The requests of its `steps` come before that, and are answered by JSON.
    """

    judges: dict[str, Judge] = field(default_factory=dict)  # by action
    action: str = ""
    form: str = "json"
    steps: int = 0
    secrets: set[str] = field(default_factory=set)  # of which every request must carry one
    requests: list[httpx2.Request] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)

    def expect(self, action: str, form: str, steps: int = 0) -> None:
        """Forget what came, and take what comes now as requests of this action."""
        self.action, self.form, self.steps = action, form, steps
        self.requests.clear()
        self.problems.clear()
        self.answers.clear()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Judge a request, and answer it."""
        await request.aread()
        self.requests.append(request)
        try:
            verdict = await self.judges[self.action].judge(request)
        except Exception as error:  # noqa: BLE001 - it is told as what is wrong with the action
            verdict = Verdict([f"the double broke: {error!r}"], 500)
        self.problems += verdict.problems
        if not any(secret in _seen(request) for secret in self.secrets):
            self.problems.append("the request carries no credential")
        self.answers.append(None if verdict.status == 204 else verdict.answer)
        headers = {"content-type": "application/json"}
        form = self.form if len(self.requests) > self.steps else "json"
        if form == "json_lines":
            content = b"".join(json.dumps(line).encode() + b"\n" for line in lines_of(verdict.answer))
        elif form in ("text", "file"):
            headers, content = {"content-type": "text/plain; charset=utf-8"}, TEXT
        elif verdict.status == 204 or verdict.answer is None:
            headers, content = {}, b""
        else:
            content = json.dumps(verdict.answer).encode()
        status = 200 if form in ("text", "file") else verdict.status
        return httpx2.Response(status, headers=headers, content=content)


def lines_of(answer: Any) -> list[Any]:
    """The lines that an answer of JSON lines has: some describe all of them, others one."""
    return answer if isinstance(answer, list) else [answer] * 2


def _seen(request: httpx2.Request) -> str:
    """Where a credential may stand, Basic's decoded."""
    basic = request.headers.get("authorization", "").removeprefix("Basic ")
    try:
        decoded = base64.b64decode(basic, validate=True).decode()
    except ValueError:
        decoded = ""
    return " ".join([str(request.url), *request.headers.values(), decoded])
