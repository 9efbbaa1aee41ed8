"""What comes back: projections, answers that are errors, and the call that proves a sign-in (design 4.4, 4.6)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from connectory.catalog.manifest.basics import Name, Strict
from connectory.catalog.manifest.requests import Request

ErrorCode = Literal[
    "rate_limited", "missing_scope", "needs_reconnect", "provider_forbidden", "provider_not_found",
    "provider_conflict", "provider_rejected", "provider_unavailable",
]  # fmt: skip


class Expand(Strict):
    """A further request for each item of a list whose items are bare; `{each.id}` is a member of that item."""

    request: Request = Field(description="What is sent for an item; a read.")
    when: str | None = Field(None, description="JMESPath over the item: only where it is true.")
    items: str | None = Field(None, description="Where the list is in that answer; absent: it is one object.")
    item: str = Field("@", description="How that object, or each item of that list, is projected.")
    more: str | None = Field(
        None, description="JMESPath over that answer that is true where it is not all: the agent is then told so."
    )
    into: str | None = Field(
        None, description="Member of the item that takes what came; absent: it takes the item's place."
    )
    depth: int = Field(
        1, ge=1, le=8, description="How many levels: what came is expanded in the same way (needs `items` and `into`)."
    )

    @model_validator(mode="after")
    def _depth_needs_a_place(self) -> Expand:
        if self.depth > 1 and (self.items is None or self.into is None):
            raise ValueError("`depth` needs `items` and `into`")
        return self


class FileContent(Strict):
    """Where a file stands in a JSON answer."""

    data: str = Field(description="JMESPath over the answer that gives its bytes, in base64 or base64url.")
    name: str | None = Field(None, description="JMESPath over the answer that gives its name.")
    media_type: str | None = Field(
        None, description="JMESPath over the answer that gives its media type; unset: what its name tells."
    )


class Answer(Strict):
    """What of the provider's answer the agent gets: JMESPath expressions, with our converters as functions."""

    kind: Literal["json", "json_lines", "text", "file"] = Field(
        "json",
        alias="as",
        description="What the answer is; json_lines: one JSON value a line, as a list; file: bytes, kept for the agent "
        "to read in pieces or to give to another action.",
    )
    items: str | None = Field(
        None, description="Where the list is; absent: the answer is one object, and of json_lines the list of them."
    )
    when: str | None = Field(
        None, description="JMESPath over an item: only those for which it is true; pages are counted before."
    )
    item: str = Field("@", description="How the object, or each item of the list, is projected.")
    expand: Expand | None = Field(None, description="A further request for each item, where a list is bare.")
    file_name: str | None = Field(
        None, description="file: its name as a template of inputs, where the answer gives none."
    )
    content: FileContent | None = Field(
        None, description="file: where it is in the JSON that comes; absent: what comes is the file."
    )

    @model_validator(mode="before")
    @classmethod
    def _lines_are_items(cls, data: Any) -> Any:
        is_lines = isinstance(data, dict) and data.get("as") == "json_lines" and data.get("items") is None
        return {**data, "items": "@"} if is_lines else data

    @property
    def shown(self) -> str:
        """The projection whose members the agent sees: that of the details, where they take the items' place."""
        return self.expand.item if self.expand is not None and self.expand.into is None else self.item

    @property
    def is_json(self) -> bool:
        """Whether what comes is read as JSON."""
        return self.kind in ("json", "json_lines") or self.content is not None

    @model_validator(mode="after")
    def _only_json_is_projected(self) -> Answer:
        if self.kind in ("text", "file") and (self.items is not None or self.item != "@"):
            raise ValueError(f"`as: {self.kind}` is given as it comes: it takes neither `items` nor `item`")
        for key in ("expand", "when"):
            if getattr(self, key) is not None and self.items is None:
                raise ValueError(f"`{key}` needs `items`")
        if self.kind != "file" and (self.file_name is not None or self.content is not None):
            raise ValueError("only `as: file` has a `file_name` and `content`")
        return self


