"""How bodies and answers look in JSON: camelCase, unknown members refused in what comes, secrets hidden in `repr`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from connectory.vault.entities import Outcome
from connectory.web.api.labels import RULE, Labels
from connectory.web.api.texts import shown

MAX_TEXT = 500
MAX_SECRET = 65_536  # a key may be a file

AuthKind = Literal["oauth", "apikey", "custom"]
BackendName = Literal["nango", "builtin", "direct"]
Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(shown)]


class Body(BaseModel):
    """What a request holds."""

    model_config = ConfigDict(  # type: ignore[pydantic-alias]  # JSON alone makes one, by its own names
        alias_generator=to_camel, extra="forbid", frozen=True, hide_input_in_errors=True, strict=True
    )


class Shape(BaseModel):
    """What an answer holds."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Success(Shape):
    """It is done."""

    success: Literal[True] = True


class AvailableConnector(Shape):
    """A service that can be connected."""

    id: str
    name: str
    description: str
    logo: str | None = Field(description="An SVG as a data URI, for an <img>.")
    auth_methods: list[AuthKind]
    category: str


class ConnectionMetadata(Shape):
    """What is ours about a connection: how it is called, whose it is, what it may, what a program keeps with it."""

    name: str = Field(description="`{connector}/{alias}`, as agents name it.")
    alias: str
    shared: bool
    scopes: list[str]
    expires_at: datetime | None = Field(description="When the access token ends; it is renewed before.")
    problem: str | None = Field(description="Why it does not work, where it does not and that is known.")
    labels: dict[str, str] = Field(description="As a program has given them; agents do not see them.")


class ConnectedService(Shape):
    """A connection: one account of a service."""

    id: str
    provider: str
    auth_method: BackendName
    status: Literal["active", "needs_reconnect", "unreadable", "revoking"] = Field(
        description="`unreadable`: kept, but not to be opened with this server's encryption key."
    )
    account: str | None
    metadata: ConnectionMetadata
    created_at: datetime
    last_used: datetime | None = Field(description="By anybody; signing in, testing and dry runs do not count.")
    last_sync: datetime | None = Field(default=None, description="Nothing is synced yet.")


class ConnectConfig(Body):
    """What one signs in with. With `apiKey` or `customFields` it is done at once, else by a link for a browser."""

    api_key: SecretStr | None = Field(default=None, max_length=MAX_SECRET, description="The only secret that is asked.")
    custom_fields: dict[str, SecretStr] | None = Field(
        default=None, max_length=50, description="Values by the names of the manifest's fields, secret ones too."
    )
    scopes: list[Text] = Field(default=[], max_length=200, description="What is asked for at the provider.")
    method: Text | None = Field(default=None, description="The way to sign in, by its name in the manifest.")
    private_address_confirmed: bool = Field(
        default=False, description="Yes, a server in a private network is meant: from a person's session, by no token."
    )
    account_change_confirmed: bool = Field(default=False, description="Yes, from now on it is another account.")


class ConnectMetadata(Body):
    """How the connection shall be called, whose it shall be, and what to keep with it."""

    alias: Text | None = Field(default=None, description="For a further account of the same service, e.g. work.")
    shared: bool = Field(default=False, description="For the whole workspace; owners only.")
    labels: Labels | None = Field(default=None, description=f"{RULE} Left out: a renewed connection keeps its own.")


class ConnectBody(Body):
    """Which service to connect, and how."""

    provider: Text
    auth_method: BackendName | None = Field(default=None, description="Left out: the best of those that work here.")
    config: ConnectConfig = ConnectConfig()
    metadata: ConnectMetadata = ConnectMetadata()


class LinkAnswer(Shape):
    """A person goes on at this address, once and within ten minutes."""

    auth_url: str
    connection_id: str | None = Field(default=None, description="Of the connection that is renewed, if one is.")
    method: BackendName


class ConnectedAnswer(Shape):
    """The connection stands."""

    connection_id: str
    method: BackendName
    status: Literal["active", "needs_reconnect", "revoking"]


class Disconnected(Success):
    """The connection is gone; `revocation` is what became of the sign-in at the service, `message` says it."""

    revocation: Literal["kept", "revoked", "deleted", "not_supported", "failed"]
    message: str


