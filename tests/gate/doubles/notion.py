"""Notion's API: pages made of blocks in blocks, a required version header, cursors in query or body.

https://developers.notion.com/reference/ (versioning, pagination, status codes, request limits).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.gate.doubles.serving import Double, Refused, Reply, Request, one_page, route

TOKEN = "ntn_123456"
PAGE, PRIVATE = "59833787-2cf9-4fdf-8782-e53db20768a5", "00000000-0000-4000-8000-00000000dead"
UPLOAD = "b52b8ed6-e029-4707-a671-832549c09de3"
TABLE = "248104cd-477e-80af-bc30-000bd28de8f9"
REQUEST_ID = "9f2f1a4e-0000-4000-8000-000000000001"
LONGEST_TEXT = 2000  # characters of one rich text


def failed(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Reply:
    """An error as Notion tells it."""
    body = {"object": "error", "status": status, "code": code, "message": message, "request_id": REQUEST_ID}
    return Reply(status, body, headers or {})


class Notion(Double):
    """One workspace with one page; `children` are blocks by the id of what has them, `found` a table's rows too."""

    def __init__(self) -> None:
        super().__init__()
        self.children: dict[str, list[dict[str, Any]]] = {PAGE: []}
        self.found: list[dict[str, Any]] = []
        self.markdown: dict[str, str] = {}
        self.uploads: dict[str, bytes] = {}

    def check(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refused(failed(401, "unauthorized", "API token is invalid."))
        version = request.headers.get("notion-version")
        if version is None:
            raise Refused(failed(400, "missing_version", "Notion-Version header failed validation."))
        if version not in ("2025-09-03", "2026-03-11"):
            raise Refused(failed(400, "validation_error", f"Notion-Version {version} is not a version."))
        kinds = ("application/json", "multipart/form-data") if request.path.endswith("/send") else ("application/json",)
        if request.body and request.content_type not in kinds:
            raise Refused(failed(400, "invalid_json", "Error parsing JSON body."))

    def unknown(self, request: Request) -> Reply:
        return failed(400, "invalid_request_url", "Invalid request URL.")

    @route("GET", "/v1/users/me")
    def who(self, request: Request) -> Reply:
        bot = {"owner": {"type": "workspace", "workspace": True}, "workspace_name": "Acme"}
        return Reply(200, {"object": "user", "id": "16d84278", "name": "Connectory", "type": "bot", "bot": bot})

    @route("POST", "/v1/search")
    def search(self, request: Request) -> Reply:
        body = request.json
        _only(body, "query", "sort", "filter", "start_cursor", "page_size")
        if "filter" in body and body["filter"] not in (
            {"property": "object", "value": "page"}, {"property": "object", "value": "data_source"}
        ):  # fmt: skip
            raise _invalid("body.filter.value should be `page` or `data_source`")
        return _listed(self.found, body.get("start_cursor"), body.get("page_size", 100), "page_or_data_source")

    @route("GET", "/v1/pages/{page}")
    def page(self, request: Request, page: str) -> Reply:
        return Reply(200, page_object(self._known(page)))

    @route("GET", "/v1/blocks/{block}/children")
    def read(self, request: Request, block: str) -> Reply:
        asked = request.parameters
        _only(asked, "start_cursor", "page_size")
        children = self.children[self._known(block)]
        return _listed(children, asked.get("start_cursor"), int(asked.get("page_size", "100")), "block")

    @route("POST", "/v1/file_uploads")
    def announce(self, request: Request) -> Reply:
        body = request.json
        _only(body, "mode", "filename", "content_type")
        if body.get("mode") != "single_part" or not body.get("filename"):
            raise _invalid("body.filename should be defined")
        self.uploads[UPLOAD] = b""
        return Reply(200, {"object": "file_upload", "id": UPLOAD, "status": "pending", "filename": body["filename"]})

    @route("POST", "/v1/file_uploads/{upload}/send")
    def take(self, request: Request, upload: str) -> Reply:
        if request.content_type != "multipart/form-data" or upload not in self.uploads:
            raise _invalid("body.file should be defined")
        self.uploads[upload] = request.body
        return Reply(200, {"object": "file_upload", "id": upload, "status": "uploaded"})

    @route("PATCH", "/v1/blocks/{block}/children")
    def append(self, request: Request, block: str) -> Reply:
        body = request.json
        _only(body, "children")
        [child] = body["children"]
        _only(child, "type", "file")
        _only(child["file"], "type", "file_upload", "name", "caption")
        if not self.uploads.get(child["file"]["file_upload"]["id"]):
            raise _invalid("body.children[0].file.file_upload.id has no content")
        self._known(block)
        made = {**child, "object": "block", "id": block_id(1), "has_children": False}
        return Reply(200, {"object": "list", "results": [made], "next_cursor": None, "has_more": False})

    @route("PATCH", "/v1/pages/{page}/markdown")
    def write(self, request: Request, page: str) -> Reply:
        body = request.json
        _only(body, "type", "insert_content")
        _only(body["insert_content"], "content", "position")
        if body["insert_content"]["position"] != {"type": "end"}:
            raise _invalid("body.insert_content.position should be start or end")
        known = self._known(page)
        self.markdown[known] = f"{self.markdown.get(known, '')}\n{body['insert_content']['content']}"
        told = {"markdown": self.markdown[known], "truncated": False, "unknown_block_ids": []}
        return Reply(200, {"object": "page_markdown", "id": known, **told})

    @route("POST", "/v1/data_sources/{table}/query")
    def query(self, request: Request, table: str) -> Reply:
        body = request.json
        _only(body, "filter", "sorts", "in_trash", "start_cursor", "page_size")
        if table != TABLE:
            raise Refused(failed(404, "object_not_found", f"Could not find data source with ID: {table}."))
        return _listed(self.found, body.get("start_cursor"), body.get("page_size", 100), "page_or_data_source")

    @route("POST", "/v1/pages")
    def create(self, request: Request) -> Reply:
        body = request.json
        _only(body, "parent", "properties", "markdown", "icon")
        if len(set(body.get("parent", {})) & {"page_id", "data_source_id"}) != 1:
            raise _invalid("body.parent is no parent")
        if body["parent"].get("data_source_id") != TABLE:
            self._known(body["parent"]["page_id"])
        _rich_text(body["properties"]["title"]["title"])
        return Reply(200, {**page_object(PAGE), "id": "new-page", "url": "https://www.notion.so/new"})

    def _known(self, block: str) -> str:
        try:
            known = str(UUID(block))
        except ValueError:
            raise _invalid(f"path.block_id should be a valid uuid, instead was `{block}`.") from None
        if known not in self.children:
            message = f"Could not find block with ID: {known}. Make sure the relevant pages are shared with it."
            raise Refused(failed(404, "object_not_found", message))
        return known


def block(number: int, kind: str = "paragraph", text: str = "", **more: Any) -> dict[str, Any]:
    """A block as the API gives it; `more` goes into the member of its kind, `has_children` beside it."""
    has_children = bool(more.pop("has_children", False))
    content = {"rich_text": [rich_text(part) for part in text.split("|")], **more} if text else more
    meta = {"object": "block", "created_time": "2026-01-31T00:00:00.000Z", "in_trash": False}
    made_by = {"object": "user", "id": "u1"}
    own = {"id": block_id(number), "created_by": made_by, "has_children": has_children}
    return {**meta, **own, "type": kind, kind: content}


def block_id(number: int) -> str:
    """The id of a block of the test."""
    return f"00000000-0000-4000-8000-{number:012d}"


def rich_text(text: str) -> dict[str, Any]:
    """A rich text as the API gives it."""
    return {"type": "text", "text": {"content": text, "link": None}, "plain_text": text, "href": None}


def page_object(page: str, title: str = "Roadmap") -> dict[str, Any]:
    """A page as the API gives it."""
    properties = {
        "Status": {"id": "abc", "type": "select", "select": {"name": "Open"}},
        "Name": {"id": "title", "type": "title", "title": [rich_text(title)]},
    }
    return {
        "object": "page", "id": page, "created_time": "2026-01-30T00:00:00.000Z", "in_trash": False,
        "last_edited_time": "2026-01-31T00:00:00.000Z", "parent": {"type": "workspace", "workspace": True},
        "properties": properties, "url": f"https://www.notion.so/{page.replace('-', '')}",
    }  # fmt: skip


def _listed(items: list[dict[str, Any]], cursor: str | None, size: int, kind: str) -> Reply:
    if not 1 <= size <= 100:
        raise _invalid("page_size should be ≤ 100")
    start = int((cursor or "c-0").removeprefix("c-"))
    page, following = one_page(items, start, size)
    after = None if following is None else f"c-{following}"
    return Reply(
        200, {"object": "list", "results": page, "next_cursor": after, "has_more": after is not None, "type": kind}
    )


def _rich_text(texts: list[dict[str, Any]]) -> None:
    """`richTextRequest`: a text, nothing else, of at most 2000 characters; at most 100 of them."""
    if len(texts) > 100:
        raise _invalid("rich_text should be an array of at most 100")
    for one in texts:
        _only(one, "type", "text")
        _only(one["text"], "content", "link")
        if len(one["text"]["content"]) > LONGEST_TEXT:
            raise _invalid(f"rich_text[0].text.content.length should be ≤ `{LONGEST_TEXT}`")


def _only(given: Any, *names: str) -> None:
    if not isinstance(given, dict) or set(given) - set(names):
        raise _invalid(f"body failed validation: {sorted(set(given) - set(names))} should be not present")


def _invalid(message: str) -> Refused:
    return Refused(failed(400, "validation_error", message))
