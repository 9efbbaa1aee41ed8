"""Each style of pages has what it needs; projections, details and error rules can work."""

from __future__ import annotations

from typing import Any

import pytest
from tests.catalog.making import ABSENT, problems_of
from tests.catalog.rich import RICH

SEARCH = "actions/search"
LIST = "actions/list_all"
EXPAND = f"{LIST}/answer/expand"
ITEM = f"{SEARCH}/answer/item"
LAST = {"style": "last_id", "more": "has_more", "max_size": 5}
OF_BODY = {"when": {"status": [200], "body": "!ok"}, "code": "missing_scope"}
BUSY = {"status": [400], "body": "code == 'busy'"}
LATE = {"when": {"status": [429], "headers": {"x-left": "0", "X-More": "1"}}, "code": "missing_scope"}
HEAD = {
    "title": "Look",
    "description": "Look whether it is there.",
    "effect": "read",
    "request": {"head": "/x"},
    "docs": "https://rich.example/docs",
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            (f"{LIST}/request/query", {}),
            "list_all.pages: Nothing in the request says which page is meant, as style page",
        ),
        ((f"{SEARCH}/request/body/after", ABSENT), "search.pages: Nothing in the request says which page is meant"),
        ((f"{LIST}/pages", "link_header"), "list_all.request.query.page: {cursor} is not at hand here."),
        ((f"{LIST}/pages", ABSENT), "list_all.request.query.page: {cursor} is not at hand here."),
        ((f"{SEARCH}/pages", ABSENT), "search.request.query.limit: {limit} is not at hand here."),
        (
            (f"{SEARCH}/pages", {"style": "next_url", "body": "next"}),
            "search.request: Only a GET has `pages` of this style",
        ),
        ((f"{LIST}/pages/max_size", ABSENT), "list_all.pages: Nothing in the request says how many items"),
        ((f"{SEARCH}/pages/body", "next["), "search.pages.body: This is no JMESPath expression"),
        ((f"{SEARCH}/pages/more", "lenght(data)"), "search.pages.more: There is no function lenght()."),
        ((f"{LIST}/pages", {**LAST, "id": "]"}), "list_all.pages.id: This is no JMESPath expression"),
        ((f"{LIST}/pages/next_header", "X Next"), "list_all.pages.next_header: 'X Next' is no header name."),
        ((f"{LIST}/pages/total_header", "a:"), "list_all.pages.total_header: 'a:' is no header name."),
        ((f"{LIST}/answer", {"as": "file"}), "list_all.answer: An action with `pages` needs `answer.items`."),
        ((f"{LIST}/answer/items", "data[?!draft]"), "list_all.answer.items: It leaves items out"),
        ((f"{LIST}/answer/items", "data[:5]"), "list_all.answer.items: It leaves items out"),
        ((f"{LIST}/answer", {"when": "ok"}), "list_all.answer.when: `when` needs `items`"),
        ((f"{LIST}/answer/when", "lenght(@)"), "list_all.answer.when: There is no function lenght()."),
        ((f"{LIST}/effect", "write"), "list_all.pages: Only a read has `pages`."),
        ((ITEM, "{id: id"), "search.answer.item: This is no JMESPath expression"),
        (
            (ITEM, "{at: from_unix_second(created)}"),
            "There is no function from_unix_second(). Did you mean 'from_unix_seco",
        ),
        ((ITEM, "{at: from_unix_seconds(created, `1`)}"), "from_unix_seconds() takes 1 argument, not 2."),
        ((ITEM, "{at: from_table(rows)}"), "from_table() takes 2 arguments, not 1."),
        ((ITEM, "{at: join(',')}"), "join() takes 2 arguments, not 1."),
        ((ITEM, "{at: merge()}"), "merge() takes at least 1 argument, not 0."),
        ((ITEM, "{at: map(&nope(@), list)}"), "There is no function nope()."),
        ((ITEM, "[?contains(to_strin(a), 'x')]"), "There is no function to_strin(). Did you mean 'to_string'"),
        (
            (f"{SEARCH}/errors/0/when/body", "ok && !error.kind"),
            "body: `!` goes before a dot or bracket: `!a.b` is a mem",
        ),
        ((f"{SEARCH}/errors/0/when/body", "!errors[?code]"), "body: `!` goes before a dot or bracket"),
        ((f"{SEARCH}/errors/0/when/body", "!(error.kind) && !(errors[0]) && a.b && !@"), None),
        (
            (f"{EXPAND}/request", {"post": "/x/{each.id}", "graphql": "mutation { a }"}),
            "expand.request: It is sent for every",
        ),
        (
            (f"{EXPAND}/request", {"delete": "/x/{each.id}"}),
            "expand.request: It is sent for every item of a list, and DELETE",
        ),
        ((f"{EXPAND}/request", {"get": "/x"}), "expand.request: It is the same for every item."),
        ((f"{EXPAND}/request/server", "x"), "expand.request.server: There is no server 'x'."),
        ((f"{EXPAND}/request/get", "/x/{each.id}/{cursor}"), "expand.request.get: {cursor} is not at hand here."),
        ((f"{EXPAND}/when", "a &&"), "expand.when: This is no JMESPath expression"),
        ((f"{EXPAND}/into", "a.b"), "expand.into: 'a.b' is no name of a member."),
        ((f"{LIST}/answer/items", ABSENT), "list_all.answer.expand: `expand` needs `items`"),
        (("actions/get_file/answer/file_name", "{idd}.bin"), "answer.file_name: {idd} is no input. Did you mean 'id'?"),
        (("actions/get_file/request", {"head": "/files/{id}"}), "get_file.answer: A HEAD answer has no body."),
        ((f"{SEARCH}/errors/0/when/body", "code =="), "search.errors[0].when.body: This is no JMESPath expression"),
        ((f"{SEARCH}/errors/0/when/status", [40]), "search.errors[0].when.status[0]: 40 is no HTTP status."),
        (("errors/0/when/headers", {"X Left": "0"}), "errors[0].when.headers.X Left: 'X Left' is no header name."),
        (
            ("errors", [RICH["errors"][0], LATE]),
            "errors[1]: It never applies: errors[0] takes all that it is about. Put this one before",
        ),
        (
            (f"{SEARCH}/errors", [{"when": BUSY, "code": code} for code in ("rate_limited", "missing_scope")]),
            "errors[1]: It never applies: errors[0]",
        ),
        (("actions/get_file/errors", [OF_BODY]), None),  # `content` stands in JSON
        (
            ("actions/put_file/errors", [OF_BODY]),
            "errors[0].when.body: An answer that is `as: text` and no failure has",
        ),
        (("actions/change", {**HEAD, "errors": [OF_BODY]}), "change.errors[0].when.body: A HEAD answer has no body to"),
        (("errors/0/code", "missing_scope"), "errors[0].retry: After missing_scope nothing is tried again."),
        (("errors/0/retry/header", "X Reset"), "errors[0].retry.header: 'X Reset' is no header name."),
        (("errors/0/retry", {"body": "[", "as": "seconds"}), "errors[0].retry.body: This is no JMESPath expression"),
        (("errors/0/retry/as", "sekonds"), "errors[0].retry.as: This should be 'seconds'"),
        (
            ("errors/0/retry", {"bucket": {"needed": "a", "left": "b[", "per_second": "c"}}),
            "errors[0].retry.bucket.left: This is no JMESPath expression",
        ),
        (("errors/0/message", "error."), "errors[0].message: This is no JMESPath expression"),
        (("retry/body", "a["), "retry.body: This is no JMESPath expression"),
        (("message", "error."), "message: This is no JMESPath expression"),
    ],
)
def test_pages_and_answers_that_cannot_work_are_told(change: tuple[str, Any], says: str | None) -> None:
    found = problems_of(change, base=RICH)

    assert (found == []) if says is None else any(says in problem for problem in found), found


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"status": [403], "body": "a"}, {"status": [403]}),
        ({"status": [403], "body": "a"}, {"status": [403], "body": "b"}),
        ({"status": [403], "headers": {"X-Left": "0"}}, {"status": [403], "headers": {"X-Left": "1"}}),
        ({"status": [403]}, {"status": [403, 409]}),
        ({"status": [403]}, {"body": "a"}),
        ({"status": [403], "body": "a"}, {"status": [409], "body": "a"}),
    ],
)
def test_a_rule_behind_one_that_leaves_it_something_is_left_alone(first: Any, second: Any) -> None:
    rules = [{"when": when, "code": "missing_scope"} for when in (first, second)]

    assert problems_of(("errors", rules), base=RICH) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"status": [409, 403]}, {"status": [403]}),
        ({"status": [403]}, {"status": [403], "body": "a", "headers": {"X": "1"}}),
        ({"headers": {"x-left": "0"}}, {"status": [429], "headers": {"X-Left": "0"}}),
        ({"body": "a"}, {"status": [200], "body": "a"}),
    ],
)
def test_a_rule_behind_a_wider_one_is_told(first: Any, second: Any) -> None:
    rules = [{"when": when, "code": "missing_scope"} for when in (first, second)]

    (found,) = problems_of(("errors", rules), base=RICH)

    assert found.startswith("errors[1]: It never applies: errors[0] takes all that it is about.")


