"""Read mail messages: whole ones (RFC 5322), and the tree of parts that Gmail's API gives.

The standard library cuts a message into its parts. Its header objects are passed by: they read with recursion and in
quadratic time, and raise IndexError and the like on hostile headers. Headers are shown as text, encoded words decoded.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import EmailPolicy
from email.utils import collapse_rfc2231_value, parsedate_to_datetime
from functools import partial
from typing import Any

from connectory.actions.converters.encoding import decode_base64
from connectory.actions.converters.html import html_to_text
from connectory.actions.converters.times import format_utc

# More than mail has, and what keeps the library's work linear: it looks for every open boundary in every line.
MAX_BOUNDARY_CHECKS = 4_000_000
MAX_PARTS = 500
MAX_PARAMETERS_LENGTH = 1_000  # characters of a header that is read for its parameters
MAX_PARAMETERS = 20

_HEADERS = ("from", "reply_to", "to", "cc", "bcc", "date", "subject", "message_id", "references")
_MULTIPART = re.compile(rb"multipart", re.IGNORECASE)
_CHARSET = re.compile(r"charset=\"?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_SLOW_CODECS = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})  # or no charsets
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_ENCODED_WORD = re.compile(r"=\?[!->@-~]{1,60}\?[bBqQ]\?[!->@-~]{0,500}\?=")  # without spaces and question marks
_ENCODED_WORDS = re.compile(rf"{_ENCODED_WORD.pattern}(?:[ \t]+{_ENCODED_WORD.pattern})*")
_FOLD = re.compile(r"\r?\n[ \t]*")
_ADDRESSES = frozenset({"from", "reply_to", "to", "cc", "bcc"})
_SPECIAL = re.compile(r'[()<>\[\]:;@\\,"]')  # what a name may hold in quotes alone (RFC 5322 section 3.2.3)


@dataclass(frozen=True, slots=True)
class _Part:
    """One leaf of the tree of parts; `read` decodes it to text."""

    media_type: str
    name: str | None
    is_attached: bool
    size: int | None
    read: Callable[[], str]
    id: str | None = None

    @property
    def is_text(self) -> bool:
        return not self.is_attached and self.name is None and self.media_type in ("text/plain", "text/html")


class _Policy(EmailPolicy):
    """Headers are text, cut before anything looks for parameters in them."""

    def header_fetch_parse(self, name: str, value: str) -> Any:  # noqa: ARG002 the library's signature
        """Return the beginning of the value on one line."""
        return ";".join(_clean(value[:MAX_PARAMETERS_LENGTH]).split(";", MAX_PARAMETERS)[:MAX_PARAMETERS])


_POLICY = _Policy()


def from_mime_message(value: Any) -> Any:
    """Return what a mail in base64 or base64url says, `{from, to, subject, text, ...}`; anything else unchanged.

    `{from, reply_to, to, cc, bcc, date, subject, message_id, references, text, attachments: [{name, media_type,
    size}]}`: null where a header is missing, `date` in RFC 3339 where it can be read, `text` from the plain parts, or
    else from HTML. An attached message has no size.
    """
    data = decode_base64(value)
    if data is None:
        return value
    message = _parse(data)
    headers = {name.lower(): str(text) for name, text in reversed(list(message.raw_items()))}
    parts = list(_mime_leaves(message))
    attachments = [
        {"name": part.name, "media_type": part.media_type, "size": part.size} for part in parts if not part.is_text
    ]
    return {**_shown_headers(headers), "text": _text(parts), "attachments": attachments}


def from_mime_parts(value: Any) -> Any:
    """Return what a message says that is given as Gmail's tree of parts; what is no object comes back unchanged.

    As `from_mime_message` does, and with an `id` of each attachment: Gmail's own, null where the bytes stand in the
    tree itself.
    """
    if not isinstance(value, dict):
        return value
    parts = list(_tree_leaves(value))
    attachments = [
        {"name": part.name, "media_type": part.media_type, "size": part.size, "id": part.id}
        for part in parts
        if not part.is_text
    ]
    return {**_shown_headers(_tree_headers(value)), "text": _text(parts), "attachments": attachments}


def _parse(data: bytes) -> Message[Any, Any]:
    """Return the message; one in more parts than mail has, or with mad parameters, by its headers and as one text."""
    checks = len(_MULTIPART.findall(data)) * (data.count(b"\n") + data.count(b"\r"))
    parts = data.count(b"\n--") + data.count(b"\r--")
    if checks <= MAX_BOUNDARY_CHECKS and parts <= MAX_PARTS:
        # It follows messages within messages by recursion, and sorts the pieces of a boundary by number and None.
        with suppress(RecursionError, TypeError, ValueError, LookupError):
            return BytesParser(EmailMessage, policy=_POLICY).parsebytes(data)
    return BytesHeaderParser(EmailMessage, policy=_POLICY).parsebytes(data)


def _mime_leaves(root: Message[Any, Any]) -> Iterator[_Part]:
    waiting = [root]
    while waiting:
        part = waiting.pop()
        children: Any = part.get_payload() if part.is_multipart() else None
        is_multipart = part.get_content_maintype() == "multipart"
        if isinstance(children, list) and is_multipart:
            waiting.extend(reversed(children))
            continue
        data = part.get_payload(decode=True) if children is None else None
        payload = data if isinstance(data, bytes) else b""
        yield _Part(
            "text/plain" if is_multipart else part.get_content_type(),  # without a boundary that holds
            _param(part, "filename", "content-disposition") or _param(part, "name"),
            part.get_content_disposition() == "attachment",
            len(payload) if children is None else None,
            partial(_decode, payload, _param(part, "charset")),
        )


def _param(part: Message[Any, Any], name: str, header: str = "content-type") -> str | None:
    try:
        value = part.get_param(name, None, header)
        return _clean(collapse_rfc2231_value(value)).strip() or None if value else None
    except (TypeError, ValueError, LookupError):  # what it cannot put together
        return None


def _tree_leaves(root: dict[str, Any]) -> Iterator[_Part]:
    waiting: list[Any] = [root]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, dict):
            continue
        media_type = _text_at(part, "mimeType").lower()
        children = part.get("parts")
        if isinstance(children, list) and not media_type.startswith("message/"):
            waiting.extend(reversed(children))
            if children or media_type.startswith("multipart/"):
                continue
        body = part.get("body")
        body = body if isinstance(body, dict) else {}
        data = decode_base64(body.get("data")) or b""
        size = body.get("size")
        headers = _tree_headers(part)
        yield _Part(
            media_type or "text/plain",
            _text_at(part, "filename") or None,
            headers.get("content-disposition", "").lower().startswith("attachment"),
            size if isinstance(size, int) and not isinstance(size, bool) else len(data),
            partial(_decode, data, _charset(headers.get("content-type", ""))),
            _text_at(body, "attachmentId") or None,
        )


def _tree_headers(part: dict[str, Any]) -> dict[str, str]:
    headers = part.get("headers")
    found: dict[str, str] = {}
    for header in headers if isinstance(headers, list) else []:
        if isinstance(header, dict) and (name := _text_at(header, "name")):
            found.setdefault(name.lower(), _text_at(header, "value"))
    return found


def _text_at(value: dict[str, Any], key: str) -> str:
    text = value.get(key)
    return text if isinstance(text, str) else ""


def _charset(content_type: str) -> str | None:
    found = _CHARSET.search(content_type[:MAX_PARAMETERS_LENGTH])
    return found[1] if found else None


def _shown_headers(headers: dict[str, str]) -> dict[str, str | None]:
    given = {name: headers.get(name.replace("_", "-")) for name in _HEADERS}
    shown = {
        name: None if text is None else _clean(text, _quoted if name in _ADDRESSES else str)
        for name, text in given.items()
    }
    return {name: _date(text) if name == "date" and text else text for name, text in shown.items()}


def _date(text: str) -> str:
    try:
        moment = parsedate_to_datetime(text[:100])
        return format_utc(moment if moment.tzinfo else moment.replace(tzinfo=UTC))  # "-0000": UTC, zone unknown
    except (TypeError, ValueError, IndexError, OverflowError):
        return text


def _text(parts: list[_Part]) -> str | None:
    texts = [part for part in parts if part.is_text]
    plain = [part for part in texts if part.media_type == "text/plain"]
    said = [part.read().replace("\r\n", "\n").strip() for part in plain]
    if not any(said):
        said = [html_to_text(part.read()) for part in texts if part.media_type == "text/html"] or said
    return "\n\n".join(one for one in said if one) if texts else None


def _decode(data: bytes, charset: str | None) -> str:
    """Return text: UTF-8 where it is that (Gmail decodes without saying so), else by its charset."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    try:
        name = codecs.lookup(charset or "utf-8").name
        text = data.decode("utf-8" if name in _SLOW_CODECS else name, "replace")
    except (LookupError, ValueError):
        return data.decode("utf-8", "replace")
    return text.encode("utf-8", "replace").decode()  # UTF-7 can give half a character


