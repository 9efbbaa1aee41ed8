"""Follow the pages of a list within one call (design 4.7): whole pages, at most as many items as were asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from connectory.actions.addresses import is_below
from connectory.actions.answers import Reading, Reply
from connectory.actions.pages import At, cursor_value, next_page
from connectory.actions.request import PreparedRequest
from connectory.actions.sending import Exchange, Plan, beside, is_heavy
from connectory.catalog.manifest import Pages
from connectory.errors import InvalidCursor, ProviderError, ProviderUnauthorized

MOST_PAGES = 100  # of one call: a page may hold a single item, or none that its manifest keeps


@dataclass(frozen=True, slots=True)
class Paged:
    """A request whose answers are pages."""

    plan: Plan
    reading: Reading
    pages: Pages
    size: int  # of a page, as the request may ask for it
    is_size_told: bool  # whether a page with fewer items is the last one

    def at(self, page: str | None) -> tuple[PreparedRequest, At]:
        """Return the request for `page`, a text that `next_page` gave, and what is to be known of its answer.

        Raises `InvalidCursor` for any other text.
        """
        by_address = self.pages.follows_address
        cursor = None if page is None or by_address else cursor_value(self.pages, page)
        request = self.plan.prepared(cursor)
        base = request.base
        if page is not None and by_address:
            if not is_below(page, base):
                raise InvalidCursor
            request = self.plan.at_address(page, request)
        return request, At(base, page, self.size if self.is_size_told else None)

    def named(self, *asked: str | None) -> list[str | None]:
        """Return the texts and addresses by which a page was asked for as `after` gives them."""
        cleaned: list[str | None] = self.reading.redactor.clean(list(asked))
        return cleaned

    async def after(self, reply: Reply, at: At) -> str | None:
        """Return what `next_page` does, without our credentials: `dry_run` shows the addresses that are given out.

        A Link header repeats the whole query, keys included; they are added again when the address is asked.
        """
        following = await beside(is_heavy(reply.response.body), lambda: next_page(self.pages, reply, at))
        cleaned: str | None = self.reading.redactor.clean(following)
        return cleaned


@dataclass(slots=True)
class Listing:
    """A list while its pages come in."""

    items: list[Any]  # as the provider gave them
    values: list[Any]  # projected
    next_page: str | None = None
    notes: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)  # pages that were asked for, so that those which lead back are noticed
    last_size: int = 0  # items that came on the last page

    def add(self, reply: Reply, following: str | None, asked: Sequence[str | None], title: str) -> None:
        """Add a page. `asked`: the texts and addresses by which it was asked for."""
        self.items += reply.items or []
        self.values += reply.value if reply.items is not None else []
        self.last_size = len(reply.came)
        if reply.note and reply.note not in self.notes:
            self.notes.append(reply.note)
        self.seen |= {one for one in asked if one is not None}
        self.next_page = following
        if following in self.seen:
            self.next_page = None
            self.notes.append(f"{title} names a page again that was read already; what comes after it cannot be had.")

    def has_room(self, limit: int) -> bool:
        """Whether there is a next page, and one of the last one's size still fits in `limit`."""
        return self.next_page is not None and 0 < self.last_size <= limit - len(self.items)


async def read_list(exchange: Exchange, paged: Paged, page: str | None, limit: int) -> tuple[Listing, Reply]:
    """Read `page`, and those that follow as long as they fit in `limit` and in the call's time.

    Returns the list and the first answer. A later page that fails does not take back what has come: of a read that is
    given, and the list goes on from there.
    """
    title = exchange.target.connector.title
    request, at = paged.at(page)
    first = await exchange.ask(request, paged.reading)
    listing = Listing([], [])
    following = await paged.after(first, at) if first.items is not None else None
    listing.add(first, following, paged.named(page, request.url, first.response.url), title)
    for _ in range(MOST_PAGES - 1):
        is_over = asyncio.get_running_loop().time() >= exchange.further_ends_at
        if is_over or exchange.is_full or not listing.has_room(limit):
            break
        page = listing.next_page
        try:
            request, at = paged.at(page)
            reply = await exchange.ask(request, paged.reading, ends_at=exchange.further_ends_at)
            following = await paged.after(reply, at)
        except ProviderError as error:
            if not paged.reading.rules.is_read or isinstance(error, ProviderUnauthorized):
                raise
            listing.notes.append(f"The next page failed: {error.text}")
            break
        listing.add(reply, following, paged.named(page, request.url, reply.response.url), title)
    return listing, first
