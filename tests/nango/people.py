"""Tags and end users: the parts that sessions and connections share."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError
from tests.nango.asking import Strict

MOST_TAGS = 10
_KEY = re.compile(r"[a-zA-Z][a-zA-Z0-9_\-./]*")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def _tags(given: dict[str, str]) -> dict[str, str]:
    """Check and lower-case them. Raises for what Nango refuses."""
    if len(given) > MOST_TAGS:
        raise ValueError(f"Tags cannot contain more than {MOST_TAGS} keys")
    found: dict[str, str] = {}
    for key, value in given.items():
        if not _KEY.fullmatch(key) or len(key) > 64:
            raise PydanticCustomError("invalid_key", "Invalid key in record", {"name": key})
        if key.lower() in found:
            raise ValueError(f'Duplicate tag key after case normalization: "{key.lower()}"')
        if key.lower() == "end_user_email" and not _EMAIL.fullmatch(value):
            raise ValueError('Tag "end_user_email" must be a valid email')
        found[key.lower()] = value
    return found


TagValue = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Tags = Annotated[dict[str, TagValue], AfterValidator(_tags)]


class Organization(Strict):
    id: Annotated[str, StringConstraints(max_length=255)]
    display_name: Annotated[str, StringConstraints(max_length=255)] | None = None


class EndUser(Strict):
    id: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")] | None = None
    display_name: Annotated[str, StringConstraints(max_length=255)] | None = None
    tags: dict[str, str] = Field(default_factory=dict)

    def shown(self, organization: Organization | None) -> dict[str, Any]:
        """As connections show it."""
        group = None if organization is None else organization.model_dump()
        return {**self.model_dump(), "organization": group}

    def as_tags(self, organization: Organization | None) -> dict[str, str]:
        """The tags that come from it, its own among them."""
        found = {"end_user_id": self.id, "end_user_email": self.email, "end_user_display_name": self.display_name}
        if organization is not None:
            found |= {"organization_id": organization.id, "organization_display_name": organization.display_name}
        own = {key.lower(): value for key, value in self.tags.items()}
        return {**own, **{key: value for key, value in found.items() if value is not None}}
