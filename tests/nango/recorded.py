"""The answers of a real Nango 0.71.4 to the conversation, kept in files; and the command that makes them anew.

    python -m tests.nango.recorded http://localhost:3003 KEY [HOST]

HOST: an address of this machine for the part with a provider of our own (local_providers.yaml says what that needs).
Whoever has another version writes a folder of its own, and sees what has changed in the difference of the two.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.nango.local_provider import local_provider
from tests.nango.provider_scenario import with_a_provider
from tests.nango.scenario import conversation
from tests.nango.talking import Answer, Step, hold

VERSION = "0.71.4"
FOLDER = Path(__file__).parent / "fixtures" / VERSION


def recorded(subjects: Iterable[str] = tuple(conversation())) -> dict[str, dict[str, Any]]:
    """The kept answers by step."""
    found: dict[str, dict[str, Any]] = {}
    for subject in subjects:
        found |= json.loads((FOLDER / f"{subject}.json").read_bytes())
    return found


def steps_of(talk: Mapping[str, Sequence[Step]]) -> list[Step]:
    """All steps of a conversation, in order."""
    return [step for steps in talk.values() for step in steps]


def write(answers: Mapping[str, Answer], talk: Mapping[str, Sequence[Step]]) -> None:
    """Keep answers, a file for each subject."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for subject, steps in talk.items():
        kept = {step.name: answers[step.name].as_json() for step in steps}
        (FOLDER / f"{subject}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    origin, key = sys.argv[1:3]
    if len(sys.argv) > 3:
        with local_provider(sys.argv[3]) as (address, _):
            known = {"address": address, "nowhere": f"{sys.argv[3]}:1"}
            write(hold(origin, key, steps_of(with_a_provider()), **known), with_a_provider())
    else:
        write(hold(origin, key, steps_of(conversation())), conversation())
