"""Labels: what a program keeps with a connection in its own words, such as its customer's id, and finds it by.

They are no secrets and nothing encrypts them, so what looks like a key is refused (attack 40).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from connectory.gateway.offered_keys import looks_like_key
from connectory.web.api.texts import NOT_SHOWN, is_shown

MOST_LABELS = 20
MOST_CHARACTERS = 500  # of a value
LEAST_KEY = 16  # characters: `pk-17` is somebody's number
NAME = r"[A-Za-z0-9._/-]{1,63}"
RULE = (
    f"At most {MOST_LABELS} labels: names of 1 to 63 characters A-Z, a-z, 0-9, `.`, `_`, `/` and `-`, values that are"
    f" strings of at most {MOST_CHARACTERS} characters, all of them visible. They are no place for a key: none is kept"
    " that looks like one."
)
WANTED = "A label to find by, as `name:value`; given several times, all of them must fit."
_NAME = re.compile(NAME)


def _check(labels: dict[str, str]) -> dict[str, str]:
    """Return the labels. The error names the rule, never a name or a value: either may be a secret."""
    if len(labels) > MOST_LABELS:
        raise _refused(f"There are more than {MOST_LABELS} labels")
    if not all(map(_NAME.fullmatch, labels)):
        raise _refused("A label's name has 1 to 63 characters of A-Z, a-z, 0-9, '.', '_', '/' and '-'")
    if any(len(value) > MOST_CHARACTERS for value in labels.values()):
        raise _refused(f"A label's value has more than {MOST_CHARACTERS} characters")
    if not all(map(is_shown, labels.values())):
        raise _refused(NOT_SHOWN)
    if any(len(text) >= LEAST_KEY and looks_like_key(text) for pair in labels.items() for text in pair):
        raise _refused(
            "A label looks like a key; labels are no secrets, and everybody who sees the connection reads them"
        )
    return labels


def _check_wanted(wanted: str) -> str:
    name, colon, value = wanted.partition(":")
    if not colon or not _NAME.fullmatch(name) or len(value) > MOST_CHARACTERS:
        raise _refused("A label is found by `name:value`")
    if not is_shown(value):
        raise _refused(NOT_SHOWN)
    return wanted


def _refused(message: str) -> PydanticCustomError:
    return PydanticCustomError("label", message)


Labels = Annotated[
    dict[str, str],
    AfterValidator(_check),
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"pattern": f"^{NAME}$"},
            "additionalProperties": {"type": "string", "maxLength": MOST_CHARACTERS},
            "maxProperties": MOST_LABELS,
        }
    ),
]
WantedLabel = Annotated[str, AfterValidator(_check_wanted), WithJsonSchema({"type": "string", "pattern": f"^{NAME}:"})]


def fits(labels: Mapping[str, str], wanted: Sequence[str]) -> bool:
    """Whether a connection's labels are all those that are wanted, each as `name:value`."""
    pairs = (one.partition(":") for one in wanted)
    return all(labels.get(name) == value for name, _, value in pairs)
