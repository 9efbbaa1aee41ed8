"""Write a filled body in one of the encodings (design 4.2). Pure: a tree in, bytes and their Content-Type out."""

from __future__ import annotations

import json
import secrets
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from connectory.actions.files import File
from connectory.actions.filling import as_pairs
from connectory.actions.hidden import UNSEEN
from connectory.actions.scalars import as_text, is_single
from connectory.errors import InvalidArguments, ManifestInvalid
from connectory.net.headers import is_media_type

DEEPEST = 20  # levels of a form with brackets; deeper is no form that a provider reads
FILE_NAME = "file"  # of a file that came without one: providers tell a file from a field by it


@dataclass(frozen=True, slots=True)
class Encoded:
    """A body as it is sent; both are None where there is none."""

    content_type: str | None = None
    data: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a multipart body; only form data has names."""

    data: bytes
    media_type: str | None
    name: str = ""
    file_name: str | None = None


def encode(
    encoding: str,
    tree: Any,
    content_type: str | None = None,
    *,
    make_boundary: Callable[[], str] = lambda: secrets.token_hex(16),
) -> Encoded:
    """Write `tree`; None is no body. `content_type` stands in place of the encoding's own.

    Raises `InvalidArguments` on what the encoding cannot hold.
    """
    if tree is None:
        return Encoded()
    match encoding:
        case "form":
            encoded = Encoded("application/x-www-form-urlencoded", urlencode(as_pairs(_members(tree))).encode())
        case "form_brackets":
            pairs = [pair for name, value in _members(tree).items() for pair in _bracketed(str(name), value, DEEPEST)]
            encoded = Encoded("application/x-www-form-urlencoded", urlencode(pairs).encode())
        case "multipart":
            return _form_data(list(_fields(_members(tree))), content_type or "multipart/form-data", make_boundary)
        case "multipart_related":
            return _related(list(_parts(tree)), content_type or "multipart/related", make_boundary)
        case "raw":
            encoded = _raw(tree)
        case _:
            encoded = Encoded("application/json", to_json(tree))
    return Encoded(content_type or encoded.content_type, encoded.data)


def to_json(tree: Any) -> bytes:
    """Write JSON. Raises `InvalidArguments` on what JSON cannot spell, and on endless nesting."""
    try:
        return json.dumps(tree, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_refuse).encode()
    except RecursionError:
        raise InvalidArguments("The body is nested too deeply.", hint="Send less at a time.") from None
    except UnicodeEncodeError:
        raise InvalidArguments(
            "A text holds half of a character (a lone surrogate).", hint="Send whole ones."
        ) from None
    except ValueError:
        raise InvalidArguments("A number is infinite, or none at all.", hint="Give finite numbers.") from None


def readable(tree: Any) -> Any:
    """Return a filled tree for a reader: JSON, with each file's name, type and size in the place of its bytes."""
    if isinstance(tree, File):
        return {"file": safe_file_name(tree.name), "media_type": tree.media_type, "bytes": len(tree.data)}
    if isinstance(tree, bytes):
        return {"bytes": len(tree)}
    if isinstance(tree, Mapping):
        return {key: readable(value) for key, value in tree.items()}
    return [readable(value) for value in tree] if isinstance(tree, list) else tree


def safe_file_name(name: str | None) -> str:
    """Return the last part of a file's name, control characters as `_`: it stands in a header (attack 62)."""
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    text = "".join("_" if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp") else one for one in last)
    text = UNSEEN.sub("_", text).strip()
    return FILE_NAME if text in ("", ".", "..") else text


def _members(tree: Any) -> Mapping[str, Any]:
    if not isinstance(tree, Mapping):
        raise InvalidArguments("The body must be an object: a form has names.", hint="Give an object.")
    return tree


def _bracketed(key: str, value: Any, levels: int) -> Iterator[tuple[str, str]]:
    """`a[b][0]=c`; an empty list or object is an empty value, which is how such providers clear one."""
    if isinstance(value, Mapping | list) and value:
        if levels == 0:
            raise InvalidArguments(f"'{key[:60]}' is nested too deeply.", hint=f"At most {DEEPEST} levels can be sent.")
        members = value.items() if isinstance(value, Mapping) else enumerate(value)
        for name, member in members:
            if name == "" or set("[]") & set(str(name)):
                raise InvalidArguments(
                    f"A name below '{key[:60]}' is empty or holds a bracket.", hint="Name it without brackets."
                )
            yield from _bracketed(f"{key}[{name}]", member, levels - 1)
    elif isinstance(value, Mapping | list):
        yield key, ""
    elif is_single(value):
        yield key, as_text(value)
    else:
        raise InvalidArguments(f"'{key[:60]}' takes no file.", hint="Give a text, number, boolean, list or object.")


def _fields(tree: Mapping[str, Any]) -> Iterator[_Part]:
    """The parts of form data: a list repeats its name (RFC 7578 section 4.3)."""
    for key, value in tree.items():
        name = str(key)
        if any(unicodedata.category(one) == "Cc" for one in name):
            raise InvalidArguments("A field's name holds a control character.", hint="Remove it.")
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, File):
                yield _Part(item.data, _media_type(item.media_type), name, safe_file_name(item.name))
            elif isinstance(item, bytes):
                yield _Part(item, None, name)
            elif is_single(item):
                yield _Part(as_text(item).encode(), None, name)
            else:
                yield _Part(to_json(item), "application/json", name)


