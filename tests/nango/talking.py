"""Talking with a Nango server step by step, and what is left of its answers once the chance is taken out.

It is the same for the double and for a real server. What is made has names that begin with `PREFIX`, and is removed.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2

PREFIX = "connectory-test-"
NO_TOKEN = f"nango_connect_session_{'0' * 64}"
HEADERS = ("content-type", "retry-after", "link", "x-own", "x-request-id", "content-disposition")
PRESENT = ("etag", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
PROVIDERS_OWN = "77777"  # the value of such a header that a provider sends
JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Step:
    """One request. `{name}` in path and body stands for what an earlier answer held at the path `saves` gave."""

    name: str
    method: str
    path: str
    body: Any = None
    auth: str | None = "Bearer {key}"
    headers: Mapping[str, str] = field(default_factory=dict)
    saves: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What a server said, chance taken out."""

    status: int
    headers: Mapping[str, str]
    body: Any

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return {"status": self.status, "headers": dict(self.headers), "body": self.body}


def hold(origin: str, key: str, steps: Iterable[Step], **more: str) -> dict[str, Answer]:
    """Go through steps at a server; returns the answers by name. `more` is known from the start."""
    known = {"key": key, "prefix": f"{PREFIX}{uuid4().hex[:8]}-", **more}
    answers = {}
    with httpx2.Client(base_url=origin, trust_env=False, timeout=60) as client:
        try:
            for step in steps:
                response = _send(client, step, known)
                for name, place in step.saves.items():
                    known[name] = _saved(response, place)
                answers[step.name] = _plain(response, origin, known)
        finally:
            _remove(client, known)
    return answers


def _send(client: httpx2.Client, step: Step, known: Mapping[str, str]) -> httpx2.Response:
    headers = {name: _filled(value, known) for name, value in step.headers.items()}
    if step.auth is not None:
        headers["authorization"] = _filled(step.auth, known)
    content = step.body
    if content is not None and not isinstance(content, bytes):
        content, headers = _filled(json.dumps(content), known).encode(), {**JSON, **headers}
    while True:
        answer = client.request(step.method, _filled(step.path, known), headers=headers, content=content)
        if answer.status_code != 429 or answer.headers.get("x-ratelimit-remaining") == PROVIDERS_OWN:
            return answer
        time.sleep(float(answer.headers["retry-after"]) + 1)  # a real server counts all that is asked in a minute


def _remove(client: httpx2.Client, known: Mapping[str, str]) -> None:
    """Whatever integration has our name, with its connections, though a step failed."""
    headers = {"authorization": f"Bearer {known['key']}"}
    for row in client.get("/integrations", headers=headers).json()["data"]:
        if row["unique_key"].startswith(known["prefix"]):
            client.delete(f"/integrations/{row['unique_key']}", headers=headers)


def _filled(text: str, known: Mapping[str, str]) -> str:
    """Only what is known: other braces are the text's own."""
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _saved(response: httpx2.Response, place: str) -> str:
    if place.startswith("location?"):
        return parse_qs(urlsplit(response.headers["location"]).query)[place.removeprefix("location?")][0]
    value = response.json()
    for part in place.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return str(value)


def _plain(response: httpx2.Response, origin: str, known: Mapping[str, str]) -> Answer:
    headers = {name: response.headers[name].split(";")[0] for name in HEADERS if name in response.headers}
    for name in PRESENT:
        if name in response.headers:
            headers[name] = "the provider's" if response.headers[name] == PROVIDERS_OWN else "<present>"
    if response.is_redirect:  # whether it has words as well depends on who asks
        headers.pop("content-type", None)
        headers["location"] = ", ".join(sorted(parse_qs(urlsplit(response.headers["location"]).query)))
    kind = response.headers.get("content-type", "")
    if "json" in kind and response.content:
        body = _cleaned(response.json(), origin, known)
    else:
        body = "<html>" if "html" in kind else None if response.is_redirect else response.text or None
    return Answer(response.status_code, dict(sorted(headers.items())), body)


LIBRARY_WORDS = (
    "invalid_json",
    "invalid_type",
    "invalid_union",
    "invalid_format",
    "too_small",
    "too_big",
    "invalid_value",
    "ECONNREFUSED",
    "ERR_FR_TOO_MANY_REDIRECTS",
)
_CHANCE = (
    (re.compile(r"nango_connect_session_[0-9a-f]{64}"), f"nango_connect_session_{'0' * 64}"),
    (
        re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        "00000000-0000-4000-8000-000000000000",
    ),
    (re.compile(r"20[23]\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"), "2026-01-02T03:04:05.678Z"),
    (re.compile(r"20[23]\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+00:00"), "2026-01-02T03:04:05.678+00:00"),
)


def _cleaned(value: Any, origin: str, known: Mapping[str, str], name: str = "") -> Any:
    if isinstance(value, dict):
        is_worded = value.get("code") in LIBRARY_WORDS  # how the server's libraries say it changes with their versions
        shown = {**value, "message": "<words>"} if is_worded and "message" in value else value
        return {key: _cleaned(one, origin, known, key) for key, one in shown.items()}
    if isinstance(value, list):
        return [_cleaned(one, origin, known) for one in value]
    if isinstance(value, int) and not isinstance(value, bool) and name == "id":
        return 1
    if name == "connect_link":
        shape = r"https?://[^?]*/\?session_token=nango_connect_session_[0-9a-f]{64}"
        return f"https://connect.example/?session_token={NO_TOKEN}" if re.fullmatch(shape, str(value)) else value
    if name in ("log_id", "description"):
        return f"a {name}"
    if not isinstance(value, str):
        return value
    text = value.replace(known["prefix"], PREFIX).replace(origin, "https://nango.example")
    for name in ("address", "nowhere"):
        text = text.replace(known.get(name, "no such address"), f"{name}.example")
    for pattern, word in _CHANCE:
        text = pattern.sub(word, text)
    return text
