"""What a call sent and what came back, for who writes a manifest and must see why (`connectory manifest try`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connectory.actions.answers import Reading, as_said, is_empty, json_or_text
from connectory.actions.request import PreparedRequest
from connectory.actions.rules import Came
from connectory.net.client import OutboundResponse

HIDDEN = frozenset({"set-cookie"})  # a session of the provider's is as good as a credential


@dataclass(frozen=True, slots=True)
class Seen:
    """One request and its answer, without our credentials."""

    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: Any  # JSON or text, unprojected; None of a file, and where nothing came
    size: int  # bytes of the body
    verdict: str  # which rule makes it an error; empty: none does


Watch = Callable[[Seen], None]
"""Is shown everything that a call sends, in the order of the answers."""


def see(request: PreparedRequest, response: OutboundResponse, reading: Reading) -> Seen:
    """Return what a watcher may see of one exchange; short credentials are masked too, whatever else that hits."""
    answer, failed = reading.answer or as_said(response), response.status >= 400
    is_file = answer.kind == "file" and not answer.is_json and not failed
    body = None if is_empty(response) or is_file else json_or_text(response)
    is_said = body is not None and (failed or answer.is_json)
    came = Came(response.status, response.headers, reading.redactor.clean(body), has_body=is_said)
    clean = reading.redactor.clean_message
    return Seen(
        request.method,
        clean(request.url),
        response.status,
        {name: clean(value) for name, value in response.headers.items() if name.lower() not in HIDDEN},
        clean(body),
        len(response.body),
        reading.rules.verdict(came),
    )
