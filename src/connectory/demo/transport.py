"""A small REST API on https://demo.invalid, as an httpx2 transport: the request never leaves the process (design 7.3).

It behaves as a decent provider does: 201 with Location, 204, JSON errors with `message`, pages by Link header. The
header X-Demo-Sandbox says whose board is meant; the demo's manifest fills it with the connection's id.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx2

from connectory.demo.board import IN_MEMORY, BoardFull, Boards

ORIGIN = "https://demo.invalid"
SANDBOX_HEADER = "X-Demo-Sandbox"
MAX_BODY_BYTES = 100_000
PAGE_SIZE = 20
MAX_PAGE_SIZE = 50
_SANDBOX = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TASK = re.compile(r"/tasks/([1-9][0-9]{0,14})")
_LENGTHS = {"title": 200, "notes": 5_000}
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    value: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class _Failed(Exception):
    """The request is wrong; the answer says how."""

    def __init__(self, status: int, message: str, *, fields: Mapping[str, str] | None = None, allow: str = "") -> None:
        super().__init__(message)
        errors = [{"field": name, "message": text} for name, text in (fields or {}).items()]
        if errors:
            message = f"{message}: {'; '.join(f'{name} {text}' for name, text in (fields or {}).items())}."
        value = {"message": message[:500], **({"errors": errors} if errors else {})}
        self.answer = _Answer(status, value, {"Allow": allow} if allow else {})


class DemoTransport(httpx2.AsyncBaseTransport):
    """Answers requests to https://demo.invalid from the boards in `place`, a file or ':memory:'."""

    def __init__(self, place: Path | str = IN_MEMORY) -> None:
        self._boards = Boards(place)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one request; whatever is wrong with it is an HTTP error, never an exception."""
        body = await request.aread()
        answer = await asyncio.to_thread(self._answer, request, body)
        content = b"" if answer.value is None else json.dumps(answer.value, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"} if content else {}
        is_head = request.method == "HEAD"
        return httpx2.Response(
            answer.status, headers={**headers, **answer.headers}, content=b"" if is_head else content
        )

    async def aclose(self) -> None:
        """Close the boards' file."""
        await asyncio.to_thread(self._boards.close)

    def _answer(self, request: httpx2.Request, body: bytes) -> _Answer:
        try:
            return self._route(request, body)
        except _Failed as failed:
            return failed.answer
        except BoardFull:
            return _Failed(422, "The board is full: delete a task first.").answer
        except (sqlite3.Error, OSError):
            return _Failed(503, "The demo's board cannot be read or written now; is the disk full?").answer

    def _route(self, request: httpx2.Request, body: bytes) -> _Answer:
        if len(body) > MAX_BODY_BYTES:
            raise _Failed(413, f"A body has at most {MAX_BODY_BYTES} bytes.")
        path = request.url.path
        task = _TASK.fullmatch(path)
        if path not in ("/me", "/tasks") and task is None:
            raise _Failed(404, "Not found.")
        sandbox = request.headers.get(SANDBOX_HEADER, "")
        if not _SANDBOX.fullmatch(sandbox):
            raise _Failed(401, f"Header {SANDBOX_HEADER} must name a sandbox.")
        method = "GET" if request.method == "HEAD" else request.method
        if task is not None:
            return self._one_task(method, sandbox, int(task[1]), body)
        match method, path:
            case "GET", "/me":
                return _Answer(200, {"id": sandbox, "name": "Demo board"})
            case "GET", "/tasks":
                return self._list(sandbox, request.url.params)
            case "POST", "/tasks":
                created = self._boards.create(sandbox, _fields(body, is_new=True))
                return _Answer(201, created, {"Location": f"{ORIGIN}/tasks/{created['id']}"})
        raise _not_allowed(method, "GET, HEAD" if path == "/me" else "GET, HEAD, POST")

    def _one_task(self, method: str, sandbox: str, task_id: int, body: bytes) -> _Answer:
        match method:
            case "GET":
                return _Answer(200, _found(self._boards.get(sandbox, task_id), task_id))
            case "PATCH":
                changes = _fields(body, is_new=False)
                return _Answer(200, _found(self._boards.update(sandbox, task_id, changes), task_id))
            case "DELETE":
                _found(self._boards.delete(sandbox, task_id) or None, task_id)
                return _Answer(204)
        raise _not_allowed(method, "GET, HEAD, PATCH, DELETE")

    def _list(self, sandbox: str, params: httpx2.QueryParams) -> _Answer:
        state, search = params.get("state"), params.get("search")
        if state not in (None, "open", "done"):
            raise _Failed(422, "Validation failed", fields={"state": "must be open or done"})
        size = min(_positive(params, "per_page", PAGE_SIZE), MAX_PAGE_SIZE)
        page = _positive(params, "page", 1)
        tasks, count = self._boards.list(sandbox, state=state, search=search, start=(page - 1) * size, size=size)
        headers = {"X-Total-Count": str(count)}
        if page * size < count:
            kept = {name: value for name, value in (("state", state), ("search", search)) if value is not None}
            query = urlencode({**kept, "per_page": size, "page": page + 1})
            headers["Link"] = f'<{ORIGIN}/tasks?{query}>; rel="next"'
        return _Answer(200, tasks, headers)


def _found(answer: Found | None, task_id: int) -> Found:
    if answer is None:
        raise _Failed(404, f"There is no task {task_id}.")
    return answer


def _not_allowed(method: str, allow: str) -> _Failed:
    return _Failed(405, f"{method} is not allowed here.", allow=allow)


def _positive(params: httpx2.QueryParams, name: str, usual: int) -> int:
    text = params.get(name, str(usual))
    if not re.fullmatch(r"[0-9]{1,6}", text) or int(text) < 1:
        raise _Failed(422, "Validation failed", fields={name: "must be a positive number"})
    return int(text)


def _fields(body: bytes, *, is_new: bool) -> dict[str, Any]:
    """Read and check a task's fields. Raises `_Failed`."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise _Failed(400, "The body is not JSON.") from None
    if not isinstance(value, dict):
        raise _Failed(400, "The body must be a JSON object.")
    problems = {name: text for name, given in value.items() if (text := _problem(name, given))}
    if is_new and "title" not in value:
        problems["title"] = "is required"
    if problems:
        raise _Failed(422, "Validation failed", fields=problems)
    return value


def _problem(name: str, value: Any) -> str:
    match name:
        case "title" | "notes":
            if not isinstance(value, str) or (name == "title" and not value.strip()):
                return "must be text"
            if any("\ud800" <= character <= "\udfff" for character in value):
                return "holds half a character"
            return f"has more than {_LENGTHS[name]} characters" if len(value) > _LENGTHS[name] else ""
        case "state":
            return "" if value in ("open", "done") else "must be open or done"
        case "due":
            return "" if value is None or _is_date(value) else "must be a day like 2026-12-24"
        case _:
            return "is not a field of a task"


def _is_date(value: object) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
