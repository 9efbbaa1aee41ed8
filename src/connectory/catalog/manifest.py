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
    required: bool = Field(True, description="Whether the person must fill it in.")
    help: str = Field("", description="Where to find the value, in one or two sentences.")
    docs: WebAddress | None = Field(None, description="The provider's page on which the value is made.")
    placeholder: str = Field("", description="An example shown in the empty input.")
    default: str | None = Field(None, description="Taken where the person leaves it empty; never for a secret.")
    pattern: str | None = Field(None, description="Regular expression that the whole value must match.")
    origin: bool = Field(
        False, description="The value is a server's origin, e.g. https://example.com:8443, without a path."
    )


class AuthMethodBase(Strict):
    """What every way to sign in has."""

    title: str | None = Field(None, description="How a person calls this way to sign in.")
    help: str = Field("", description="What to do, in a few sentences.")
    docs: WebAddress | None = Field(None, description="The provider's documentation of this way to sign in.")
    fields: dict[Annotated[str, Field(pattern=WORD)], CredentialField] = Field(
        default_factory=dict, description="What the person enters, by name."
    )
    header: dict[str, str] = Field(default_factory=dict, description="Headers that carry the credential.")
    query: dict[str, str] = Field(default_factory=dict, description="Query parameters that carry the credential.")


