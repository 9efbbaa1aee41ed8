"""What is particular to Google's requests and answers: field masks, mails, ranges, filters, and what hides a trap."""

from __future__ import annotations

import base64
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import cache
from typing import Any

import pytest

from connectory.actions.expressions import evaluate
from connectory.actions.filling import Values
from connectory.actions.request import preview
from connectory.catalog.catalog import Catalog, load_catalog, packaged_folder
from connectory.catalog.connector import Action, Connector

SHEET = {"spreadsheet": "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms", "sheet": 0}
MASK = "userEnteredFormat"


@cache
def packaged() -> Catalog:
    return load_catalog([packaged_folder()], index_dir=None)


def found(tool: str) -> tuple[Connector, Action]:
    action = packaged().actions[tool]
    return packaged().connector(action.connector), action


def sent(tool: str, **arguments: Any) -> Any:
    """The first request of a call, defaults and all."""
    connector, action = found(tool)
    defaults = {name: spec.default for name, spec in action.manifest.inputs.items() if spec.default is not None}
    paging = {"limit": 25} if action.manifest.pages is not None else {}
    return preview(connector, action.manifest.request, Values({**defaults, **paging, **arguments}, {}))


def shown(tool: str, answer: Any) -> Any:
    """What the agent gets of an answer."""
    spec = found(tool)[1].manifest.answer
    if spec.items is None:
        return evaluate(spec.item, answer)
    return [evaluate(spec.item, one) for one in evaluate(spec.items, answer)]


def mail_of(raw: str) -> EmailMessage:
    parser: BytesParser[EmailMessage] = BytesParser(EmailMessage, policy=policy.default)
    return parser.parsebytes(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))