def _parts(tree: Any) -> Iterator[_Part]:
    """The parts of `multipart/related`; one whose content was not given falls away."""
    if not isinstance(tree, list):
        raise ManifestInvalid("The body of `multipart_related` is no list of parts.", hint="Write a list of `content`.")
    for part in tree:
        if not isinstance(part, Mapping) or not part.keys() <= {"content_type", "content"}:
            raise ManifestInvalid(
                "A part of `multipart_related` is more than `content_type` and `content`.", hint="Keep to these."
            )
        if "content" in part:
            own = _content(part["content"])
            said = part.get("content_type")
            yield _Part(own.data or b"", _media_type(str(said)) if said is not None else own.content_type)


def _content(value: Any) -> Encoded:
    """What stands alone, in a type of its own: a file, a text, or JSON."""
    return Encoded("application/json", to_json(value)) if isinstance(value, Mapping | list) else _raw(value)


def _raw(value: Any) -> Encoded:
    if isinstance(value, File):
        return Encoded(_media_type(value.media_type), value.data)
    if isinstance(value, bytes):
        return Encoded("application/octet-stream", value)
    if not is_single(value):
        raise InvalidArguments("The body is one text or one file.", hint="Give no object and no list.")
    return Encoded("text/plain; charset=utf-8", as_text(value).encode())


def _form_data(parts: list[_Part], content_type: str, make_boundary: Callable[[], str]) -> Encoded:
    """By httpx2's encoder, which escapes names as browsers do (WHATWG HTML, "multipart/form-data encoding")."""
    import httpx2  # loads in a moment that most calls need not spend

    boundary = _free_boundary(parts, make_boundary)
    request = httpx2.Request(
        "POST",
        "https://localhost",
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        files=[(part.name, _file_field(part)) for part in parts],
    )
    # Without a part, httpx2 writes nothing; the end alone is a form with no fields.
    data = request.read() if parts else f"--{boundary}--\r\n".encode()
    return Encoded(f"{content_type}; boundary={boundary}", data)


def _file_field(part: _Part) -> tuple[str | None, bytes] | tuple[str | None, bytes, str]:
    """Without a type none is written; httpx2 would guess one from a name alone."""
    return (part.file_name, part.data) if part.media_type is None else (part.file_name, part.data, part.media_type)


def _related(parts: list[_Part], content_type: str, make_boundary: Callable[[], str]) -> Encoded:
    """RFC 2387: the first part is the root, and its type stands in `type`."""
    if not parts:
        raise InvalidArguments("Nothing was given for the body.", hint="Give what it is to be made of.")
    boundary = _free_boundary(parts, make_boundary)
    written = [f"--{boundary}\r\nContent-Type: {part.media_type}\r\n\r\n".encode() + part.data for part in parts]
    root = str(parts[0].media_type).partition(";")[0].strip()
    end = f"\r\n--{boundary}--\r\n".encode()
    return Encoded(f'{content_type}; boundary={boundary}; type="{root}"', b"\r\n".join(written) + end)


def _free_boundary(parts: list[_Part], make_boundary: Callable[[], str]) -> str:
    """A boundary that stands in no part (RFC 2046 section 5.1.1), whatever a caller knows of our random numbers."""
    while True:
        boundary = make_boundary()
        if not any(boundary.encode() in part.data for part in parts):
            return boundary


def _media_type(text: str) -> str:
    """A file's type is its giver's word, and stands in a header."""
    if not is_media_type(text):
        raise InvalidArguments(f"{text[:60]!r} is no media type.", hint="Write it like image/png or text/csv.")
    return text


def _refuse(value: Any) -> Any:
    """What `json` calls for a value that is none of JSON's: a file, or bytes a converter made."""
    del value
    raise ManifestInvalid(
        "A file stands in a body that is JSON.", hint="Put it through `convert: base64` in the manifest."
    )
