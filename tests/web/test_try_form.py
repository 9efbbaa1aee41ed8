from __future__ import annotations

from typing import Any

import pytest

from connectory.catalog.connector import Action
from connectory.gateway.arguments import ArgumentProblem
from connectory.testing.connectors import NOTES_YAML, make_connector
from connectory.web.try_form import is_whole, problems_at_fields, read_arguments, view_inputs, write_arguments

INPUTS = """    inputs:
      book: {type: string, required: true, description: The book's name., examples: [home]}
      body: {type: string, description: "Its text."}
      state: {type: string, enum: [open, closed]}
      size: {enum: [1, 2, all]}
      count: {type: integer}
      price: {type: number}
      pinned: {type: boolean}
      due: {type: string, nullable: true, format: date}
      tags: {type: array, items: {type: string}}
      ids: {type: array, items: {type: integer}}
      kinds: {type: array, items: {enum: [bug, 2]}, examples: [[bug, 2]]}
      rows: {type: array, items: {type: object}}
      meta: {type: object, properties: {color: {type: string}}}
    request: {get: "/x/{book}", query: {a: "{body}", b: "{state}", c: "{size}", d: "{count}", e: "{price}",
              f: "{pinned}", g: "{due}", h: "{tags}", j: "{ids}", k: "{kinds}",
              l: {convert: json_text, of: "{rows}"}, i: {convert: json_text, of: "{meta}"}}}
"""


def make_action(inputs: str = INPUTS) -> Action:
    head, _, rest = NOTES_YAML.partition("    inputs:\n")
    following = rest.partition("    pages:")[2]
    return make_connector(f"{head}{inputs}    pages:{following}").actions["list_notes"]


def test_each_kind_of_input_has_its_field() -> None:
    views = {view.name.removeprefix("value."): view for view in view_inputs(make_action(), {}, {})}
    assert {name: view.kind for name, view in views.items()} == {
        "book": "text", "body": "long", "state": "choice", "size": "choice", "count": "number", "price": "number",
        "pinned": "choice", "due": "text", "tags": "lines", "ids": "lines", "kinds": "lines", "rows": "json",
        "meta": "json", "limit": "number", "fields": "lines",
    }  # fmt: skip
    assert [view.is_required for view in views.values()].count(True) == 1
    assert (views["book"].help, views["book"].placeholder) == ("The book's name.", "home")
    assert views["meta"].placeholder == '{"color": "…"}'
    assert views["pinned"].choices == {"true": "Yes", "false": "No"}
    assert [views[name].placeholder for name in ("tags", "ids", "kinds", "rows")] == [
        "one\ntwo",
        "1\n2",
        "bug\n2",
        "[]",
    ]
    assert (views["tags"].how, views["meta"].how, views["body"].how) == ("One per line.", "Written as JSON.", "")
    assert views["ids"].described_by == "input-ids-help"


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("book", "7", "7"),
        ("body", "one\r\ntwo", "one\ntwo"),
        ("state", "open", "open"),
        ("size", "1", 1),
        ("size", "all", "all"),
        ("size", "3", "3"),  # what is not offered goes on as it is, to be refused in words
        ("count", " 12 ", 12),
        ("count", "twelve", "twelve"),
        ("price", "1.5", 1.5),
        ("pinned", "false", False),
        ("due", "2026-01-31", "2026-01-31"),
        ("tags", '["a"]', ["a"]),
        ("tags", '\r\n ["a",\r\n"b"]', ["a", "b"]),
        ("tags", "one, with a comma\r\n\r\n two \r\n", ["one, with a comma", "two"]),
        ("ids", "7\r\n8", [7, 8]),
        ("ids", "7\neight", [7, "eight"]),  # refused in words
        ("ids", "[7, 8]", [7, 8]),
        ("kinds", "2\nbug", [2, "bug"]),
        ("rows", '[{"a": 1}]', [{"a": 1}]),
        ("meta", '{"color": "red"}', {"color": "red"}),
    ],
)
def test_what_is_typed_becomes_the_argument(name: str, typed: str, value: Any) -> None:
    found = read_arguments(make_action(), {f"value.{name}": typed})
    assert found.arguments == {name: value}
    assert type(found.arguments[name]) is type(value)
    assert not found.problems


