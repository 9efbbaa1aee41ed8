"""What every way to sign in has: the fields a person fills, and where a credential goes in a request (design 4.4)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, model_validator

from connectory.catalog.manifest.answers import Verify
from connectory.catalog.manifest.basics import Name, Strict, WebAddress
from connectory.catalog.manifest.nango import NangoSignIn


class FieldKind(StrEnum):
    """What a person enters into a field of the form."""

    TEXT = "text"
    SECRET = "secret"
    ORIGIN = "origin"
    CHOICE = "choice"
    FILE = "file"


class CredentialField(Strict):
    """One thing the person enters on the connect page: a secret credential, or a plain fact of the connection."""

    title: str = Field(description="Label beside the input.")
    kind: FieldKind = Field(
        FieldKind.TEXT,
        strict=False,
        description="text, choice and origin (a server's address without a path, e.g. https://example.com:8443) become "
        "`{connection.NAME}`; secret and file (a whole file's text, e.g. a key in JSON) become `{credential.NAME}`, "
        "are encrypted and never shown.",
    )
    choices: dict[str, str] = Field(
        default_factory=dict, description="choice: the values allowed, and what each is called."
    )
    gives: dict[Name, dict[str, str]] = Field(
        default_factory=dict,
        description="choice: further facts `{connection.NAME}` that follow from it, by name: for each of the `choices` "
        "a value, such as the hosts of a region.",
    )
    required: bool = Field(True, description="Whether the person must fill it in.")
    help: str = Field("", description="Where to find the value, in one or two sentences.")
    docs: WebAddress | None = Field(None, description="The provider's page on which the value is made.")
    placeholder: str = Field("", description="An example shown in the empty input.")
    default: str | None = Field(None, description="Taken where the person leaves it empty; never for a secret.")
    pattern: str | None = Field(None, description="Regular expression that the whole value must match.")

    @property
    def is_secret(self) -> bool:
        """Whether the value is a credential, and not a fact of the connection."""
        return self.kind in (FieldKind.SECRET, FieldKind.FILE)

    def facts_of(self, name: str, value: str) -> dict[str, str]:
        """Return the facts that the value of this field, called `name`, stands for."""
        return {name: value, **{fact: values[value] for fact, values in self.gives.items()}}

    @property
    def is_origin(self) -> bool:
        """Whether the value is a server's address."""
        return self.kind is FieldKind.ORIGIN

    @model_validator(mode="after")
    def _choices_of_a_choice(self) -> CredentialField:
        if (self.kind is FieldKind.CHOICE) != bool(self.choices):
            raise ValueError("kind choice needs `choices`, and only it takes them")
        if self.choices and self.default is not None and self.default not in self.choices:
            raise ValueError(f"the default is none of the choices {', '.join(self.choices)}")
        for name, values in self.gives.items():
            if values.keys() != self.choices.keys():
                raise ValueError(f"`gives` needs for '{name}' a value for each of the choices, and for nothing else")
        return self


class BasicCredentials(Strict):
    """User name and password of HTTP Basic (RFC 7617), as templates."""

    username: str = Field(description="Template of the user name.")
    password: str = Field(description="Template of the password.")


class Placement(Strict):
    """Where credentials go in a request."""

    headers: dict[str, str] = Field(default_factory=dict, description="Headers that carry the credential.")
    query: dict[str, str] = Field(default_factory=dict, description="Query parameters that carry the credential.")
    basic: BasicCredentials | None = Field(None, description="User name and password of HTTP Basic (RFC 7617).")


class AuthMethodBase(Placement):
    """What every way to sign in has. Where the credential goes stands in `headers`, `query` and `basic`."""

    title: str | None = Field(None, description="How a person calls this way to sign in.")
    help: str = Field("", description="What to do, in a few sentences.")
    docs: WebAddress | None = Field(None, description="The provider's documentation of this way to sign in.")
    fields: dict[Name, CredentialField] = Field(default_factory=dict, description="What the person enters, by name.")
    by_server: dict[Name, Placement] = Field(
        default_factory=dict, description="Where the credential goes instead, for requests to these servers."
    )
    by_credential: dict[Name, Placement] = Field(
        default_factory=dict,
        description="Further credentials, for actions that name one: a user's token beside a bot's.",
    )
    verify: Verify | None = Field(None, description="Proves this method's credentials in place of the file's `verify`.")
    nango: NangoSignIn | None = Field(None, description="The same sign-in at Nango; without it, Nango is not offered.")

    def placement(self, server: str) -> Placement:
        """Return where the credential goes in a request to the server of this name."""
        return self.by_server.get(server, self)

    @property
    def placements(self) -> tuple[Placement, ...]:
        """Every place a credential may go."""
        return (self, *self.by_server.values(), *self.by_credential.values())
