"""Jira's attachments: form data whose part is called `file`, and a header that says it is no forged form.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-attachments/
"""

from __future__ import annotations

from tests.gate.doubles.jira import CLOUD, GATEWAY, SITE, Jira, failed
from tests.gate.doubles.multipart import Part, parts_of
from tests.gate.doubles.serving import Refused, Reply, Request, route

MOST = 10_000  # bytes; a real site takes 1 GB


class JiraWithAttachments(Jira):
    """Jira, and what was attached to its issues, by their keys."""

    def __init__(self) -> None:
        super().__init__()
        self.attached: dict[str, list[Part]] = {}

    def check(self, request: Request) -> None:
        """A form comes from a browser, unless the header says otherwise."""
        if not request.path.endswith("/attachments"):
            super().check(request)
        elif request.headers.get("x-atlassian-token") != "no-check":
            raise Refused(Reply(403, b"XSRF check failed", {"content-type": "text/html"}))

    @route("POST", "/rest/api/3/issue/{key}/attachments", host=SITE)
    @route("POST", f"/ex/jira/{CLOUD}/rest/api/3/issue/{{key}}/attachments", host=GATEWAY)
    def attach(self, request: Request, key: str) -> Reply:
        """Keep every part that is a file."""
        if key not in {one["key"] for one in self.issues}:
            return failed(404, "Issue does not exist or you do not have permission to see it.")
        files = [one for one in parts_of(request, "multipart/form-data") if one.name == "file" and one.file_name]
        if not files:
            return failed(400, "No file was attached.")
        if any(len(one.data) > MOST for one in files):
            return failed(413, f"The file is larger than {MOST} bytes.")
        self.attached.setdefault(key, []).extend(files)
        return Reply(
            200,
            [
                {
                    "id": str(10_000 + number), "filename": one.file_name, "mimeType": one.content_type,
                    "size": len(one.data), "author": {"accountId": "5b10ac8d", "displayName": "Ann Lee"},
                    "created": "2026-01-31T10:00:00.000+0000",
                }
                for number, one in enumerate(files)
            ],
        )  # fmt: skip
