"""Google Drive: a query language, field masks, uploads in two related parts, downloads as bytes.

https://developers.google.com/workspace/drive/api/guides/search-files
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.gate.doubles.google import Google, failure
from tests.gate.doubles.multipart import parts_of
from tests.gate.doubles.serving import Refused, Reply, Request, one_page, route

HOST = "www.googleapis.com"
TEXT = r"'((?:[^'\\]|\\['\\])*)'"
CLAUSES = {
    "trashed": re.compile("trashed = (true|false)"),
    "name": re.compile(f"name contains {TEXT}"),
    "text": re.compile(f"fullText contains {TEXT}"),
    "mimeType": re.compile(f"mimeType = {TEXT}"),
    "parent": re.compile(f"{TEXT} in parents"),
    "since": re.compile(f"modifiedTime > {TEXT}"),
    "owner": re.compile(f"{TEXT} in owners"),
}
FIELD = re.compile(r"([A-Za-z]+)(?:\(([^()]*(?:\([^()]*\)[^()]*)*)\))?(?:,|$)")
FIRST = ("kind", "id", "name", "mimeType")  # what comes of a file where no fields are asked for
GOOGLES = "application/vnd.google-apps."


class Drive(Google):
    """Files by id, each as the API tells it; `content` is their bytes."""

    def __init__(self, *scopes: str) -> None:
        super().__init__(*scopes)
        self.files: dict[str, dict[str, Any]] = {}
        self.content: dict[str, bytes] = {}

    def add(self, id: str, name: str, content: bytes = b"", **more: Any) -> None:  # noqa: A002 - Drive's name
        """Put a file there."""
        known = {
            "kind": "drive#file", "id": id, "name": name, "mimeType": "text/plain", "size": str(len(content)),
            "createdTime": "2026-01-01T00:00:00.000Z", "modifiedTime": "2026-01-31T10:00:00.000Z", "parents": ["root"],
            "owners": [{"displayName": "Ann", "emailAddress": "ann@example.com"}], "webViewLink": f"https://d/{id}",
            "trashed": False,
        }  # fmt: skip
        self.files[id], self.content[id] = {**known, **more}, content

    @route("GET", "/drive/v3/about", host=HOST)
    def about(self, request: Request) -> Reply:
        """Whose Drive it is; the fields must be said."""
        if "fields" not in request.parameters:
            return failure(400, "INVALID_ARGUMENT", "The 'fields' parameter is required for this method.", "required")
        return Reply(200, {"user": {"displayName": "Ann", "emailAddress": "ann@example.com"}})

    @route("GET", "/drive/v3/files", host=HOST)
    def search(self, request: Request) -> Reply:
        """Files that a query finds; shared drives count only where they are asked for."""
        self.needs("drive", "drive.readonly", "drive.file", "drive.metadata.readonly")
        self.takes(
            request,
            {"q", "orderBy", "pageSize", "pageToken", "supportsAllDrives", "includeItemsFromAllDrives", "corpora"},
        )
        asked = request.parameters
        clauses = list(_clauses(asked.get("q", "")))
        shared = asked.get("supportsAllDrives") == asked.get("includeItemsFromAllDrives") == "true"
        found = [
            one
            for one in self.files.values()
            if all(self._holds(one, *clause) for clause in clauses) and (shared or "driveId" not in one)
        ]
        start = int(asked.get("pageToken", "~0").removeprefix("~"))
        page, following = one_page(found, start, self.size(request, "pageSize", 1000))
        token = {} if following is None else {"nextPageToken": f"~{following}"}
        whole = {"kind": "drive#fileList", "incompleteSearch": False, "files": page, **token}
        return Reply(200, _masked(whole, asked["fields"]) if "fields" in asked else _bare(whole))

    @route("GET", "/drive/v3/files/{id}", host=HOST)
    def get(self, request: Request, id: str) -> Reply:  # noqa: A002
        """What is known of a file, or with `alt=media` its bytes."""
        self.takes(request, {"supportsAllDrives", "acknowledgeAbuse"})
        file = self._file(id)
        if request.parameters.get("alt") != "media":
            self.needs("drive", "drive.readonly", "drive.file", "drive.metadata.readonly")
            return Reply(200, _masked(file, request.parameters.get("fields", ",".join(FIRST))))
        self.needs("drive", "drive.readonly", "drive.file")
        if file["mimeType"].startswith(GOOGLES):
            message = "Only files with binary content can be downloaded. Use Export with Docs Editors files."
            return failure(403, "PERMISSION_DENIED", message, "fileNotDownloadable")
        return Reply(200, self.content[id], {"Content-Type": file["mimeType"]})

    @route("GET", "/drive/v3/files/{id}/export", host=HOST)
    def export(self, request: Request, id: str) -> Reply:  # noqa: A002
        """A document of Google's own as another type."""
        self.needs("drive", "drive.readonly", "drive.file")
        self.takes(request, {"mimeType"})
        if not self._file(id)["mimeType"].startswith(GOOGLES):
            return failure(403, "PERMISSION_DENIED", "Export only supports Docs Editors files.", "fileNotExportable")
        return Reply(200, self.content[id], {"Content-Type": request.parameters["mimeType"]})

    @route("POST", "/upload/drive/v3/files", host=HOST)
    def upload(self, request: Request) -> Reply:
        """A new file: its metadata as JSON, then its bytes."""
        self.needs("drive", "drive.file")
        self.takes(request, {"supportsAllDrives"})
        parts = parts_of(request, "multipart/related")
        if request.parameters.get("uploadType") != "multipart" or len(parts) != 2:
            return failure(400, "INVALID_ARGUMENT", "Malformed multipart body.", "badContent")
        if parts[0].content_type != "application/json" or not parts[1].content_type:
            return failure(400, "INVALID_ARGUMENT", "Malformed multipart body.", "badContent")
        metadata = parts[0].json
        for parent in metadata.get("parents", []):
            self._file(parent)
        made = {"mimeType": parts[1].content_type, **metadata}
        self.add("new1", made.pop("name", "Untitled"), parts[1].data, **made)
        return Reply(200, _masked(self.files["new1"], request.parameters.get("fields", ",".join(FIRST))))

    def _file(self, id: str) -> dict[str, Any]:  # noqa: A002
        if id not in self.files:
            raise Refused(failure(404, "NOT_FOUND", f"File not found: {id}.", "notFound"))
        return self.files[id]

    def _holds(self, file: dict[str, Any], clause: str, value: str) -> bool:
        match clause:
            case "trashed":
                return bool(file["trashed"]) is (value == "true")
            case "name":  # of words by their beginning
                return any(file["name"][at:].startswith(value) for at in range(len(file["name"])))
            case "text":
                return value in f"{file['name']} {self.content[file['id']].decode()}"
            case "parent":
                return value in file["parents"]
            case "since":
                return str(file["modifiedTime"]) > value
            case "owner":
                return any(one["emailAddress"] == value for one in file["owners"])
        return bool(file[clause] == value)


