"""Which IP addresses a connector may reach: pure checks, applied where the socket connects (design 7.3).

Three answers: public; private, which the operator or the person in local mode may allow; never, whatever is allowed:
metadata services hand the machine's own credentials to whoever asks. An IPv6 address can carry an IPv4 one past a check
that looks at the outside only (Python's `is_global` is true for NAT64), so each kind of embedding is unwrapped.
Networks: IANA special-purpose registries (RFC 6890), written out since Python's own lists change between releases.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from connectory.errors import AddressRefused, InvalidPath, InvalidSettings
from connectory.net.url import canonical_host

IPAddress = IPv4Address | IPv6Address

METADATA_NAMES = frozenset({"metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"})
METADATA_V4 = tuple(
    IPv4Network(text)
    for text in (
        "169.254.169.0/24",  # most clouds, .254; AWS also .253 (DNS) and .123 (time)
        "169.254.170.0/24",  # AWS: container credentials, .2 and .23
        "169.254.0.23/32",  # Tencent
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure's host, a public address by number
        "192.0.0.192/32",  # Oracle
    )
)
METADATA_V6 = tuple(IPv6Network(text) for text in ("fd00:ec2::/32", "fd20:ce::254/128"))  # AWS, Google
NEVER_V4 = tuple(IPv4Network(text) for text in ("0.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32"))
NEVER_V6 = tuple(IPv6Network(text) for text in ("::/128", "ff00::/8"))
PRIVATE_V4 = tuple(
    IPv4Network(text)
    for text in (
        "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
    )
)  # fmt: skip
GLOBAL_V6 = IPv6Network("2000::/3")  # all that IANA has given out as global unicast
PRIVATE_V6 = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: public names resolve to it where a network has no IPv4
LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")  # RFC 8215
TEREDO = IPv6Network("2001::/32")  # RFC 4380
SIX_TO_FOUR = IPv6Network("2002::/16")  # RFC 3056
COMPATIBLE = IPv6Network("::/96")  # RFC 4291 section 2.5.5.1
TRANSLATED = IPv6Network("::ffff:0:0:0/96")  # RFC 2765, SIIT


class Reach(StrEnum):
    """How far an address may be reached."""

    PUBLIC = "public"
    PRIVATE = "private"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class HostRule:
    """One origin that a connection owns, and its requests may go to.

    `private_confirmed`: a person entitled to has allowed a private address there.
    """

    origin: str  # "https://api.github.com", with the port only where it is not the scheme's own
    private_confirmed: bool = False


class AllowList:
    """The operator's `host:port` entries; a host is a name as it is written in URLs, or an address.

    Raises `InvalidSettings` for an entry of another form.
    """

    def __init__(self, entries: Collection[str] = ()) -> None:
        self._entries = frozenset(_host_and_port(entry) for entry in entries)

    def allows(self, host: str, port: int, address: IPAddress) -> bool:
        """Whether a private `address` may be reached, by the name it was asked for or by itself."""
        return self.names(host, port) or (str(address), port) in self._entries

    def names(self, host: str, port: int) -> bool:
        """Whether an entry says exactly this host and port; no address is looked at."""
        return (host, port) in self._entries


def reach_of(address: IPAddress) -> Reach:
    """Say how far `address` may be reached, by the strictest of itself and what is embedded in it."""
    return _reach_v4(address) if isinstance(address, IPv4Address) else _reach_v6(address)


def check_name(host: str, port: int) -> None:
    """Raise `AddressRefused` for the names of metadata services, before anything is looked up."""
    if host in METADATA_NAMES:
        raise _never(host, port)


def check_host(host: str, port: int, *, allow: AllowList, private_confirmed: bool) -> None:
    """Raise `AddressRefused` for a host that is an address, or a metadata service's name; other names pass."""
    check_name(host, port)
    try:
        ip_address(host)
    except ValueError:
        return
    check_addresses([host], host=host, port=port, allow=allow, private_confirmed=private_confirmed)


