"""How values of settings are written: each check returns what is meant, or raises `ValueError` saying what is allowed.

No error repeats a value that may hold a password. Beside `settings.py`, which says what each setting is for.
"""

from __future__ import annotations

import ipaddress
import json
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator

PLAIN = re.compile(r"[!-~]+", re.ASCII)  # no white space, control or non-ASCII characters
HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?", re.ASCII)
HOST_PORT = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[^\s:/@\[\]]+):(\d{1,5})", re.ASCII)
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
ROLE_RULE = re.compile(r"(.*\S)\s*:\s*([a-z0-9][a-z0-9-]{0,39})\s*:\s*(owner|member|viewer)")


def split(value: object) -> object:
    """Turn "a, b" into ("a", "b"): lists come from the environment separated by commas."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def split_or_json(value: object) -> object:
    """The same; or a JSON list of texts, where one of them holds a comma."""
    if not isinstance(value, str) or not value.lstrip().startswith("["):
        return split(value)
    try:
        found = json.loads(value)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ValueError("write a JSON list of texts, or texts separated by commas")
    return tuple(one.strip() for one in found)


Names = Annotated[tuple[str, ...], BeforeValidator(split)]
RoleRules = Annotated[tuple[str, ...], BeforeValidator(split_or_json)]


def origin(value: str | None) -> str | None:
    """Scheme, host and port, without a slash behind it."""
    if value is None:
        return None
    parts = _parts(value, "write it as https://host or http://host:port")
    extras = parts.username is not None or parts.path not in ("", "/") or parts.query or parts.fragment
    if parts.scheme not in ("http", "https") or not parts.hostname or extras or not PLAIN.fullmatch(value):
        raise ValueError("write it as https://host or http://host:port, without path, user or password")
    return value.rstrip("/")


def issuer(value: str | None) -> str | None:
    """An issuer's identifier, to the letter: https, or http on this machine (OpenID Connect Discovery section 3)."""
    if value is None:
        return None
    wanted = "write it as the provider does, e.g. https://login.example.com/tenant; http only on this machine"
    parts = _parts(value, wanted)
    extras = parts.username is not None or "?" in value or "#" in value or not PLAIN.fullmatch(value)
    is_secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if extras or not is_secure or not parts.hostname:
        raise ValueError(wanted)
    return value


def host_ports(value: tuple[str, ...]) -> tuple[str, ...]:
    """Hosts with their ports."""
    for entry in value:
        match = HOST_PORT.fullmatch(entry)
        if match is None or not 0 < int(match[1]) < 65536:
            raise ValueError(f"write {entry!r} as host:port, e.g. 10.0.0.5:5432 or [fd00::5]:443")
    return value


def host_names(value: tuple[str, ...]) -> tuple[str, ...]:
    """Hosts, with a port or without."""
    for entry in value:
        if not HOST.fullmatch(entry):
            raise ValueError(f"write {entry!r} as a host name or host:port, without scheme or path")
    return value


def networks(value: tuple[str, ...]) -> tuple[str, ...]:
    """Addresses and networks."""
    for entry in value:
        try:
            ipaddress.ip_network(entry, strict=False)
        except ValueError:
            raise ValueError(f"write {entry!r} as an IP address or network, e.g. 10.0.0.2 or 10.0.0.0/8") from None
    return value


def role_rules(value: tuple[str, ...]) -> tuple[str, ...]:
    """Entries of the form group:workspace:role."""
    for entry in value:
        if not ROLE_RULE.fullmatch(entry):
            raise ValueError(
                f"write {entry!r} as group:workspace:role, e.g. engineering:acme:member or *:acme:viewer;"
                " roles are owner, member and viewer"
            )
    return value


def paths_at_home(value: Path | tuple[Path, ...]) -> Path | tuple[Path, ...]:
    """Paths with `~` written out: a client's configuration knows no shell that would do it."""
    try:
        return value.expanduser() if isinstance(value, Path) else tuple(path.expanduser() for path in value)
    except RuntimeError:  # `~name` of nobody, or no home at all
        raise ValueError("write the path in full: this system knows no such home folder for ~") from None


def is_loopback(host: str) -> bool:
    """Whether `host` is a loopback address or one of loopback's fixed names; other names are never looked up."""
    if host.lower() in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _parts(value: str, wanted: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018  # raises on one that is no number or too large
    except ValueError:
        raise ValueError(wanted) from None
    return parts
