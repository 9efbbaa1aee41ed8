"""The way out to Nango: the operator's word allows that one address, for this use alone (design 7.3)."""

from __future__ import annotations

from connectory.net.client import OutboundClient
from connectory.net.url import DEFAULT_PORTS, parse_url
from connectory.settings import Settings

CLOUD = "https://api.nango.dev"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def open_way_out(settings: Settings) -> OutboundClient:
    """Return a client of its own for `NANGO_HOST`, private or not; connectors' requests never go out by it.

    A Nango on this machine is not asked for through the outgoing proxy, which could not reach it.
    """
    url = parse_url(settings.nango_host)
    host = f"[{url.host}]" if ":" in url.host else url.host
    proxy = None if url.host in LOOPBACK or settings.proxy is None else settings.proxy.get_secret_value()
    return OutboundClient(
        allow_hosts=(f"{host}:{url.port or DEFAULT_PORTS[url.scheme]}",),
        proxy=proxy,
        max_response_bytes=settings.max_response_bytes,
    )