def header(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


@pytest.mark.parametrize(
    ("tool", "given", "change", "request_"),
    [
        (
            "google_sheets_update_sheet",
            {"name": "March", "hidden": False},
            "updateSheetProperties",
            {"properties": {"sheetId": 0, "title": "March", "hidden": False}, "fields": "title,hidden"},
        ),
        (
            "google_sheets_update_sheet",
            {"frozen_rows": 0, "color": {"red": 1}},
            "updateSheetProperties",
            {
                "properties": {
                    "sheetId": 0, "tabColorStyle": {"rgbColor": {"red": 1}}, "gridProperties": {"frozenRowCount": 0},
                },
                "fields": "tabColorStyle,gridProperties.frozenRowCount",
            },
        ),
        (
            "google_sheets_format_cells",
            {"end_row": 1, "bold": False, "number_type": "CURRENCY", "number_pattern": "0 €"},
            "repeatCell",
            {
                "range": {"sheetId": 0, "endRowIndex": 1},
                "cell": {
                    MASK: {"textFormat": {"bold": False}, "numberFormat": {"type": "CURRENCY", "pattern": "0 €"}}
                },
                "fields": f"{MASK}.textFormat.bold,{MASK}.numberFormat",
            },
        ),
    ],
)  # fmt: skip
def test_a_mask_names_what_was_given_and_nothing_that_google_would_then_clear(
    tool: str, given: dict[str, Any], change: str, request_: dict[str, Any]
) -> None:
    assert sent(tool, **SHEET, **given).body == {"requests": [{change: request_}]}


@pytest.mark.parametrize(
    ("values", "records"),
    [
        ([["who", "hours"], ["Ann", "12"], ["Bob"]], [{"who": "Ann", "hours": "12"}, {"who": "Bob"}]),
        ([["who"], ["Ann", "12"]], [{"who": "Ann", "column_2": "12"}]),  # Google cuts empty cells at the end
        ([["who", "who"]], []),
        (None, []),
    ],
)
def test_rows_come_under_their_headings(values: Any, records: Any) -> None:
    assert shown("google_sheets_read_records", {"range": "Sheet1!A1:B9", "values": values}) == records


def test_a_find_in_one_sheet_names_its_id_though_it_is_0() -> None:
    request = sent("google_sheets_replace_text", **SHEET, find="a", replacement="")

    assert request.body["requests"][0]["findReplace"] == {"find": "a", "replacement": "", "sheetId": 0}


def test_an_answer_by_mail_names_the_whole_conversation_and_keeps_who_is_hidden() -> None:
    request = sent(
        "gmail_create_draft",
        to=["Bob <bob@example.com>"],
        bcc=["dan@example.com"],
        subject="Re: Plan",
        text="Fine.",
        html="<p>Fine.</p>",
        thread="t1",
        in_reply_to="<2@mail.example.com>",
        references="<0@mail.example.com> <1@mail.example.com>",
    )
    mail = mail_of(request.body["message"]["raw"])

    assert request.body["message"]["threadId"] == "t1"
    assert mail["In-Reply-To"] == "<2@mail.example.com>"
    assert mail["References"].split() == [f"<{number}@mail.example.com>" for number in (0, 1, 2)]
    assert mail["Bcc"] == "dan@example.com"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_a_conversation_is_told_by_who_wrote_when_and_what() -> None:
    payload = {"headers": [header("subject", "Plan"), header("FROM", "Bob <bob@example.com>")]}
    thread = {
        "id": "t1",
        "messages": [
            {"id": "1", "payload": payload, "internalDate": "1769850000000", "snippet": "x"},
            {
                "id": "2", "payload": {"headers": [header("From", "ann@example.com")]},
                "internalDate": "1769853600000", "labelIds": ["INBOX"], "snippet": "It&#39;s fine &lt;3",
            },
        ],
    }  # fmt: skip
    expand = found("gmail_list_threads")[1].manifest.answer.expand
    assert expand is not None

    assert evaluate(expand.item, thread) == {
        "id": "t1", "subject": "Plan", "from": ["Bob <bob@example.com>", "ann@example.com"], "messages": 2,
        "newest_at": "2026-01-31T10:00:00Z", "labels": ["INBOX"], "snippet": "It's fine <3",
    }  # fmt: skip


def test_the_time_of_a_message_is_when_it_came_and_not_what_its_sender_wrote() -> None:
    payload = {"headers": [header("Date", "Mon, 1 Jan 2035 00:00:00 +0000")], "mimeType": "text/plain"}

    message = shown("gmail_get_message", {"id": "1", "internalDate": "1769850000000", "payload": payload})

    assert message["date"] == "2026-01-31T09:00:00Z"


def test_a_vacation_reply_counts_in_milliseconds_and_is_read_in_words() -> None:
    request = sent("gmail_set_vacation_reply", enabled=True, text="Away", start="2026-07-06T00:00:00+02:00")
    told = {**request.body, "startTime": str(request.body["startTime"]), "responseBodyHtml": "<p>Away</p>"}

    assert request.body == {"enableAutoReply": True, "responseBodyPlainText": "Away", "startTime": 1783288800000}
    assert shown("gmail_get_vacation_reply", told)["start"] == "2026-07-05T22:00:00Z"
    assert shown("gmail_get_vacation_reply", {**told, "responseBodyPlainText": ""})["text"] == "Away"


def test_a_shared_drive_is_searched_as_such_and_truths_stand_bare_in_the_query() -> None:
    request = sent("google_drive_search_files", shared_drive="0ABcd", shared_with_me=True, in_trash=True, owner="o'b@x")

    assert "driveId=0ABcd" in request.url
    assert "corpora=drive" in request.url
    assert "q=trashed+%3D+true+and+%27o%5C%27b%40x%27+in+owners+and+sharedWithMe+%3D+true" in request.url
    assert "corpora" not in sent("google_drive_search_files").url


@pytest.mark.parametrize("tool", sorted(name for name in packaged().actions if name.startswith("google_drive_")))
def test_files_of_shared_drives_are_there_for_every_action_on_a_file(tool: str) -> None:
    request = found(tool)[1].manifest.request
    knows = {"/comments", "/revisions", "/export", "/about", "/drives"}  # which have no such parameter

    assert ("supportsAllDrives" in request.query) != any(part in request.path for part in knows)


@pytest.mark.parametrize(
    ("dimensions", "metrics", "row", "record"),
    [
        (["country", "date"], ["sessions"], (["Chile", "20260101"], ["7"]), ("Chile", "20260101", 7)),
        (["city"], ["engagementRate"], ([None], ["0.5"]), ("", 0.5)),  # an empty text may be left out
        ([], ["sessions", "totalRevenue"], (None, ["0", "12.90"]), (0, 12.9)),
        (["country", "dateRange"], ["sessions"], (["Chile", "date_range_1"], ["7"]), ("Chile", "date_range_1", 7)),
    ],
)
@pytest.mark.parametrize("tool", ["google_analytics_run_report", "google_analytics_run_realtime_report"])
def test_a_row_of_a_report_is_a_record_with_numbers(
    tool: str, dimensions: list[str], metrics: list[str], row: Any, record: tuple[Any, ...]
) -> None:
    named, counted = row
    cells = {"metricValues": [{"value": one} for one in counted]}
    if named is not None:
        cells["dimensionValues"] = [{"value": one} if one is not None else {} for one in named]
    answer = {
        **({"dimensionHeaders": [{"name": one} for one in dimensions]} if dimensions else {}),
        "metricHeaders": [{"name": one, "type": "TYPE_INTEGER"} for one in metrics],
        "rows": [cells],
    }

    assert shown(tool, answer) == [dict(zip([*dimensions, *metrics], record, strict=True))]


def test_two_times_are_compared_only_where_both_are_asked_for() -> None:
    one = sent("google_analytics_run_report", property="1", metrics=["sessions"])
    two = sent(
        "google_analytics_run_report",
        property="1",
        metrics=["sessions"],
        compare_start_date="56daysAgo",
        compare_end_date="29daysAgo",
    )

    assert one.body["dateRanges"] == [{"startDate": "28daysAgo", "endDate": "yesterday"}]
    assert two.body["dateRanges"][1] == {"startDate": "56daysAgo", "endDate": "29daysAgo"}


def test_changes_of_events_are_asked_for_by_time_in_order_or_by_a_token_without_one() -> None:
    by_time = sent("google_calendar_list_changed_events", updated_after="2026-01-30T00:00:00Z").url
    by_token = sent("google_calendar_list_changed_events", sync_token="CPDA=").url

    assert "updatedMin=2026-01-30T00%3A00%3A00Z&orderBy=updated" in by_time
    assert "syncToken=CPDA%3D" in by_token
    assert "orderBy" not in by_token  # Google refuses a token with an order (400)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("appNotAuthorizedToFile", "missing_scope"), ("insufficientPermissions", "missing_scope"),
        ("sharingRateLimitExceeded", "rate_limited"), ("userRateLimitExceeded", "rate_limited"),
        ("storageQuotaExceeded", "provider_rejected"), ("insufficientFilePermissions", None),
    ],
)  # fmt: skip
def test_a_403_of_drive_means_what_its_reason_says(reason: str, code: str | None) -> None:
    answer = {"error": {"code": 403, "message": "No.", "errors": [{"domain": "global", "reason": reason}]}}
    rules = [rule for _, rules in packaged().connector("google-drive").errors for rule in rules]

    applying = [rule.code for rule in rules if rule.when.body and evaluate(rule.when.body, answer)]

    assert applying[:1] == ([code] if code else [])
