"""A file that an answer is or holds: its bytes, its type, a name that is safe to write down (design 4.6, attack 41)."""

from __future__ import annotations

import mimetypes
import re
from email.message import Message
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from connectory.actions.converters.encoding import decode_base64
from connectory.actions.encoding import safe_file_name
from connectory.actions.expressions import evaluate
from connectory.actions.files import File
from connectory.actions.redaction import Redactor
from connectory.catalog.manifest import FileContent
from connectory.net.client import OutboundResponse
from connectory.net.headers import bare_media_type

NAME_CHARACTERS = 120
DEFAULT_MEDIA_TYPE = "application/octet-stream"
_TYPES = mimetypes.MimeTypes()  # as Python knows them, whatever the machine's own tables say


def file_of(response: OutboundResponse, redactor: Redactor, name: str | None) -> File:
    """Return the file. It is called as the provider says (RFC 6266), else `name`, else like its address ends."""
    last = unquote(PurePosixPath(urlsplit(response.url).path).name)
    found = _disposed_name(response.headers.get("content-disposition", "")) or name or last
    media_type = bare_media_type(response.headers.get("content-type", ""))
    return File(redactor.clean_bytes(response.body), media_type or DEFAULT_MEDIA_TYPE, _safe(found, redactor))


def file_inside(body: Any, content: FileContent, redactor: Redactor, name: str | None) -> File | None:
    """Return the file that a JSON answer holds, called as that says, else `name`; None where it holds no base64."""
    data = decode_base64(evaluate(content.data, body))
    if data is None:
        return None
    told = None if content.name is None else evaluate(content.name, body, redactor.clean)
    named = _safe(told if isinstance(told, str) and told.strip() else name or "", redactor)
    kind = None if content.media_type is None else evaluate(content.media_type, body, redactor.clean)
    media_type = bare_media_type(kind if isinstance(kind, str) else "") or _TYPES.guess_type(named or "")[0]
    return File(redactor.clean_bytes(data), media_type or DEFAULT_MEDIA_TYPE, named)


def _safe(name: str, redactor: Redactor) -> str | None:
    return _short(safe_file_name(str(redactor.clean(name)))) if name.strip() else None


def _disposed_name(disposition: str) -> str | None:
    """The file name of a Content-Disposition; `filename*` goes before `filename` (RFC 6266 section 4.3)."""
    if not disposition:
        return None
    header = Message()
    header["Content-Disposition"] = re.sub(r"[\r\n\0]", " ", disposition[:2000])
    # Typed as pairs of texts, but the value of `filename*` is charset, language and text (RFC 8187).
    parameters: list[tuple[str, Any]] = list(header.get_params([], "content-disposition"))
    names = [value for key, value in parameters if key.lower() == "filename"]
    extended = next((value for value in names if isinstance(value, tuple)), None)
    if extended is not None:
        return _decoded(extended[2], extended[0])
    return str(names[0]) if names else None


def _decoded(text: str, charset: str | None) -> str:
    """The text of an RFC 8187 value: `email` has undone the percent signs, byte by byte."""
    data = text.encode("latin-1", "replace")
    return data.decode("iso-8859-1" if (charset or "").lower() == "iso-8859-1" else "utf-8", "replace")


def _short(name: str) -> str:
    """A name cut in the middle, so that its suffix stays."""
    if len(name) <= NAME_CHARACTERS:
        return name
    suffix = PurePosixPath(name).suffix[:20]
    return name[: NAME_CHARACTERS - len(suffix)] + suffix
