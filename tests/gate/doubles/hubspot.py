"""HubSpot's CRM: a search that is a POST, values that are texts, limits by day and second.

https://developers.hubspot.com/docs/api-reference/ (search, contacts, usage guidelines); hubspot-contacts.json.
"""

from __future__ import annotations

from typing import Any

from tests.gate.doubles.serving import Double, Refused, Reply, Request, one_page, route

TOKEN = "pat-na1-11112222"
CORRELATION = "aeb5f871-7f07-4993-9211-075dc63e7cbf"
FILTERS = {"EQ", "NEQ", "LT", "LTE", "GT", "GTE", "CONTAINS_TOKEN", "HAS_PROPERTY", "NOT_HAS_PROPERTY"}
KNOWN = {"firstname", "lastname", "email", "phone", "company", "jobtitle", "lifecyclestage", "lastmodifieddate", "city"}
DEFAULTS = ("hs_object_id", "lastmodifieddate")  # what comes without being asked for


def failed(status: int, category: str, message: str, **more: Any) -> Reply:
    """An error as HubSpot tells it."""
    body = {"status": "error", "message": message, "correlationId": CORRELATION, "category": category, **more}
    return Reply(status, body)


def daily_limit() -> Reply:
    """The account's calls for today are used up."""
    return failed(429, "RATE_LIMITS", "You have reached your daily limit.", errorType="RATE_LIMIT", policyName="DAILY")


class HubSpot(Double):
    """One account; contacts by their e-mail address."""

    def __init__(self) -> None:
        super().__init__()
        self.contacts = [contact(n) for n in range(1, 6)]
        self.may_write = True

    def check(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refused(failed(401, "INVALID_AUTHENTICATION", "Authentication credentials not found."))
        if request.body and request.content_type != "application/json":
            raise Refused(Reply(415, {"status": "error", "message": "Unsupported Media Type"}))

    def unknown(self, request: Request) -> Reply:
        return Reply(404, b"<html><body>Resource not found</body></html>", {"content-type": "text/html"})

    @route("GET", "/account-info/v3/details")
    def who(self, request: Request) -> Reply:
        return Reply(200, {"portalId": 62515, "accountType": "STANDARD", "uiDomain": "app.hubspot.com"})

    @route("POST", "/crm/objects/2026-09/contacts/search")
    def search(self, request: Request) -> Reply:
        body = request.json
        self._check_search(body)
        found = [one for one in self.contacts if _fits(one, body)]
        page, following = one_page(found, int(body.get("after", "0")), body.get("limit", 10))
        paging = {} if following is None else {"paging": {"next": {"after": str(following)}}}
        return Reply(200, {"total": len(found), "results": page, **paging})

    @route("GET", "/crm/objects/2026-09/contacts/{contact_id}")
    def get(self, request: Request, contact_id: str) -> Reply:
        found = {one["id"]: one for one in self.contacts}.get(contact_id)
        if found is None:
            return failed(404, "OBJECT_NOT_FOUND", f"Object not found.  objectId are usually numeric. {contact_id}")
        wanted = [*request.parameters.get("properties", "email").split(","), *DEFAULTS]
        told = {**found, "properties": {n: v for n, v in found["properties"].items() if n in wanted}}
        if "companies" in request.parameters.get("associations", "").split(","):
            told["associations"] = {"companies": {"results": [{"id": "512", "type": "contact_to_company"}]}}
        return Reply(200, told)

    @route("POST", "/crm/objects/2026-09/contacts")
    def create(self, request: Request) -> Reply:
        if not self.may_write:
            needed = {"requiredGranularScopes": ["crm.objects.contacts.write"]}
            errors = [{"message": "One or more of the following scopes are required.", "context": needed}]
            message = "This app hasn't been granted all required scopes to make this call."
            return failed(403, "MISSING_SCOPES", message, errors=errors)
        body = request.json
        if set(body) - {"properties", "associations"} or not _are_texts(body["properties"]):
            return failed(400, "VALIDATION_ERROR", "Invalid input JSON: properties should be texts")
        strange = sorted(set(body["properties"]) - KNOWN)
        if strange:
            return failed(400, "VALIDATION_ERROR", f'Property values were not valid: "{strange[0]}" does not exist')
        for one in self.contacts:
            if one["properties"]["email"] == body["properties"].get("email"):
                return failed(409, "CONFLICT", f"Contact already exists. Existing ID: {one['id']}")
        return Reply(201, {**contact(9), "id": "109", "properties": body["properties"]})

    @route("POST", "/crm/objects/2026-09/deals")
    def create_deal(self, request: Request) -> Reply:
        body = request.json
        if set(body) - {"properties", "associations"} or not _are_texts(body["properties"]):
            return failed(400, "VALIDATION_ERROR", "Invalid input JSON: properties should be texts")
        return Reply(201, {"id": "2001", "createdAt": "2026-01-01T00:00:00.000Z", "properties": body["properties"]})

    def _check_search(self, body: dict[str, Any]) -> None:
        """As `PublicObjectSearchRequest`; sorts are objects in HubSpot's guide, texts in its description."""
        if set(body) - {"query", "filterGroups", "sorts", "properties", "limit", "after"}:
            raise Refused(failed(400, "VALIDATION_ERROR", "Invalid input JSON: unknown member"))
        if not 1 <= body.get("limit", 10) <= 200 or not isinstance(body.get("after", ""), str):
            raise Refused(failed(400, "VALIDATION_ERROR", "limit must be at most 200, after a text"))
        for one in body.get("filterGroups", []):
            for condition in one["filters"]:
                if condition["operator"] not in FILTERS or not isinstance(condition.get("value"), str):
                    raise Refused(failed(400, "VALIDATION_ERROR", f"Invalid filter on {condition['propertyName']}"))


def contact(number: int) -> dict[str, Any]:
    """A contact as HubSpot gives it."""
    properties = {
        "firstname": "Ann", "lastname": f"O'Neil {number}", "email": f"ann{number}@example.com", "phone": None,
        "company": "Acme", "lifecyclestage": "lead", "lastmodifieddate": f"2026-01-3{number % 2}T00:00:00.000Z",
        "hs_object_id": str(100 + number), "city": "Bern",
    }  # fmt: skip
    times = {"createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-31T00:00:00.000Z"}
    return {"id": str(100 + number), "properties": properties, **times, "archived": False}


def _fits(one: dict[str, Any], body: dict[str, Any]) -> bool:
    groups = body.get("filterGroups", [])
    emails = {f["value"] for group in groups for f in group["filters"] if f["propertyName"] == "email"}
    return not emails or one["properties"]["email"] in emails


def _are_texts(properties: Any) -> bool:
    return isinstance(properties, dict) and all(isinstance(one, str) for one in properties.values())
