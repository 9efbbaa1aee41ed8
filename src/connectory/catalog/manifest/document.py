"""The whole file: a connector, and its actions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from connectory.catalog.manifest.answers import Answer, ErrorRule, RetryTime, Verify
from connectory.catalog.manifest.auth import AuthMethod
from connectory.catalog.manifest.basics import CONNECTOR_NAME, Category, Effect, Name, Strict, WebAddress
from connectory.catalog.manifest.inputs import Input
from connectory.catalog.manifest.nango import NangoSignIn
from connectory.catalog.manifest.pages import Pages
from connectory.catalog.manifest.requests import IdempotencyKey, Request, Step
from connectory.catalog.manifest.sign_in import AuthMethodBase
from connectory.catalog.manifest.streams import Stream
from connectory.catalog.manifest.webhooks import Webhook


def _whole(data: Any) -> Any:
    if type(data) is not int:  # 1.0 and true equal 1 in Python
        raise ValueError("write `format: 1`")
    return data


class ActionManifest(Strict):
    """One operation of the provider; it becomes an MCP tool."""

    title: str = Field(min_length=1, max_length=80, description="What a person would call it.")
    description: str = Field(
        min_length=1, max_length=600, description="One sentence written for a model; begins with the verb."
    )
    effect: Effect = Field(
        strict=False,
        description="What it does at the provider, by hand: a POST that only searches is a read. Policies go by it.",
    )
    idempotent: bool | None = Field(
        None, description="Repeating the call changes nothing more; reads are by themselves. Only such are retried."
    )
    takes_key: bool | None = Field(
        None,
        description="Whether a write takes the file's `idempotency` key, so that it may be retried; unset: those "
        "by POST do, and where it is a variable of GraphQL, those that declare it.",
    )
    inputs: dict[Name, Input] = Field(default_factory=dict, description="What the agent gives, by name.")
    needs: list[list[Name]] = Field(
        default_factory=list, description="Of each list, at least one of these inputs must be given."
    )
    scopes: list[str | list[str]] = Field(
        default_factory=list, description="Scopes the grant needs, all of them; of a list within, any one."
    )
    credential: Name | None = Field(None, description="Which of a method's `by_credential` credentials it uses.")
    steps: list[Step] = Field(
        default_factory=list, max_length=3, description="Requests that are sent before it, one after the other."
    )
    request: Request = Field(description="What is sent.")
    pages: Pages | None = Field(None, description="How a list goes on; the action then takes `limit` and `cursor`.")
    answer: Answer = Field(Answer(), description="What the agent gets; unset: the answer as it is.")
    errors: list[ErrorRule] = Field(default_factory=list, description="Error rules that come before the file's own.")
    docs: WebAddress = Field(description="The provider's documentation of this operation.")

    @property
    def requests(self) -> tuple[Request, ...]:
        """All that a call may send, its own request last but for the one that is sent for each item."""
        further = (self.answer.expand.request,) if self.answer.expand is not None else ()
        return (*(step.request for step in self.steps), self.request, *further)

    @property
    def is_idempotent(self) -> bool:
        """Whether the call may be repeated without a second effect, a key left aside."""
        return self.effect is Effect.READ if self.idempotent is None else self.idempotent

    @property
    def is_keyed(self) -> bool:
        """Whether it is a write that takes an idempotency key, where the file names one."""
        by_post = self.request.method == "POST"
        return self.effect is not Effect.READ and (by_post if self.takes_key is None else self.takes_key)

    def takes(self, key: IdempotencyKey | None) -> bool:
        """Whether it is a write that takes this key, the file's own."""
        return key is not None and self.is_keyed and key.has_place_in(self.request)