class Condition(Strict):
    """When an error rule applies: all that is given must hold."""

    status: list[int] | None = Field(None, description="The answer's status is one of these.")
    headers: dict[str, str] = Field(default_factory=dict, description="Answer headers with exactly these values.")
    body: str | None = Field(None, description="JMESPath over the answer that gives a true value.")

    @model_validator(mode="after")
    def _says_something(self) -> Condition:
        if not (self.status or self.headers or self.body):
            raise ValueError("needs at least one of status, headers, body")
        return self


class Bucket(Strict):
    """A limit by cost that fills up again: one waits for what is missing, over how fast it comes back (Shopify)."""

    needed: str = Field(description="JMESPath over the answer that gives the points the call needs.")
    left: str = Field(description="JMESPath over the answer that gives the points that are there.")
    per_second: str = Field(description="JMESPath over the answer that gives the points that come back each second.")


class RetryTime(Strict):
    """Where the answer says when to try again, beside the Retry-After header (RFC 9110 section 10.2.3)."""

    header: str | None = Field(None, description="The answer header that holds it.")
    body: str | None = Field(None, description="JMESPath over the answer that gives it.")
    bucket: Bucket | None = Field(None, description="The points of a limit by cost, from which the time follows.")
    kind: Literal["seconds", "milliseconds", "unix_seconds", "unix_milliseconds", "duration", "date_time"] | None = (
        Field(
            None,
            alias="as",
            description="What stands in that header or body; duration: as in 6m0s; date_time: RFC 3339.",
        )
    )

    @model_validator(mode="after")
    def _one_place(self) -> RetryTime:
        if sum(place is not None for place in (self.header, self.body, self.bucket)) != 1:
            raise ValueError("needs one of header, body, bucket")
        if (self.kind is None) != (self.bucket is not None):
            raise ValueError("a header or body needs `as`, and a bucket has none")
        return self


class ErrorRule(Strict):
    """An answer that is an error, and what it means; the first rule that applies counts."""

    when: Condition = Field(description="The answers it is about.")
    code: ErrorCode = Field(description="What the answer means (docs/errors.md).")
    message: str | None = Field(None, description="JMESPath over the answer that gives the provider's message.")
    hint: str | None = Field(None, max_length=300, description="What to do now, for the agent; unset: the code's own.")
    retry: RetryTime | None = Field(None, description="When to try again.")


class AccountPaths(Strict):
    """JMESPath expressions over the verify answer that give the account's id and name."""

    id: str | None = Field(
        None,
        description="Gives the account's id, by which a change of account is noticed. Only `otherwise` may leave it "
        "out, where nothing tells it.",
    )
    header: str | None = Field(None, description="In place of `id`, an answer header that may hold it.")
    name: str = Field(description="Gives the name by which a person knows the account.")

    @model_validator(mode="after")
    def _one_place(self) -> AccountPaths:
        if self.id is not None and self.header is not None:
            raise ValueError("needs one of id, header")
        return self


class GrantedScopes(Strict):
    """Where the verify answer lists the granted scopes, separated by comma or space, or as a list."""

    header: str | None = Field(None, description="An answer header.")
    body: str | None = Field(None, description="JMESPath over the answer.")

    @model_validator(mode="after")
    def _one_place(self) -> GrantedScopes:
        if (self.header is None) == (self.body is None):
            raise ValueError("needs one of header, body")
        return self


class Proof(Strict):
    """A cheap call that proves the credentials and tells whose they are."""

    request: Request = Field(description="What is sent; it changes nothing.")
    account: AccountPaths = Field(description="Where the account is in the answer.")
    scopes: GrantedScopes | None = Field(None, description="Where the granted scopes are, if the answer tells them.")
    facts: dict[Name, str] = Field(
        default_factory=dict,
        description="Facts of the connection that the answer gives, by name: JMESPath. None can be part of a server.",
    )


class Verify(Proof):
    """The call that proves a sign-in, and another one for keys that have few rights."""

    otherwise: Proof | None = Field(
        None, description="What is asked instead where the credentials may not make this call (403)."
    )

    @model_validator(mode="after")
    def _names_the_account(self) -> Verify:
        if self.account.id is None and self.account.header is None:
            raise ValueError("`account` needs `id` or `header`; only that of `otherwise` may leave it out")
        return self
