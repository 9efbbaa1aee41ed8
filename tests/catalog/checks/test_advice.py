"""Advice names what agents and people miss, and keeps nothing out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.catalog.making import changed, parse
from tests.catalog.rich import RICH

from connectory.catalog.loading import read_advice

SEND = "actions/send"


def advice(folder: Path, *changes: tuple[str, Any]) -> list[str]:
    file = folder / "rich.yaml"
    file.write_text(json.dumps(changed(*changes, base=RICH), indent=1))
    return [f"{problem.line > 1}: {problem.key}: {problem.message}" for problem in read_advice(file)]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("tasks", []), "True: tasks: No task says what people ask for here."),
        ((f"{SEND}/description", "This tool sends a message."), "A model reads 'This' first, which says nothing."),
        ((f"{SEND}/description", "Sends a message."), "True: actions.send.description: A model reads 'Sends' first"),
        ((f"{SEND}/inputs/to/description", ""), "True: actions.send.inputs.to: Nobody says what to give here."),
    ],
)
def test_what_should_be_better_is_told_with_its_place(tmp_path: Path, change: tuple[str, Any], says: str) -> None:
    assert any(says in line for line in advice(tmp_path, change))
    assert parse(changed(change, base=RICH))[1] == ()


def test_members_of_objects_want_words_too_and_nothing_else_is_said(tmp_path: Path) -> None:
    assert advice(tmp_path) == [
        "True: actions.search.inputs.owner.properties.id: Nobody says what to give here.",
    ]


def test_a_bad_or_missing_file_gets_no_advice(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("format: 1")

    assert read_advice(tmp_path / "bad.yaml") == read_advice(tmp_path / "none.yaml") == ()
