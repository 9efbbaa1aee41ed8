"""Files that an agent gives to an action: a kept result, a text, or base64 (design 4.5). Never a path of our disk.

What a caller names is a handle of this principal or content; nothing is opened by name, so nothing can be (attack 41).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from connectory.actions.files import File
from connectory.catalog.manifest import Input
from connectory.errors import InvalidArguments, UnknownResult
from connectory.identity.principal import Principal
from connectory.vault.entities import KeptResult, ResultId
from connectory.vault.results import KeptResults

MAX_GIVEN_BYTES = 1_000_000  # of base64 or text in a call; more comes as a kept result
MOST_SHOWN = 200  # characters of content that a person who confirms the call reads
SOURCES = ("result", "text", "base64")
JSON = "application/json"


class GivenFiles:
    """Turns what stands in the arguments of a call into files."""

    def __init__(self, kept: KeptResults) -> None:
        self._kept = kept

    async def resolve(
        self, principal: Principal, specs: Mapping[str, Input], inputs: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return the inputs with a `File` in each place of a file.

        Raises `InvalidArguments` for content that is none, `UnknownResult` for a handle of somebody else.
        """
        if not any(is_file(spec) for spec in specs.values()):
            return inputs
        found = dict(inputs)
        for name, value in inputs.items():
            spec = specs[name]
            if spec.type == "file":
                found[name] = await self._one(principal, name, value)
            elif is_file(spec):
                found[name] = [await self._one(principal, f"{name}.{at}", item) for at, item in enumerate(value)]
        return found

    async def _one(self, principal: Principal, name: str, given: Mapping[str, Any]) -> File:
        named = [source for source in SOURCES if source in given]
        if len(named) != 1:
            raise InvalidArguments(
                f"'{name}' needs exactly one of {', '.join(SOURCES)}.",
                hint="Give `result` with the handle of a kept result (rs_...), or the content as `text` or `base64`.",
            )
        source = named[0]
        if source == "result":
            kept = await self._find(principal, given["result"])
            return _kept_file(kept, given.get("name"), given.get("media_type"))
        data = given["text"].encode() if source == "text" else _decoded(name, given["base64"])
        if len(data) > MAX_GIVEN_BYTES:
            raise InvalidArguments(
                f"'{name}' holds {len(data):,} bytes; a call carries at most {MAX_GIVEN_BYTES:,}.",
                hint="A larger file must come from an action that gives one: pass its handle as `result`.",
            )
        usual = "text/plain" if source == "text" else "application/octet-stream"
        return File(data, given.get("media_type") or usual, given.get("name"))

    async def _find(self, principal: Principal, handle: str) -> KeptResult:
        kept = await self._kept.get(principal.workspace_id, principal.user_id, principal.token_id, ResultId(handle))
        if kept is None:
            raise UnknownResult(handle)
        return kept


def is_file(spec: Input) -> bool:
    """Whether the input is a file, or a list of them."""
    return spec.type == "file" or (spec.items is not None and spec.items.type == "file")


def shown_file(value: Any) -> Any:
    """What a person reads of a file who confirms the call: long content as its size and digest, which bind the yes."""
    if isinstance(value, list):
        return [shown_file(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    shown = dict(value)
    for source in ("text", "base64"):
        content = shown.get(source)
        if isinstance(content, str) and len(content) > MOST_SHOWN:
            digest = hashlib.sha256(content.encode()).hexdigest()
            shown[source] = f"{len(content):,} characters, SHA-256 {digest}"
    return shown


def _kept_file(kept: KeptResult, name: str | None, media_type: str | None) -> File:
    """A kept answer that is no file goes as the JSON it is."""
    usual_name = kept.file_name if kept.media_type else "result.json"
    return File(kept.body, media_type or kept.media_type or JSON, name or usual_name)


def _decoded(name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidArguments(
            f"'{name}' is not base64.", hint="Encode the bytes as RFC 4648 says, or give plain text as `text`."
        ) from None