def _clean(text: str, shown: Callable[[str], str] = str) -> str:
    """Return a header's text on one line, with encoded words (RFC 2047) decoded, each as `shown` writes it."""
    with suppress(UnicodeEncodeError):
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    line = _FOLD.sub(" ", text)

    def said(found: re.Match[str]) -> str:
        words, before = _decoded_words(found[0]), line[max(0, found.start() - 1) : found.start()]
        return words if before == '"' else shown(words)  # in quotes already: against the rules, and Outlook's way

    return _ENCODED_WORDS.sub(said, line).strip()


def _quoted(name: str) -> str:
    """Return the name before an address so that it can be read again: its comma would end it (CVE-2025-1795)."""
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"' if _SPECIAL.search(name) else name


def _decoded_words(words: str) -> str:
    """Return what neighbouring encoded words say; a character may be cut between two of them."""
    said: list[tuple[str | None, list[bytes]]] = []
    for word in _ENCODED_WORD.findall(words):  # one by one: the library takes quadratic time for many
        try:
            data, charset = decode_header(word)[0]
        except (HeaderParseError, ValueError):
            data, charset = word.encode(), None
        if not said or said[-1][0] != charset:
            said.append((charset, []))
        said[-1][1].append(data if isinstance(data, bytes) else data.encode())
    return _CONTROL.sub(" ", "".join(_decode(b"".join(pieces), charset) for charset, pieces in said))
