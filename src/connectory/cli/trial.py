"""How a tried call is shown at the terminal: its parts one after the other, or all as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

from connectory.cli.output import show_json, show_text

if TYPE_CHECKING:
    from connectory.gateway.trial import Trial

RAW_SHOWS_ALL = "; --raw shows all"


def show_request(trial: Trial) -> None:
    """Show the first part."""
    from connectory.gateway.trial import describe_request

    part = describe_request(trial)
    _show(part.title, part.lines)


def show_outcome(trial: Trial, *, whole: bool) -> None:
    """Show the answer, what an agent gets, and notes."""
    from connectory.gateway.trial import describe_answer, describe_outcome, notes_of

    for part in (describe_answer(trial, whole=whole, more=RAW_SHOWS_ALL), describe_outcome(trial)):
        _show(part.title, part.lines)
    if notes := notes_of(trial):
        _show("Notes", (f"- {note}" for note in notes))


def show_trial_as_json(trial: Trial) -> None:
    """Write all parts as one JSON object."""
    from connectory.gateway.trial import null_members

    error, result = trial.error, trial.result
    told = None if error is None else {"code": error.code, "message": error.message, "hint": error.hint}
    show_json(
        {
            "request": dict(trial.request),
            "answers": [asdict(one) for one in trial.seen],
            "result": None if result is None else {"value": result.value, "next_cursor": result.next_cursor},
            "error": told,
            "notes": list(null_members(trial)),
        }
    )


def _show(title: str, lines: Iterable[str]) -> None:
    show_text("\n".join([f"== {title}", *lines, ""]))