def _clauses(query: str) -> Iterator[tuple[str, str]]:
    """The conditions of a query, unescaped; anything else is refused as Drive does."""
    at = 0
    while at < len(query):
        found = next(((name, hit) for name, one in CLAUSES.items() if (hit := one.match(query, at))), None)
        end = found[1].end() if found else 0
        if found is None or not (end == len(query) or query.startswith(" and ", end)):
            raise Refused(failure(400, "INVALID_ARGUMENT", "Invalid Value", "invalid"))
        yield found[0], re.sub(r"\\(.)", r"\1", found[1][1])
        at = end + len(" and ")


def _masked(value: Any, fields: str) -> Any:
    """Only the fields that are asked for, as in `id,owners(emailAddress)`."""
    if isinstance(value, list):
        return [_masked(one, fields) for one in value]
    kept: dict[str, Any] = {}
    at = 0
    while at < len(fields):
        found = FIELD.match(fields, at)
        if found is None:
            raise Refused(
                failure(400, "INVALID_ARGUMENT", f"Invalid field selection {fields[at:]}", "invalidParameter")
            )
        if found[1] in value:
            kept[found[1]] = value[found[1]] if found[2] is None else _masked(value[found[1]], found[2])
        at = found.end()
    return kept


def _bare(whole: dict[str, Any]) -> dict[str, Any]:
    return {**whole, "files": [_masked(one, ",".join(FIRST)) for one in whole["files"]]}
