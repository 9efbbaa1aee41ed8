"""Google Analytics 4: reports from the data server, accounts and properties from the admin server."""

from __future__ import annotations

from typing import Any

from tests.gate.doubles.google import Google, failure, object_of
from tests.gate.doubles.serving import Refused, Reply, Request, one_page, route

DATA, ADMIN = "analyticsdata.googleapis.com", "analyticsadmin.googleapis.com"
DIMENSIONS, METRICS = {"country", "date", "pagePath"}, {"activeUsers": "TYPE_INTEGER", "sessions": "TYPE_INTEGER"}
MEMBERS = {
    "dateRanges", "metrics", "dimensions", "dimensionFilter", "metricFilter", "orderBys", "limit", "offset",
    "keepEmptyRows", "currencyCode", "returnPropertyQuota", "metricAggregations", "cohortSpec", "comparisons",
}  # fmt: skip


class Analytics(Google):
    """One property; `rows` are its visits: the values of dimensions and metrics by name."""

    def __init__(self, *scopes: str) -> None:
        super().__init__(*scopes)
        self.rows: list[dict[str, str]] = []
        self.accounts: list[dict[str, Any]] = []

    @route("GET", "/v1beta/accountSummaries", host=ADMIN)
    def summaries(self, request: Request) -> Reply:
        """Accounts with their properties; without any, the list is missing."""
        self.needs("analytics.readonly", "analytics.edit")
        self.takes(request, {"pageSize", "pageToken"})
        start = int(request.parameters.get("pageToken", "0"))
        page, following = one_page(self.accounts, start, self.size(request, "pageSize", 200))
        token = {} if following is None else {"nextPageToken": str(following)}
        return Reply(200, {**({"accountSummaries": page} if page else {}), **token})

    @route("POST", "/v1beta/properties/{number}:runReport", host=DATA)
    def run_report(self, request: Request, number: str) -> Reply:
        """A report: names in the headers, values in the rows; without visits there are no rows."""
        self.needs("analytics.readonly", "analytics")
        self.takes(request, ())
        body = object_of(request, MEMBERS)
        if number != "213025502":
            message = "User does not have sufficient permissions for this property."
            return failure(403, "PERMISSION_DENIED", message)
        dimensions = _names(body.get("dimensions", []), DIMENSIONS, "dimension")
        metrics = _names(body.get("metrics", []), METRICS, "metric")
        if not metrics or not all(set(one) == {"startDate", "endDate"} for one in body.get("dateRanges", [{}])):
            return failure(400, "INVALID_ARGUMENT", "A dateRange and a metric are required.")
        rows = [one for one in self._sorted(body.get("orderBys", [])) if _passes(one, body.get("dimensionFilter"))]
        offset, limit = int(body.get("offset", 0)), int(body.get("limit", 10_000))
        if not 0 < limit <= 250_000 or offset < 0:
            return failure(400, "INVALID_ARGUMENT", "Limit must be positive.")
        told = [
            {
                "dimensionValues": [{"value": row[name]} for name in dimensions],
                "metricValues": [{"value": row[name]} for name in metrics],
            }
            for row in rows[offset : offset + limit]
        ]
        headers = {
            **({"dimensionHeaders": [{"name": name} for name in dimensions]} if dimensions else {}),
            "metricHeaders": [{"name": name, "type": METRICS[name]} for name in metrics],
        }
        found = {"rows": told, "rowCount": len(rows)} if rows else {}
        return Reply(200, {**headers, **found, "metadata": {}, "kind": "analyticsData#runReport"})

    def _sorted(self, orders: list[dict[str, Any]]) -> list[dict[str, str]]:
        rows = list(self.rows)
        for order in reversed(orders):
            by_metric = order.get("metric", {}).get("metricName")
            by_dimension = order.get("dimension", {}).get("dimensionName")
            if (by_metric is None) == (by_dimension is None):
                raise Refused(failure(400, "INVALID_ARGUMENT", "OrderBy needs one of metric, dimension, pivot."))
            rows.sort(
                key=lambda row: int(row[by_metric]) if by_metric else row[by_dimension],
                reverse=order.get("desc", False),
            )
        return rows


def _names(given: list[dict[str, Any]], known: Any, kind: str) -> list[str]:
    names = [one["name"] for one in given]
    for name in names:
        if name not in known:
            raise Refused(failure(400, "INVALID_ARGUMENT", f"Field {name} is not a valid {kind}."))
    return names


def _passes(row: dict[str, str], expression: Any) -> bool:
    if expression is None:
        return True
    wanted = expression["filter"]
    return bool(row[wanted["fieldName"]] == wanted["stringFilter"]["value"])
