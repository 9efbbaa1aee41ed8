"""The way out to the issuer: the operator's word allows that one address, for this use alone (design 7.3)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from connectory.auth.oauth.way import Way
from connectory.net.address import HostRule
from connectory.net.client import OutboundClient
from connectory.net.url import parse_url
from connectory.setting_forms import is_loopback
from connectory.settings import Settings

if TYPE_CHECKING:
    import httpx2


def open_way_out(
    settings: Settings, issuer: str, mounts: Mapping[str, httpx2.AsyncBaseTransport] = MappingProxyType({})
) -> Way:
    """Return the way to the issuer, private or not, and to whatever else may be reached; its client is to be closed.

    An issuer on this machine is not asked for through the outgoing proxy, which could not reach it.
    """
    url = parse_url(issuer)
    host = f"[{url.host}]" if ":" in url.host else url.host
    has_proxy = settings.proxy is not None and not is_loopback(url.host)
    client = OutboundClient(
        allow_hosts=(*settings.allow_hosts, f"{host}:{url.port}"),
        proxy=settings.proxy.get_secret_value() if settings.proxy is not None and has_proxy else None,
        max_response_bytes=settings.max_response_bytes,
        mounts=mounts,
    )
    return Way(client, HostRule(url.origin))