class Manifest(Strict):
    """One connector: all that is particular to a provider."""

    schema_url: str | None = Field(None, alias="$schema", description="Address of the JSON Schema, for editors.")
    format: Annotated[Literal[1], BeforeValidator(_whole)] = Field(description="Version of this format.")
    name: str = Field(pattern=CONNECTOR_NAME, description="The connector's name; tools begin with it, - written as _.")
    title: str = Field(min_length=1, max_length=60, description="The provider's name as a person would say it.")
    description: str = Field(min_length=1, max_length=600, description="What one can do with it, in one sentence.")
    category: Category = Field(strict=False, description="Where it is listed.")
    docs: WebAddress = Field(description="The provider's API documentation.")
    family: str | None = Field(
        None,
        pattern=CONNECTOR_NAME,
        description="Connectors that share one sign-in; default: the name. The one that is called like the family has "
        "the `auth`, the others leave it out; its `errors` come after theirs, its "
        "`message` and `retry` stand where they have none.",
    )
    includes: list[str] = Field(
        default_factory=list,
        description="A bundle: connecting it connects these of its family at once. It has no servers and no actions.",
    )
    logo: str | None = Field(None, pattern=r"^\s*<svg[\s>]", max_length=16_384, description="Inline SVG.")
    servers: dict[Name, str] = Field(default_factory=dict, description="Base URLs by name; the first is the usual one.")
    servers_by_method: dict[Name, dict[Name, str]] = Field(
        default_factory=dict,
        description="By way to sign in: base URLs in place of those in `servers`, for connections that signed in so.",
    )
    headers: dict[str, str] = Field(default_factory=dict, description="Headers of every request.")
    auth: dict[Name, AuthMethod] = Field(
        default_factory=dict, description="Ways to sign in, by name; of a family, the one called like it has them."
    )
    nango_by_method: dict[Name, NangoSignIn] = Field(
        default_factory=dict,
        description="Of a family's member, by way to sign in: `nango` in place of what the family's file says.",
    )
    scopes: list[str] = Field(default_factory=list, description="Scopes that every connection of it needs.")
    verify: Verify | None = Field(
        None, description="Proves the credentials before they are kept; required unless every method is none."
    )
    message: str | None = Field(None, description="JMESPath over an error answer that gives the provider's message.")
    errors: list[ErrorRule] = Field(
        default_factory=list, description="Answers that are errors and mean more than their status says."
    )
    retry: RetryTime | None = Field(
        None, description="When to try again, of any 429 or 503 without a rule that says it."
    )
    idempotency: IdempotencyKey | None = Field(
        None, description="Where writes by POST take an idempotency key; they are then retried as reads are."
    )
    actions: dict[Name, ActionManifest] = Field(default_factory=dict, description="What can be done, by name.")
    streams: dict[Name, Stream] = Field(
        default_factory=dict, description="What a sync reads in the background, by name: a plural."
    )
    webhooks: dict[Name, Webhook] = Field(
        default_factory=dict, description="The ways in which the provider sends events by itself, by name."
    )
    limits: list[str] = Field(
        default_factory=list, description="How much the provider allows, with figures, a sentence each, for people."
    )
    tasks: list[str] = Field(default_factory=list, description="What people ask an assistant to do here.")

    @property
    def auth_family(self) -> str:
        """The family whose sign-in this connector uses."""
        return self.family or self.name

    def servers_of(self, method: str) -> dict[str, str]:
        """Return the base URLs of connections that signed in by this method."""
        return {**self.servers, **self.servers_by_method.get(method, {})}

    @property
    def is_bundle(self) -> bool:
        """Whether it only connects others."""
        return bool(self.includes)

    def verify_of(self, method: AuthMethodBase | None) -> Verify | None:
        """Return the call that proves a sign-in by `method`: the method's own goes first, but never a family's.

        What a family's method calls stands on the family's servers, which a member need not have.
        """
        is_own = any(method is one for one in self.auth.values())
        return (method.verify if method is not None and is_own else None) or self.verify

    @model_validator(mode="after")
    def _bundle_or_connector(self) -> Manifest:
        for key in ("servers", "servers_by_method", "headers", "verify", "actions", "streams", "webhooks"):
            if self.is_bundle and getattr(self, key):
                raise ValueError(f"a bundle has no `{key}`: it only connects those it `includes`")
        if not self.is_bundle and not self.servers:
            raise ValueError("needs `servers`")
        if not self.auth and self.auth_family == self.name:
            raise ValueError("needs `auth`; only a member of another's `family` leaves it out")
        if self.nango_by_method and self.auth_family == self.name:
            raise ValueError(
                "has `nango_by_method`, which only members of another's `family` have: write `nango` in the method"
            )
        if self.auth and self.auth_family != self.name:
            raise ValueError(f"takes `auth` from the connector '{self.family}', its family: leave it out here")
        return self
