"""Gmail's API: a list of bare ids, messages as trees of parts, mail sent as base64url (RFC 4648 section 5)."""

from __future__ import annotations

import base64
import re
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from tests.gate.doubles.google import Google, failure, object_of
from tests.gate.doubles.serving import Reply, Request, one_page, route

HOST = "gmail.googleapis.com"
BASE = "/gmail/v1/users/me"
PLAN = b"%PDF-1.7\xff\xfe\xfb>?"  # in base64 this has both characters that the alphabets differ in


class Gmail(Google):
    """One mailbox. `messages` are what it holds, the newest first; `sent` is every mail that was sent, as bytes."""

    def __init__(self, *scopes: str) -> None:
        super().__init__(*scopes)
        self.messages: list[dict[str, Any]] = []
        self.sent_mail: list[bytes] = []
        self.lost: set[str] = set()  # ids that stand in the list and are gone when they are asked for

    @route("GET", f"{BASE}/profile", host=HOST)
    def profile(self, request: Request) -> Reply:
        """Whose mailbox it is."""
        self.needs("gmail.readonly", "gmail.modify", "gmail.compose")
        return Reply(200, {"emailAddress": "ann@example.com", "messagesTotal": 3, "threadsTotal": 2, "historyId": "9"})

    @route("GET", f"{BASE}/messages", host=HOST)
    def list(self, request: Request) -> Reply:
        """Ids and nothing else; with nothing found, the list itself is missing."""
        self.needs("gmail.readonly", "gmail.modify")
        self.takes(request, {"q", "labelIds", "includeSpamTrash", "maxResults", "pageToken"})
        wanted = {value for name, value in request.query if name == "labelIds"}
        words = request.parameters.get("q", "")
        found = [one for one in self.messages if wanted <= set(one["labelIds"]) and words in one["snippet"]]
        page, following = one_page(found, _start(request), self.size(request, "maxResults", 500))
        ids = {"messages": [{"id": one["id"], "threadId": one["threadId"]} for one in page]} if page else {}
        more = {} if following is None else {"nextPageToken": f"{following:020d}"}
        return Reply(200, {**ids, **more, "resultSizeEstimate": len(found)})

    @route("GET", f"{BASE}/messages/{{id}}", host=HOST)
    def get(self, request: Request, id: str) -> Reply:  # noqa: A002 - the name of the path's parameter
        """One message; its tree of parts only in the format `full`."""
        self.needs("gmail.readonly", "gmail.modify")
        self.takes(request, {"format", "metadataHeaders"})
        found = next((one for one in self.messages if one["id"] == id and id not in self.lost), None)
        if found is None:
            return failure(404, "NOT_FOUND", "Requested entity was not found.", "notFound")
        is_full = request.parameters.get("format", "full") == "full"
        return Reply(200, found if is_full else {key: value for key, value in found.items() if key != "payload"})

    @route("GET", f"{BASE}/messages/{{message}}/attachments/{{id}}", host=HOST)
    def attachment(self, request: Request, message: str, id: str) -> Reply:  # noqa: A002 - as above
        """The bytes of an attached file, in base64url inside JSON; its name and type stand in the message alone."""
        self.needs("gmail.readonly", "gmail.modify")
        self.takes(request, ())
        if id != "ANGjdJ8" or message not in {one["id"] for one in self.messages}:
            return failure(400, "INVALID_ARGUMENT", "Invalid attachment token", "invalidArgument")
        return Reply(200, {"size": len(PLAN), "data": base64.urlsafe_b64encode(PLAN).decode()})

    @route("POST", f"{BASE}/messages/send", host=HOST)
    def send(self, request: Request) -> Reply:
        """Send what stands in `raw`; somebody must get it."""
        self.needs("gmail.send", "gmail.modify")
        self.takes(request, ())
        body = object_of(request, {"raw", "threadId"})
        if not re.fullmatch(r"[A-Za-z0-9_-]+={0,2}", body.get("raw", "")):
            return failure(
                400, "INVALID_ARGUMENT", "'raw' RFC822 payload message string is required.", "invalidArgument"
            )
        mail = base64.urlsafe_b64decode(body["raw"] + "=" * (-len(body["raw"]) % 4))
        parsed: EmailMessage = BytesParser(EmailMessage, policy=policy.default).parsebytes(mail)
        if not parsed["to"].addresses or parsed.defects:
            return failure(400, "INVALID_ARGUMENT", "Recipient address required", "invalidArgument")
        self.sent_mail.append(mail)
        thread = body.get("threadId", "18f0000000000001")
        return Reply(200, {"id": "18f0000000000001", "threadId": thread, "labelIds": ["SENT"]})


def message(
    number: str,
    subject: str,
    text: str,
    *,
    html: str = "",
    labels: tuple[str, ...] = ("INBOX",),
    more: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A message as Gmail gives it in full: plain text, HTML beside it where there is some, and an attached file.

    `more`: further headers, and others in place of its own.
    """
    parts = [_part("text/plain", text)]
    parts += [_part("text/html", html)] if html else []
    attached = {
        "partId": "2", "mimeType": "application/pdf", "filename": "plan.pdf", "headers": [],
        "body": {"attachmentId": "ANGjdJ8", "size": 4096},
    }  # fmt: skip
    headers = {
        "From": "Bob <bob@example.com>", "To": "ann@example.com", "Subject": subject,
        "Date": "Sat, 31 Jan 2026 10:00:00 +0100", "Message-ID": f"<{number}@mail.example.com>", **(more or {}),
    }  # fmt: skip
    return {
        "id": number, "threadId": f"t{number}", "labelIds": list(labels), "snippet": text[:40], "historyId": "9",
        "internalDate": "1769850000000", "sizeEstimate": 5000,
        "payload": {
            "mimeType": "multipart/mixed", "filename": "", "body": {"size": 0},
            "headers": [{"name": name, "value": value} for name, value in headers.items()],
            "parts": [*parts, attached],
        },
    }  # fmt: skip


def _part(media_type: str, text: str) -> dict[str, Any]:
    data = base64.urlsafe_b64encode(text.encode()).decode()
    headers = [{"name": "Content-Type", "value": f"{media_type}; charset=UTF-8"}]
    return {"mimeType": media_type, "filename": "", "headers": headers, "body": {"size": len(text), "data": data}}


def _start(request: Request) -> int:
    return int(request.parameters.get("pageToken", "0"))