class ConnectionChange(Body):
    """What shall be different: the alias, the labels, or both."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    alias: Text | None = Field(default=None, description="Left out: it stays.")
    labels: Labels | None = Field(default=None, description=f"All that there shall be; left out, they stay. {RULE}")

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.alias is None and self.labels is None:
            raise PydanticCustomError("nothing", "Nothing is changed: give `alias`, `labels` or both")
        return self


class Verified(Shape):
    """The provider takes the sign-in; this is what it says of the account."""

    status: Literal["active"] = "active"
    account: str | None
    scopes: list[str]


class ActionInfo(Shape):
    """One operation of a connector."""

    action: str
    connector: str
    title: str
    description: str
    effect: Literal["read", "write", "destructive"]
    connected: bool = Field(description="Whether one of your connections can run it.")
    permitted: bool = Field(description="Whether the policies allow it.")
    input_schema: dict[str, Any] = Field(description="JSON Schema 2020-12 of its arguments.")


class CallBody(Body):
    """One call of an action."""

    arguments: dict[str, Any] = {}
    connection: Text | None = Field(default=None, description="`{connector}/{alias}` or an id, where several fit.")


class CallAnswer(Shape):
    """What the action gave."""

    result: Any
    next_cursor: str | None = Field(description="`cursor` among the same arguments gives what follows.")


class PolicyInfo(Shape):
    """A rule over tool names."""

    id: str
    effect: Literal["allow", "confirm", "deny", "read_only"]
    pattern: str
    user_id: str | None
    token_id: str | None


class PolicyBody(Body):
    """Rules to add, one for each pattern: for the workspace, or for one user or token."""

    effect: Literal["allow", "confirm", "deny", "read_only"]
    patterns: list[Text] = Field(default=["*"], min_length=1, max_length=100)
    user: Text | None = Field(default=None, description="A member's id, email or name.")
    token: Text | None = Field(default=None, description="A token's id or prefix.")


class TokenInfo(Shape):
    """An API token, of which nobody can see the secret again."""

    id: str
    name: str
    prefix: str
    user_id: str
    read_only: bool
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewToken(TokenInfo):
    """The same, this once with the token itself."""

    token: str


class TokenBody(Body):
    """An API token to make."""

    name: Text
    user: Text | None = Field(default=None, description="The member whose it shall be; owners only.")
    read_only: bool = False
    expires_in_days: int | None = Field(default=None, ge=1, le=3650)


class OAuthAppInfo(Shape):
    """An OAuth app of the workspace; its secret is never shown."""

    family: str
    server: str
    source: Literal["entered", "registered"]
    client_id: str
    has_secret: bool
    redirect_uri: str | None


class OAuthAppBody(Body):
    """An OAuth app that somebody has registered at a provider."""

    client_id: Annotated[str, Field(max_length=2000), AfterValidator(shown)]
    client_secret: SecretStr | None = Field(default=None, max_length=MAX_SECRET)
    server: Text = Field(default="", description="The authorization server's origin, where it is not the usual one.")


class SyncAnswer(Shape):
    """What became of a wish to sync."""

    success: bool
    message: str


class ActivityInfo(Shape):
    """What somebody did: names of arguments and a digest, no values."""

    id: str
    at: datetime
    user_id: str
    user: str | None
    token_id: str | None
    connection_id: str | None
    connection: str | None
    connector: str | None = Field(description="The service that it was about, where it was about one.")
    action: str
    effect: str
    outcome: Outcome
    code: str | None
    argument_names: list[str]
    digest: str
    duration_ms: int | None


class ActivityAnswer(Shape):
    """A page of it, the newest first."""

    lines: list[ActivityInfo]
    next_cursor: str | None


class CustomConnectorInfo(Shape):
    """A connector of the server's own."""

    name: str
    file: str
    manifest: str = Field(description="Its manifest, as it was given.")
    problems: list[str] = Field(description="Why it is left out; empty if it serves.")


class CustomConnectorBody(Body):
    """A manifest."""

    manifest: Annotated[str, Field(max_length=1_000_000, description="YAML, as docs/manifests.md describes it.")]
    check_only: bool = Field(default=False, description="Say what is wrong with it, and keep nothing.")


class CustomConnectorAnswer(Shape):
    """What became of a manifest."""

    name: str | None
    kept: bool
    problems: list[str]
    advice: list[str]
