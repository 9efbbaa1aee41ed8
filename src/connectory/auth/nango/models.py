"""What Nango's REST API answers, parsed once (0.71.4). What it adds later is ignored; what it leaves out has a default.

One value has five names there (`unique_key`, `provider_config_key`, `integration_id`, ...): here it is `integration`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AliasChoices,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    SerializeAsAny,
)

from connectory.auth.nango.kinds import NangoCredentials, parse_credentials


def _mapping(found: Any) -> Any:
    """`metadata` is null or `{}` by the way a connection was made: both mean none."""
    return {} if found is None else found


def _scopes(found: Any) -> Any:
    return tuple(one for one in found.split(",") if one) if isinstance(found, str) else found or ()


def _credentials(found: Any) -> Any:
    return parse_credentials(found or {}) if found is None or isinstance(found, Mapping) else found


Texts = Annotated[Mapping[str, str], BeforeValidator(_mapping)]
Anything = Annotated[Mapping[str, Any], BeforeValidator(_mapping)]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)


class NangoField(_Answer):
    """A field of a provider that a person fills in, or that Nango fills (`automated`)."""

    title: str = ""
    description: str = ""
    pattern: str | None = None
    example: str | None = None
    default: str | None = Field(None, validation_alias=AliasChoices("default", "default_value"))
    optional: bool = False
    automated: bool = False
    secret: bool = False


class NangoProxy(_Answer):
    """Where a provider's API is; the texts hold `${connectionConfig.f}`, `${apiKey}` and their like."""

    base_url: str = ""
    headers: Annotated[Mapping[str, Any], BeforeValidator(_mapping)] = Field(default_factory=dict)


class NangoProvider(_Answer):
    """An entry of Nango's catalogue."""

    name: str
    display_name: str = ""
    auth_mode: str
    categories: tuple[str, ...] = ()
    docs: str | None = None
    proxy: NangoProxy = NangoProxy()
    scope_separator: str = " "
    default_scopes: tuple[str, ...] = ()
    connection_config: Mapping[str, NangoField] = Field(default_factory=dict)
    credentials: Mapping[str, NangoField] = Field(default_factory=dict)


class NangoApp(_Answer):
    """An OAuth client as an integration holds it: `OAUTH2`, `OAUTH1`, `TBA`; of `APP` and `CUSTOM` the app too."""

    type: str
    client_id: str | None = None
    client_secret: SecretStr | None = None
    scopes: Annotated[tuple[str, ...], BeforeValidator(_scopes)] = ()
    webhook_secret: SecretStr | None = None
    app_id: str | None = None
    app_link: str | None = None
    private_key: SecretStr | None = None

    def sent(self) -> dict[str, str]:
        """Return it as Nango takes it. What is empty is left out: a change then keeps what is there."""
        found = {
            "type": self.type,
            "client_id": self.client_id,
            "client_secret": _open(self.client_secret),
            "scopes": ",".join(self.scopes),
            "webhook_secret": _open(self.webhook_secret),
            "app_id": self.app_id,
            "app_link": self.app_link,
            "private_key": _open(self.private_key),
        }
        return {name: value for name, value in found.items() if value}


class NangoIntegration(_Answer):
    """A provider configured in the environment. `app` came only if it was asked for and the provider has one."""

    integration: str = Field(alias="unique_key")
    provider: str
    display_name: str = ""
    logo: str | None = None
    forward_webhooks: bool = True
    created_at: AwareDatetime
    updated_at: AwareDatetime
    webhook_url: str | None = None
    app: NangoApp | None = Field(None, alias="credentials")


class NangoSession(_Answer):
    """A connect session. Token and link are bearer secrets until they expire, or the session is deleted."""

    token: SecretStr
    link: SecretStr = Field(alias="connect_link")
    expires_at: AwareDatetime


class NangoProblem(_Answer):
    """Something that is wrong with a connection: `auth` means that the last refresh failed."""

    type: str
    log_id: str | None = None


class NangoListed(_Answer):
    """A connection as lists have it, without credentials."""

    id: int
    connection_id: str
    integration: str = Field(alias="provider_config_key")
    provider: str
    errors: tuple[NangoProblem, ...] = ()
    tags: Texts = Field(default_factory=dict)
    metadata: Anything = Field(default_factory=dict, repr=False)
    created_at: AwareDatetime = Field(validation_alias=AliasChoices("created_at", "created"))

    @property
    def is_broken(self) -> bool:
        """Whether its last refresh failed; only a refresh or a reconnect that works clears it."""
        return any(problem.type == "auth" for problem in self.errors)


class NangoConnection(NangoListed):
    """A connection with its credentials. `connection_config` holds facts, and at some providers tokens as well."""

    connection_config: Anything = Field(default_factory=dict, repr=False)
    updated_at: AwareDatetime
    last_fetched_at: AwareDatetime | None = None
    credentials: Annotated[SerializeAsAny[NangoCredentials], BeforeValidator(_credentials)]


class SessionDefaults(_Answer):
    """What a session sets for one integration."""

    user_scopes: tuple[str, ...] = ()
    authorization_params: Mapping[str, str] = Field(default_factory=dict)
    connection_config: Mapping[str, str] = Field(default_factory=dict, repr=False)

    def sent(self) -> dict[str, Any]:
        """Return it as Nango takes it."""
        found = {
            "user_scopes": ",".join(self.user_scopes),
            "authorization_params": dict(self.authorization_params),
            "connection_config": dict(self.connection_config),
        }
        return {name: value for name, value in found.items() if value}


def _open(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None
