"""What a double finds wrong with a request, less what the contract accepts of the action."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

NOT_SENT = "is required and not sent"
# Where a sentence of ours, or of Prism before its colon, names something: what is quoted or in braces, each step of a
# dotted place, what is called a parameter or header, and what something is said of at the beginning.
NAMED = re.compile(
    r"['\"]\{?([^'\"{}]+)\}?['\"]|([\w$-]+(?:\[\d*\])*(?:\.[\w$-]+(?:\[\d*\])*)+)|(?:parameter|header) ([\w$.\[\]-]+)"
    r"|^([\w$-]+) (?:is|takes|does)\b|(\$\w+)"
)


def intolerable(problems: Sequence[str], accepted: Mapping[str, str]) -> list[str]:
    """The problems about names that nothing accepted names: `body.blocks: must be string` is about blocks.

    What is said of the body as a whole is about the body; who accepts that members are required may name none of them.
    """
    if any(part.startswith(NOT_SENT) for part in accepted):
        problems = [one for one in problems if "must have required property" not in one]
    known = {name for part in accepted for name in _names(part)}
    known |= {"body"} if any(re.match(r"body is |no body |a body ", part) for part in accepted) else set()
    return [one for one in problems if not known & (_names(one) or _whole(one))]


def is_answer_accepted(accepted: Mapping[str, str]) -> bool:
    """Whether the description is known to lack something of the answer: then none that it allows can be projected."""
    return any("answer" in part for part in accepted)


def _names(text: str) -> set[str]:
    """What a sentence is about; of a problem with a place before a colon, that place and what is quoted behind."""
    if text.startswith("body is "):
        return set()  # whatever it holds
    place, colon, said = text.partition(": ")
    if colon and " " not in place:
        found = [*place.split(".")[1:], *_quoted(said)]
    else:
        found = [one for groups in NAMED.findall(text) for one in groups if one]
    steps = {re.sub(r"\[\d*\]", "", step) for one in found for step in one.split(".")}
    return {step for step in steps if step and not step.isdecimal()} - {"body"}


def _whole(text: str) -> set[str]:
    """What a sentence without names is about: the body, or nothing."""
    return {"body"} if re.match(r"(?:a |no )?body\b", text) else set()


def _quoted(text: str) -> list[str]:
    return re.findall(r"['\"]([^'\"]+)['\"]", text)
