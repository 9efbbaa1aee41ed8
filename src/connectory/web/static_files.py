"""The static files: read once, named with a digest of what stands in them, so that a browser keeps them for a year."""

from __future__ import annotations

import functools
import gzip
import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOLDER = Path(__file__).parent / "static"
KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
KEPT = "public, max-age=31536000, immutable"
UNNAMED = "public, max-age=300"  # asked for without its digest: an old page, or a program


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file, as it is sent."""

    content: bytes
    packed: bytes
    kind: str
    digest: str


@functools.cache
def static_files() -> dict[str, StaticFile]:
    """Every file by its path below `static`. Reads them, the first time."""
    return {
        path.relative_to(FOLDER).as_posix(): _read(path) for path in sorted(FOLDER.rglob("*")) if path.suffix in KINDS
    }


def static_url(name: str) -> str:
    """The address of a file. Raises `KeyError` for one that there is not."""
    return f"/static/{name}?v={static_files()[name].digest}"


def static_routes() -> list[Route]:
    """The routes of all files; they are read now, so that no request waits for the disk."""
    return [Route(f"/static/{name}", partial(_send, file), methods=["GET"]) for name, file in static_files().items()]


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:16]
    return StaticFile(content, gzip.compress(content, mtime=0), KINDS[path.suffix], digest)


async def _send(file: StaticFile, request: Request) -> Response:
    is_named = request.query_params.get("v") == file.digest
    headers = {"Cache-Control": KEPT if is_named else UNNAMED, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, media_type=file.kind, headers={**headers, "Content-Encoding": "gzip"})
    return Response(file.content, media_type=file.kind, headers=headers)
