"""What the doctor found: one sentence, and where anything is to be done, the cure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connectory.cli.failures import for_terminal
from connectory.errors import ConnectoryError


class Status(StrEnum):
    """How it is. Only `wrong` makes the exit code 1."""

    OK = "ok"
    NOTE = "note"  # works, but somebody should know
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """`cure` is a command or a sentence; only what is well has none."""

    group: str
    status: Status
    message: str
    cure: str = ""


def ok(group: str, message: str) -> Finding:
    """It is well."""
    return Finding(group, Status.OK, message)


def note(group: str, message: str, cure: str) -> Finding:
    """It works, but somebody should know."""
    return Finding(group, Status.NOTE, message, cure)


def wrong(group: str, message: str, cure: str) -> Finding:
    """It does not work, or will not."""
    return Finding(group, Status.WRONG, message, cure)


def from_error(group: str, error: ConnectoryError, *, cure: str = "") -> Finding:
    """Tell an error of ours; its hint is the cure unless a better one is known."""
    otherwise = f"docs/errors.md says what {error.code} means."
    return wrong(group, for_terminal(error.message), cure or for_terminal(error.hint) or otherwise)


def from_os_error(group: str, error: OSError) -> Finding:
    """Tell what the operating system refused."""
    where = f" ({error.filename})" if error.filename else ""
    return wrong(
        group,
        f"The operating system says: {error.strerror}{where}.",
        "Run this as the user whom the data folder belongs to, and check its owner and mode (`ls -ld`).",
    )
