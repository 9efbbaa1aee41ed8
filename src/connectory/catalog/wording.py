"""What people and models read of a manifest holds nothing that hides or reorders the text around it (attack 112).

Titles and descriptions reach the connect page, the confirmation page and the tool list of every agent.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from pydantic import BaseModel

from connectory.catalog.problems import Finding
from connectory.catalog.yaml_document import KeyPath

SHOWN = frozenset({"title", "description", "help", "placeholder", "tasks", "limits", "steps"})
SEVERAL_LINES = frozenset({"description", "help"})  # a folded text of YAML ends with a line break
HIDING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
JOINERS = frozenset("\u200c\u200d")  # Persian, Hindi and joined emoji need them


def hides(character: str) -> bool:
    """Whether the character is invisible, or changes how the text around it is shown."""
    return unicodedata.category(character) in HIDING and character not in JOINERS


def check_wording(part: object, path: KeyPath = ()) -> Iterator[Finding]:
    """Yield the titles, descriptions and the like in `part`, a model or a mapping of models, that hold such ones."""
    if isinstance(part, BaseModel):
        for name in type(part).model_fields:
            value = getattr(part, name)
            yield from _check_text((*path, name), value) if name in SHOWN else check_wording(value, (*path, name))
    elif isinstance(part, dict):
        for key, member in part.items():
            yield from check_wording(member, (*path, key))


def _check_text(path: KeyPath, value: str | list[object] | None) -> Iterator[Finding]:
    allowed = "\n" if path[-1] in SEVERAL_LINES else ""
    texts = [(path, value)] if isinstance(value, str) else [((*path, at), text) for at, text in enumerate(value or ())]
    for here, text in texts:
        if not isinstance(text, str):  # a step of an action, not one that a person takes
            continue
        found = next((character for character in text if hides(character) and character not in allowed), None)
        if found is not None:
            yield Finding(
                here, f"It holds the control or format character U+{ord(found):04X}.", "Write it without that one."
            )
