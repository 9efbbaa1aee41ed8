"""The kinds of credentials that Nango gives out with a connection, a closed union parsed once.

Names are Nango's own (`apiKey` is in camel case there). What a provider adds to its kind (JWT, TWO_STEP, SIGNATURE)
stands in `further`. A kind that this version does not know is `OtherKind`: its text is kept, its use is not ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr


class _Kind(BaseModel):
    """Fields that Nango may add are left out. `raw` is the provider's token answer, without refresh tokens."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)
    type: ClassVar[str]
    own_fields: ClassVar[bool] = False  # whether providers add fields of their own

    raw: Mapping[str, Any] = Field(default_factory=dict, repr=False)

    @property
    def lasts_until(self) -> datetime | None:
        """When they expire; None: Nango names no end."""
        found: datetime | None = getattr(self, "expires_at", None)
        return found


class AppOverride(BaseModel):
    """An OAuth client that this connection alone uses."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
    client_id: str | None = None
    client_secret: SecretStr | None = None


class OAuth2(_Kind):
    """Without `expires_at` the token never expires, as far as Nango knows."""

    type = "OAUTH2"
    access_token: SecretStr
    refresh_token: SecretStr | None = None
    expires_at: AwareDatetime | None = None
    config_override: AppOverride | None = None


class OAuth2ClientCredentials(_Kind):
    """A token that a client got for itself."""

    type = "OAUTH2_CC"
    token: SecretStr
    expires_at: AwareDatetime | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None


class OAuth1(_Kind):
    """Token credentials; the client's stand in the integration."""

    type = "OAUTH1"
    oauth_token: SecretStr
    oauth_token_secret: SecretStr


class ApiKey(_Kind):
    """One key."""

    type = "API_KEY"
    api_key: SecretStr = Field(alias="apiKey")


class Basic(_Kind):
    """User name and password; at many providers the first is the key and the second empty."""

    type = "BASIC"
    username: SecretStr
    password: SecretStr = SecretStr("")


class GitHubApp(_Kind):
    """An installation's token."""

    type = "APP"
    access_token: SecretStr
    expires_at: AwareDatetime | None = None
    jwt: SecretStr | None = Field(None, alias="jwtToken")


class GitHubAppOAuth(_Kind):
    """An app's token beside that of the person; where `user` is missing it may be in the connection's configuration."""

    type = "CUSTOM"
    app: GitHubApp | None = None
    user: OAuth2 | None = None

    @property
    def lasts_until(self) -> datetime | None:
        """When the first of the two expires."""
        ends = [one.expires_at for one in (self.app, self.user) if one is not None and one.expires_at is not None]
        return min(ends, default=None)


class TokenBased(_Kind):
    """NetSuite's token-based authentication."""

    type = "TBA"
    token_id: SecretStr
    token_secret: SecretStr
    config_override: AppOverride | None = None


class _ProviderKind(_Kind):
    own_fields = True
    token: SecretStr | None = None
    expires_at: AwareDatetime | None = None
    further: Mapping[str, SecretStr] = Field(default_factory=dict)


class Jwt(_ProviderKind):
    """A token that Nango signs with a key of the provider's form."""

    type = "JWT"


class Signature(_ProviderKind):
    """A token made from user name and password."""

    type = "SIGNATURE"
    username: SecretStr
    password: SecretStr


class TwoStep(_ProviderKind):
    """A token that was exchanged for what the person typed."""

    type = "TWO_STEP"


class Bill(_ProviderKind):
    """A session at Bill.com."""

    type = "BILL"
    username: SecretStr
    password: SecretStr
    organization_id: str
    dev_key: SecretStr
    session_id: SecretStr | None = None
    user_id: str | None = None


class AwsSigV4(_ProviderKind):
    """Short-lived keys of a role."""

    type = "AWS_SIGV4"
    role_arn: str
    region: str
    service: str
    access_key_id: SecretStr
    secret_access_key: SecretStr
    session_token: SecretStr


class Nothing(_Kind):
    """`{}`: a provider without credentials, or a key whose scopes lack `read_credentials`; Nango does not say which."""

    type = "NONE"


class OtherKind(_ProviderKind):
    """A kind that came after this was written."""

    type = ""
    kind: str


NangoCredentials = (
    OAuth2
    | OAuth2ClientCredentials
    | OAuth1
    | ApiKey
    | Basic
    | GitHubApp
    | GitHubAppOAuth
    | TokenBased
    | Jwt
    | Signature
    | TwoStep
    | Bill
    | AwsSigV4
    | Nothing
    | OtherKind
)
_KINDS: tuple[type[NangoCredentials], ...] = (
    OAuth2, OAuth2ClientCredentials, OAuth1, ApiKey, Basic, GitHubApp, GitHubAppOAuth, TokenBased, Jwt, Signature,
    TwoStep, Bill, AwsSigV4, Nothing,
)  # fmt: skip
_BY_TYPE = {kind.type: kind for kind in _KINDS}


def parse_credentials(found: Mapping[str, Any]) -> NangoCredentials:
    """Read the `credentials` of a connection. Raises pydantic's `ValidationError`, which repeats no value."""
    if not found:
        return Nothing()
    name = str(found.get("type", ""))
    kind = _BY_TYPE.get(name)
    if kind is None:
        return OtherKind.model_validate({**found, "kind": name, "further": _further(OtherKind, found)})
    if kind.own_fields:
        return kind.model_validate({**found, "further": _further(kind, found)})
    return kind.model_validate(found)


def _further(kind: type[NangoCredentials], found: Mapping[str, Any]) -> dict[str, str]:
    known = {"type", *kind.model_fields}
    return {name: value for name, value in found.items() if name not in known and isinstance(value, str)}
