"""One answer of Nango's API, and reading it. No text repeats it whole: it may hold live tokens, or a sign-in link."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from connectory.errors import NangoRefused, NangoUnavailable

VERSION_HINT = "Nango 0.71 is what this is made for: another version may answer otherwise."
MESSAGE_CHARACTERS = 200  # of Nango's own words that are shown
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class NangoAnswer:
    """An answer that is JSON, or has no body. `hidden`: what the request held and no text may repeat."""

    status: int
    body: Mapping[str, Any] = field(repr=False)
    hidden: Collection[str] = field(default=(), repr=False)
    etag: str | None = None

    @property
    def error(self) -> Mapping[str, Any]:
        """The error object; empty where there is none."""
        found = self.body.get("error")
        return found if isinstance(found, Mapping) else {}

    @property
    def code(self) -> str:
        """Nango's code of the error."""
        return str(self.error.get("code") or "")[:80]

    @property
    def message(self) -> str:
        """Nango's own words on the error, cut and in one line, without what the request had to hide."""
        said = [str(one.get("message") or "") for one in self._problems] or [str(self.error.get("message") or "")]
        text = "; ".join(one for one in said if one)
        for secret in sorted(self.hidden, key=len, reverse=True):
            text = text.replace(secret, "***") if secret else text
        return "".join(one if one.isprintable() else " " for one in text[:MESSAGE_CHARACTERS])

    @property
    def places(self) -> tuple[str, ...]:
        """The parts of the request that Nango found wrong: `allowed_integrations.0`."""
        paths = (one.get("path") for one in self._problems)
        return tuple(".".join(str(part) for part in path)[:80] for path in paths if isinstance(path, list) and path)

    def says(self, status: int, code: str) -> bool:
        """Whether it is this error: none is marked otherwise than by both."""
        return self.status == status and self.code == code

    def good(self, doing: str) -> NangoAnswer:
        """Return itself. Raises `NangoRefused` where it is an error; `doing` completes "Nango refused to ..."."""
        if 200 <= self.status < 300:
            return self
        told = f": {self.message}" if self.message else ""
        raise NangoRefused(
            f"Nango refused to {doing} ({self.status} {self.code or 'without a code'}{told}).",
            hint=VERSION_HINT,
            reason=self.code,
            places=self.places,
        )

    def parse(self, model: type[_Model], name: str | None = None) -> _Model:
        """Return the body, or its member `name`, as a model. Raises `NangoUnavailable` where it is something else."""
        return _parsed(model, self.body if name is None else self.body.get(name))

    def parse_all(self, model: type[_Model], name: str) -> tuple[_Model, ...]:
        """Return the list that is the body's member `name`. Raises `NangoUnavailable` where it is something else."""
        return tuple(_parsed(model, row) for row in self._rows(name))

    def parse_known(self, model: type[_Model], name: str) -> tuple[_Model, ...]:
        """Return of such a list the members that can be read: one of a new kind must not hide all the others."""
        found = []
        for row in self._rows(name):
            with contextlib.suppress(ValidationError):
                found.append(model.model_validate(row))
        return tuple(found)

    def _rows(self, name: str) -> list[Any]:
        rows = self.body.get(name)
        if not isinstance(rows, list):
            raise NangoUnavailable(f"Nango's answer has no list '{name}', as it should.", hint=VERSION_HINT)
        return rows

    @property
    def _problems(self) -> list[Mapping[str, Any]]:
        found = self.error.get("errors")
        return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _parsed(model: type[_Model], found: Any) -> _Model:
    try:
        return model.model_validate(found)
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, one["loc"])) for one in error.errors(include_input=False)})[:3])
    raise NangoUnavailable(
        f"Nango's answer is not what it documents ({model.__name__}: {places or 'as a whole'}).", hint=VERSION_HINT
    )
