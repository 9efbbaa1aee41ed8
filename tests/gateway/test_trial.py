"""What is shown of a tried call: enough of an answer to see what it is, however large a provider made it."""

from __future__ import annotations

from typing import Any

import pytest

from connectory.actions.watching import Seen
from connectory.gateway.results import Result
from connectory.gateway.trial import Trial, parts_of
from connectory.testing.connectors import make_connector


def shown(body: Any, value: Any = None, **how: Any) -> dict[str, tuple[str, ...]]:
    """The parts of a trial that was answered so, by the first word of their titles."""
    connector = make_connector()
    request: dict[str, Any] = {"method": "GET", "url": "u", "headers": {}, "body": None}
    trial = Trial(connector.actions["list_notes"], connector, request)
    trial.seen.append(Seen("GET", "https://api.notes.example/v1", 200, {}, body, 1, ""))
    trial.result = Result("text", value)
    return {part.title.split()[0]: part.lines for part in parts_of(trial, is_sent=True, **how)}


@pytest.mark.parametrize("body", [list(range(100)), "\n".join(map(str, range(100))), {f"n{i}": i for i in range(100)}])
def test_a_long_answer_is_cut_unless_it_shall_be_whole(body: Any) -> None:
    cut, whole = shown(body, more="; --raw shows all")["2."], shown(body, whole=True)["2."]

    assert cut[-1] == "… more lines; --raw shows all."
    assert len(cut) == 2 + 40 + 1
    assert len(whole) - 2 in (100, 102)
    assert whole[:42] == cut[:-1]


def test_what_lies_behind_the_cut_is_not_even_written() -> None:
    unwritable = object()

    assert shown([*range(100), unwritable])["2."][-1] == "… more lines."
    with pytest.raises(TypeError):
        shown([*range(100), unwritable], whole=True)


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ([], ("[]",)),
        ({"a": ["x\ny", "ü\u2028"]}, ("{", '  "a": [', '    "x\\ny",', '    "ü\u2028"', "  ]", "}")),
        ("one\r\ntwo\n\nthree", ("one", "two", "", "three")),
        ("x" * 400, ("x" * 300 + "…",)),
    ],
)
def test_a_short_answer_is_shown_line_by_line(body: Any, lines: tuple[str, ...]) -> None:
    assert shown(body)["2."][2:] == lines


def test_members_that_are_null_everywhere_are_named_some_of_them_and_not_at_length() -> None:
    rows = [{"id": 1, "mail": None, "name": None}, {"id": None, "mail": None, "name": "n"}]
    many = [{f"{number}{'k' * 1_000}": None} for number in range(100)]

    assert [note.split("'")[1] for note in shown([], rows)["Notes"]] == ["mail"]
    notes = shown([], many)["Notes"]
    assert len(notes) == 20
    assert max(map(len, notes)) < 500
