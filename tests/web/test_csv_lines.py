from __future__ import annotations

import pytest

from connectory.web.csv_lines import csv_line


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_a_cell_that_would_compute_is_text(text: str) -> None:
    assert csv_line([text]).lstrip('"').startswith("'")


def test_cells_are_quoted_where_they_must_and_nothing_is_lost() -> None:
    assert csv_line(["a,b", 'say "so"', None, ["x", "y"], 3, True]) == '"a,b","say ""so""",,x y,3,True\r\n'
