"""What a background sync reads: a list action, how its rows are told apart, and what is new since last time (4.8).

Declared now and used by `sync/` later. A stream adds nothing to what the agent sees: its records are the items of its
action as they are projected.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from connectory.catalog.manifest.answers import Condition
from connectory.catalog.manifest.basics import JsonValue, Name, Strict


class StreamCursor(Strict):
    """How a sync asks for what is new: from the greatest value of a member it has seen, or by a token of the answer."""

    member: str | None = Field(
        None, description="Member of the projected item that grows with every change, e.g. updated_at."
    )
    token: str | None = Field(
        None, description="JMESPath over the last page's answer that gives the token of the next sync."
    )
    input: Name | None = Field(
        None,
        description="Input of the action that takes it, at or after which is read; of format date, its day. Absent: "
        "the list is read from its newest item on, until one that is known.",
    )
    order: Literal["ascending", "descending"] | None = Field(
        None, description="In which order of `member` the list comes with these arguments; unset: in none."
    )
    overlap_seconds: int = Field(
        0, ge=0, description="How far before the greatest value is read again, where the provider is late or rounds."
    )
    expired: Condition | None = Field(
        None, description="The answer by which a token has expired: then everything is read anew."
    )

    @model_validator(mode="after")
    def _one_way(self) -> StreamCursor:
        if (self.member is None) == (self.token is None):
            raise ValueError("needs exactly one of member, token")
        if self.token is not None and self.input is None:
            raise ValueError("a token needs the `input` that takes it")
        if self.token is not None and (self.order is not None or self.overlap_seconds):
            raise ValueError("only a member has an `order` and `overlap_seconds`")
        if self.token is None and self.expired is not None:
            raise ValueError("only a token has `expired`")
        if self.input is None and self.order != "descending":
            raise ValueError("without `input` the list must come newest first: `order: descending`")
        return self


class MissingDeletions(Strict):
    """What a full read does not give any more is gone."""

    by: Literal["full_read"] = Field(description="A read of everything.")


class MarkedDeletions(Strict):
    """Deleted records stay in the list and say so."""

    by: Literal["mark"] = Field(description="A mark on the record.")
    when: str = Field(description="JMESPath over the projected item that is true of one that is gone.")


class ListedDeletions(Strict):
    """A list of its own gives what was deleted."""

    by: Literal["action"] = Field(description="Another list action.")
    action: Name = Field(description="The list action that gives deleted records.")
    arguments: dict[Name, JsonValue] = Field(default_factory=dict, description="Its inputs that never change.")
    key: list[str] = Field(
        min_length=1, description="Members of its projected item that are the record's key, in the order of `key`."
    )
    input: Name | None = Field(None, description="Its input that takes the time of the last sync; absent: all come.")


def _from_word(data: Any) -> Any:
    return {"by": data} if data == "full_read" else data


class _WordOrDeletions:
    """In the published schema: the word `full_read` stands for `{by: full_read}`."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"enum": ["full_read"]}, handler(core)]}


Deletions = Annotated[
    Annotated[MissingDeletions | MarkedDeletions | ListedDeletions, Field(discriminator="by")],
    BeforeValidator(_from_word),
    _WordOrDeletions,
]


class ForEach(Strict):
    """Another stream of the connector whose every record this one is read for, e.g. messages for each channel."""

    stream: Name = Field(description="The other stream.")
    arguments: dict[Name, str] = Field(
        min_length=1, description="Inputs of the action, each with the member of the other's record that it takes."
    )


class OneRow(Strict):
    """The action that gives one row, which is asked where a webhook tells that it changed."""

    action: Name = Field(description="A read of this connector whose projected item has all that the list's has.")
    arguments: dict[Name, str] = Field(
        min_length=1,
        description="Inputs of that action, each with the member of `key` that it takes; others are as they were for "
        "the list.",
    )


class Schedule(Strict):
    """How often is read, unless the person says otherwise."""

    every_minutes: int = Field(60, ge=1, description="Minutes between two syncs.")
    full_every_hours: int | None = Field(
        None, ge=1, description="Hours after which everything is read anew, though a `cursor` tells what is new."
    )


class Stream(Strict):
    """What a sync reads in the background: rows of one list action.

    Required inputs that nothing here gives are asked for when the person sets the sync up.
    """

    title: str = Field(min_length=1, max_length=80, description="What a person would call it: a plural.")
    action: Name = Field(description="The list action that gives the rows: a read of this connector.")
    arguments: dict[Name, JsonValue] = Field(
        default_factory=dict, description="Inputs of the action that never change, e.g. its order."
    )
    for_each: ForEach | None = Field(None, description="Read once for every record of another stream.")
    key: list[str] = Field(
        min_length=1,
        description="Members of the projected item by which a row is known again, among those of the same arguments.",
    )
    one: OneRow | None = Field(None, description="How one row is read, by its key.")
    cursor: StreamCursor | None = Field(None, description="How to ask for what is new; absent: all is read each time.")
    deletions: Deletions | None = Field(
        None, description="How it is noticed that a row is gone at the provider; unset: it is not."
    )
    schedule: Schedule = Field(Schedule(), description="How often is read.")
