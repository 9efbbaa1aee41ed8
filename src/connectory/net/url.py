"""One strict reading of URLs: what `parse_url` returns is what is checked and what is sent.

Two parsers that differ by a character pass a check for one host and send to another (RFC 3986 section 7.6). So there is
one, and it repairs nothing: what a browser would mend (backslashes, user info, tabs, `127.1`) is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote

from connectory.errors import InvalidPath

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_URL_LENGTH = 32_768
HINT = "Write it as https://host/path or http://host:port/path."

_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff]|\s")
_URL = re.compile(r"(https?)://([^/?#]*)(/[^?#]*)?(?:\?([^#]*))?(?:#.*)?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[^:@\[\]%]+)(?::([1-9][0-9]{0,4}))?")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_KEPT = "/?:@!$&'()*+,;=-._~%[]|^`{}"  # sent as they stand; what else is no letter or digit is percent-encoded
_HOST_PART = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)
_DOT = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Url:
    """A checked http or https URL. `host` is lower-case ASCII, IPv6 without brackets; `target` is path and query."""

    scheme: str
    host: str
    port: int
    target: str = field(repr=False)  # the query may hold a key

    @property
    def authority(self) -> str:
        """Host and, where it is not the scheme's own, port: the value of the Host header (RFC 9110 section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme and authority, without a trailing slash."""
        return f"{self.scheme}://{self.authority}"

    def __str__(self) -> str:
        return self.origin + self.target


def parse_url(text: str) -> Url:
    """Return `text` as a URL, its fragment gone. Raises `InvalidPath`, which never repeats it: it may hold a key."""
    if len(text) > MAX_URL_LENGTH:
        raise _invalid(f"it is longer than {MAX_URL_LENGTH} characters")
    if _UNSAFE.search(text):
        raise _invalid("it holds a space, line break, control character or backslash")
    match = _URL.fullmatch(text)
    if match is None:
        raise _invalid("only complete http:// and https:// addresses can be sent to")
    scheme, (host, port) = match[1].lower(), _authority(match[2])
    path = match[3] or "/"
    if any(_DOT.fullmatch(segment) for segment in path.split("/")):
        raise _invalid("its path climbs with dot segments")
    target = path if match[4] is None else f"{path}?{match[4]}"
    return Url(scheme, host, port or DEFAULT_PORTS[scheme], quote(target, safe=_KEPT))


def origin_of(text: str) -> str:
    """Return the normalised origin of a URL: `https://api.example.com`. Raises `InvalidPath`."""
    return parse_url(text).origin


@lru_cache(maxsize=1024)
def canonical_host(text: str) -> str:
    """Return a host as it is compared and looked up: lower-case, IDNA (RFC 5891), IPv6 compressed and without brackets.

    Raises `InvalidPath` for what is no host, and for numbers that only the C resolver would take for an IPv4 address
    (`127.1`, `0x7f000001`, `2130706433`): the last label of a name is never a number (WHATWG URL, "host parsing").
    """
    if text.startswith("["):
        return _ipv6(text[1:-1])
    name = text.lower() if text.isascii() else _idna(text.lower())
    if not _NAME.fullmatch(name):
        raise _invalid("its host is no valid name")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        try:
            return str(IPv4Address(name))
        except AddressValueError:
            raise _invalid("its host is a number that is no IPv4 address of four parts") from None
    return name


def is_host_part(text: str) -> bool:
    """Whether a text can be filled into a host and stay within it: nothing in it ends the host, or begins another."""
    return _HOST_PART.fullmatch(text) is not None


def _authority(text: str) -> tuple[str, int | None]:
    if "@" in text:
        raise _invalid("it holds a user name or password")
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        raise _invalid("its host or port is malformed")
    port = int(match[2]) if match[2] else None
    if port is not None and port > 65535:
        raise _invalid("its port is above 65535")
    return canonical_host(match[1]), port


def _ipv6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except AddressValueError:
        raise _invalid("its host is no valid IPv6 address") from None


def _idna(name: str) -> str:
    import idna  # large tables; most hosts are ASCII

    try:
        return idna.encode(name).decode("ascii").lower()
    except idna.IDNAError:
        raise _invalid("its host is no valid internationalised name") from None


def _invalid(reason: str) -> InvalidPath:
    return InvalidPath(f"The address cannot be used: {reason}.", hint=HINT)
