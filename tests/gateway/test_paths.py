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
