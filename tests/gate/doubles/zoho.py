"""Zoho CRM's API v8 at a data centre's own host: rows with errors of their own, COQL, lists that are empty by a 204.

https://www.zoho.com/crm/developer/docs/api/v8/ (get, search and insert records, COQL, status codes).
"""

from __future__ import annotations

import re
from typing import Any

from tests.gate.doubles.serving import Double, Refused, Reply, Request, one_page, route

HOST, TOKEN = "www.zohoapis.eu", "1000.abc.def"
MODULES = {"Leads", "Contacts"}
_NAME = r"[A-Za-z]\w*(?:\.\w+)?"
_COQL = re.compile(
    rf"select ({_NAME}(?:, {_NAME})*) from (\w+) where (\w+) = ('(?:[^']|'')*')(?: order by \w+)?"
    r"(?: limit (\d+))?(?: offset (\d+))?"
)


def failed(status: int, code: str, message: str, **details: Any) -> Reply:
    """An error that is about the request as a whole."""
    return Reply(status, {"code": code, "details": details, "message": message, "status": "error"})


class Zoho(Double):
    """One organization; `token_pages` knows which page a token stands for."""

    def __init__(self) -> None:
        super().__init__()
        self.leads = [lead(n) for n in range(1, 6)]
        self.is_expired = False
        self.rows_status = 207  # of an answer with rows that failed; 200 and 400 occur too
        self.asked: list[str] = []  # COQL, as it was understood
        self._tokens: dict[str, tuple[int, dict[str, str]]] = {}

    def check(self, request: Request) -> None:
        if request.host != HOST:
            raise Refused(failed(401, "INVALID_TOKEN", "invalid oauth token"))
        if request.headers.get("authorization") != f"Zoho-oauthtoken {TOKEN}" or self.is_expired:
            raise Refused(failed(401, "INVALID_TOKEN", "invalid oauth token"))
        module = re.fullmatch(r"/crm/v8/([A-Z]\w*)(?:/.*)?", request.path)
        if module is not None and module[1] not in MODULES:
            message = "the module name given seems to be invalid"
            raise Refused(failed(400, "INVALID_MODULE", message, resource_path_index=0))

    def unknown(self, request: Request) -> Reply:
        return failed(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one")

    @route("GET", "/crm/v8/org")
    def org(self, request: Request) -> Reply:
        return Reply(200, {"org": [{"id": "20069426000", "company_name": "Acme GmbH", "zgid": "20069426"}]})

    @route("GET", "/crm/v8/{module}/search")
    def search(self, request: Request, module: str) -> Reply:
        asked = request.parameters
        by = [name for name in ("criteria", "email", "phone", "word") if name in asked]
        if not by:
            return failed(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing")
        page, size = int(asked.get("page", "1")), self._size(asked)
        found = [one for one in self.leads if asked[by[0]].lower() in str(list(one.values())).lower()]
        rows, following = one_page(found, (page - 1) * size, size)
        return self._listed(rows, asked, {"page": page, "more_records": following is not None})

    @route("GET", "/crm/v8/{module}/{record_id}")
    def one(self, request: Request, module: str, record_id: str) -> Reply:
        found = [one for one in self.leads if one["id"] == record_id]
        return Reply(200, {"data": found}) if found else Reply(204, None)

    @route("GET", "/crm/v8/{module}")
    def listed(self, request: Request, module: str) -> Reply:
        asked = request.parameters
        if not asked.get("fields"):
            return failed(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", param="fields")
        if "page" in asked and "page_token" in asked:
            return failed(400, "INVALID_DATA", "page and page_token exclude each other", param_name="page")
        rest = {name: value for name, value in asked.items() if name != "page_token"}
        start = 0
        if "page_token" in asked:
            start, before = self._tokens.get(asked["page_token"], (0, {}))
            if before != rest:  # a token is good for the same parameters alone
                return failed(400, "INVALID_DATA", "the page token is not valid", param_name="page_token")
        rows, following = one_page(self.leads if module == "Leads" else [], start, self._size(asked))
        token = None if following is None else f"tok{following}+/="
        if token is not None and following is not None:
            self._tokens[token] = (following, rest)
        return self._listed(rows, asked, {"next_page_token": token, "more_records": token is not None})

    @route("POST", "/crm/v8/coql")
    def coql(self, request: Request) -> Reply:
        if set(request.json) != {"select_query"}:
            return failed(400, "MANDATORY_NOT_FOUND", "required field not found", api_name="select_query")
        match = _COQL.fullmatch(request.json["select_query"])
        if match is None:
            return failed(400, "SYNTAX_ERROR", "error occured while parsing the query", clause="where")
        if match[2] not in MODULES:
            return failed(400, "INVALID_QUERY", "invalid query formed", module=match[2])
        self.asked.append(request.json["select_query"])
        wanted = match[4][1:-1].replace("''", "'")
        found = [one for one in self.leads if one.get(match[3]) == wanted]
        rows, following = one_page(found, int(match[6] or 0), int(match[5] or 200))
        return self._listed(rows, {"fields": match[1].replace(" ", "")}, {"more_records": following is not None})

    @route("POST", "/crm/v8/{module}")
    def create(self, request: Request, module: str) -> Reply:
        return self._rows([self._created(n, one) for n, one in enumerate(request.json["data"])], 201)

    @route("PUT", "/crm/v8/{module}/{record_id}")
    def update(self, request: Request, module: str, record_id: str) -> Reply:
        found = next((one for one in self.leads if one["id"] == record_id), None)
        if found is None:
            return self._rows([_bad_row("INVALID_DATA", "the id given seems to be invalid", api_name="id")], 200)
        found.update(request.json["data"][0])
        return self._rows([_good_row(record_id, "record updated")], 200)

    def _created(self, number: int, one: dict[str, Any]) -> dict[str, Any]:
        place = {"json_path": f"$.data[{number}].Last_Name", "api_name": "Last_Name"}
        if not one.get("Last_Name"):
            return _bad_row("MANDATORY_NOT_FOUND", "required field not found", **place)
        twin = next((old for old in self.leads if one.get("Email") == old["Email"]), None)
        if twin is not None:
            there = {"id": twin["id"], "Owner": {"id": "1"}, "module": {"api_name": "Leads"}}
            return _bad_row("DUPLICATE_DATA", "duplicate data", api_name="Email", duplicate_record=there)
        return _good_row(f"572576700000000090{number}", "record added")

    def _rows(self, rows: list[dict[str, Any]], status: int) -> Reply:
        is_good = all(row["status"] == "success" for row in rows)
        return Reply(status if is_good else self.rows_status, {"data": rows})

    @staticmethod
    def _size(asked: dict[str, str]) -> int:
        size = int(asked.get("per_page", "200"))
        if not 1 <= size <= 200:
            raise Refused(failed(400, "INVALID_DATA", "per_page is at most 200", param_name="per_page"))
        return size

    @staticmethod
    def _listed(rows: list[dict[str, Any]], asked: dict[str, str], info: dict[str, Any]) -> Reply:
        if not rows:
            return Reply(204, None)
        names = {"id", *asked["fields"].split(",")} if "fields" in asked else set(rows[0])
        data = [{name: value for name, value in row.items() if name in names} for row in rows]
        return Reply(200, {"data": data, "info": {"count": len(data), **info}})


def lead(number: int) -> dict[str, Any]:
    """A lead with fields of each kind."""
    name = "O'Brien" if number == 3 else f"Person {number}"
    email = f"person{number}@example.com"
    return {"id": f"572576700000064900{number}", "Last_Name": name, "Email": email, "Company": "Acme", "Phone": "1"}


def _good_row(one: str, message: str) -> dict[str, Any]:
    details = {"id": one, "Modified_Time": "2026-01-31T10:00:00+01:00", "Created_Time": "2026-01-31T10:00:00+01:00"}
    return {"code": "SUCCESS", "details": details, "message": message, "status": "success"}


def _bad_row(code: str, message: str, **details: Any) -> dict[str, Any]:
    return {"code": code, "details": details, "message": message, "status": "error"}
