"""Which origins a new connection owns: the manifest's servers, filled with its facts and frozen (design 4.3).

Addresses are read by `net.url.parse_url` alone, which also reads what is sent: what two parsers read differently is the
classic way round a host check (attack 57).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from types import MappingProxyType

from connectory.catalog.manifest import CredentialField, FieldKind, SignInFact
from connectory.catalog.template import Placeholder, parse_template
from connectory.errors import InvalidPath, ManifestInvalid
from connectory.net.address import METADATA_NAMES, AllowList, HostRule, Reach, reach_of
from connectory.net.url import Url, is_host_part, parse_url

# Names no public resolver answers: RFC 6761 localhost, RFC 6762 local, RFC 8375 home.arpa, ICANN's reserved internal.
_LOCAL_SUFFIXES = (".localhost", ".local", ".home.arpa", ".internal")


def parse_origin(text: str) -> Url:
    """Read a server's origin that a person typed, one closing slash allowed. Raises `InvalidPath`, not repeating it."""
    url = parse_url(text)
    if url.target != "/" or "?" in text or "#" in text:
        raise InvalidPath(
            "The address cannot be used: something stands behind the host.",
            hint="Write https://host or https://host:port.",
        )
    return url


def reach_by_spelling(url: Url) -> Reach:
    """Say how far the host may be reached as far as its spelling tells.

    No name is looked up here: where it leads is judged by `net`, at the socket.
    """
    address = _address(url)
    if address is not None:
        return reach_of(address)
    if url.host in METADATA_NAMES:
        return Reach.NEVER
    return Reach.PRIVATE if "." not in url.host or url.host.endswith(_LOCAL_SUFFIXES) else Reach.PUBLIC


def is_allowed_by(operator: AllowList, url: Url) -> bool:
    """Whether `CONNECTORY_ALLOW_HOSTS` names this host and port."""
    return operator.names(url.host, url.port)


def resolve_hosts(
    servers: Mapping[str, str],
    fields: Mapping[str, CredentialField],
    facts: Mapping[str, str],
    *,
    private_confirmed: bool,
    given: Mapping[str, SignInFact] = MappingProxyType({}),
) -> tuple[HostRule, ...]:
    """Fill every server with `facts` and return their origins, each once.

    `given` are the facts that the sign-in gives, some of them whole origins too (Salesforce's `instance_url`). A
    confirmation for private addresses counts only where the person typed the origin, never for these nor for the
    manifest's own hosts. Raises `InvalidPath` on a fact that is missing or cannot be part of a server,
    `ManifestInvalid` on a server that cannot be filled at all.
    """
    typed = {name for name, field in fields.items() if field.is_origin}
    origins = typed | {name for name, fact in given.items() if fact.kind is FieldKind.ORIGIN}
    confirmed: dict[str, bool] = {}
    for template in servers.values():
        is_typed = any(placeholder.name in typed for placeholder in parse_template(template).placeholders)
        origin = parse_url(fill_address(template, origins, facts)).origin
        confirmed[origin] = confirmed.get(origin, False) or (is_typed and private_confirmed)
    return tuple(HostRule(origin, private) for origin, private in confirmed.items())


def fill_address(template: str, origins: Collection[str], facts: Mapping[str, str]) -> str:
    """Return an address with its facts put in; `origins` names those that are whole origins.

    Raises `InvalidPath` on a fact that is missing or cannot be part of an address, `ManifestInvalid` on one that
    cannot be filled at all.
    """
    return "".join(_fill(part, origins, facts) for part in parse_template(template).parts)


def _fill(part: str | Placeholder, origins: Collection[str], facts: Mapping[str, str]) -> str:
    if isinstance(part, str):
        return part
    if part.scope != "connection":
        raise ManifestInvalid(f"A server is made of '{part.name}', which is no fact of the connection.")
    value = facts.get(part.name)
    if value is None:
        raise InvalidPath(f"The server's address needs '{part.name}'.", hint=f"Fill in '{part.name}'.")
    if part.name in origins:
        return parse_origin(value).origin
    if not is_host_part(value):
        raise InvalidPath(
            f"'{part.name}' cannot be part of a server's address.", hint="Use letters, digits, dots and hyphens."
        )
    return value


def _address(url: Url) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(url.host)
    except ValueError:
        return None