class ApiKeyMethod(AuthMethodBase):
    """One key or token; without `fields` the person is asked for `{credential.token}`."""

    method: Literal["api_key"] = Field(description="One key or token.")

    @model_validator(mode="before")
    @classmethod
    def _default_field(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("fields"):
            return {**data, "fields": {"token": {"title": "API key", "secret": True}}}
        return data


class BasicCredentials(Strict):
    """User name and password of HTTP Basic (RFC 7617), as templates."""

    username: str = Field(description="Template of the user name.")
    password: str = Field(description="Template of the password.")


class BasicMethod(AuthMethodBase):
    """HTTP Basic; without `fields` the person is asked for `{connection.username}` and `{credential.password}`."""

    method: Literal["basic"] = Field(description="HTTP Basic (RFC 7617).")
    basic: BasicCredentials = Field(
        BasicCredentials(username="{connection.username}", password="{credential.password}"),
        description="How the two parts are made, where a provider wants something else there.",
    )

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

    method: Literal["fields"] = Field(description="Several values.")


class NoAuthMethod(AuthMethodBase):
    """Nothing to sign in with."""

    method: Literal["none"] = Field(description="Nothing to enter.")


AuthMethod = Annotated[ApiKeyMethod | BasicMethod | FieldsMethod | NoAuthMethod, Field(discriminator="method")]


class Input(Strict):
    """One input of an action: a subset of JSON Schema 2020-12, with `required: true` on the input itself."""

    type: Literal["string", "integer", "number", "boolean", "array", "object"] | None = Field(
        None, description="JSON type of the value; with an `enum` of texts it may be left out."
    )
    description: str = Field("", description="What to give, for a model; whether it is required is added to it.")
    required: bool = Field(False, description="Whether it must be given; so too of an object's `properties`.")
    enum: list[str | int | float | bool] | None = Field(None, description="The only values allowed.")
    default: JsonValue = Field(None, description="Sent where nothing is given, and told to the model.")
    examples: list[JsonValue] | None = Field(None, description="Values that fit, told to the model.")
    format: str | None = Field(
        None, description="As in JSON Schema; date, email, ipv4, ipv6, regex and uuid are checked."
    )
    pattern: str | None = Field(None, description="Regular expression found in the value; anchor it with ^ and $.")
    minimum: int | float | None = Field(None, description="Least number.")
    maximum: int | float | None = Field(None, description="Greatest number.")
    min_length: int | None = Field(None, alias="minLength", description="Fewest characters.")
    max_length: int | None = Field(None, alias="maxLength", description="Most characters.")
    items: Input | None = Field(None, description="What each element of an array is.")
    min_items: int | None = Field(None, alias="minItems", description="Fewest elements.")
    max_items: int | None = Field(None, alias="maxItems", description="Most elements.")
    properties: dict[str, Input] | None = Field(None, description="Members of an object, by name.")
    additional_properties: bool | None = Field(
        None,
        alias="additionalProperties",
        description="Whether an object takes further members; unset: only where no `properties` are named.",
    )


METHODS = ("get", "post", "put", "patch", "delete", "head")


class Request(Strict):
    """One HTTP request: exactly one of get, post, put, patch, delete, head with the path as its value."""

    get: str | None = Field(None, description="Path of a GET request, from a slash.")
    post: str | None = Field(None, description="Path of a POST request, from a slash.")
    put: str | None = Field(None, description="Path of a PUT request, from a slash.")
    patch: str | None = Field(None, description="Path of a PATCH request, from a slash.")
    delete: str | None = Field(None, description="Path of a DELETE request, from a slash.")
    head: str | None = Field(None, description="Path of a HEAD request, from a slash.")
    server: str | None = Field(None, description="Which of `servers`; the first one when absent.")
    query: dict[str, JsonValue] = Field(
        default_factory=dict, description="Query parameters; a list repeats its key, an absent input drops it."
    )
    headers: dict[str, str] = Field(default_factory=dict, description="Further headers of this request.")
    body: JsonValue = Field(None, description="The body as a tree; a leaf that is exactly `{x}` keeps its type.")
    encoding: Literal["json", "form"] = Field("json", description="How the body is written; a form is a flat mapping.")

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

    id: str = Field(description="Gives the account's id, by which a change of account is noticed.")
    name: str = Field(description="Gives the name by which a person knows the account.")


class Verify(Request):
    """A cheap call that proves the credentials and tells whose they are."""

    account: AccountPaths = Field(description="Where the account is in the answer.")
    scopes_header: str | None = Field(
        None, description="Answer header that lists the granted scopes, by comma or space."
    )


class Pages(Strict):
    """How the next page is found."""

    style: Literal["link_header", "next_header"] = Field(
        description="The next page's URL stands in the Link header (RFC 8288), or in the header named by `header`."
    )
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

    status: list[int] | None = Field(None, description="The answer's status is one of these.")
    header: dict[str, str] = Field(default_factory=dict, description="Answer headers with exactly these values.")
    body: str | None = Field(None, description="JMESPath over the answer that gives a true value.")

    @model_validator(mode="after")
    def _says_something(self) -> Condition:
        if not (self.status or self.header or self.body):
            raise ValueError("needs at least one of status, header, body")
        return self


class ErrorRule(Strict):
    """An answer that is an error, and what it means; the first rule that applies counts."""

    when: Condition = Field(description="The answers it is about.")
    code: Literal[
        "rate_limited", "missing_scope", "needs_reconnect", "provider_forbidden", "provider_not_found",
        "provider_conflict", "provider_rejected", "provider_unavailable",
    ] = Field(description="What the answer means (docs/errors.md).")  # fmt: skip
    message: str | None = Field(None, description="JMESPath over the answer that gives the provider's message.")
    retry_at_header: str | None = Field(None, description="Answer header with the Unix time at which to try again.")


class ActionManifest(Strict):
    """One operation of the provider; it becomes an MCP tool."""

    title: str = Field(min_length=1, max_length=80, description="What a person would call it.")
    description: str = Field(
        min_length=1, max_length=600, description="One sentence written for a model; begins with the verb."
    )
    effect: Effect = Field(
        description="What it does at the provider, by hand: a POST that only searches is a read. Policies go by it."
    )
    idempotent: bool | None = Field(
        None, description="Repeating the call changes nothing more; reads are by themselves."
    )
    inputs: dict[Annotated[str, Field(pattern=WORD)], Input] = Field(
        default_factory=dict, description="What the agent gives, by name."
    )
    scopes: list[str] = Field(default_factory=list, description="Scopes of which the grant needs all.")
    request: Request = Field(description="What is sent.")
    pages: Pages | None = Field(None, description="How a list goes on; the action then takes `limit` and `cursor`.")
    answer: Answer = Field(Answer(), description="What the agent gets; unset: the answer as it is.")
    docs: WebAddress = Field(description="The provider's documentation of this operation.")

    @property
    def is_idempotent(self) -> bool:
        """Whether the call may be repeated without a second effect."""
        return self.effect is Effect.READ if self.idempotent is None else self.idempotent


class Manifest(Strict):
    """One connector: all that is particular to a provider."""

    schema_url: str | None = Field(None, alias="$schema", description="Address of the JSON Schema, for editors.")
    format: Literal[1] = Field(description="Version of this format.")
    name: str = Field(pattern=CONNECTOR_NAME, description="The connector's name; tools begin with it, - written as _.")
    title: str = Field(min_length=1, max_length=60, description="The provider's name as a person would say it.")
    description: str = Field(min_length=1, max_length=600, description="What one can do with it, in one sentence.")
    category: Category = Field(description="Where it is listed.")
    docs: WebAddress = Field(description="The provider's API documentation.")
    family: str | None = Field(
        None, pattern=CONNECTOR_NAME, description="Connectors that share one sign-in; default: the name."
    )
    logo: str | None = Field(None, pattern=r"^\s*<svg[\s>]", max_length=16_384, description="Inline SVG.")
    servers: dict[Annotated[str, Field(pattern=WORD)], str] = Field(min_length=1, description="Base URLs by name.")
    headers: dict[str, str] = Field(default_factory=dict, description="Headers of every request.")
    auth: dict[Annotated[str, Field(pattern=WORD)], AuthMethod] = Field(min_length=1, description="Ways to sign in.")
    verify: Verify | None = Field(
        None, description="Proves the credentials before they are kept; required unless every method is none."
    )
    message: str | None = Field(None, description="JMESPath over an error answer that gives the provider's message.")
    errors: list[ErrorRule] = Field(
        default_factory=list, description="Answers that are errors and mean more than their status says."
    )
    actions: dict[Annotated[str, Field(pattern=WORD)], ActionManifest] = Field(
        default_factory=dict, description="What can be done, by name."
    )
    tasks: list[str] = Field(default_factory=list, description="What people ask an assistant to do here.")

    @property
    def auth_family(self) -> str:
        """The family whose sign-in this connector uses."""
        return self.family or self.name
