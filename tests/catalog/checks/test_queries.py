"""A value reaches a query language through `quote` alone (attack 61's kin: injection into a query)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.catalog.making import problems_of
from tests.catalog.rich import RICH

QUERY = "actions/search/request/body/query"
QUOTED = {"quote": "soql", "of": "{field} = {name}", "bare": ["field"]}
REST = ("actions/search/request/body/rest", {"who": "{owner.id}", "name": "{name}", "field": "{field}"})
NUMBER = ("actions/search/inputs/name/type", "integer")


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        ({**QUOTED, "quote": "sql"}, "query.quote: There is no query language 'sql'. Did you mean 'soql' or"),
        ({**QUOTED, "quote": ["soql"]}, "query.quote: There is no query language"),
        ({**QUOTED, "of": ["a = {name}"]}, "query.of: `quote` takes one text."),
        ({**QUOTED, "of": "{field} = '{name}'"}, "query.of: The quotes around {name} come from `quote`."),
        ({**QUOTED, "of": '{field}:"{name}"'}, "query.of: The quotes around {name} come from `quote`."),
        ({**QUOTED, "of": "{field} = {nam}"}, "query.of: {nam} is no input. Did you mean 'name'?"),
        ({**QUOTED, "of": "{field} = {name"}, "query.of: '{field} = {name': a brace at"),
        ({**QUOTED, "of": "{field} = {owner}"}, "query.of: {owner} is of type object, which no query takes."),
        ({"quote": "soql", "of": "a = 1"}, "query.of: There is nothing to quote."),
        ({**QUOTED, "bare": ["feild"]}, "query.bare[0]: 'feild' stands nowhere in the text. Did you mean 'field'?"),
        ({**QUOTED, "bare": [["field"]]}, "query.bare[0]: "),
        ({**QUOTED, "bare": "field"}, "query.bare: `bare` takes a list of names."),
        ({**QUOTED, "of": "{field} = {words}", "bare": ["owner"]}, "query.bare[0]: 'owner' stands nowhere"),
        ("name = '{name}'", "query: {name} stands between quotes: a value with a quote in it would end them."),
        ("name = {name}", "query: {name} stands in a query, where a value can say more than was meant."),
        ({"join": " AND ", "of": [QUOTED, "b = {name}"]}, "query.of[1]: {name} stands in a query"),
        ({"when": "{name}", "of": "b = {name}"}, "query.of: {name} stands in a query"),
        (["b = {name}"], "query[0]: {name} stands in a query"),
        ({"text": 'It\'s "{name}"'}, "query.text: {name} stands between quotes"),
    ],
)
def test_a_value_that_would_be_part_of_a_query_is_told(tree: Any, says: str) -> None:
    found = problems_of((QUERY, tree), REST, base=RICH)

    assert any(says in problem for problem in found), found


def test_beside_quoted_parts_a_text_is_of_a_query_whatever_its_key_is_called() -> None:
    condition = {"join": " AND ", "of": [QUOTED, "b = {name}"]}

    found = problems_of((QUERY, "{name}"), ("actions/search/request/body/text", condition), REST, base=RICH)

    assert len(found) == 1
    assert found[0].startswith("actions.search.request.body.text.of[1]: {name} stands in a query")


def test_a_query_parameter_and_variables_are_judged_as_bodies_are() -> None:
    found = problems_of(("actions/search/request/query/q", "in:{name}"), base=RICH)
    assert "actions.search.request.query.q: {name} stands in a query" in found[0]

    found = problems_of(("actions/graph/request/variables/word", "x:'{first_word}'"), base=RICH)
    assert "variables.word: {first_word} stands between quotes" in found[0]


@pytest.mark.parametrize(
    "tree",
    [
        "{name}",  # the agent's own whole query
        {"join": " ", "of": ["{name}", {"quote": "github_search", "of": "repo:{owner.id}"}]},
        {"text": "Don't say {name}, it isn't right"},
        {"text": "{name}'s order of {owner.id}'s"},
        {"text": "'quoted' {name} 'again'"},
    ],
)
def test_what_no_value_can_break_is_left_alone(tree: Any) -> None:
    assert problems_of((QUERY, tree), REST, base=RICH) == []


def test_numbers_choices_and_dates_need_no_quotes_of_a_language() -> None:
    for spec in ({"type": "integer"}, {"enum": ["a"]}, {"type": "string", "format": "date"}):
        assert problems_of(("actions/search/inputs/name", spec), (QUERY, "n = {name}"), REST, base=RICH) == []


def test_a_number_never_stands_bare_for_it_always_does() -> None:
    bare = {"quote": "soql", "of": "n = {name}", "bare": ["name"]}

    assert "bare[0]: 'name' is of type integer." in problems_of(NUMBER, (QUERY, bare), REST, base=RICH)[0]


def test_a_value_between_quotes_of_a_header_is_held_to_have_none() -> None:
    header = ("actions/put_file/request/headers", {"X-Argument": '{{"path":"{id}"}}'})
    held = ("actions/put_file/inputs/id/pattern", "^[a-z/]+$")

    told = "{id} stands between quotes: a value with a quote in it would end them. Give the input a `pattern` that lets"
    (found,) = problems_of(header, base=RICH)
    assert found.startswith(f"actions.put_file.request.headers.X-Argument: {told}")
    assert problems_of(header, held, base=RICH) == []
