"""Choose the next page (design 4.7). Pure: takes an answer, gives a URL.

The URL is the provider's word and not believed: it must stay on the server and below the base path of the request.
"""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit

from connectory.catalog.manifest import NextUrlHeaderPages, Pages
from connectory.errors import HostRefused
from connectory.net.client import OutboundResponse

DEFAULT_PORTS = {"https": 443, "http": 80}


def page_size(limit: int, most: int) -> int:
    """Return the page size with which whole pages come closest to `limit` from below: 150 of at most 100 is 2 x 75."""
    return limit // -(-limit // most)


def next_page(pages: Pages, response: OutboundResponse, base: str) -> str | None:
    """Return the absolute URL of the next page, or None on the last one.

    Raises `HostRefused` where the provider points outside `base`: credentials must not follow it (attack 64).
    """
    target = response.headers.get(pages.header) if isinstance(pages, NextUrlHeaderPages) else _link(response)
    if not target:
        return None
    url = urljoin(response.url, target.strip())
    if not is_below(url, base):
        raise HostRefused(
            "The provider's next page lies outside the server this connection belongs to; it was not followed.",
            hint="Use what has come so far, and tell the person that the provider's paging looks wrong.",
        )
    return url


def is_below(url: str, base: str) -> bool:
    """Whether `url` has the origin of `base` and a path at or below its path, without dot segments or tricks."""
    try:
        parts, root = urlsplit(url), urlsplit(base)
        same = _origin(parts) == _origin(root)
    except ValueError:
        return False
    segments = parts.path.lower().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/").split("/")
    clean = ".." not in segments and "." not in segments and "\\" not in url and "@" not in parts.netloc
    prefix = root.path.rstrip("/")
    return same and clean and (parts.path == prefix or parts.path.startswith(prefix + "/"))


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    """Scheme, host and port; a port that the scheme has anyway may be written or not (RFC 6454 section 4)."""
    port = DEFAULT_PORTS.get(parts.scheme) if parts.port is None else parts.port
    return parts.scheme, parts.hostname, port


def _link(response: OutboundResponse) -> str | None:
    """The target of `rel="next"` in the Link headers (RFC 8288), read by httpx2."""
    if "link" not in response.headers:
        return None
    import httpx2

    return httpx2.Response(200, headers={"link": response.headers["link"]}).links.get("next", {}).get("url")
