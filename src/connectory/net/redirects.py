"""What follows a redirect (RFC 9110 section 15.4). Pure: takes an answer's status and Location, gives the next hop.

Libraries forward what they do not know: httpx2 drops `Authorization` on the way to another origin but carries
`X-Api-Key` and, on 307, the body. Here nothing crosses to another origin but `Accept` and `User-Agent`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import urljoin

from connectory.errors import InvalidPath, RedirectRefused
from connectory.net.url import Url, parse_url

MAX_REDIRECTS = 5
FOLLOWED = frozenset({301, 302, 303, 307, 308})
CROSSING = frozenset({"accept", "user-agent"})
SAFE_METHODS = frozenset({"GET", "HEAD"})
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
HINT = "Tell the person that the service's address seems to have moved; the operator can look into its manifest."


@dataclass(frozen=True, slots=True)
class Hop:
    """One request to one URL; the headers that we add ourselves are not among `headers`."""

    method: str
    url: Url
    headers: dict[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)


def next_hop(hop: Hop, status: int, location: str, origins: Collection[str]) -> Hop:
    """Return the hop that a redirect leads to, which must lie in `origins`.

    Raises `RedirectRefused`: for another origin than those, from https to http, for what is no plain URL, and for a
    write that would go on elsewhere without its body.
    """
    url = _target(hop.url, location)
    if hop.url.scheme == "https" and url.scheme == "http":
        raise RedirectRefused("The provider redirected from https to http; it was not followed.", hint=HINT)
    if url.origin not in origins:
        raise RedirectRefused(
            f"The provider redirected to {url.origin}, which this connection does not own; it was not followed.",
            hint=HINT,
        )
    becomes_get = (status == 303 and hop.method != "HEAD") or (status in (301, 302) and hop.method == "POST")
    method = "GET" if becomes_get else hop.method
    if url.origin == hop.url.origin:
        headers = {n: v for n, v in hop.headers.items() if not (becomes_get and n.lower().startswith("content-"))}
        return Hop(method, url, headers, None if becomes_get else hop.body)
    if method not in SAFE_METHODS:
        raise RedirectRefused(
            f"The provider redirected a write to {url.origin}; credentials and body do not follow there.", hint=HINT
        )
    return Hop(method, url, {n: v for n, v in hop.headers.items() if n.lower() in CROSSING}, None)


def _target(base: Url, location: str) -> Url:
    """Resolve Location against the URL that answered; checked first, since `urljoin` swallows tabs and line breaks."""
    if not location or _UNSAFE.search(location):
        raise RedirectRefused("The provider redirected to something that is no URL.", hint=HINT)
    try:
        return parse_url(location if _SCHEME.match(location) else urljoin(str(base), location))
    except (InvalidPath, ValueError):
        raise RedirectRefused("The provider redirected to an address that cannot be used.", hint=HINT) from None