def test_what_is_left_empty_or_not_offered_is_left_out() -> None:
    form = {
        "value.book": "  ",
        "value.connection": "notes/other",
        "value.cursor": "x",
        "value.forged": "1",
        "csrf": "c",
    }
    assert read_arguments(make_action(), form).arguments == {}


@pytest.mark.parametrize(
    ("name", "typed", "how"),
    [
        ("meta", "no json", 'it like {"color": "…"}'),
        ("rows", "no json", "it like []"),
        ("tags", "[", "one per line, without brackets"),
        ("tags", "[" * 100_000, "one per line, without brackets"),
    ],
)
def test_what_is_no_json_is_said_at_its_field(name: str, typed: str, how: str) -> None:
    action = make_action()
    found = read_arguments(action, {f"value.{name}": typed})
    assert found.problems == {name: f"This is not JSON. Write {how}."}
    view = next(one for one in view_inputs(action, {f"value.{name}": typed}, found.problems) if one.problem)
    assert view.described_by == f"input-{name}-problem input-{name}-help"


def test_what_was_typed_stays_but_nothing_that_looks_like_a_key() -> None:
    form = {"value.book": "home", "value.body": "ghp_abcdefghijklmnop"}
    views = {view.name: view.value for view in view_inputs(make_action(), form, {})}
    assert views["value.book"] == "home"
    assert views["value.body"] == ""


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (
            ArgumentProblem("'count' is \"abc\" but must be of type integer", "count"),
            'It is "abc" but must be a whole number.',
        ),
        (
            ArgumentProblem("'ids.1' is \"x\" but must be of type integer", "ids"),
            'Line 2 is "x" but must be a whole number.',
        ),
        (
            ArgumentProblem("'rows.0' is 1 but must be of type object", "rows"),
            "'rows.0' is 1 but must be a JSON object.",
        ),
        (ArgumentProblem("'book' is missing", "book"), "It is missing."),
    ],
)
def test_what_the_gateway_finds_is_put_beside_its_field(problem: ArgumentProblem, words: str) -> None:
    assert problems_at_fields(make_action(), [problem]) == {problem.argument: words}


def test_what_is_wrong_with_no_field_of_the_form_stands_beside_none() -> None:
    others = [ArgumentProblem("at least one of book, body is needed"), ArgumentProblem("'cursor' is 1", "cursor")]
    assert problems_at_fields(make_action(), others) == {}


@pytest.mark.parametrize(
    "arguments",
    [
        {
            "book": "home",
            "body": " one\n\n two ",
            "state": "open",
            "size": 1,
            "count": 12,
            "price": 1.5,
            "pinned": False,
        },
        {"due": "2026-01-31", "tags": ["one", "two"], "ids": [7, 8], "kinds": ["bug", 2], "limit": 5},
        {"tags": ["two\nlines", " and spaces ", "[x"]},
        {"tags": [""]},
        {"tags": []},
        {"rows": [{"a": 1}], "meta": {"color": "“red”"}},
    ],
)
def test_a_form_that_is_filled_again_means_the_same(arguments: dict[str, Any]) -> None:
    found = read_arguments(make_action(), write_arguments(make_action(), arguments))
    assert found.arguments == arguments
    assert not found.problems


@pytest.mark.parametrize(
    ("arguments", "whole"),
    [
        ({"book": "b", "tags": ["one"]}, True),
        ({"book": "x" * 30_000}, False),
        ({"book": "ghp_1234567890abcdefghijABCDEFGHIJ123456"}, False),
        ({"book": "b", "cursor": "x"}, False),
    ],
)
def test_a_form_is_whole_where_it_shows_just_these_arguments(arguments: dict[str, Any], whole: bool) -> None:
    assert is_whole(make_action(), write_arguments(make_action(), arguments), arguments) is whole


def test_what_the_form_has_no_field_for_is_left_out() -> None:
    assert write_arguments(make_action(), {"book": "b", "cursor": "x", "gone": 1}) == {"value.book": "b"}
