"""schemathesis tries the API by its own description: no 5xx, and no answer that the description does not have.

The application runs in a loop of its own, in another thread: hypothesis calls plain functions.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.web.api.calling import KEY, ORIGIN, World, make_world

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = {GenerationMode.POSITIVE: 8, GenerationMode.NEGATIVE: 4}  # of each operation
TRY = settings(
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Served:
    """The API in its thread, and what there is in the workspace."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._made = make_world()
        self.world: World = self._run(self._made.__aenter__())
        self.document: dict[str, Any] = self._run(self.world.get("/api/openapi.json"))
        self.known: dict[str, list[str]] = self._run(self._plant())

    def close(self) -> None:
        self._run(self._made.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def send(self, request: dict[str, Any]) -> httpx2.Response:
        # What was made up for these would let nobody in; who gets in is another test's.
        for made_up in ("Authorization", "X-CSRF-Token"):
            request["headers"].pop(made_up, None)
        request["headers"]["Authorization"] = f"Bearer {self.world.token}"
        request.pop("cookies", None)
        if "data" in request:
            request["content"] = request.pop("data")
        answer: httpx2.Response = self._run(self.world.client.request(**request))
        return answer

    async def _plant(self) -> dict[str, list[str]]:
        world = self.world
        connections = [await world.connected(alias=alias) for alias in ("one", "two")]
        policies = await world.post("/policies", {"effect": "deny", "patterns": ["nothing_*", "nobody_*"]})
        token = await world.post("/tokens", {"name": "of no use"})
        return {
            "slug": ["default"],
            "connectionId": connections,
            "connection": connections,
            "action": ["notes_list_notes", "notes_create_note"],
            "connector": ["notes", "signed"],
            "provider": ["notes", "open-data", "signed"],
            "policyId": [one["id"] for one in policies],
            "tokenId": [token["id"]],
            "name": ["notes"],
            "apiKey": [KEY],
            "authMethod": ["direct", "nango"],
        }

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    one = Served()
    yield one
    one.close()


def ends_something(operation: Any) -> bool:
    """Last comes what takes from the others what they are about, or forbids it."""
    return str(operation.method).upper() == "DELETE" or str(operation.path).endswith("/policies")


@pytest.mark.parametrize("mode", GenerationMode)
def test_no_answer_is_outside_the_description(served: Served, mode: GenerationMode) -> None:
    tried = 0
    found: list[Any] = list(schemathesis.openapi.from_dict(served.document).get_all_operations())
    for operation in sorted((one.ok() for one in found), key=ends_something):
        if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
            continue  # nothing of such a request can be wrong, but for what names something
        tried += 1

        @settings(TRY, max_examples=EXAMPLES[mode])
        @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
        def attempt(case: Any, data: st.DataObject) -> None:
            for given_by_name in (case.path_parameters, case.query, case.body):
                for name in given_by_name if isinstance(given_by_name, dict) else ():
                    if name in served.known and (name == "slug" or data.draw(st.booleans())):
                        given_by_name[name] = data.draw(st.sampled_from(served.known[name]))
            answer = served.send(case.as_transport_kwargs(base_url=ORIGIN))
            assert answer.status_code not in (401, 415), answer.text
            case.validate_response(answer, checks=CHECKS)

        attempt()
    assert tried > 5
