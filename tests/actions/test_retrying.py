"""What may be sent again is, a few times, as the provider says; what may not, never."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest
import stamina
from tests.actions.calling import Caller, gives, in_turn

from connectory.errors import ConnectoryError, ProviderRejected, ProviderUnavailable, RateLimited

READ = "request: {get: /things}"
WRITE = "effect: write\nrequest: {post: /things, body: {a: 1}}"
KEYED = "idempotency: {header: Idempotency-Key}"
BY_VARIABLE, BY_KEY = "idempotency: {variable: key}", "@idempotent(key: $key)"
DOWN, LIMITED, FINE = gives({}, 503), gives({}, 429, {"retry-after": "2"}), gives({"id": 1})


@pytest.mark.parametrize("failure", [DOWN, LIMITED, gives({}, 500), gives({}, 429)])
async def test_a_read_is_sent_again(failure: httpx2.Response) -> None:
    caller = Caller(READ, in_turn(failure, failure, FINE))

    outcome = await caller.call()

    assert outcome.value == {"id": 1}
    assert len(caller.sent) == 3


async def test_three_tries_are_enough() -> None:
    caller = Caller(READ, in_turn(DOWN))

    with pytest.raises(ProviderUnavailable):
        await caller.call()

    assert len(caller.sent) == 3


@pytest.mark.parametrize("failure", [gives({}, 400), gives({}, 404), gives(b"no json")])
async def test_what_would_fail_again_is_not_sent_again(failure: httpx2.Response) -> None:
    caller = Caller(READ, in_turn(failure))

    with pytest.raises(ConnectoryError):
        await caller.call()

    assert len(caller.sent) == 1


@pytest.mark.parametrize(
    ("action", "top", "tries"),
    [
        (WRITE, "", 1),
        (f"{WRITE}\nidempotent: true", "", 3),
        (WRITE, KEYED, 3),
        (f"{WRITE}\ntakes_key: false", KEYED, 1),
        ("effect: write\nrequest: {put: /things, body: {a: 1}}", KEYED, 1),
        ("effect: write\ntakes_key: true\nrequest: {put: /things, body: {a: 1}}", KEYED, 3),
        ("effect: destructive\nrequest: {delete: /things}", KEYED, 1),
        (f"effect: write\nrequest: {{post: /, graphql: 'mutation ($key: ID) {{ a {BY_KEY} }}'}}", BY_VARIABLE, 3),
        ("effect: write\nrequest: {post: /, graphql: 'mutation { a }'}", BY_VARIABLE, 1),
        (f"{READ}\nidempotent: false", "", 1),
    ],
)
@pytest.mark.parametrize("failure", [DOWN, LIMITED])
async def test_only_what_has_no_second_effect_is_sent_again(
    action: str, top: str, tries: int, failure: httpx2.Response
) -> None:
    caller = Caller(action, in_turn(failure), top)

    with pytest.raises(ConnectoryError):
        await caller.call()

    assert len(caller.sent) == tries


class Unreachable(httpx2.AsyncBaseTransport):
    """Refuses every connection."""

    def __init__(self) -> None:
        self.tried = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        del request
        self.tried += 1
        raise httpx2.ConnectError("refused")


@pytest.mark.parametrize(("action", "top", "tries"), [(READ, "", 3), (WRITE, "", 1), (WRITE, KEYED, 3)])
async def test_a_connection_that_failed_is_tried_again_for_these_alone(action: str, top: str, tries: int) -> None:
    caller, nobody = Caller(action, in_turn(FINE), top), Unreachable()
    caller.mount(nobody)

    with pytest.raises(ProviderUnavailable):
        await caller.call()

    assert nobody.tried == tries


async def test_every_try_has_the_key_of_the_call_and_every_call_its_own() -> None:
    caller = Caller(WRITE, in_turn(DOWN, DOWN, FINE), KEYED)

    await caller.call()
    await caller.call()

    assert [request.headers["idempotency-key"] for request in caller.sent] == ["key-0"] * 3 + ["key-1"]


async def test_a_write_has_a_text_of_its_own_wherever_the_manifest_wants_one_and_keeps_it() -> None:
    action = "effect: write\nidempotent: true\nrequest: {post: /things, body: {meet: {id: '{idempotency_key}'}}}"
    caller = Caller(action, in_turn(DOWN, FINE))

    await caller.call()
    await caller.call()
    shown = await caller.preview()

    assert [json.loads(request.content)["meet"]["id"] for request in caller.sent] == ["key-0"] * 2 + ["key-1"]
    assert shown.value["body"] == {"meet": {"id": "key-2"}}


@pytest.mark.parametrize("seconds", ["49.5", "3600"])
async def test_a_wait_that_does_not_fit_the_call_is_not_begun_and_told(seconds: str) -> None:
    caller = Caller(READ, in_turn(gives({}, 429, {"retry-after": seconds})), timeout_s=50)

    with pytest.raises(RateLimited) as refusal:
        await caller.call()

    assert len(caller.sent) == 1
    assert refusal.value.retry_after_s == float(seconds)
    assert f"in {50 if seconds == '49.5' else 3600} s" in refusal.value.hint


async def test_a_rule_that_says_when_makes_a_retry_of_a_200() -> None:
    lines = (
        f"{READ}\nerrors: [{{when: {{body: \"errors[?code=='THROTTLED']\"}}, code: rate_limited,"
        " retry: {body: 'errors[0].wait', as: milliseconds}}]"
    )
    throttled = gives({"errors": [{"code": "THROTTLED", "wait": 1500}]})
    caller = Caller(lines, in_turn(throttled, FINE))

    assert (await caller.call()).value == {"id": 1}
    assert len(caller.sent) == 2


async def test_it_waits_what_the_provider_says_in_earnest_and_logs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = "{when: {status: [429]}, code: rate_limited, retry: {header: x-wait, as: milliseconds}}"
    lines = f"{READ}\nerrors: [{rule}]"
    caller = Caller(lines, in_turn(gives({}, 429, {"x-wait": "60"}), FINE))
    loop, waits = asyncio.get_running_loop(), list[float]()
    call_later = loop.call_later

    def note(delay: float, *rest: Any, **more: Any) -> asyncio.TimerHandle:
        waits.append(delay)
        return call_later(delay, *rest, **more)

    monkeypatch.setattr(loop, "call_later", note)  # what it took would be the machine's matter too
    with stamina.set_testing(False):
        await caller.call()

    assert waits == [pytest.approx(0.06)]
    assert stamina.instrumentation.get_on_retry_hooks() == ()


async def test_a_call_that_is_left_leaves_its_retries_too() -> None:
    caller = Caller(READ, in_turn(gives({}, 429, {"retry-after": "40"})))

    with stamina.set_testing(False):
        task = asyncio.ensure_future(caller.call())
        while not caller.sent:  # noqa: ASYNC110 # the provider is a function
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)  # by now it waits
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert len(caller.sent) == 1


async def test_a_later_page_is_sent_again_too() -> None:
    lines = (
        "answer: {items: items}\nrequest: {get: /things, query: {c: '{cursor}'}}\npages: {style: cursor, body: next}"
    )
    pages: list[Any] = [gives({"items": [1], "next": "n"}), DOWN, gives({"items": [2]})]
    caller = Caller(lines, in_turn(*pages))

    outcome = await caller.call()

    assert (outcome.value, len(caller.sent), outcome.note) == ([1, 2], 3, "")


async def test_a_raw_rejection_says_what_the_provider_says() -> None:
    caller = Caller(READ, in_turn(gives({"message": "wrong"}, 400)))

    with pytest.raises(ProviderRejected, match="wrong"):
        await caller.call()
