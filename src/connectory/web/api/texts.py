"""Texts of a body that are kept and shown again: half a character in one of them can be kept, and never written out."""

from __future__ import annotations

from pydantic_core import PydanticCustomError

from connectory.catalog.wording import hides

NOT_SHOWN = "A text holds half of a character, or one that cannot be seen"


def is_shown(text: str) -> bool:
    """Whether all of a text can be written as UTF-8 and be seen; the joiners of Persian, Hindi and emoji are taken."""
    return not any(map(hides, text))


def shown(text: str) -> str:
    """Return the text, as a validator of pydantic's. The error repeats nothing of it."""
    if not is_shown(text):
        raise PydanticCustomError("text", NOT_SHOWN)
    return text
