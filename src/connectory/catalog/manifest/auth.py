"""The ways to sign in: those by typing, and the union of all. OAuth stands in `oauth.py`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from connectory.catalog.manifest.oauth import (
    ClientCredentialsMethod,
    JwtBearerMethod,
    OAuth1Method,
    OAuth2Method,
)
from connectory.catalog.manifest.sign_in import AuthMethodBase, BasicCredentials


class ApiKeyMethod(AuthMethodBase):
    """One key or token; without `fields` the person is asked for `{credential.token}`."""

    method: Literal["api_key"] = Field(description="One key or token.")

    @model_validator(mode="before")
    @classmethod
    def _default_field(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("fields"):
            return {**data, "fields": {"token": {"title": "API key", "kind": "secret"}}}
        return data


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
        usual = {"username": {"title": "User name"}, "password": {"title": "Password", "kind": "secret"}}
        return {**data, "fields": {**given, **{name: field for name, field in usual.items() if name not in given}}}


class FieldsMethod(AuthMethodBase):
    """Several values, each placed by `headers`, `query` or `basic`."""

    method: Literal["fields"] = Field(description="Several values.")


class DsnMethod(AuthMethodBase):
    """A database's address with its credentials, for the executors of databases; it goes into no HTTP request."""

    method: Literal["dsn"] = Field(description="A database's address.")
    schemes: list[str] = Field(min_length=1, description="Schemes of the address, e.g. postgresql.")


class NoAuthMethod(AuthMethodBase):
    """Nothing to sign in with."""

    method: Literal["none"] = Field(description="Nothing to enter.")


AuthMethod = Annotated[
    ApiKeyMethod
    | BasicMethod
    | FieldsMethod
    | DsnMethod
    | NoAuthMethod
    | OAuth2Method
    | ClientCredentialsMethod
    | OAuth1Method
    | JwtBearerMethod,
    Field(discriminator="method"),
]
