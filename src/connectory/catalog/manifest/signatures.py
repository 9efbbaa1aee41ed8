"""How a webhook's delivery is proven: a closed set, one member for each thing that providers do (design 4.8)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from connectory.catalog.manifest.basics import Strict, WebAddress


class Place(Strict):
    """Where something stands in a request that the provider sends."""

    header: str | None = Field(None, description="A request header.")
    query: str | None = Field(None, description="A query parameter of the address.")
    body: str | None = Field(None, description="JMESPath over the body; of several events, over each.")

    @model_validator(mode="after")
    def _one_place(self) -> Place:
        if sum(place is not None for place in (self.header, self.query, self.body)) != 1:
            raise ValueError("needs exactly one of header, query, body")
        return self


class Secret(Strict):
    """Where the secret of a signature comes from, and how it is read."""

    source: Literal["client_secret", "entered", "chosen", "answer", "handshake"] = Field(
        alias="from",
        description="client_secret: the app's own; entered: the person copies it from the provider; chosen: we make it "
        "and give it to the provider; answer: the provider tells it when the webhook is made by its API; handshake: it "
        "comes with the handshake.",
    )
    title: str | None = Field(None, description="entered: what the provider calls it.")
    help: str = Field("", description="entered: where the person finds it.")
    placeholder: str = Field("", description="entered: an example shown in the empty input.")
    pattern: str | None = Field(None, description="entered: regular expression that the whole value must match.")
    max_length: int | None = Field(None, ge=16, description="chosen: most characters that the provider takes.")
    body: str | None = Field(None, description="answer: JMESPath over that answer that gives it.")
    prefix: str = Field("", description="What stands before the key itself and is no part of it, e.g. whsec_.")
    encoding: Literal["text", "base64", "hex"] = Field("text", description="How the key's bytes are written.")

    @model_validator(mode="after")
    def _of_its_source(self) -> Secret:
        if (self.source == "entered") != (self.title is not None):
            raise ValueError("`from: entered` needs a `title`, and only it has one")
        if self.source != "entered" and (self.help or self.placeholder or self.pattern is not None):
            raise ValueError("only `from: entered` has `help`, `placeholder` and `pattern`")
        if self.source != "chosen" and self.max_length is not None:
            raise ValueError("only `from: chosen` has a `max_length`")
        if (self.source == "answer") != (self.body is not None):
            raise ValueError("`from: answer` needs `body`, and only it has one")
        return self


class SignedTime(Strict):
    """When it was signed, by which an old delivery is refused."""

    header: str | None = Field(None, description="The request header that holds it.")
    prefix: str = Field(
        "", description="Of a header of several parts (`separator`): what its part begins with, e.g. t=."
    )
    body: str | None = Field(None, description="JMESPath over the body that gives it.")
    kind: Literal["unix_seconds", "unix_milliseconds", "date_time"] = Field(
        "unix_seconds", alias="as", description="How it is written; date_time: RFC 3339."
    )
    tolerance_seconds: int = Field(300, ge=1, le=86_400, description="How far it may be from now.")

    @model_validator(mode="after")
    def _one_place(self) -> SignedTime:
        if (self.header is None) == (self.body is None):
            raise ValueError("needs one of header, body")
        if self.prefix and self.header is None:
            raise ValueError("only a header has a `prefix`")
        return self


class SignedContent(Strict):
    """What every signature has: where it stands, and what was signed."""

    header: str = Field(description="The request header with the signature.")
    second_header: str | None = Field(None, description="A further one, of which it is enough if either is right.")
    prefix: str = Field("", description="What stands before it there, e.g. sha256=.")
    separator: str | None = Field(
        None,
        min_length=1,
        max_length=1,
        description="What separates the parts of that header, e.g. a comma; each with the prefix is a signature, and "
        "one that is right is enough.",
    )
    encoding: Literal["hex", "base64"] = Field("hex", description="How it is written.")
    signed: str = Field(
        "{body}",
        description="Template of what is signed: {body} (its bytes), {timestamp} (as it came), {delivery}, {method}, "
        "{url} (the whole address as the provider was given it), {form} (fields of a form sorted by name, each name "
        "and value, nothing between), and plain text.",
    )
    timestamp: SignedTime | None = Field(None, description="When it was signed.")


class HmacSignature(SignedContent):
    """A keyed hash (RFC 2104)."""

    scheme: Literal["hmac"] = Field(description="An HMAC in a header.")
    algorithm: Literal["sha256", "sha1", "sha512"] = Field("sha256", description="Its hash.")
    secret: Secret = Field(description="The key.")


class PublicKeySignature(SignedContent):
    """A signature by the provider's private key."""

    scheme: Literal["public_key"] = Field(description="A signature that a public key proves.")
    algorithm: Literal["ed25519", "ecdsa_p256_sha256"] = Field(
        description="ed25519: RFC 8032; ecdsa_p256_sha256: in DER."
    )
    secret: Secret = Field(description="The public key.")


class JwtSignature(Strict):
    """A JSON Web Token (RFC 7519), which says who sends but not what: its body is not signed."""

    scheme: Literal["jwt"] = Field(description="A signed token.")
    header: str = Field("Authorization", description="The request header with the token.")
    prefix: str = Field("Bearer ", description="What stands before it there; also left away where it is missing.")
    algorithm: Literal["HS256", "RS256"] = Field("HS256", description="How it is signed.")
    secret: Secret | None = Field(None, description="HS256: the key.")
    keys_url: WebAddress | None = Field(None, description="RS256: the address of the provider's keys (RFC 7517).")
    issuer: str | None = Field(None, description="What `iss` must be; unset: anything.")
    audience: Literal["url", "client_id"] | None = Field(
        None, description="What `aud` must be: the address it is sent to, or the app's client id; unset: anything."
    )

    @model_validator(mode="after")
    def _key_of_the_algorithm(self) -> JwtSignature:
        if (self.algorithm == "HS256") != (self.secret is not None) or (self.algorithm == "RS256") != (
            self.keys_url is not None
        ):
            raise ValueError("HS256 has a `secret`, and RS256 a `keys_url`")
        return self


class SharedToken(Strict):
    """The secret itself comes along; it proves the sender, and nothing of the content."""

    scheme: Literal["token"] = Field(description="A shared word.")
    token: Place = Field(description="Where it stands.")
    secret: Secret = Field(description="The word.")


class SharedBasic(Strict):
    """The secret comes along as the password of HTTP Basic (RFC 7617)."""

    scheme: Literal["basic"] = Field(description="A user name and password.")
    username: str = Field("connectory", description="The user name that the provider is given.")
    secret: Secret = Field(description="The password.")


class NoSignature(Strict):
    """Nothing proves a delivery but that its address, which holds a secret of ours, is known."""

    scheme: Literal["none"] = Field(description="Nothing.")


Signature = Annotated[
    HmacSignature | PublicKeySignature | JwtSignature | SharedToken | SharedBasic | NoSignature,
    Field(discriminator="scheme"),
]
