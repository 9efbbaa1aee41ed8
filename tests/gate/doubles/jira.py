"""Jira Cloud's REST API 3, at the site by basic and at the gateway by token: documents, JQL, tokens for pages.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/ (issue search by /search/jql, issues, errors).
"""

from __future__ import annotations

import base64
import re
from typing import Any

from tests.gate.doubles.serving import Double, Refused, Reply, Request, one_page, route

SITE, GATEWAY = "acme.atlassian.net", "api.atlassian.com"
CLOUD = "11223344-a1b2-3b33-c444-def123456789"
EMAIL, API_TOKEN, ACCESS_TOKEN = "ann@acme.example", "ATATT3x-secret", "eyJ-access"
# A clause: field, operator, and a value in quotes with its escapes, or bare.
_CLAUSE = re.compile(r"""\w+ (?:=|~|>=) (?:"(?:[^"\\]|\\["\\])*"|[\w.-]+)""")
_NODES = {"doc", "paragraph", "text", "heading", "bulletList", "orderedList", "listItem", "codeBlock", "hardBreak",
          "blockquote", "rule"}  # fmt: skip


def failed(status: int, *messages: str, **errors: str) -> Reply:
    """An error as Jira tells it."""
    return Reply(status, {"errorMessages": list(messages), "errors": errors})


class Jira(Double):
    """One site with one project, ENG."""

    def __init__(self) -> None:
        super().__init__()
        self.issues = [issue(n) for n in range(1, 6)]
        self.scopes = {"read:jira-work", "write:jira-work", "read:jira-user"}

    def check(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        if request.host == SITE and given != f"Basic {base64.b64encode(f'{EMAIL}:{API_TOKEN}'.encode()).decode()}":
            words = b"Client must be authenticated to access this resource."
            raise Refused(Reply(401, words, {"content-type": "text/plain"}))
        if request.host == GATEWAY and given != f"Bearer {ACCESS_TOKEN}":
            raise Refused(Reply(401, {"code": 401, "message": "Unauthorized"}))
        if request.body and request.content_type != "application/json":
            raise Refused(Reply(415, {"errorMessages": ["Unsupported Media Type"]}))

    def unknown(self, request: Request) -> Reply:
        return Reply(404, {"message": "null for uri: " + request.path, "status-code": 404})

    @route("GET", "/rest/api/3/myself", host=SITE)
    @route("GET", f"/ex/jira/{CLOUD}/rest/api/3/myself", host=GATEWAY)
    def who(self, request: Request) -> Reply:
        self._needs(request, "read:jira-user")
        return Reply(200, {"accountId": "5b10ac8d", "displayName": "Ann Lee", "emailAddress": EMAIL, "active": True})

    @route("POST", "/rest/api/3/search/jql", host=SITE)
    @route("POST", f"/ex/jira/{CLOUD}/rest/api/3/search/jql", host=GATEWAY)
    def search(self, request: Request) -> Reply:
        self._needs(request, "read:jira-work")
        body = request.json
        if set(body) - {"jql", "fields", "maxResults", "nextPageToken", "expand"}:
            return failed(400, "Invalid request payload. Refer to the REST API documentation and try again.")
        self._check_jql(body.get("jql", ""))
        start = int(body.get("nextPageToken", "token-0").removeprefix("token-"))
        page, following = one_page(self.issues, start, body.get("maxResults", 50))
        wanted = set(body.get("fields", ["id"]))
        shown = [
            {**one, "fields": {name: value for name, value in one["fields"].items() if name in wanted}} for one in page
        ]
        after = {} if following is None else {"nextPageToken": f"token-{following}"}
        return Reply(200, {"issues": shown, "isLast": following is None, **after})

    @route("GET", "/rest/api/3/issue/{key}", host=SITE)
    def get(self, request: Request, key: str) -> Reply:
        found = {one["key"]: one for one in self.issues}.get(key)
        if found is None:
            return failed(404, "Issue does not exist or you do not have permission to see it.")
        return Reply(200, found)

    @route("POST", "/rest/api/3/issue", host=SITE)
    @route("POST", f"/ex/jira/{CLOUD}/rest/api/3/issue", host=GATEWAY)
    def create(self, request: Request) -> Reply:
        self._needs(request, "write:jira-work")
        fields = request.json["fields"]
        wrong = {}
        if fields.get("project") != {"key": "ENG"}:
            wrong["project"] = "valid project is required"
        if fields.get("issuetype", {}).get("name") not in ("Task", "Bug", "Epic"):
            wrong["issuetype"] = "Specify a valid issue type"
        if "description" in fields and not _is_document(fields["description"]):
            wrong["description"] = "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
        if isinstance(fields.get("customfield_10016"), str):
            wrong["customfield_10016"] = "Operation value must be a number"
        if wrong:
            return failed(400, **wrong)
        return Reply(201, {"id": "10042", "key": "ENG-42", "self": f"https://{SITE}/rest/api/3/issue/10042"})

    @route("GET", "/rest/api/3/user/search", host=SITE)
    def find_users(self, request: Request) -> Reply:
        asked = request.parameters
        if set(asked) - {"query", "maxResults", "startAt"} or not asked.get("query"):
            return failed(400, "The query parameter is required.")
        users = [{"accountId": f"5b10-{n}", "displayName": f"Ann {n}", "active": True} for n in range(5)]
        return Reply(200, one_page(users, int(asked.get("startAt", "0")), int(asked.get("maxResults", "50")))[0])

    def _needs(self, request: Request, scope: str) -> None:
        if request.host == GATEWAY and scope not in self.scopes:
            raise Refused(Reply(401, {"code": 401, "message": "Unauthorized; scope does not match"}))

    def _check_jql(self, jql: str) -> None:
        """Enough of JQL to notice a value that left its quotes, and a search that has no bounds."""
        conditions, _, order = jql.partition(" ORDER BY ")
        if not conditions or (not conditions.strip() and order):
            raise Refused(failed(400, "Unbounded JQL queries are not allowed here. Please add a search restriction."))
        rest = conditions
        while rest:
            match = _CLAUSE.match(rest)
            if match is None or (rest[match.end() :] and not rest[match.end() :].startswith(" AND ")):
                raise Refused(failed(400, f"Error in the JQL Query: Expecting a value near '{rest[:20]}'. (line 1)"))
            rest = rest[match.end() + 5 :]
        if 'project = "NOPE"' in conditions:
            raise Refused(failed(400, "The value 'NOPE' does not exist for the field 'project'."))


def issue(number: int) -> dict[str, Any]:
    """An issue as Jira gives it; its description is a document."""
    text = {"type": "text", "text": f"Describes {number}."}
    document = {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [text]}]}
    fields = {
        "summary": f"Issue {number}", "status": {"name": "In Progress", "id": "3"}, "issuetype": {"name": "Task"},
        "priority": {"name": "Medium"}, "assignee": None, "reporter": {"displayName": "Ann Lee"},
        "created": "2026-01-30T09:00:00.000+0000", "updated": "2026-01-31T09:00:00.000+0000", "duedate": None,
        "description": document, "labels": ["api"], "comment": {"comments": [], "total": 0},
    }  # fmt: skip
    return {"id": str(10_000 + number), "key": f"ENG-{number}", "fields": fields}


def _is_document(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == "doc" and value.get("version") == 1 and _is_node(value)


def _is_node(value: Any) -> bool:
    if not isinstance(value, dict) or value.get("type") not in _NODES:
        return False
    if value["type"] == "text":
        return isinstance(value.get("text"), str) and value["text"] != ""
    return all(_is_node(one) for one in value.get("content", []))
