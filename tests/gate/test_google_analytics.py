"""Google Analytics: two servers, rows made of headers and values, an offset in a body."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.gate.doubles.google import AUTH, IDENTITY, TOKEN
from tests.gate.doubles.google_analytics import ADMIN, DATA, Analytics
from tests.gate.gate import BOTH_ERAS, Era, Gate, gate

from connectory.errors import InvalidArguments, ProviderForbidden, ProviderRejected
from connectory.testing.application import grant_oauth

PROPERTY = "213025502"
REPORT = f"/v1beta/properties/{PROPERTY}:runReport"
VISITS = [
    {"country": name, "date": f"2026010{number}", "activeUsers": str(number), "sessions": str(2 * number)}
    for number, name in enumerate(["Austria", "Belgium", "Chile", "Denmark", "Egypt"], 1)
]


@asynccontextmanager
async def analytics() -> AsyncIterator[tuple[Gate, Analytics]]:
    scopes = (f"{AUTH}analytics.readonly", "openid", "email")
    double = Analytics(*scopes)
    double.rows = list(VISITS)
    async with gate(*((f"https://{host}", double) for host in (DATA, ADMIN, IDENTITY))) as opened:
        await grant_oauth(opened.application, opened.principal, "google-analytics", token=TOKEN, scopes=scopes)
        yield opened, double


@BOTH_ERAS
async def test_a_report_is_rows_with_names_that_an_agent_can_read(era: Era) -> None:
    async with analytics() as (opened, double):
        said, is_error = await opened.by_mcp(
            era,
            "google_analytics_run_report",
            property=PROPERTY,
            metrics=["activeUsers", "sessions"],
            dimensions=["country"],
            order_by_metric="activeUsers",
            limit=2,
        )

    assert not is_error
    assert (double.last.host, double.last.path) == (DATA, REPORT)
    assert double.last.body == (
        b'{"dateRanges":[{"startDate":"28daysAgo","endDate":"yesterday"}],'
        b'"metrics":[{"name":"activeUsers"},{"name":"sessions"}],"dimensions":[{"name":"country"}],'
        b'"orderBys":[{"metric":{"metricName":"activeUsers"},"desc":true}],"limit":2}'
    )
    assert said.splitlines()[1:7] == [
        "- country: Egypt", "  activeUsers: 5", "  sessions: 10",
        "- country: Denmark", "  activeUsers: 4", "  sessions: 8",
    ]  # fmt: skip
    assert "cursor=" in said


async def test_pages_go_on_by_an_offset_in_the_body() -> None:
    async with analytics() as (opened, double):
        asked = {"property": PROPERTY, "metrics": ["sessions"], "dimensions": ["date"], "order_by_dimension": "date"}
        first = await opened.call("google_analytics_run_report", limit=2, **asked)
        second = await opened.call("google_analytics_run_report", limit=2, cursor=first.next_cursor, **asked)
        third = await opened.call("google_analytics_run_report", limit=2, cursor=second.next_cursor, **asked)

    assert [row["sessions"] for page in (first, second, third) for row in page.value] == [2, 4, 6, 8, 10]
    assert third.next_cursor is None
    assert [(one.json["limit"], one.json.get("offset")) for one in double.received] == [(2, None), (2, 2), (2, 4)]


async def test_a_last_page_that_is_full_is_known_by_the_total() -> None:
    async with analytics() as (opened, double):
        double.rows = VISITS[:4]
        asked = {"property": PROPERTY, "metrics": ["sessions"]}
        first = await opened.call("google_analytics_run_report", limit=2, **asked)
        second = await opened.call("google_analytics_run_report", limit=2, cursor=first.next_cursor, **asked)

    assert first.next_cursor is not None
    assert second.next_cursor is None


async def test_a_report_without_dimensions_or_visits_is_whole_all_the_same() -> None:
    async with analytics() as (opened, double):
        double.rows = [VISITS[0]]
        total = await opened.call("google_analytics_run_report", property=PROPERTY, metrics=["activeUsers"])
        double.rows = []
        nothing = await opened.call("google_analytics_run_report", property=PROPERTY, metrics=["activeUsers"])

    assert total.value == [{"activeUsers": 1}]
    assert nothing.value == []


async def test_a_filter_and_days_go_as_they_are_given() -> None:
    only = {"filter": {"fieldName": "country", "stringFilter": {"value": "Chile"}}}
    async with analytics() as (opened, double):
        found = await opened.call(
            "google_analytics_run_report",
            property=PROPERTY,
            metrics=["sessions"],
            dimensions=["country"],
            dimension_filter=only,
            start_date="2026-01-01",
            end_date="today",
        )

    assert found.value == [{"country": "Chile", "sessions": 6}]
    assert double.last.json["dateRanges"] == [{"startDate": "2026-01-01", "endDate": "today"}]
    assert double.last.json["dimensionFilter"] == only


async def test_properties_come_from_the_other_server_page_by_page() -> None:
    async with analytics() as (opened, double):
        double.accounts = [
            {
                "name": f"accountSummaries/{number}", "account": f"accounts/{number}", "displayName": f"Shop {number}",
                "propertySummaries": [
                    {"property": f"properties/{number}", "displayName": "Web", "propertyType": "PROPERTY_TYPE_ORDINARY"}
                ],
            }
            for number in (1, 2)
        ]  # fmt: skip
        first = await opened.call("google_analytics_list_properties", limit=1)
        second = await opened.call("google_analytics_list_properties", limit=1, cursor=first.next_cursor)

    assert [one.host for one in double.received] == [ADMIN, ADMIN]
    assert [one.raw_query for one in double.received] == ["pageSize=1", "pageSize=1&pageToken=1"]
    assert first.value == [
        {
            "account": "1", "name": "Shop 1",
            "properties": [{"property": "1", "name": "Web", "type": "PROPERTY_TYPE_ORDINARY"}],
        }
    ]  # fmt: skip
    assert second.next_cursor is None


async def test_an_account_that_sees_nothing_gets_an_empty_list() -> None:
    async with analytics() as (opened, _):
        assert (await opened.call("google_analytics_list_properties")).value == []


async def test_a_metric_that_is_none_is_googles_word() -> None:
    async with analytics() as (opened, _):
        error = await opened.refused("google_analytics_run_report", property=PROPERTY, metrics=["visitors"])

    assert isinstance(error, ProviderRejected)
    assert 'Google Analytics says: "Field visitors is not a valid metric."' in error.message


async def test_a_property_of_others_is_forbidden() -> None:
    async with analytics() as (opened, _):
        error = await opened.refused("google_analytics_run_report", property="1", metrics=["sessions"])

    assert isinstance(error, ProviderForbidden)


@pytest.mark.parametrize("property", ["G-ABC123", "UA-1", "properties/1", "1/../2", "213025502:x"])
async def test_what_is_no_property_is_never_sent(property: str) -> None:  # noqa: A002 - the input's name
    async with analytics() as (opened, double):
        error = await opened.refused("google_analytics_run_report", property=property, metrics=["sessions"])

    assert isinstance(error, InvalidArguments)
    assert double.received == []
