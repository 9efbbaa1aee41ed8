"""What the code of an error means, in the sentence that `docs/errors.md` has for it."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Iterator, Mapping

from connectory.errors import ConnectoryError

OF_DESIGN = re.compile(r" \(design [\d.]+\)")
OTHERS = {
    "cancelled": "The caller did not wait for the end of it.",
    "sign_in_incomplete": "Something was wrong or missing in what was entered, or there is a further step.",
}


def meaning_of(code: str | None) -> str:
    """Return what a code means; empty for one that there is not."""
    return _meanings().get(code or "", "")


def meaning_of_error(error: type[ConnectoryError]) -> str:
    """Return the first paragraph of an error's docstring, on one line."""
    first = inspect.cleandoc(error.__doc__ or "").split("\n\n")[0]
    return OF_DESIGN.sub("", " ".join(first.split()))


@functools.cache
def _meanings() -> Mapping[str, str]:
    found = dict(OTHERS)
    for error in _tree(ConnectoryError):
        found.setdefault(error.code, meaning_of_error(error))  # one that shares its branch's code adds nothing
    return found


def _tree(branch: type[ConnectoryError]) -> Iterator[type[ConnectoryError]]:
    yield branch
    for child in branch.__subclasses__():
        yield from _tree(child)
