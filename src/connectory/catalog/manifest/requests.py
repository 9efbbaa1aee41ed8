"""What is sent: one HTTP request, REST or GraphQL (design 4.2)."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, model_validator

from connectory.catalog.manifest.basics import JsonValue, Name, Strict
from connectory.catalog.template import parse_template

METHODS = ("get", "post", "put", "patch", "delete", "head")
Encoding = Literal["json", "form", "form_brackets", "multipart", "multipart_related", "raw"]


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
    body: JsonValue = Field(
        None, description="The body as a tree; a leaf that is exactly `{x}` keeps its type, an absent input drops it."
    )
    encoding: Encoding = Field(
        "json",
        description="How it is written. form: a flat mapping; form_brackets: a[b][0]=c; multipart: form data with "
        "files; multipart_related: a list of parts (RFC 2387); raw: one text or file. `graphql` has its own.",
    )
    content_type: str | None = Field(
        None, description="Content-Type in place of the encoding's own; of raw text it must be said."
    )
    graphql: str | None = Field(
        None, description="A GraphQL document with one operation. No placeholders: values go into `variables`."
    )
    variables: dict[str, JsonValue] = Field(
        default_factory=dict, description="The variables of `graphql`, a tree like `body`."
    )

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

    @property
    def is_address(self) -> bool:
        """Whether the path is a whole address that an earlier step gave, below the server's own: `{steps.NAME}`."""
        return _is_step(self.path)

    @property
    def trees(self) -> tuple[JsonValue, ...]:
        """Everything of the request that may hold placeholders, but for the path."""
        return (self.query, self.headers, self.body, self.variables)


class Step(Strict):
    """A request that is sent before the action's own, for what that needs: an upload's address, the id of its file."""

    request: Request = Field(description="What is sent; its path may be `{steps.NAME}`, an address below the server's.")
    kind: Literal["json", "text"] = Field("json", alias="as", description="What the answer is; text is not kept.")
    keep: dict[Name, str] = Field(
        default_factory=dict,
        description="JMESPath over its answer that must give something, by the NAME of `{steps.NAME}` in what is sent "
        "later.",
    )


class IdempotencyKey(Strict):
    """Where the provider takes a key by which it knows a repeated write: one place, filled anew for each call."""

    header: str | None = Field(None, description="Request header, e.g. Idempotency-Key.")
    query: str | None = Field(None, description="Query parameter.")
    body: str | None = Field(None, description="Member on top of a JSON body.")
    variable: str | None = Field(
        None,
        pattern=r"^[A-Za-z][A-Za-z0-9]*$",
        description="Variable of GraphQL; the mutations that declare it take the key (Shopify's `@idempotent`).",
    )

    @model_validator(mode="after")
    def _one_place(self) -> IdempotencyKey:
        if sum(place is not None for place in (self.header, self.query, self.body, self.variable)) != 1:
            raise ValueError("needs exactly one of header, query, body, variable")
        return self

    def has_place_in(self, request: Request) -> bool:
        """Whether the request can take the key: as a variable, only where its document declares that."""
        if self.variable is None:
            return True
        return re.search(rf"\${self.variable}\s*:", request.graphql or "") is not None


def _is_step(path: str) -> bool:
    try:
        only = parse_template(path).only
    except ValueError:
        return False
    return only is not None and only.scope == "steps"
