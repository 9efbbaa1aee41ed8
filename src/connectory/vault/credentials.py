"""Credentials: a closed union, encrypted at rest, placed in requests by the manifest alone (design 5.2).

They live here, below both `auth` (which gets them) and `actions` (which sends them).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    SerializationInfo,
    TypeAdapter,
)

_REVEAL = {"reveal": True}


def _serialize(secret: SecretStr, info: SerializationInfo) -> str:
    """In clear only for the key ring; any other dump is masked."""
    return secret.get_secret_value() if info.context == _REVEAL else "**********"


Secret = Annotated[SecretStr, PlainSerializer(_serialize)]


class _Credentials(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def secrets(self) -> Mapping[str, SecretStr]:
        """What `{credential.NAME}` stands for, by name."""
        return {}

    def unsent(self) -> tuple[SecretStr, ...]:
        """What is kept beside them to get new ones: no call sends it, and no answer may repeat it all the same."""
        return ()

    def lasts(self, valid_for_s: float, *, now: datetime) -> bool:  # noqa: ARG002 (those with an expiry use them)
        """Whether they are still good in `valid_for_s` seconds."""
        return True


class NoCredentials(_Credentials):
    """Auth method `none`."""

    kind: Literal["none"] = "none"


class SecretFields(_Credentials):
    """Keys, tokens and passwords as the person typed them; they have no expiry that we know."""

    kind: Literal["fields"] = "fields"
    values: dict[str, Secret]

    def secrets(self) -> Mapping[str, SecretStr]:
        return self.values


class OAuthTokens(_Credentials):
    """A token answer (RFC 6749 section 5.1); `expires_at` is absent where the provider names no lifetime.

    `further` are tokens that came beside it, by the manifest's names: Slack's of a user beside the bot's. `entered` is
    what the person typed, where that is how new tokens are got; `private_origin` the server that they typed and said is
    meant to be in a private network. `lifetime_s` is what the provider gave the access token.
    """

    kind: Literal["oauth"] = "oauth"
    access_token: Secret
    refresh_token: Secret | None = None
    token_type: str = "Bearer"
    expires_at: AwareDatetime | None = None
    lifetime_s: float | None = None
    further: dict[str, Secret] = {}
    entered: dict[str, Secret] = {}
    private_origin: str | None = None

    def secrets(self) -> Mapping[str, SecretStr]:
        return {**self.further, "access_token": self.access_token}

    def unsent(self) -> tuple[SecretStr, ...]:
        return (*self.entered.values(), *([self.refresh_token] if self.refresh_token is not None else []))

    def lasts(self, valid_for_s: float, *, now: datetime) -> bool:
        return self.expires_at is None or (self.expires_at - now).total_seconds() > valid_for_s


class OAuth1Tokens(_Credentials):
    """Token credentials (RFC 5849 section 2.3) with those of the client: both sign each request, neither is sent."""

    kind: Literal["oauth1"] = "oauth1"
    client_id: str
    client_secret: Secret
    token: Secret
    token_secret: Secret

    def secrets(self) -> Mapping[str, SecretStr]:
        return {"token": self.token, "token_secret": self.token_secret, "client_secret": self.client_secret}


class NangoReference(_Credentials):
    """A sign-in that Nango keeps: where it is there, never what it is.

    `connection_id` and `integration` name it together. `sign_in` is random, made anew for each sign-in and put among
    its tags there: while the two are the same, nobody has signed in to it as somebody else.
    """

    kind: Literal["nango"] = "nango"
    connection_id: str
    integration: str
    sign_in: str


Credentials = Annotated[
    NoCredentials | SecretFields | OAuthTokens | OAuth1Tokens | NangoReference, Field(discriminator="kind")
]
_ADAPTER: TypeAdapter[Credentials] = TypeAdapter(Credentials)


def dump_credentials(credentials: Credentials) -> bytes:
    """Serialize with the secrets in clear: only ever handed to the key ring for sealing."""
    return _ADAPTER.dump_json(credentials, context=_REVEAL)


def parse_credentials(data: bytes) -> Credentials:
    """The inverse of `dump_credentials`."""
    return _ADAPTER.validate_json(data)
