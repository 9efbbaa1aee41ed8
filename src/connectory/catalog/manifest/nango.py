"""How a way to sign in is found at Nango: which of its providers it is, and what Nango calls what we need."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from connectory.catalog.manifest.basics import Name, Strict

ProviderName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,99}$")]


class NangoSignIn(Strict):
    """The same way to sign in at Nango, for those who keep their sign-ins there."""

    provider: ProviderName | Annotated[list[ProviderName], Field(min_length=1)] = Field(
        description="Nango's provider, as its catalogue names it; of several, the first that is configured is taken."
    )
    facts: dict[Name, str] = Field(
        default_factory=dict,
        description="Facts of the connection, and JMESPath over Nango's `connection_config` that gives each; those of "
        "the token answer come by themselves.",
    )
    credentials: dict[Name, str] = Field(
        default_factory=dict,
        description="Fields of this method, and JMESPath over Nango's credentials that gives each. By themselves come "
        "the tokens of OAuth, one secret from `apiKey`, and fields called username and password.",
    )

    @property
    def providers(self) -> tuple[str, ...]:
        """The providers, the first choice first."""
        return (self.provider,) if isinstance(self.provider, str) else tuple(self.provider)
