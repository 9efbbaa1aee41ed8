"""Write a mail message (RFC 5322) from a mapping, e.g. for Gmail's `raw`.

The standard library lays out bodies and attachments. The header lines that hold a caller's words are written here, in
ASCII, one address a line: the library reads what it is given as a header, so that encoded words in a subject may turn
into line breaks (CVE-2024-6923) and an encoded name may swallow the comma after it (CVE-2025-1795).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.charset import Charset
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import encode_rfc2231, getaddresses
from typing import Any

import idna

from connectory.actions.converters.inputs import kind_of, text_input
from connectory.actions.files import File
from connectory.errors import InvalidArguments
from connectory.net.headers import bare_media_type

MAX_TEXT_LENGTH = 2_000  # characters of a subject, an address with its name, or an id
MAX_ITEMS = 500  # addresses or ids in one field; Gmail sends to at most 500

_ADDRESSES = {"from": "From", "to": "To", "cc": "Cc", "bcc": "Bcc", "reply_to": "Reply-To"}
_IDS = {"in_reply_to": "In-Reply-To", "references": "References"}
_KEYS = frozenset({*_ADDRESSES, *_IDS, "subject", "text", "html", "attachments"})
_WRITTEN_HERE = frozenset({*_ADDRESSES.values(), *_IDS.values(), "Subject", "Content-Disposition"})

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9 !#$%&'*+/^_`{|}~-]*")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_UNKNOWN_TYPE = ("application", "octet-stream")
_UNSAFE_IN_NAMES = re.compile(r"[/\\:*?\"<>|]")
_MAX_NAME_BYTES = 240
_LONGEST_LINE = 900  # bytes; RFC 5322 section 2.1.1 allows 998
_MAX_NESTING = 20
_UTF8 = Charset("utf-8")


class _Policy(EmailPolicy):
    """SMTP's line ends; the header lines that are written here stand as they are."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """Keep our own lines from being read again."""
        return (name, value) if name in _WRITTEN_HERE else super().header_store_parse(name, value)


_POLICY = _Policy(linesep="\r\n", refold_source="none")


def mime_message(value: Any) -> bytes:
    """Return a mail (RFC 5322) made of an object: `{to, subject, text, html, attachments, ...}`.

    The same object always gives the same bytes. Keys, all optional: `from`, `to`, `cc`, `bcc`, `reply_to` (a text or a
    list of texts, `Ann <ann@example.org>`), `subject`, `text`, `html` (both: alternatives), `in_reply_to`, `references`
    (message ids), `attachments` (a list of files, or of `{file: …, name: …, media_type: …}`). Raises
    `InvalidArguments`, also on line breaks in a header.
    """
    if not isinstance(value, Mapping):
        raise InvalidArguments(f"mime_message takes an object, not {kind_of(value)}.", hint=f"Its keys: {_known()}.")
    if unknown := sorted(str(key)[:40] for key in value if key not in _KEYS):
        raise InvalidArguments(f"A message has no '{unknown[0]}'.", hint=f"Its keys: {_known()}.")
    given = {key: one for key, one in value.items() if one is not None}
    message = EmailMessage(_POLICY)
    for key, name in _ADDRESSES.items():
        if addresses := _each(given.get(key), key, _addresses):
            message[name] = ",\r\n ".join(addresses)
    if "subject" in given:
        message["Subject"] = _encoded(_one_line(given["subject"], "subject"), len("Subject: "))
    for key, name in _IDS.items():
        if ids := _each(given.get(key), key, _message_ids):
            message[name] = "\r\n ".join(ids)
    _write_content(message, given)
    return message.as_bytes()


def _known() -> str:
    return ", ".join(sorted(_KEYS))


def _each(value: Any, key: str, read: Callable[[str, str], list[str]]) -> list[str]:
    texts = value if isinstance(value, list) else [] if value in (None, "") else [value]
    found = [one for text in texts for one in read(_one_line(text, key), key)]
    if len(found) > MAX_ITEMS:
        raise InvalidArguments(
            f"'{key}' has {len(found):,} entries; at most {MAX_ITEMS} fit.", hint="Send several messages."
        )
    return found


def _one_line(value: Any, key: str) -> str:
    text = text_input(value, f"'{key}'")
    if _CONTROL.search(text):
        raise InvalidArguments(
            f"'{key}' holds a line break or another control character, which could forge a header.",
            hint="Write it on one line; several addresses go into a list.",
        )
    if len(text) > MAX_TEXT_LENGTH * (10 if key in _ADDRESSES or key in _IDS else 1):
        raise InvalidArguments(f"'{key}' has {len(text):,} characters, too many for a header.", hint="Shorten it.")
    return text


def _addresses(text: str, key: str) -> list[str]:
    # The library goes one call deeper with each comment and group.
    found = [] if text.count("(") + text.count(":") > _MAX_NESTING else [_address(*one) for one in getaddresses([text])]
    known = [address for address in found if address]
    if not known or len(known) < len(found):
        raise InvalidArguments(
            f"'{key}' holds something that is no mail address.",
            hint="Write ann@example.org or Ann Smith <ann@example.org>; a name with a comma goes into double quotes.",
        )
    return known


