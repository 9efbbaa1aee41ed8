"""What a provider sends by itself: how a delivery is proven, told from its repeats, and what it makes us read (4.8).

Declared now and used by `sync/` later. A delivery is a reason to read, never the data itself: many are not signed.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from connectory.catalog.manifest.basics import JsonValue, Name, Strict, WebAddress
from connectory.catalog.manifest.signatures import Place, Signature


class DeliveredAccount(Strict):
    """Whose delivery it is, where one address gets those of every account, as an app's does."""

    header: str | None = Field(None, description="Request header that tells it.")
    body: str | None = Field(None, description="JMESPath over the event that gives it.")
    equals: str | None = Field(
        None,
        description="What it is then equal to, a template of facts such as {connection.shop}.example.com; unset: the "
        "account's id, as `verify` gives it.",
    )

    @model_validator(mode="after")
    def _one_place(self) -> DeliveredAccount:
        if (self.header is None) == (self.body is None):
            raise ValueError("needs one of header, body")
        return self


class EchoHandshake(Strict):
    """The provider sends a challenge and wants it back, before or while the address is entered."""

    by: Literal["echo"] = Field(description="A challenge that is sent back.")
    challenge: Place = Field(description="Where it stands; a request that has it there is a handshake.")
    answer: Literal["text", "json", "header"] = Field(
        description="How it goes back: as plain text, or under the name by which it came, in JSON or as a header."
    )


class SignedEchoHandshake(Strict):
    """The provider sends a challenge and wants it back beside its HMAC by the secret (Zoom)."""

    by: Literal["signed_echo"] = Field(description="A challenge that is sent back signed.")
    challenge: Place = Field(description="Where it stands.")
    plain: str = Field(description="Member of the JSON answer that takes the challenge as it came.")
    signed: str = Field(description="Member that takes its HMAC, made as `signature` says.")


class VerificationTokenHandshake(Strict):
    """The first delivery holds a token, which the person enters at the provider; it is the secret from then on."""

    by: Literal["verification_token"] = Field(description="A token that the person enters at the provider.")
    token: Place = Field(description="Where it stands.")


class PingHandshake(Strict):
    """A request without news, which must be answered with success: a GET, HEAD or form, or a delivery that says so."""

    by: Literal["ping"] = Field(description="A request that only wants success.")
    http_method: Literal["get", "head", "post"] = Field("post", description="By which HTTP method it comes.")
    when: str | None = Field(
        None, description="post: JMESPath over the body that is true of it; absent: it is one without JSON."
    )
    answer: JsonValue = Field(None, description="The JSON that it wants; unset: an empty answer.")


Handshake = Annotated[
    EchoHandshake | SignedEchoHandshake | VerificationTokenHandshake | PingHandshake, Field(discriminator="by")
]


class WebhookEvent(Strict):
    """What an event makes us do: read a stream on, or one row of it."""

    stream: Name = Field(description="The stream that it refreshes.")
    arguments: dict[Name, str] = Field(
        default_factory=dict,
        description="JMESPath over the event, by inputs of the stream's action: only what was read with these values "
        "is refreshed.",
    )
    changed: str | None = Field(
        None,
        description="JMESPath over the event that gives the key of a row that was made or changed, a list where the "
        "key has several members, or false; that row alone is read, by the stream's `one`.",
    )
    deleted: str | None = Field(
        None, description="As `changed`, of a row that is gone. Where neither gives a key, the stream is read on."
    )


def _stream_by_name(data: Any) -> Any:
    return {"stream": data} if isinstance(data, str) else data


class _WordOrEvent:
    """In the published schema: a stream's name stands for `{stream: the name}`."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, handler(core)]}


Refreshes = Annotated[WebhookEvent, BeforeValidator(_stream_by_name), _WordOrEvent]


class Webhook(Strict):
    """One way in which the provider sends events: how they are proven, named, and which streams they refresh."""

    title: str = Field(min_length=1, max_length=80, description="What the provider calls such webhooks.")
    docs: WebAddress = Field(description="The provider's documentation of their format and signature.")
    url: WebAddress | None = Field(None, description="The provider's page on which a person enters the address.")
    steps: list[str] = Field(
        default_factory=list, description="What a person does there, one sentence each; none: they are made by its API."
    )
    lasts_hours: int | None = Field(
        None, ge=1, description="Hours after which it must be made anew; unset: it does not end by itself."
    )
    signature: Signature = Field(description="How a delivery is proven.")
    handshake: Handshake | None = Field(None, description="What the provider asks of a new address.")
    encoding: Literal["json", "form"] = Field("json", description="How the body of a delivery is written.")
    items: str | None = Field(
        None, description="JMESPath over the body: where the events are, of which it holds several; absent: it is one."
    )
    delivery: Place | None = Field(
        None, description="Where the id stands that a repeated delivery has again; absent: its bytes are compared."
    )
    account: DeliveredAccount | None = Field(
        None, description="Whose it is, where an app has one address for all; absent: each account has its own address."
    )
    event: Place | None = Field(None, description="Where the event's name stands.")
    events: dict[str, Refreshes] = Field(
        default_factory=dict,
        description="By its name, * standing for any characters: the stream that it refreshes. All that fit count.",
    )

    @model_validator(mode="after")
    def _named_events(self) -> Webhook:
        if self.events and self.event is None:
            raise ValueError("`events` need `event`, where the event's name stands")
        return self
