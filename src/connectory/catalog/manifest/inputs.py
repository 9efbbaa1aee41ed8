"""What the agent gives: the inputs of an action."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from connectory.catalog.manifest.basics import JsonValue, Strict


class Input(Strict):
    """One input of an action: a subset of JSON Schema 2020-12, with `required: true` on the input itself."""

    type: Literal["string", "integer", "number", "boolean", "array", "object", "file"] | None = Field(
        None,
        description="JSON type of the value; with an `enum` of texts it may be left out. `file`: a kept result's "
        "handle, a text, or base64 up to 1 MB; legal at the top of `inputs`, and as `items` of an array there.",
    )
    description: str = Field("", description="What to give, for a model; whether it is required is added to it.")
    required: bool = Field(False, description="Whether it must be given; so too of an object's `properties`.")
    nullable: bool = Field(False, description="Whether null may be given, and is sent: clears a value at the provider.")
    enum: list[str | int | float | bool] | None = Field(None, description="The only values allowed.")
    default: JsonValue = Field(None, description="Sent where nothing is given, and told to the model.")
    examples: list[JsonValue] | None = Field(None, description="Values that fit, told to the model.")
    format: str | None = Field(
        None, description="As in JSON Schema; date, date-time, email, ipv4, ipv6, regex and uuid are checked."
    )
    pattern: str | None = Field(None, description="Regular expression found in the value; anchor it with ^ and $.")
    minimum: int | float | None = Field(None, description="Least number.")
    maximum: int | float | None = Field(None, description="Greatest number.")
    min_length: int | None = Field(None, alias="minLength", description="Fewest characters.")
    max_length: int | None = Field(None, alias="maxLength", description="Most characters.")
    items: Input | None = Field(None, description="What each element of an array is.")
    min_items: int | None = Field(None, alias="minItems", description="Fewest elements.")
    max_items: int | None = Field(None, alias="maxItems", description="Most elements.")
    properties: dict[str, Input] | None = Field(None, description="Members of an object, by name.")
    additional_properties: bool | None = Field(
        None,
        alias="additionalProperties",
        description="Whether an object takes further members; unset: only where no `properties` are named.",
    )

    @property
    def value_type(self) -> str | None:
        """Its type; of texts alone to choose from, that of a text."""
        is_text = self.type is None and self.enum and all(isinstance(word, str) for word in self.enum)
        return "string" if is_text else self.type
