"""Prism: an OpenAPI description as a server that checks each request (https://github.com/stoplightio/prism).

`for_prism` mends what Prism would pass over or refuse without need; `Forwarding` leads a provider's requests to it and
keeps what it says of them: in its `sl-violations` header where the answer is a declared error, else in the body.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from tests.contracts.description import METHODS, Description
from tests.e2e.programs import free_port, stop

PRISM = Path(__file__).parents[2] / ".test-tools/prism/node_modules/.bin/prism"
READY_S = 60.0
VIOLATIONS = "sl-violations"
BODY_HEADERS = ("content-encoding", "content-length", "transfer-encoding")  # of a body that has been read


@dataclass
class Forwarding(httpx2.AsyncBaseTransport):
    """Sends to Prism what is meant for the provider, and remembers what Prism found wrong with it."""

    prism: httpx2.URL
    inner: httpx2.AsyncHTTPTransport = field(default_factory=httpx2.AsyncHTTPTransport)
    requests: list[httpx2.Request] = field(default_factory=list)
    violations: list[dict[str, Any]] = field(default_factory=list)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Forward one request with its path, headers and body as they are."""
        self.requests.append(request)
        url = request.url.copy_with(scheme="http", host=self.prism.host, port=self.prism.port)
        content = await request.aread()
        headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"host"]
        response = await self.inner.handle_async_request(
            httpx2.Request(request.method, url, headers=headers, content=content)
        )
        body = await response.aread()
        self.violations += json.loads(response.headers.get(VIOLATIONS, "[]"))
        if VIOLATIONS not in response.headers and "problem+json" in response.headers.get("content-type", ""):
            self.violations += json.loads(body).get("validation") or [json.loads(body)]
        kept = {name: value for name, value in response.headers.items() if name not in BODY_HEADERS}
        return httpx2.Response(response.status_code, headers=kept, content=body)

    async def aclose(self) -> None:
        """Close the connections to Prism."""
        await self.inner.aclose()


def for_prism(description: Description, accepted: tuple[str, ...]) -> dict[str, Any]:
    """The document for Prism: requests checked as strictly as it can, answers not at all."""
    paths: dict[str, Any] = {}
    for path, item in description.document["paths"].items():
        paths[path] = {key: value for key, value in item.items() if key not in METHODS}
        for method in METHODS:
            if method in item:
                paths[path][method] = _operation(description, item[method], accepted)
    return {**description.document, "paths": paths}


@contextmanager
def running_prism(folder: Path, document: Mapping[str, Any]) -> Iterator[httpx2.URL]:
    """Start Prism on a free loopback port, and give its address."""
    file, port = folder / "openapi.json", free_port()
    file.write_text(json.dumps(document), encoding="utf-8")
    command = [str(PRISM), "mock", "-h", "127.0.0.1", "-p", str(port), "--errors", "-v", "warn", str(file)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            _wait(f"http://127.0.0.1:{port}/", process)
            yield httpx2.URL(f"http://127.0.0.1:{port}")
        finally:
            stop(process)


def _operation(description: Description, operation: Mapping[str, Any], accepted: tuple[str, ...]) -> dict[str, Any]:
    made = dict(operation)
    if "requestBody" in made:
        made["requestBody"] = _closed(description.resolved(made["requestBody"]))
    made["responses"] = {
        status: _acceptable(description, description.resolved(answer), accepted)
        for status, answer in made["responses"].items()
    }
    return made


def _closed(value: Any) -> Any:
    """Body schemas that report unknown members, which Prism passes over, and every null, at which it gives up.

    A `nullable` without `type` switches Prism's check of the whole body off (5.14.2).
    """
    if isinstance(value, list):
        return [_closed(member) for member in value]
    if not isinstance(value, dict):
        return value
    made = {key: _closed(member) for key, member in value.items()}
    if isinstance(made.get("properties"), dict) and "additionalProperties" not in made:
        made["additionalProperties"] = False
    if made.get("nullable") is True and "type" not in made:
        made.pop("nullable")
        made = {"oneOf": [made, {"enum": [None]}]}
    return made


def _acceptable(description: Description, answer: Mapping[str, Any], accepted: tuple[str, ...]) -> dict[str, Any]:
    """An answer that is the description's example, whatever its schema: some break theirs, and Prism answers 500.

    It can be had by the provider's own media types: Prism compares them by letter, and answers 406. Without headers: an
    example of `Link` leads to a page that is not there.
    """
    content = {kind: _example(description, value) for kind, value in answer.get("content", {}).items()}
    known = {f"{kind}+json": value for kind, value in content.items() if kind.startswith("application/vnd.")}
    if "application/json" in content:
        known |= dict.fromkeys(accepted, content["application/json"])
    plain = {key: value for key, value in answer.items() if key not in ("headers", "content")}
    return {"description": "", **plain, **({"content": {**content, **known}} if content else {})}


def _example(description: Description, content: Mapping[str, Any]) -> dict[str, Any]:
    """A content with its first example in place: of one that is referred to Prism gives the `value` around it too."""
    named = description.resolved(next(iter(content.get("examples", {}).values()), {}))
    value = named.get("value", content.get("example"))
    if isinstance(value, Mapping) and "$ref" in value:
        value = description.resolved(value)["value"]
    return {"schema": {}, **({} if value is None else {"example": value})}


def _wait(url: str, process: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"Prism ended with {process.returncode} before it was ready"
        with contextlib.suppress(httpx2.HTTPError):
            httpx2.get(url, timeout=2, trust_env=False)
            return
        time.sleep(0.05)
    raise AssertionError(f"Prism did not answer within {READY_S:.0f} s")
