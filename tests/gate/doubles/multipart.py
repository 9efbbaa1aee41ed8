"""Take multipart bodies apart, byte by byte and strictly (RFC 2046 section 5.1.1), as a provider does."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from email.message import Message
from typing import Any

from tests.gate.doubles.serving import Refused, Reply, Request

BOUNDARY = re.compile(r'boundary="?([^";]{1,70})"?')


@dataclass(frozen=True)
class Part:
    """One part: its headers by lower-case name, and its bytes as they came."""

    headers: dict[str, str]
    data: bytes

    @property
    def content_type(self) -> str:
        """Its media type, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0]

    @property
    def json(self) -> Any:
        """Its bytes as JSON."""
        return json.loads(self.data)

    @property
    def name(self) -> str | None:
        """The field of form data that it is (RFC 7578 section 4.2)."""
        return self._disposed("name")

    @property
    def file_name(self) -> str | None:
        """What the file is called."""
        return self._disposed("filename")

    def _disposed(self, name: str) -> str | None:
        message = Message()
        message["content-disposition"] = self.headers.get("content-disposition", "")
        found = message.get_param(name, header="content-disposition")
        return found if isinstance(found, str) else None


def parts_of(request: Request, media_type: str) -> list[Part]:
    """The parts of a body of this type. Raises `Refused` where it is none."""
    boundary = BOUNDARY.search(request.headers.get("content-type", ""))
    if request.content_type != media_type or boundary is None:
        raise Refused(Reply(415, {"message": f"Content-Type is {request.headers.get('content-type')}"}))
    first, *pieces, last = (b"\r\n" + request.body).split(f"\r\n--{boundary[1]}".encode())
    if first or last != b"--\r\n" or not all(piece.startswith(b"\r\n") for piece in pieces):
        raise Refused(Reply(400, {"message": "Malformed multipart body."}))
    return [_part(piece[2:]) for piece in pieces]


def _part(piece: bytes) -> Part:
    head, _, data = piece.partition(b"\r\n\r\n")
    lines = (line.partition(":") for line in head.decode("utf-8").split("\r\n"))
    return Part({name.strip().lower(): value.strip() for name, _, value in lines}, data)
