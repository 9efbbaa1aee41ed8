from __future__ import annotations

import pytest

from connectory.web.csv_lines import csv_line


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_a_cell_that_would_compute_is_text(text: str) -> None:
    assert csv_line([text]).lstrip('"').startswith("'")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("x;=1+1", "x;'=1+1"),
        ("x; -1", "x; '-1"),
        ("x\t@SUM(A1)", "x\t'@SUM(A1)"),
        ('x;"=1"', '"x;""\'=1"""'),
        ("x;y\n=1", '"x;y\n\'=1"'),
        ("x;＝1;+2", "x;'＝1;'+2"),
        ("a-b; c=d", "a-b; c=d"),
    ],
)
def test_nor_does_one_that_a_spreadsheet_splits_elsewhere_than_at_commas(text: str, written: str) -> None:
    assert csv_line([text]) == f"{written}\r\n"


def test_cells_are_quoted_where_they_must_and_nothing_is_lost() -> None:
    assert csv_line(["a,b", 'say "so"', None, ["x", "y"], 3, True]) == '"a,b","say ""so""",,x y,3,True\r\n'
