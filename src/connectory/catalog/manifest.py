"""The manifest model: what one YAML file may say of a provider (design 4, format 1).

Pydantic at the border: unknown keys are refused, so that a misspelt key is found when the file is read and not when
an agent calls. `catalog/loading.py` turns a failure into file, line, key and what was meant. This module is also the
source of the published JSON Schema and of the reference in `docs/manifests.md`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

CONNECTOR_NAME = r"^[a-z][a-z0-9-]{0,23}$"
WORD = r"^[a-z][a-z0-9_]*$"
RESERVED_INPUTS = frozenset({"connection", "limit", "cursor", "fields", "raw", "dry_run"})
WebAddress = Annotated[
    str, Field(pattern=r"^https?://[^\s<>\"'\\]+$", max_length=500)
]  # shown as a link: never `javascript:`
JsonValue = Any  # a YAML tree as it stands in the file: what it may hold is the provider's matter


class Strict(BaseModel):
    """A part of a manifest: immutable, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class CredentialField(Strict):
    """One thing the person types on the connect page: a secret credential, or a plain fact of the connection."""

    title: str = Field(description="Label beside the input.")
    secret: bool = Field(
        False, description="True: `{credential.NAME}`, encrypted, never shown; false: `{connection.NAME}`."
    )
    required: bool = True
    help: str = Field("", description="Where to find the value, in one or two sentences.")
    docs: WebAddress | None = Field(None, description="The provider's page on which the value is made.")
    placeholder: str = ""
    default: str | None = None
    pattern: str | None = Field(None, description="Regular expression that the whole value must match.")
    origin: bool = Field(
        False, description="The value is a server's origin, e.g. https://example.com:8443, without a path."
    )


class AuthMethodBase(Strict):
    title: str | None = Field(None, description="How a person calls this way to sign in.")
    help: str = Field("", description="What to do, in a few sentences.")
    docs: WebAddress | None = Field(None, description="The provider's documentation of this way to sign in.")
    fields: dict[Annotated[str, Field(pattern=WORD)], CredentialField] = Field(default_factory=dict)
    header: dict[str, str] = Field(default_factory=dict, description="Headers that carry the credential.")
    query: dict[str, str] = Field(default_factory=dict, description="Query parameters that carry the credential.")


class ApiKeyMethod(AuthMethodBase):
    """One key or token; without `fields` the person is asked for `{credential.token}`."""

    method: Literal["api_key"]

    @model_validator(mode="before")
    @classmethod
    def _default_field(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("fields"):
            return {**data, "fields": {"token": {"title": "API key", "secret": True}}}
        return data


class BasicCredentials(Strict):
    """User name and password of HTTP Basic (RFC 7617), as templates."""

    username: str
    password: str


class BasicMethod(AuthMethodBase):
    """HTTP Basic; without `fields` the person is asked for `{connection.username}` and `{credential.password}`."""

    method: Literal["basic"]
    basic: BasicCredentials = BasicCredentials(username="{connection.username}", password="{credential.password}")

    @model_validator(mode="before")
    @classmethod
    def _default_fields(cls, data: Any) -> Any:
        given = data.get("fields", {}) if isinstance(data, dict) else None
        if not isinstance(given, dict) or "basic" in data:
            return data  # the model itself says what is wrong with it
        usual = {"username": {"title": "User name"}, "password": {"title": "Password", "secret": True}}
        return {**data, "fields": {**given, **{name: field for name, field in usual.items() if name not in given}}}


class FieldsMethod(AuthMethodBase):
    """Several values, each placed by `header` or `query`."""

    method: Literal["fields"]


class NoAuthMethod(AuthMethodBase):
    """Nothing to sign in with."""

    method: Literal["none"]


AuthMethod = Annotated[ApiKeyMethod | BasicMethod | FieldsMethod | NoAuthMethod, Field(discriminator="method")]


class Input(Strict):
    """One input of an action: a subset of JSON Schema 2020-12, with `required: true` on the input itself."""

    type: Literal["string", "integer", "number", "boolean", "array", "object"] | None = None
    description: str = ""
    required: bool = False
    enum: list[str | int | float | bool] | None = None
    default: JsonValue = None
    examples: list[JsonValue] | None = None
    format: str | None = None
    pattern: str | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    min_length: int | None = Field(None, alias="minLength")
    max_length: int | None = Field(None, alias="maxLength")
    items: Input | None = None
    min_items: int | None = Field(None, alias="minItems")
    max_items: int | None = Field(None, alias="maxItems")
    properties: dict[str, Input] | None = None
    additional_properties: bool | None = Field(None, alias="additionalProperties")


METHODS = ("get", "post", "put", "patch", "delete", "head")


class Request(Strict):
    """One HTTP request: exactly one of get, post, put, patch, delete, head with the path as its value."""

    get: str | None = None
    post: str | None = None
    put: str | None = None
    patch: str | None = None
    delete: str | None = None
    head: str | None = None
    server: str | None = Field(None, description="Which of `servers`; the first one when absent.")
    query: dict[str, JsonValue] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    body: JsonValue = None
    encoding: Literal["json", "form"] = "json"

    @model_validator(mode="after")
    def _one_method(self) -> Request:
        if sum(getattr(self, name) is not None for name in METHODS) != 1:
            raise ValueError(f"needs exactly one of {', '.join(METHODS)}, with the path as its value")
        return self

    @property
    def method(self) -> str:
        """The HTTP method, in capitals."""
        return next(name for name in METHODS if getattr(self, name) is not None).upper()

    @property
    def path(self) -> str:
        """The path template, which begins with a slash."""
        return str(getattr(self, self.method.lower()))


class AccountPaths(Strict):
    """JMESPath expressions over the verify answer that give the account's id and name."""

    id: str
    name: str


class Verify(Request):
    """A cheap call that proves the credentials and tells whose they are."""

    account: AccountPaths
    scopes_header: str | None = Field(
        None, description="Answer header that lists the granted scopes, by comma or space."
    )


class Pages(Strict):
    """How the next page is found."""

    style: Literal["link_header", "next_header"]
    header: str | None = Field(None, description="next_header: the answer header that holds the next page's URL.")
    max_size: int = Field(100, ge=1, description="Most items the provider gives on one page.")

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, data: Any) -> Any:
        return {"style": data} if isinstance(data, str) else data

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"const": "link_header"}, handler(core)]}  # the word alone stands for {style: the word}

    @model_validator(mode="after")
    def _needs_header(self) -> Pages:
        if (self.style == "next_header") != (self.header is not None):
            raise ValueError("style next_header needs `header`, and only it takes one")
        return self


