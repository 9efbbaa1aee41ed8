"""What a double finds wrong with a request, less what the contract accepts of the action."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

WORD = re.compile(r"[A-Za-z_$][\w$-]*")
PLACES = frozenset(["body", "query", "path", "header", "request", "parameter", "property", "properties"])


def intolerable(problems: Sequence[str], accepted: Mapping[str, str]) -> list[str]:
    """The problems about names that nothing accepted names: `body.blocks: must be string` is about blocks.

    What is said of the body as a whole is about the body.
    """
    known = {name for part in accepted for name in _names(part)}
    known |= {"body"} if any(re.match(r"body is |no body |a body ", part) for part in accepted) else set()
    return [one for one in problems if not known & ((_names(one.partition(":")[0]) | set(_quoted(one))) or {one[:4]})]


def is_answer_accepted(accepted: Mapping[str, str]) -> bool:
    """Whether the description is known to lack something of the answer: then none that it allows can be projected."""
    return any("answer" in part for part in accepted)


def _names(text: str) -> set[str]:
    """The words of a sentence but for those that say where: `query parameter query` is about one that is called so."""
    words = WORD.findall(text)
    return {word for word in words if word not in PLACES or words.count(word) > 1}


def _quoted(text: str) -> list[str]:
    return re.findall(r"['\"]([^'\"]+)['\"]", text)