@pytest.mark.parametrize(
    "pages",
    [
        {"style": "offset", "total": "total", "max_size": 5},
        {"style": "page", "more": "more", "max_size": 5},
        {"style": "cursor", "body": "next", "max_size": 5},
        LAST,
    ],
)
def test_each_style_that_counts_takes_the_cursor_in_the_request(pages: dict[str, Any]) -> None:
    assert problems_of((f"{LIST}/pages", pages), base=RICH) == []


@pytest.mark.parametrize(
    "pages",
    ["link_header", {"style": "next_url", "body": "next"}, {"style": "next_url_header", "header": "X-Next"}],
)
def test_each_style_that_is_an_address_takes_the_size_alone(pages: Any) -> None:
    changes = [(f"{LIST}/pages", pages), (f"{LIST}/request/query", {"size": "{limit}"})]

    assert problems_of(*changes, base=RICH) == []


def test_details_may_be_fetched_by_a_post_that_reads_and_use_inputs() -> None:
    request = {"post": "/lines", "body": {"order": "{each.id}", "state": "{state}"}}
    state = (f"{LIST}/inputs", {"state": {"enum": ["open"], "description": "State."}})

    assert problems_of((f"{EXPAND}/request", request), state, base=RICH) == []


def test_all_functions_of_jmespath_and_all_of_ours_are_known() -> None:
    expression = (
        "{id: abs(a), at: not_null(a, b, c), c: sort_by(l, &x), d: from_table(a, b), e: from_pairs(l, 'k', 'v'), "
        "f: from_html(b), g: from_mime_parts(p), h: to_array(a), i: sum(l), j: max_by(l, &x)}"
    )

    alone = "actions/get_order/answer"  # how the stream reads one row alone: it gives the same

    assert problems_of((ITEM, expression), (alone, {"item": expression}), base=RICH) == []
