"""An agent's path gives what JMESPath says, and cannot cost more than a bounded amount (attack 108)."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest

from connectory.errors import InvalidArguments
from connectory.gateway.paths import search

ISSUES = [
    {"number": n, "title": f"Issue {n}", "state": "open" if n % 3 else "closed", "tags": ["a"]} for n in range(60)
]


@pytest.mark.parametrize(
    "path",
    [
        "[0]",
        "[*].title",
        "[?state=='open'].number",
        "[?number > `10` && state != 'open'].{n: number, t: title} | [0:3]",
        "sort_by(@, &title)[-1].title",
        "max_by(@, &number).number",
        "[?contains(title, '5')].title",
        "join(', ', [*].title)",
        "length(@)",
        "[].tags[]",
        "map(&number, @)",
        "group(@)",
        "[*].[number, title]",
        "values([0])",
        "[0].nothing",
        '[?tags == `["a"]`] | length(@)',
        "not_null([0].x, 'y')",
        "to_string([0])",
    ],
)
def test_a_path_gives_what_the_library_gives(path: str) -> None:
    try:
        expected: Any = jmespath.search(path, ISSUES)
    except jmespath.exceptions.JMESPathError:
        with pytest.raises(InvalidArguments, match="no JMESPath that works here"):
            search(path, ISSUES)
    else:
        assert search(path, ISSUES) == expected


@pytest.mark.parametrize("path", ["ceil(to_number('1e999'))", "floor(to_number('1e999'))", "avg(@)"])
def test_a_number_without_end_is_a_bad_path(path: str) -> None:
    with pytest.raises(InvalidArguments, match="no JMESPath that works here"):
        search(path, [10**400, 1])


@pytest.mark.parametrize(
    "path",
    [
        '`"\\ud800"`',
        '[*].{"\\ud800": title}',
        '"\\udfff"',
        'join(`"\\ud800"`, [*].title)',
        '`{"a": ["\\ud83d"]}`',
        "`NaN`",
        "`-Infinity`",
        "[`1e999`]",
        "[?number < `1e999`]",
    ],
)
def test_constants_that_no_answer_can_hold_make_a_bad_path(path: str) -> None:
    with pytest.raises(InvalidArguments, match="half of a character, or a number that is infinite"):
        search(path, ISSUES)


@pytest.mark.parametrize(
    "path",
    ["to_number('1e999')", "to_number('-inf')", "to_number('nan')", "sum([[0], [0]])", "avg([[0], [0]])", "sum([1:])"],
)
def test_a_number_that_nothing_can_write_comes_out_as_null(path: str) -> None:
    longest = int("9" * 4300)  # that Python reads and writes

    assert search(f"[{path}, length(@)]", [1.5e308, longest, longest]) == [None, 3]


def test_a_text_with_both_halves_of_a_character_is_whole() -> None:
    assert search('`"\\ud83d\\ude00"`', ISSUES) == "😀"


@pytest.mark.parametrize("path", ["&title", "[&title]", "not_null(&title)", "{a: to_array(&title)}", "[0] || &title"])
def test_an_expression_is_no_value(path: str) -> None:
    with pytest.raises(InvalidArguments, match="no JMESPath that works here"):
        search(path, [])