def check_addresses(
    found: Sequence[str], *, host: str, port: int, allow: AllowList, private_confirmed: bool
) -> tuple[IPAddress, ...]:
    """Return what `host` resolved to, in order, once every single address may be reached.

    One refused address refuses all: a name that answers with a public and a private one is playing for the second.
    Mapped addresses come back as the IPv4 address that the socket would reach. Raises `AddressRefused`.
    """
    check_name(host, port)
    addresses = tuple(_parse_address(text, host, port) for text in found)
    for address in addresses:
        reach = reach_of(address)
        if reach is Reach.NEVER:
            raise _never(host, port)
        if reach is Reach.PRIVATE and not (private_confirmed or allow.allows(host, port, address)):
            raise _private(host, port)
    return addresses


def _reach_v4(address: IPv4Address) -> Reach:
    if any(address in network for network in (*METADATA_V4, *NEVER_V4)):
        return Reach.NEVER
    return Reach.PRIVATE if any(address in network for network in PRIVATE_V4) else Reach.PUBLIC


def _reach_v6(address: IPv6Address) -> Reach:
    if address.ipv4_mapped is not None:
        return _reach_v4(address.ipv4_mapped)
    hidden = tuple(_embedded(address))
    if any(address in network for network in (*METADATA_V6, *NEVER_V6)) or any(map(_is_metadata, hidden)):
        return Reach.NEVER
    is_global = address in GLOBAL_V6 and not any(address in network for network in PRIVATE_V6)
    if not is_global and address not in NAT64:
        return Reach.PRIVATE
    inner = {_reach_v4(embedded) for embedded in hidden}
    return next((reach for reach in (Reach.NEVER, Reach.PRIVATE) if reach in inner), Reach.PUBLIC)


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses that `address` can stand for. RFC 6052 section 2.2 has four places for it, by prefix."""
    number = int(address)
    low = number & 0xFFFFFFFF
    if any(address in network for network in (NAT64, LOCAL_NAT64, COMPATIBLE, TRANSLATED)):
        yield IPv4Address(low)
    if address in LOCAL_NAT64:
        yield IPv4Address((number >> 64 & 0xFFFF) << 16 | number >> 40 & 0xFFFF)  # /48
        yield IPv4Address((number >> 64 & 0xFF) << 24 | number >> 32 & 0xFFFFFF)  # /56
        yield IPv4Address(number >> 24 & 0xFFFFFFFF)  # /64
    if address in SIX_TO_FOUR:
        yield IPv4Address(number >> 80 & 0xFFFFFFFF)
    if address in TEREDO:
        yield IPv4Address(low ^ 0xFFFFFFFF)
        yield IPv4Address(number >> 64 & 0xFFFFFFFF)
    if number >> 32 & 0xFFFFFFFF in (0x00005EFE, 0x02005EFE):  # ISATAP, RFC 5214 section 6.1
        yield IPv4Address(low)


def _is_metadata(address: IPv4Address) -> bool:
    return any(address in network for network in METADATA_V4)


def _parse_address(text: str, host: str, port: int) -> IPAddress:
    """Read one address as a resolver gives it; a scope id (`fe80::1%eth0`) chooses an interface, so it is refused."""
    try:
        address = ip_address(text)
    except ValueError:
        raise _private(host, port) from None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            raise _private(host, port)
        return address.ipv4_mapped or address
    return address


def _host_and_port(entry: str) -> tuple[str, int]:
    host, _, port = entry.rpartition(":")
    try:
        name = canonical_host(host)
        if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
            raise InvalidPath("no port")
    except InvalidPath:
        raise InvalidSettings(
            f"CONNECTORY_ALLOW_HOSTS: {entry!r} is not host:port.",
            hint="Write 10.0.0.5:5432, nas.local:443 or [fd00::5]:443.",
        ) from None
    return name, int(port)


def _private(host: str, port: int) -> AddressRefused:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return AddressRefused(
        f"{place} is a private or special address, which connectors may not reach.",
        hint=f"The operator can allow it with CONNECTORY_ALLOW_HOSTS={place}; in local mode the person who connects "
        "can confirm the address on the connect page.",
    )


def _never(host: str, port: int) -> AddressRefused:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return AddressRefused(
        f"{place} is an address that is never a provider's (a metadata service, unspecified, broadcast or multicast).",
        hint="No setting allows it; check the address that was entered for this connection.",
    )
