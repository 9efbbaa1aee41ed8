"""How a tried call is shown at the terminal: its parts one after the other, or all as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from connectory.cli.output import show_json, show_text
from connectory.gateway.trial import Part, Trial, null_members


def show_parts(parts: Iterable[Part]) -> None:
    """Show them under their titles."""
    for part in parts:
        show_text("\n".join([f"== {part.title}", *part.lines, ""]))


def show_trial_as_json(trial: Trial) -> None:
    """Write all parts as one JSON object."""
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
