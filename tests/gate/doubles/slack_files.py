"""Slack's files: announced, sent to an address of another host, completed; and fetched from there.

https://docs.slack.dev/messaging/working-with-files (uploading files, downloading).
"""

from __future__ import annotations

from typing import Any

from tests.gate.doubles.serving import Refused, Reply, Request, route
from tests.gate.doubles.slack import BOT, Slack, failed

FILES = "files.slack.com"
PLACE = "/upload/v1/CwABAAAAWgoAAZ"


class SlackWithFiles(Slack):
    """A workspace with one file; `kept` are the bytes of others by the id, `shared` how they were completed."""

    def __init__(self) -> None:
        super().__init__()
        self.announced: dict[str, Any] = {}
        self.kept: dict[str, bytes] = {}
        self.shared: list[dict[str, Any]] = []
        self.place = f"https://{FILES}{PLACE}"
        self.scopes += ",files:read,files:write"

    def check(self, request: Request) -> None:
        if request.host != FILES:
            super().check(request)
        elif request.path != PLACE and request.headers.get("authorization") != f"Bearer {BOT}":
            raise Refused(Reply(302, b"", {"location": "https://acme.slack.com/?redir=x"}))

    @route("POST", "/api/files.getUploadURLExternal")
    def announce(self, request: Request) -> Reply:
        if request.content_type != "application/x-www-form-urlencoded":
            return failed("invalid_arguments")
        asked = dict(request.form)
        if set(asked) - {"filename", "length", "alt_txt"} or not asked.get("filename"):
            return failed("invalid_arguments")
        self.announced = {"id": "F0NEW12345", "name": asked["filename"], "length": int(asked["length"])}
        return Reply(200, {"ok": True, "upload_url": self.place, "file_id": self.announced["id"]})

    @route("POST", PLACE, host=FILES)
    def take(self, request: Request) -> Reply:
        if len(request.body) != self.announced["length"]:
            return Reply(400, b"400 - size mismatch", {"content-type": "text/plain"})
        self.kept[self.announced["id"]] = request.body
        return Reply(200, f"OK - {len(request.body)}".encode(), {"content-type": "text/plain"})

    @route("POST", "/api/files.completeUploadExternal")
    def complete(self, request: Request) -> Reply:
        body = request.json
        if [one["id"] for one in body["files"]] != list(self.kept):
            return failed("file_not_found")
        self.shared.append(body)
        title = body["files"][0].get("title", self.announced["name"])
        made = {"id": self.announced["id"], "name": self.announced["name"], "title": title, "mimetype": "text/plain"}
        return Reply(
            200, {"ok": True, "files": [{**made, "permalink": "https://acme.slack.com/files/U01/F0NEW12345/a"}]}
        )

    @route("GET", "/api/files.info")
    def info(self, request: Request) -> Reply:
        if request.parameters.get("file") == "F0EXTERNAL":
            elsewhere = {"id": "F0EXTERNAL", "name": "Plan", "url_private": "https://docs.google.example/d/1"}
            return Reply(200, {"ok": True, "file": elsewhere})
        if request.parameters.get("file") != "F0HERE1234":
            return failed("file_not_found")
        address = f"https://{FILES}/files-pri/T01-F0HERE1234/download/notes.txt"
        return Reply(
            200, {"ok": True, "file": {"id": "F0HERE1234", "name": "notes.txt", "url_private_download": address}}
        )

    @route("GET", "/files-pri/T01-F0HERE1234/download/notes.txt", host=FILES)
    def give(self, request: Request) -> Reply:
        return Reply(200, "Grüße".encode(), {"content-type": "text/plain; charset=utf-8"})