def _address(name: str, address: str) -> str:
    """Return one address as it stands in a header; empty if it is none."""
    local, _, domain = address.rpartition("@")
    if not _LOCAL.fullmatch(local) or len(local) > 64 or len(name) > MAX_TEXT_LENGTH:
        return ""
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError:
            return ""
    if not _DOMAIN.fullmatch(domain):
        return ""
    if not name:
        return f"{local}@{domain}"
    if name.isascii() and "=?" not in name and len(name) < _LONGEST_LINE // 2:
        shown = name if _PLAIN_NAME.fullmatch(name) else '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    else:
        shown = _encoded(name, 0)
    return f"{shown} <{local}@{domain}>"


def _message_ids(text: str, key: str) -> list[str]:
    ids = [f"<{one}>" if "@" in one and one[0] != "<" else one for one in text.replace(">", "> ").split()]
    if not all(_MESSAGE_ID.fullmatch(one) for one in ids):
        raise InvalidArguments(f"'{key}' holds something that is no message id.", hint="An id is <text@host>.")
    return ids


def _encoded(text: str, used: int) -> str:
    """Return text for a header: as it is where it is plain and short, else in encoded words (RFC 2047)."""
    if text.isascii() and "=?" not in text and len(text) + used <= 78 and text == text.strip():
        return text
    return Header(text, _UTF8, maxlinelen=75, header_name="Subject").encode(linesep="\r\n")


@dataclass(frozen=True, slots=True)
class _Attachment:
    data: bytes
    media_type: tuple[str, str]
    disposition: str

    def part(self) -> EmailMessage:
        part = EmailMessage(_POLICY)
        part.set_content(self.data, *self.media_type, cte="base64")
        del part["MIME-Version"]  # only the whole has it
        part["Content-Disposition"] = self.disposition
        return part


def _write_content(message: EmailMessage, given: Mapping[str, Any]) -> None:
    text, html = (text_input(given[key], f"'{key}'") if key in given else None for key in ("text", "html"))
    files = given.get("attachments", [])
    if not isinstance(files, list):
        raise InvalidArguments(f"'attachments' must be a list, not {kind_of(files)}.", hint="Give a list of files.")
    attachments = [_attachment(one) for one in files]
    boundary = _boundary(text, html, attachments)
    if html is None or text is not None:
        _write_text(message, text or "", "plain")
    else:
        _write_text(message, html, "html")
    if html is not None and text is not None:
        message.make_alternative(boundary=f"{boundary}_a")
        part = EmailMessage(_POLICY)
        _write_text(part, html, "html")
        del part["MIME-Version"]
        message.attach(part)
    if attachments:
        message.make_mixed(boundary=f"{boundary}_m")
        for attachment in attachments:
            message.attach(attachment.part())


def _write_text(part: EmailMessage, text: str, subtype: str) -> None:
    is_plain = text.isascii() and "\0" not in text and max(map(len, text.splitlines()), default=0) < _LONGEST_LINE
    # Not left to the library: its quoted-printable is slow, and 8bit is no mail that every relay takes.
    part.set_content(text, subtype=subtype, cte="7bit" if is_plain else "base64")


def _boundary(text: str | None, html: str | None, attachments: list[_Attachment]) -> str:
    """Return what can't stand in the content, being its digest; the library's own choice would be random."""
    digest = hashlib.sha256(repr((text, html)).encode())
    for attachment in attachments:
        digest.update(attachment.data)
    return f"=_{digest.hexdigest()[:40]}"


def _attachment(item: Any) -> _Attachment:
    if isinstance(item, File):
        item = {"file": item}
    if not isinstance(item, Mapping) or not isinstance(file := item.get("file"), File):
        raise InvalidArguments("An attachment must be a file.", hint="Give a file, or an object with `file`.")
    if unknown := sorted(str(key)[:40] for key in item if key not in ("file", "name", "media_type")):
        raise InvalidArguments(f"An attachment has no '{unknown[0]}'.", hint="Its keys: file, name, media_type.")
    name = item.get("name") or file.name or "attachment"
    media_type = _one_line(item.get("media_type") or file.media_type, "media_type")
    kind, _, subtype = (bare_media_type(media_type) or "").partition("/")
    # Base64, which any bytes need, is not allowed for messages and multiparts (RFC 2046 sections 5.1 and 5.2.1).
    is_known = kind not in ("", "message", "multipart")
    return _Attachment(file.data, (kind, subtype) if is_known else _UNKNOWN_TYPE, _disposition(_one_line(name, "name")))


def _disposition(name: str) -> str:
    """Return the header with a file name that is safe to write on any system."""
    safe = _UNSAFE_IN_NAMES.sub("_", name).strip(" .") or "attachment"
    stem, dot, extension = safe.rpartition(".")
    if len(safe.encode()) > _MAX_NAME_BYTES:
        extension = extension[:20] if dot else ""
        room = _MAX_NAME_BYTES - len(f".{extension}".encode())
        safe = (stem or safe).encode()[:room].decode("utf-8", "ignore") + (f".{extension}" if extension else "")
    if safe.isascii():
        return f'attachment; filename="{safe}"'
    return f"attachment;\r\n filename*={encode_rfc2231(safe, 'utf-8')}"
