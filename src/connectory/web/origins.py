"""Which hosts and origins are ours: the ground of every defence against pages of other origins (design 5.6).

A browser can be made to send anything to a loopback port (DNS rebinding, plain cross-site requests); what a page
cannot forge are the `Host`, `Origin` and `Sec-Fetch-*` headers. Names are compared with a closed list, never looked up.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from connectory.errors import InvalidSettings
from connectory.net.url import DEFAULT_PORTS
from connectory.setting_forms import is_loopback
from connectory.settings import Settings

WILDCARDS = frozenset({"0.0.0.0", "::", "[::]"})  # noqa: S104 # compared with, not bound
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
CONTAINER_HOST = "host.docker.internal"  # how a client in a container names the machine it runs on
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9][a-z0-9._-]{0,252})(?::([0-9]{1,5}))?", re.IGNORECASE)

Authority = tuple[str, int | None]


def parse_authority(text: str) -> Authority | None:
    """Split a `Host` value into lower-case name and port (RFC 9110 section 7.2), or None where it is malformed."""
    match = _AUTHORITY.fullmatch(text)
    return (match[1].lower(), int(match[2]) if match[2] else None) if match else None


def host_name(host: str) -> str:
    """Write a host as it stands in a `Host` header: lower-case, an IPv6 address in its short form and in brackets."""
    bare = host.strip("[]").lower()
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return bare
    return f"[{address}]" if address.version == 6 else str(address)


class OurOrigins:
    """The canonical origin and the further names that we answer to, as the settings say."""

    def __init__(self, settings: Settings) -> None:
        parts = urlsplit(settings.origin)
        name = (parts.hostname or "").lower()
        host = f"[{name}]" if ":" in name else name
        default = DEFAULT_PORTS[parts.scheme]
        self._canonical: Authority = (host, parts.port or default)
        self.is_https = parts.scheme == "https"
        port = "" if self._canonical[1] == default else f":{self._canonical[1]}"
        self.canonical = f"{parts.scheme}://{host}{port}"
        self._redirects = is_loopback(host)
        self._hosts = _allowed_hosts(settings, self._canonical, default)
        self._names = frozenset(name for name, port in map(_trusted_host, settings.trusted_hosts) if port is None)
        self._proxies = tuple(ipaddress.ip_network(text, strict=False) for text in settings.trusted_proxies)

    def is_our_host(self, host: str) -> bool:
        """Whether the value of a `Host` header names us."""
        authority = parse_authority(host)
        return authority is not None and (authority in self._hosts or authority[0] in self._names)

    def is_our_origin(self, origin: str) -> bool:
        """Whether an `Origin` header is the canonical origin; `null` and all others are not (RFC 6454 section 7)."""
        return origin == self.canonical

    def is_other_loopback_name(self, host: str) -> bool:
        """Whether pages asked for under `host` belong at the canonical origin, which is a loopback one too.

        With a public `APP_URL` nothing is sent elsewhere: a proxy that rewrites `Host` would make that a circle.
        """
        authority = parse_authority(host)
        if authority is None or not self._redirects or authority[0] not in LOOPBACK_HOSTS:
            return False
        return authority not in (self._canonical, (self._canonical[0], None))

    def is_trusted_proxy(self, peer: str | None) -> bool:
        """Whether the peer's X-Forwarded headers count; nobody's do by default."""
        if peer is None or not self._proxies:
            return False
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped  # how a socket that listens on `::` names an IPv4 peer
        return any(address in network for network in self._proxies)


def _allowed_hosts(settings: Settings, canonical: Authority, default: int) -> frozenset[Authority]:
    """Every (name, port) we answer to; port None is a header that names none."""
    hosts: set[Authority] = {canonical} | ({(canonical[0], None)} if canonical[1] == default else set())
    names: tuple[str, ...] = (*LOOPBACK_HOSTS, CONTAINER_HOST)
    if settings.host is not None and settings.host not in WILDCARDS:
        names = (*names, host_name(settings.host))
    hosts |= {(name, settings.port) for name in names}
    if settings.port == DEFAULT_PORTS["http"]:
        hosts |= {(name, None) for name in names}
    return frozenset(hosts | {_trusted_host(text) for text in settings.trusted_hosts})


def _trusted_host(text: str) -> Authority:
    """Read one of `CONNECTORY_TRUSTED_HOSTS`; without a port it is trusted on every port."""
    authority = parse_authority(text)
    if authority is None:  # the settings have looked at its form already
        raise InvalidSettings(f"CONNECTORY_TRUSTED_HOSTS: {text!r} is no host.", hint="Write name or name:port.")
    return authority
