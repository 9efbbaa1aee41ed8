"""The answers of a real Nango 0.71.4 to the conversation, kept in files; and the command that makes them anew.

    python -m tests.nango.recorded http://localhost:3003 KEY

Whoever has another version writes a folder of its own, and sees what has changed in the difference of the two.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.nango.scenario import Answer, conversation, hold

VERSION = "0.71.4"
FOLDER = Path(__file__).parent / "fixtures" / VERSION


def recorded() -> dict[str, dict[str, Any]]:
    """The kept answers by step."""
    found: dict[str, dict[str, Any]] = {}
    for subject in conversation():
        found |= json.loads((FOLDER / f"{subject}.json").read_bytes())
    return found


def write(answers: Mapping[str, Answer]) -> None:
    """Keep answers, a file for each subject."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for subject, steps in conversation().items():
        kept = {step.name: answers[step.name].as_json() for step in steps}
        (FOLDER / f"{subject}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(hold(sys.argv[1], sys.argv[2]))
