"""Which answers are errors: the action's rules, the file's, GraphQL's errors, then the status."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
import yaml
from tests.actions.calling import KEY, Caller, gives, in_turn

from connectory.actions.refusals import refusal
from connectory.actions.rules import Came, Rules
from connectory.actions.sending import redactor_of
from connectory.catalog.manifest.answers import ErrorCode
from connectory.errors import ConnectoryError, ProviderNotFound, ProviderRejected, RateLimited
from connectory.testing.connectors import NOTES_YAML, make_connector, make_family

READ = "request: {get: /things}\n"
FILE_RULE = "errors: [{when: {body: '!ok'}, code: provider_forbidden, message: error}]"


async def failure(caller: Caller) -> ConnectoryError:
    with pytest.raises(ConnectoryError) as refused:
        await caller.call()
    return refused.value


@pytest.mark.parametrize("code", get_args(ErrorCode))
def test_every_code_of_a_manifest_has_its_words(code: ErrorCode) -> None:
    error = refusal(code, make_connector(), 200, ' Notes says: "x".', wait_s=2.4)

    assert "Notes" in error.message
    assert "{" not in error.text
    assert error.retry_after_s == 2.4
    assert refusal(code, make_connector(), 418, "", hint="Do that.").text.endswith("(418). Do that.")


async def test_the_actions_rules_come_before_the_files_and_these_before_the_status() -> None:
    own = "errors: [{when: {body: \"error == 'gone'\"}, code: provider_not_found}]"

    gone, other = gives({"ok": False, "error": "gone"}), gives({"ok": False, "error": "no"}, 409)

    assert (await failure(Caller(READ + own, in_turn(gone), FILE_RULE))).code == "provider_not_found"
    assert (await failure(Caller(READ + own, in_turn(other), FILE_RULE))).code == "provider_forbidden"
    assert (await failure(Caller(READ + own, in_turn(gives({"ok": True}, 409)), FILE_RULE))).code == "provider_conflict"


FAMILY_RULES = {
    "message": "said.short",
    "retry": {"header": "x-again", "as": "seconds"},
    "errors": [
        {"when": {"status": [403]}, "code": "rate_limited"},
        {"when": {"status": [409]}, "code": "provider_rejected", "message": "said.long"},
    ],
}
OWN_RULES = {"errors": [{"when": {"status": [409], "body": "mine"}, "code": "provider_not_found"}]}


def answered(status: int, body: Any, *, again: str = "", **own: Any) -> ConnectoryError:
    """What an answer to a member of a family is, by its own rules and its family's."""
    usual = yaml.safe_load(NOTES_YAML)
    member = {**usual, **OWN_RULES, "name": "pages", "family": "notes", "auth": {}, **own}
    _, pages = make_family(*(json.dumps(one) for one in ({**usual, **FAMILY_RULES}, member)))
    came = Came(status, {"x-again": again} if again else {}, body, has_body=True)
    error = Rules(pages).failure(came, redactor_of(Caller(READ, in_turn()).target))
    assert error is not None
    return error


def test_a_members_rules_come_before_its_familys_and_these_before_the_status() -> None:
    assert answered(409, {"mine": True}).code == "provider_not_found"
    assert answered(409, {"said": {"long": "In use."}}).code == "provider_rejected"
    assert "In use." in answered(409, {"said": {"long": "In use."}}).message
    assert answered(403, {}).code == "rate_limited"
    assert answered(404, {}).code == "provider_not_found"


def test_a_member_without_message_and_retry_takes_its_familys() -> None:
    body = {"said": {"short": "Gone.", "mine": "Lost."}}

    assert "Gone." in answered(404, body).message
    assert "Lost." in answered(404, body, message="said.mine").message
    assert answered(429, body, again="7").retry_after_s == 7
    assert answered(429, body, again="7", retry={"header": "x-other", "as": "seconds"}).retry_after_s is None


async def test_a_rules_hint_takes_the_place_of_ours() -> None:
    lines = READ + "errors: [{when: {body: '!ok'}, code: missing_scope, message: error, hint: Ask for the right one.}]"
    error = await failure(Caller(lines, in_turn(gives({"ok": False, "error": f"no {KEY}"}))))

    assert error.code == "missing_scope"
    assert error.hint == "Ask for the right one."
    assert 'Notes says: "no ***"' in error.message


