"""Salesforce's REST API at an instance's own host: SOQL, pages by path, errors as an array.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/ (query, status codes and error responses).
"""

from __future__ import annotations

import re
from typing import Any

from tests.gate.doubles.serving import Double, Refused, Reply, Request, one_page, route

HOST, TOKEN = "acme.my.salesforce.com", "00Dxx!AQ4AQ"
VERSION = "v67.0"
_SOQL = re.compile(r"SELECT [\w., ]+ FROM (\w+)(?: WHERE (\w+(?:\.\w+)?) = '((?:[^'\\]|\\.)*)')?(?: ORDER BY \w+)?")
LIMIT_INFO = {"Sforce-Limit-Info": "api-usage=25/15000"}


def failed(status: int, code: str, message: str, **more: Any) -> Reply:
    """An error as Salesforce tells it: in an array."""
    return Reply(status, [{"message": message, "errorCode": code, **more}])


class Salesforce(Double):
    """One org whose accounts are counted; a page holds what `page_size` says."""

    def __init__(self) -> None:
        super().__init__()
        self.records = [record(n) for n in range(1, 6)]
        self.page_size = 2
        self.is_expired = False
        self.asked: list[str] = []  # SOQL, as it was understood

    def check(self, request: Request) -> None:
        if request.host != HOST:
            raise Refused(failed(404, "URL_NOT_RESET", "That address is not of this org."))
        if request.headers.get("authorization") != f"Bearer {TOKEN}" or self.is_expired:
            if request.path == "/services/oauth2/userinfo":  # https://help.salesforce.com "Using Identity URLs"
                raise Refused(Reply(403, b"Bad_OAuth_Token", {"content-type": "text/html"}))
            raise Refused(failed(401, "INVALID_SESSION_ID", "Session expired or invalid"))

    def unknown(self, request: Request) -> Reply:
        return failed(404, "NOT_FOUND", "The requested resource does not exist")

    @route("GET", "/services/oauth2/userinfo")
    def who(self, request: Request) -> Reply:
        return Reply(200, {"user_id": "005x", "organization_id": "00Dx", "preferred_username": "ann@acme.example"})

    @route("GET", f"/services/data/{VERSION}/query")
    def query(self, request: Request) -> Reply:
        size = re.fullmatch(r"batchSize=(\d+)", request.headers.get("sforce-query-options", "batchSize=2000"))
        if size is None or not 200 <= int(size[1]) <= 2000:
            return failed(400, "INVALID_QUERY_OPTIONS", "batchSize is from 200 to 2000")
        if set(request.parameters) != {"q"}:
            return failed(400, "MALFORMED_QUERY", "Missing query parameter q")
        return self._found(request.parameters["q"], 0)

    @route("GET", f"/services/data/{VERSION}/query/{{locator}}")
    def more(self, request: Request, locator: str) -> Reply:
        if not re.fullmatch(r"01gD0000002HU6KIAW-\d+", locator) or request.query:
            return failed(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(self.records, int(locator.rpartition("-")[2]))

    @route("PATCH", f"/services/data/{VERSION}/sobjects/{{name}}/{{record_id}}")
    def update(self, request: Request, name: str, record_id: str) -> Reply:
        if "Name" in request.json and not request.json["Name"]:
            return failed(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", fields=["Name"])
        return Reply(204, None)

    @route("POST", f"/services/data/{VERSION}/sobjects/{{name}}")
    def create(self, request: Request, name: str) -> Reply:
        if request.json.get("Name") == "Acme 1":
            return failed(400, "DUPLICATES_DETECTED", "Use one of these records?")
        return Reply(201, {"id": "001D000000NEWxyIAZ", "success": True, "errors": []})

    def _found(self, soql: str, start: int) -> Reply:
        match = _SOQL.fullmatch(soql)
        if match is None:
            message = f"\n{soql}\n ^\nERROR at Row:1:Column:1\nunexpected token"
            return failed(400, "MALFORMED_QUERY", message)
        if match[1] != "Account":
            message = f"sObject type '{match[1]}' is not supported."
            return failed(400, "INVALID_TYPE", message)
        self.asked.append(soql)
        wanted = None if match[3] is None else re.sub(r"\\(.)", r"\1", match[3])
        found = [one for one in self.records if wanted is None or one["Name"] == wanted]
        return self._page(found, start)

    def _page(self, found: list[dict[str, Any]], start: int) -> Reply:
        page, following = one_page(found, start, self.page_size)
        body: dict[str, Any] = {"totalSize": len(found), "done": following is None, "records": page}
        if following is not None:
            body["nextRecordsUrl"] = f"/services/data/{VERSION}/query/01gD0000002HU6KIAW-{following}"
        return Reply(200, body, LIMIT_INFO)


def record(number: int) -> dict[str, Any]:
    """An account as a query gives it."""
    one = f"001D00000000000{number:03d}"
    name = "O'Brien & Co \\ 50%" if number == 3 else f"Acme {number}"
    return {
        "attributes": {"type": "Account", "url": f"/services/data/{VERSION}/sobjects/Account/{one}"},
        "Id": one,
        "Name": name,
    }
