"""Which headers may go out: those that steer the connection, or claim where a request comes from, are ours alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from connectory.errors import HeaderRefused

FORBIDDEN = frozenset(
    {
        # of one connection (RFC 9110 section 7.6.1), or of the message's framing
        "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings", "content-length",
        "expect", "host", "accept-encoding",
        # where it came from and what was asked: only a proxy may say so
        "forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "x-host", "x-original-host",
        "x-original-url", "x-rewrite-url", "true-client-ip", "cf-connecting-ip", "client-ip",
    }
)  # fmt: skip
FORBIDDEN_PREFIXES = ("proxy-", "x-forwarded-")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")  # RFC 9110 section 5.6.2
_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")


def forbidden_headers(names: Iterable[str]) -> list[str]:
    """Return those of `names` that nobody but us may set, in any case."""
    return [name for name in names if name.lower() in FORBIDDEN or name.lower().startswith(FORBIDDEN_PREFIXES)]


def check_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return `headers` with the white space around values gone.

    Raises `HeaderRefused`, which names the header and never its value: for a forbidden name, for a name twice, and for
    what would end the header early (line breaks and other control characters; RFC 9110 section 5.5).
    """
    if refused := forbidden_headers(headers):
        raise HeaderRefused(f"Header '{refused[0]}' may not be set.", hint="Leave it out; the server sets its own.")
    seen: set[str] = set()
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise HeaderRefused(
                "A header's name holds a character that none may hold.", hint="Use letters, digits and -."
            )
        if name.lower() in seen:
            raise HeaderRefused(f"Header '{name}' is given twice.", hint="Give it once.")
        seen.add(name.lower())
        if not _VALUE.fullmatch(value):
            raise HeaderRefused(
                f"The value of header '{name}' holds a line break, control or non-Latin character.",
                hint="Leave it out.",
            )
    return {name: value.strip(" \t") for name, value in headers.items()}
