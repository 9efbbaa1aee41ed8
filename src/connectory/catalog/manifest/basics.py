"""Words and types that every part of a manifest uses."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

CONNECTOR_NAME = r"^[a-z][a-z0-9-]{0,23}$"
WORD = r"^[a-z][a-z0-9_]*$"
RESERVED_INPUTS = frozenset(
    {"connection", "credential", "each", "limit", "cursor", "fields", "raw", "dry_run"}
    | {"idempotency_key", "now", "steps"}
)  # those that templates name or may name one day, and those that mean the same in every action (design 4.5)
WEB_ADDRESS = r"^https?://[^\s<>\"'\\]+$"  # shown as a link: never `javascript:`
WebAddress = Annotated[str, Field(pattern=WEB_ADDRESS, max_length=500)]
Name = Annotated[str, Field(pattern=WORD)]
JsonValue = Any  # a YAML tree as it stands in the file: what it may hold is the provider's matter


class Strict(BaseModel):
    """A part of a manifest: immutable, unknown keys refused, and no text taken for a number or a truth.

    `no` is text in YAML 1.2, and would otherwise be the truth that its writer did not mean.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False, strict=True)


class Effect(StrEnum):
    """What an action does at the provider; set by hand, never from the HTTP method (design 4.5)."""

    READ = "read"
    WRITE = "write"
    DESTRUCTIVE = "destructive"


class Category(StrEnum):
    """Where a connector stands in the marketplace."""

    ECOMMERCE = "e-commerce"
    PRODUCTIVITY = "productivity"
    CRM = "crm"
    DEVELOPMENT = "development"
    ANALYTICS = "analytics"
    DATABASES = "databases"
    AI = "ai"
    COMMUNICATION = "communication"
    OTHER = "other"
