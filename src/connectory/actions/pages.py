"""Choose the next page (design 4.7). Pure: takes an answer, gives where the list goes on, as a text.

Of styles that are an address, that text is the URL. It is the provider's word and not believed: it must stay on the
server and below the base path of the request (attack 64). Of the others it is what `{cursor}` stands for, as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urljoin

from connectory.actions.addresses import is_below
from connectory.actions.answers import Reply
from connectory.actions.expressions import evaluate, evaluate_or_none, is_true
from connectory.catalog.manifest import (
    ActionManifest,
    CursorPages,
    LastIdPages,
    LinkHeaderPages,
    NextUrlHeaderPages,
    NextUrlPages,
    NumberedPages,
    OffsetPages,
    Pages,
)
from connectory.errors import HostRefused, InvalidCursor, UnexpectedResponse
from connectory.net.client import OutboundResponse

LONGEST = 8_000  # characters of an address or cursor: it is given to the agent, sealed
_MOST = 10**15  # no list is longer


@dataclass(frozen=True, slots=True)
class At:
    """The page that an answer is: where it was asked for, and how."""

    base: str  # the URL prefix that every page must keep
    page: str | None  # the text that named it; None is the first
    size: int | None  # how many items were asked for, where the request says so


def page_size(limit: int, most: int) -> int:
    """Return the page size with which whole pages come closest to `limit` from below: 150 of at most 100 is 2 x 75."""
    return limit // -(-limit // most)


def tells_size(action: ActionManifest) -> bool:
    """Whether a page with fewer items than `limit` is the last one: the request names it."""
    return any("{limit}" in str(place) for place in (action.request.path, *action.request.trees))


def cursor_value(pages: Pages, page: str) -> str | int | float:
    """Return what `{cursor}` stands for on `page`, a text that `next_page` gave. Raises `InvalidCursor`."""
    try:
        value = json.loads(page)
    except (ValueError, RecursionError):
        raise InvalidCursor from None
    is_counted = isinstance(pages, NumberedPages | OffsetPages)
    if isinstance(value, bool) or not isinstance(value, int if is_counted else str | int | float):
        raise InvalidCursor
    return value


def next_page(pages: Pages, reply: Reply, at: At) -> str | None:
    """Return where the list goes on after `reply`, or None on the last page.

    Raises `HostRefused` where the provider points outside the base: credentials must not follow it; and
    `UnexpectedResponse` where what stands there can be no address or cursor.
    """
    match pages:
        case LinkHeaderPages() | NextUrlHeaderPages() | NextUrlPages():
            return _next_address(pages, reply, at.base)
        case CursorPages():
            value = evaluate(pages.body, reply.body) if _goes_on(pages.more, reply.body) else None
            return _text_of(value if pages.parameter is None else _parameter_of(value, pages.parameter))
        case NumberedPages():
            return _next_number(pages, reply, at)
        case OffsetPages():
            return _next_offset(pages, reply, at)
        case LastIdPages():
            if not reply.came or _is_short(reply, at, pages.more):
                return None
            found = _text_of(evaluate(pages.id, reply.came[-1]))
            if found is None:
                raise UnexpectedResponse("The provider's last item has no id.", hint="The list cannot be gone on with.")
            return found


def _parameter_of(address: Any, name: str) -> str | None:
    if not address:
        return None
    values = parse_qs(str(address).partition("?")[2].partition("#")[0]).get(name)
    if values is None:
        raise UnexpectedResponse(f"The provider's next page has no '{name}'.", hint="The list cannot be gone on with.")
    return values[0]


def _next_address(pages: LinkHeaderPages | NextUrlHeaderPages | NextUrlPages, reply: Reply, base: str) -> str | None:
    found = _address(pages, reply)
    if found is None or found in ("", False):
        return None
    if not isinstance(found, str) or len(found) > LONGEST:
        raise UnexpectedResponse("The provider's next page has no address that can be followed.", hint="Try again.")
    target = found.strip()
    places = [_joined(reply.response.url, target)]
    if isinstance(pages, NextUrlPages) and target.startswith("/") and not target.startswith("//"):
        places.append(base.rstrip("/") + target)  # some providers count their paths from the base, as manifests do
    url = next((place for place in places if is_below(place, base)), None)
    if url is None:
        raise HostRefused(
            "The provider's next page lies outside the server this connection belongs to; it was not followed.",
            hint="Use what has come so far, and tell the person that the provider's paging looks wrong.",
        )
    return url


def _address(pages: LinkHeaderPages | NextUrlHeaderPages | NextUrlPages, reply: Reply) -> Any:
    match pages:
        case LinkHeaderPages():
            link = _link(reply.response)
            followed = pages.when is None or is_true(evaluate_or_none(pages.when, link))
            return link.get("url") if followed else None
        case NextUrlHeaderPages():
            return reply.response.headers.get(pages.header)
        case NextUrlPages():
            return evaluate(pages.body, reply.body)


def _joined(url: str, target: str) -> str:
    try:
        return urljoin(url, target)
    except ValueError:
        return ""


def _link(response: OutboundResponse) -> Mapping[str, str]:
    """The link with `rel="next"` of the Link headers (RFC 8288), its parameters and `url`, read by httpx2."""
    if "link" not in response.headers:
        return {}
    import httpx2

    said = response.headers["link"][: LONGEST * 4].encode("utf-8", "replace")  # httpx2 takes a text for ASCII
    links = httpx2.Response(200, headers=[(b"link", said)]).links
    return next((link for link in links.values() if "next" in link.get("rel", "").lower().split()), {})


def _goes_on(more: str | None, body: Any) -> bool:
    return more is None or is_true(evaluate(more, body))


def _text_of(found: Any) -> str | None:
    """A cursor as a text, or None where there is none: null, empty, false, and 0, with which some providers end."""
    if found is None or found in ("", False, 0):
        return None
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        raise UnexpectedResponse("The provider's cursor is no text and no number.", hint="Try again.")
    text = json.dumps(found, ensure_ascii=False)
    if len(text) > LONGEST:
        raise UnexpectedResponse(f"The provider's cursor has more than {LONGEST:,} characters.", hint="Try again.")
    return text


def _next_number(pages: NumberedPages, reply: Reply, at: At) -> str | None:
    number = pages.first if at.page is None else int(cursor_value(pages, at.page))
    if pages.next_header is not None:
        named = _number(reply.response.headers.get(pages.next_header))
        return None if named is None else str(named)
    total = _number(reply.response.headers.get(pages.total_header)) if pages.total_header is not None else None
    is_last = number - pages.first + 1 >= total if total is not None else _is_short(reply, at, pages.more)
    return None if is_last or not reply.came else str(number + 1)


def _next_offset(pages: OffsetPages, reply: Reply, at: At) -> str | None:
    offset = pages.first if at.page is None else int(cursor_value(pages, at.page))
    following = offset + len(reply.came)
    total = _number(evaluate(pages.total, reply.body)) if pages.total is not None else None
    is_last = following - pages.first >= total if total is not None else _is_short(reply, at, pages.more)
    return None if is_last or not reply.came else str(following)


def _is_short(reply: Reply, at: At, more: str | None) -> bool:
    """Whether a page is the last one: the answer says so; failing that, it has fewer items than were asked for."""
    if more is not None:
        return not _goes_on(more, reply.body)
    return at.size is not None and len(reply.came) < at.size


def _number(found: Any) -> int | None:
    """A count, from a header's text or a body."""
    if isinstance(found, str) and found.strip().isascii() and found.strip().isdigit():
        found = int(found.strip()[:16])
    is_count = isinstance(found, int) and not isinstance(found, bool) and 0 <= found < _MOST
    return found if is_count else None
