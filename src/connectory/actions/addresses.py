"""Addresses that a provider's answer gives, to be asked next: its word, which is not believed (attack 64)."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

DEFAULT_PORTS = {"https": 443, "http": 80}


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