class Answer(Strict):
    """What of the provider's answer the agent gets: JMESPath expressions."""

    items: str | None = Field(None, description="Where the list is; absent: the answer is one object.")
    item: str = Field("@", description="How the object, or each item of the list, is projected.")
    text: bool = Field(False, description="The answer is plain text, not JSON.")

    @model_validator(mode="after")
    def _text_has_no_items(self) -> Answer:
        if self.text and (self.items is not None or self.item != "@"):
            raise ValueError("`text: true` is given as it comes: it takes neither `items` nor `item`")
        return self


class Condition(Strict):
    """When an error rule applies: all that is given must hold."""

    status: list[int] | None = None
    header: dict[str, str] = Field(default_factory=dict, description="Answer headers with exactly these values.")
    body: str | None = Field(None, description="JMESPath over the answer that gives a true value.")

    @model_validator(mode="after")
    def _says_something(self) -> Condition:
        if not (self.status or self.header or self.body):
            raise ValueError("needs at least one of status, header, body")
        return self


class ErrorRule(Strict):
    """An answer that is an error, and what it means; the first rule that applies counts."""

    when: Condition
    code: Literal[
        "rate_limited", "missing_scope", "needs_reconnect", "provider_forbidden", "provider_not_found",
        "provider_conflict", "provider_rejected", "provider_unavailable",
    ]  # fmt: skip
    message: str | None = Field(None, description="JMESPath over the answer that gives the provider's message.")
    retry_at_header: str | None = Field(None, description="Answer header with the Unix time at which to try again.")


class ActionManifest(Strict):
    """One operation of the provider; it becomes an MCP tool."""

    title: str = Field(min_length=1, max_length=80, description="What a person would call it.")
    description: str = Field(
        min_length=1, max_length=600, description="One sentence written for a model; begins with the verb."
    )
    effect: Effect
    idempotent: bool | None = Field(
        None, description="Repeating the call changes nothing more; reads are by themselves."
    )
    inputs: dict[Annotated[str, Field(pattern=WORD)], Input] = Field(default_factory=dict)
    scopes: list[str] = Field(default_factory=list, description="Scopes of which the grant needs all.")
    request: Request
    pages: Pages | None = None
    answer: Answer = Answer()
    docs: WebAddress = Field(description="The provider's documentation of this operation.")

    @property
    def is_idempotent(self) -> bool:
        """Whether the call may be repeated without a second effect."""
        return self.effect is Effect.READ if self.idempotent is None else self.idempotent


class Manifest(Strict):
    """One connector: all that is particular to a provider."""

    schema_url: str | None = Field(None, alias="$schema")
    format: Literal[1]
    name: str = Field(pattern=CONNECTOR_NAME)
    title: str = Field(min_length=1, max_length=60, description="The provider's name as a person would say it.")
    description: str = Field(min_length=1, max_length=600, description="What one can do with it, in one sentence.")
    category: Category
    docs: WebAddress = Field(description="The provider's API documentation.")
    family: str | None = Field(
        None, pattern=CONNECTOR_NAME, description="Connectors that share one sign-in; default: the name."
    )
    logo: str | None = Field(None, pattern=r"^\s*<svg[\s>]", max_length=16_384, description="Inline SVG.")
    servers: dict[Annotated[str, Field(pattern=WORD)], str] = Field(min_length=1, description="Base URLs by name.")
    headers: dict[str, str] = Field(default_factory=dict, description="Headers of every request.")
    auth: dict[Annotated[str, Field(pattern=WORD)], AuthMethod] = Field(min_length=1)
    verify: Verify | None = None
    message: str | None = Field(None, description="JMESPath over an error answer that gives the provider's message.")
    errors: list[ErrorRule] = Field(default_factory=list)
    actions: dict[Annotated[str, Field(pattern=WORD)], ActionManifest] = Field(default_factory=dict)
    tasks: list[str] = Field(default_factory=list, description="What people ask an assistant to do here.")

    @property
    def auth_family(self) -> str:
        """The family whose sign-in this connector uses."""
        return self.family or self.name
