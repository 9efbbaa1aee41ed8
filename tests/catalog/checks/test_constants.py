"""A constant that no answer can hold is told when the manifest is checked, and not by the first call that meets it."""

from __future__ import annotations

import pytest

from connectory.catalog.checks.expressions import check_expression


@pytest.mark.parametrize("text", ['{"\\ud800": id}', '`"\\udc00"`', "`NaN`", "[?price < `1e999`]", '"\\udfff"'])
def test_what_nothing_can_write_is_a_finding(text: str) -> None:
    (finding,) = check_expression(("actions", "x"), text)

    assert "half of a character, or a number that is infinite" in finding.message


@pytest.mark.parametrize("text", ['`"\\ud83d\\ude00"`', "`1e300`", "[?price < `-1`]", '{"ä": "x y"}'])
def test_other_constants_are_none(text: str) -> None:
    assert list(check_expression(("actions", "x"), text)) == []
