"""The double says what a real Nango 0.71.4 said, step by step, and its description allows what both say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from tests.contracts.openapi import missing_file
from tests.nango.description import FILE, differences, operation_of, reason_of, unlisted
from tests.nango.differences import DIFFERENCES
from tests.nango.local_provider import local_provider
from tests.nango.provider_scenario import with_a_provider
from tests.nango.providers import local_providers, own_providers
from tests.nango.recorded import recorded, steps_of
from tests.nango.scenario import conversation
from tests.nango.serving import NangoDouble, nango_double
from tests.nango.state import Exchange, NangoState
from tests.nango.talking import Answer, hold

pytestmark = pytest.mark.slow

NOWHERE = "127.0.0.1:1"  # nobody listens there
OURS = (
    "GET /providers", "GET /providers/{provider}", "GET /integrations", "POST /integrations",
    "GET /integrations/{uniqueKey}", "PATCH /integrations/{uniqueKey}", "DELETE /integrations/{uniqueKey}",
    "POST /connect/sessions", "POST /connect/sessions/reconnect", "GET /connect/session", "DELETE /connect/session",
    "GET /connections", "POST /connections", "GET /connections/{connectionId}", "PATCH /connections/{connectionId}",
    "DELETE /connections/{connectionId}", "POST /connections/metadata", "PATCH /connections/metadata",
    "POST /environment/webhook-signing-key/rotate",
)  # fmt: skip


@contextmanager
def playing_a_provider(state: NangoState) -> Iterator[tuple[NangoDouble, dict[str, str]]]:
    state.providers |= local_providers()
    with nango_double(state=state) as double, local_provider() as (address, _):
        for place in (address, NOWHERE):
            double.place(f"http://{place}", f"http://{place}")
        yield double, {"address": address, "nowhere": NOWHERE}


def told(answers: dict[str, Answer]) -> dict[str, object]:
    return {name: answer.as_json() for name, answer in answers.items()}


def test_the_double_answers_each_step_as_the_real_server_did() -> None:
    with nango_double() as double:
        answers = told(hold(double.origin, double.dev.key, steps_of(conversation())))

    assert answers == recorded()


def test_it_does_so_with_the_entries_that_are_written_here_as_well() -> None:
    with nango_double(state=NangoState(providers=own_providers())) as double:
        answers = told(hold(double.origin, double.dev.key, steps_of(conversation())))

    assert answers == recorded()


def test_with_a_provider_of_ours_it_answers_each_step_as_the_real_server_did() -> None:
    with playing_a_provider(NangoState(retry_wait_s=0.1)) as (double, known):
        answers = told(hold(double.origin, double.dev.key, steps_of(with_a_provider()), **known))

    assert answers == recorded(with_a_provider())


@pytest.mark.skipif("NANGO_SECRET_KEY" not in os.environ, reason="in no package: a Nango server; make test-nango")
def test_the_server_at_hand_answers_each_step_as_it_did_when_it_was_recorded() -> None:
    answers = told(hold(os.environ["NANGO_HOST"], os.environ["NANGO_SECRET_KEY"], steps_of(conversation())))

    assert answers == recorded()


@pytest.mark.skipif(missing_file([FILE]) is not None, reason=missing_file([FILE]) or "")
def test_what_the_double_says_is_what_the_description_allows_but_for_listed_differences() -> None:
    state = NangoState(retry_wait_s=0.1)
    with playing_a_provider(state) as (double, known):
        hold(double.origin, double.dev.key, steps_of(conversation()))
        hold(double.origin, double.dev.key, steps_of(with_a_provider()), **known)
        with httpx2.Client(base_url=double.origin, trust_env=False, timeout=60) as ask:
            for key in (double.dev.key, double.dev.add_key("connections:list")):
                ask.get("/providers?search=exa", headers={"authorization": f"Bearer {key}"})
                ask.delete("/integrations/absent", headers={"authorization": f"Bearer {key}"})
            seen = ask.get("/integrations", headers={"authorization": f"Bearer {double.dev.key}"})
            again = {"authorization": f"Bearer {double.dev.key}", "if-none-match": seen.headers["etag"]}
            assert ask.get("/integrations", headers=again).status_code == 304
            state.rate_limit = 0
            ask.get("/integrations", headers={"authorization": f"Bearer {double.dev.key}"})

    reasons = {reason_of(one) for one in differences(state.exchanges)}
    assert unlisted(state.exchanges) == []
    assert reasons == set(DIFFERENCES.values()), "what is listed has been met"


@pytest.mark.skipif(missing_file([FILE]) is not None, reason=missing_file([FILE]) or "")
@pytest.mark.parametrize(
    ("exchange", "difference"),
    [
        (Exchange("GET", "/integrations", frozenset(), None, 200, {"data": [{}]}), "missing: 'unique_key'"),
        (Exchange("GET", "/integrations", frozenset({"page"}), None, 200, {"data": []}), "not described"),
        (Exchange("DELETE", "/integrations/a", frozenset(), None, 404, {"error": {"code": 5}}), "int is not string"),
        (Exchange("PATCH", "/integrations/a", frozenset(), None, 409, {"error": {"code": "a"}}), "status is not"),
        (Exchange("POST", "/connect/sessions", frozenset(), {"tags": {"a": 1}}, 201, None), "int is not string"),
    ],
)
def test_a_difference_that_is_not_listed_is_found(exchange: Exchange, difference: str) -> None:
    assert any(difference in one for one in unlisted([exchange]))


@pytest.mark.skipif(missing_file([FILE]) is not None, reason=missing_file([FILE]) or "")
def test_every_operation_of_ours_is_in_the_description() -> None:
    for name in OURS:
        method, path = name.split(" ")
        found = operation_of(method, path.replace("{", "").replace("}", ""))
        assert found is not None
        assert found[0] == name


def test_each_listed_difference_has_a_reason_that_names_where_the_page_says_so() -> None:
    assert all("section" in reason for reason in DIFFERENCES.values())
