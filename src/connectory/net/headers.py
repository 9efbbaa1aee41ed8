"""Which headers may go out: those that steer the connection, or claim where a request comes from, are ours alone.

And what a Content-Type may say, of what goes out and of what comes in.
"""

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
MEDIA_TYPE_CHARACTERS = 150  # of one that is taken from an answer; no registered one has more than a hundred
_TOKEN_TEXT = r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+"  # RFC 9110 section 5.6.2
_TOKEN = re.compile(_TOKEN_TEXT)
_PARAMETER = rf'[ \t]*;[ \t]*{_TOKEN_TEXT}=(?:{_TOKEN_TEXT}|"[ !#-\[\]-~]*")'
_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$%&'*+\-.^_`|~]*"  # of a registered type: RFC 6838 section 4.2, a token else
_MEDIA_TYPE = re.compile(rf"{_NAME}/{_NAME}(?:{_PARAMETER})*")  # RFC 9110 section 8.3.1
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


def is_media_type(text: str) -> bool:
    """Whether a text is a media type, with parameters or without: the value of a Content-Type."""
    return _MEDIA_TYPE.fullmatch(text) is not None


def bare_media_type(content_type: str) -> str | None:
    """Return the media type that a Content-Type names, in small letters, without parameters; None: it names none."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type if len(media_type) <= MEDIA_TYPE_CHARACTERS and is_media_type(media_type) else None
