from __future__ import annotations

import json

import pytest

from connectory.cli.output import printable, show_json, show_table

NASTY = "evil\x1b[2J\x9b31m\u202egnp.exe\r\x07"


def test_what_a_terminal_would_obey_is_shown_instead() -> None:
    shown = printable(f"a\n\tb {NASTY} é 漢")

    assert shown == "a\n\tb evil\\x1b[2J\\x9b31m\\u202egnp.exe\\r\\x07 é 漢"


def test_a_table_shows_names_as_they_are_and_obeys_nothing_in_them(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("NAME", "SHARED"), [(f"[red]{NASTY}[/red]", True), (None, False)], empty="Nothing.")

    out = capsys.readouterr().out
    assert "[red]evil\\x1b[2J" in out
    assert "\x1b" not in out
    assert "yes" in out


def test_an_empty_table_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("NAME",), [], empty="Nothing is connected yet.")

    assert capsys.readouterr().out == "Nothing is connected yet.\n"


def test_a_pipe_loses_no_end_of_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    name = "x" * 120

    show_table(("NAME",), [(name,)], empty="")

    assert name in capsys.readouterr().out


def test_json_is_ascii_and_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"name": NASTY, "count": 1})

    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out) == {"name": NASTY, "count": 1}