@pytest.mark.parametrize("when", ["length(items) > `0`", "starts_with(error, 'x')", "sum(items) > `1`", "items.x.y"])
async def test_a_condition_over_other_types_does_not_apply(when: str) -> None:
    lines = READ + f'errors: [{{when: {{body: "{when}"}}, code: rate_limited, message: "join(`1`, @)"}}]'
    caller = Caller(lines, in_turn(gives({"items": 5, "error": None})))

    assert (await caller.call()).value == {"items": 5, "error": None}


async def test_a_message_over_other_types_gives_way_to_the_usual_places() -> None:
    lines = READ + "errors: [{when: {body: '!ok'}, code: provider_rejected, message: 'sum(error)'}]"

    assert "usual" in (await failure(Caller(lines, in_turn(gives({"ok": False, "message": "usual"}))))).message


@pytest.mark.parametrize(
    ("answer", "response"),
    [
        ("{as: json}", gives(b"", 204)),
        ("{as: text}", gives(b"a text", headers={"content-type": "text/plain"})),
        ("{as: text}", gives({"ok": False})),
        ("{as: file}", gives({"ok": False})),
    ],
)
async def test_a_condition_over_the_body_is_not_about_what_has_none(answer: str, response: Any) -> None:
    outcome = await Caller(f"{READ}answer: {answer}", in_turn(response), FILE_RULE).call()

    assert outcome.status == response.status_code


async def test_a_failure_in_words_can_be_told_by_them() -> None:
    lines = READ + "errors: [{when: {body: \"contains(@, 'slow down')\"}, code: rate_limited}]"
    response = gives(b"Please slow down.", 403, {"content-type": "text/plain", "retry-after": "3000"})

    assert isinstance(await failure(Caller(lines, in_turn(response))), RateLimited)


@pytest.mark.parametrize(("status", "told"), [(429, 9), (503, 9), (500, None)])
async def test_the_files_retry_time_counts_for_these_statuses(status: int, told: int | None) -> None:
    top = "retry: {header: X-Reset, as: seconds}"
    lines = "effect: write\nrequest: {post: /things}"
    error = await failure(Caller(lines, in_turn(gives({}, status, {"x-reset": "9"})), top))

    assert error.retry_after_s == told


GRAPHQL = "request: {post: /graphql, graphql: '{ things { id } }'}\n"
NOT_FOUND = {"errors": [{"message": "No such thing"}]}
PARTIAL = {"data": {"a": 1, "b": None}, "errors": [{"message": f"b is hidden from {KEY}"}]}


@pytest.mark.parametrize("body", [NOT_FOUND, {**NOT_FOUND, "data": None}, {**NOT_FOUND, "data": {"a": None}}])
@pytest.mark.parametrize("effect", ["read", "write"])
async def test_errors_of_graphql_are_errors_of_the_call(effect: str, body: Any) -> None:
    error = await failure(Caller(f"{GRAPHQL}effect: {effect}", in_turn(gives(body))))

    assert isinstance(error, ProviderRejected)
    assert "No such thing" in error.message


async def test_what_came_beside_errors_of_graphql_is_given_to_a_reader_with_a_note() -> None:
    outcome = await Caller(GRAPHQL, in_turn(gives(PARTIAL))).call()

    assert outcome.value == PARTIAL | {"errors": [{"message": "b is hidden from ***"}]}
    assert "Parts of this answer are missing" in outcome.note
    assert "b is hidden from ***" in outcome.note


async def test_a_write_that_came_beside_errors_of_graphql_is_an_error_that_says_to_look() -> None:
    error = await failure(Caller(f"{GRAPHQL}effect: write", in_turn(gives(PARTIAL))))

    assert "look first" in error.hint


async def test_a_missing_list_beside_errors_of_graphql_is_an_empty_one_with_a_note() -> None:
    lines = f"{GRAPHQL}answer: {{items: data.b.nodes}}"
    outcome = await Caller(lines, in_turn(gives(PARTIAL))).call()

    assert outcome.value == []
    assert "missing" in outcome.note


async def test_rules_see_errors_of_graphql_first_and_a_status_goes_before_its_usual_ones() -> None:
    lines = GRAPHQL + "errors: [{when: {body: \"errors[?type=='NOT_FOUND']\"}, code: provider_not_found}]"
    typed = {"data": {"a": 1}, "errors": [{"type": "NOT_FOUND"}]}

    assert isinstance(await failure(Caller(lines, in_turn(gives(typed)))), ProviderNotFound)
    assert (await failure(Caller(lines, in_turn(gives(NOT_FOUND, 401))))).code == "provider_unauthorized"


async def test_errors_in_an_answer_of_rest_are_no_errors_of_graphql() -> None:
    assert (await Caller(READ, in_turn(gives(NOT_FOUND))).call()).value == NOT_FOUND
