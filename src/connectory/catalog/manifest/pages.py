"""How a list goes on (design 4.7): one model per style.

Styles that are an address follow it; in the others `{cursor}` stands in the request for what the provider wants there,
and is absent on the first page.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from connectory.catalog.manifest.basics import Strict


class PagesBase(Strict):
    """What every style has."""

    follows_address: ClassVar[bool] = False  # whether a page is named by its URL: then nothing is filled for the next
    max_size: int = Field(100, ge=1, description="Most items the provider gives on one page.")


class LinkHeaderPages(PagesBase):
    """The next page's address stands in the Link header (RFC 8288)."""

    follows_address: ClassVar[bool] = True
    style: Literal["link_header"] = Field(description="The Link header with rel=next (RFC 8288).")
    when: str | None = Field(
        None, description="JMESPath over the link's parameters that must be true, e.g. results == 'true' (Sentry)."
    )


class NextUrlHeaderPages(PagesBase):
    """The next page's address stands in a header of its own."""

    follows_address: ClassVar[bool] = True
    style: Literal["next_url_header"] = Field(description="A header with the next page's address.")
    header: str = Field(description="The answer header that holds the address.")


class NextUrlPages(PagesBase):
    """The next page's address, or its path, stands in the body."""

    follows_address: ClassVar[bool] = True
    style: Literal["next_url"] = Field(description="The next page's address or path in the body.")
    body: str = Field(description="JMESPath over the answer that gives the address; null or empty on the last page.")


class CursorPages(PagesBase):
    """The body holds a cursor or token, which `{cursor}` sends back."""

    style: Literal["cursor"] = Field(description="A cursor or token in the body.")
    body: str = Field(description="JMESPath over the answer that gives the cursor; null or empty on the last page.")
    parameter: str | None = Field(
        None, description="Where `body` gives the next page's address: the query parameter of it that is the cursor."
    )
    more: str | None = Field(
        None, description="JMESPath over the answer that is false on the last page, where a cursor still stands there."
    )


class NumberedPages(PagesBase):
    """Pages are counted; `{cursor}` is the next one's number."""

    style: Literal["page"] = Field(description="The number of a page.")
    first: int = Field(1, ge=0, description="Number of the first page.")
    more: str | None = Field(None, description="JMESPath over the answer that is false on the last page.")
    next_header: str | None = Field(None, description="Answer header with the next page's number; empty on the last.")
    total_header: str | None = Field(None, description="Answer header with the number of pages.")


class OffsetPages(PagesBase):
    """Items are counted; `{cursor}` is how many to pass over."""

    style: Literal["offset"] = Field(description="How many items to pass over.")
    first: int = Field(0, ge=0, description="Where the provider begins to count.")
    more: str | None = Field(None, description="JMESPath over the answer that is false on the last page.")
    total: str | None = Field(None, description="JMESPath over the answer that gives how many items there are.")


class LastIdPages(PagesBase):
    """`{cursor}` is the id of the last item that came."""

    style: Literal["last_id"] = Field(description="The id of the last item.")
    id: str = Field("id", description="JMESPath over an item, before its projection, that gives its id.")
    more: str | None = Field(
        None,
        description="JMESPath over the answer that is false on the last page, e.g. has_more; absent: a page with fewer "
        "items than were asked for is the last.",
    )


def _from_word(data: Any) -> Any:
    return {"style": data} if isinstance(data, str) else data


_Styles = Annotated[
    LinkHeaderPages | NextUrlHeaderPages | NextUrlPages | CursorPages | NumberedPages | OffsetPages | LastIdPages,
    Field(discriminator="style"),
]


class _WordOrStyle:
    """In the published schema: the word of a style that needs nothing else stands for `{style: the word}`."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"enum": ["link_header", "page", "offset"]}, handler(core)]}


Pages = Annotated[_Styles, BeforeValidator(_from_word), _WordOrStyle]
