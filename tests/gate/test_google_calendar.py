"""Google Calendar: days and times, series, invitations, answers, meetings by video."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.gate.doubles.google import AUTH, TOKEN, failure
from tests.gate.doubles.google_calendar import ME, Calendar
from tests.gate.gate import BOTH_ERAS, Era, Gate, gate

from connectory.errors import InvalidArguments, MissingScope, ProviderNotFound, ProviderRejected, UnexpectedResponse
from connectory.testing.application import grant_oauth

ALL = (f"{AUTH}calendar.readonly", f"{AUTH}calendar.events", "openid", "email")
EVENTS = "/calendar/v3/calendars/primary/events"
PLANNING: dict[str, Any] = {
    "title": "Planning", "start": "2026-03-23T10:00:00", "end": "2026-03-23T10:30:00", "time_zone": "Europe/Berlin",
}  # fmt: skip


@asynccontextmanager
async def calendar(*scopes: str) -> AsyncIterator[tuple[Gate, Calendar]]:
    double = Calendar(*(scopes or ALL))
    async with gate(("https://www.googleapis.com", double)) as opened:
        await grant_oauth(opened.application, opened.principal, "google-calendar", token=TOKEN, scopes=scopes or ALL)
        yield opened, double


@BOTH_ERAS
async def test_people_are_invited_to_a_series_with_a_meeting_and_the_agent_reads_how_to_join(era: Era) -> None:
    async with calendar() as (opened, double):
        said, is_error = await opened.by_mcp(
            era,
            "google_calendar_create_event",
            **PLANNING,
            attendees=[{"email": "bob@example.com", "name": "Bob"}, {"email": "cleo@example.com", "optional": True}],
            recurrence=["RRULE:FREQ=WEEKLY;COUNT=2"],
            reminders=[],
            conference="hangoutsMeet",
            further={"colorId": "5", "guestsCanModify": True},
            fields=["id", "meeting_url", "start"],
        )

    sent = double.last
    meeting = sent.json["conferenceData"]["createRequest"]["requestId"]
    assert not is_error
    assert sent.parameters == {"sendUpdates": "all", "conferenceDataVersion": "1", "supportsAttachments": "true"}
    assert sent.json == {
        "summary": "Planning",
        "start": {"dateTime": "2026-03-23T10:00:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-03-23T10:30:00", "timeZone": "Europe/Berlin"},
        "attendees": [
            {"email": "bob@example.com", "displayName": "Bob"}, {"email": "cleo@example.com", "optional": True},
        ],
        "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=2"],
        "reminders": {"useDefault": False, "overrides": []},
        "conferenceData": {
            "createRequest": {"requestId": meeting, "conferenceSolutionKey": {"type": "hangoutsMeet"}}
        },
        "colorId": "5",
        "guestsCanModify": True,
    }  # fmt: skip
    assert double.mails == [("ev0", "bob@example.com"), ("ev0", "cleo@example.com")]
    assert said.splitlines()[1:] == [
        "id: ev0", f'meeting_url: "https://meet.google.com/{meeting[:8]}"', 'start: "2026-03-23T10:00:00"',
    ]  # fmt: skip


async def test_each_meeting_by_video_is_asked_for_under_an_id_of_its_own() -> None:
    async with calendar() as (opened, double):
        for _ in range(2):
            made = await opened.call("google_calendar_create_event", **PLANNING, conference="hangoutsMeet")
            assert made.value["meeting_url"]
        await opened.call("google_calendar_create_event", **PLANNING)

    assert len(double.meetings) == 2
    assert "conferenceData" not in double.last.json


async def test_a_series_is_listed_by_its_dates_at_the_same_hour_over_summer_time() -> None:
    async with calendar() as (opened, double):
        await opened.call("google_calendar_create_event", **PLANNING, recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"])
        asked = {"start": "2026-03-24T00:00:00+01:00", "end": "2026-04-01T00:00:00+02:00"}
        found = await opened.call("google_calendar_list_events", **asked)

    assert [one["start"] for one in found.value] == ["2026-03-30T10:00:00+02:00"]
    assert found.value[0]["series"] == "ev0"
    assert found.value[0]["id"] == "ev0_20260330T080000Z"
    assert double.last.parameters["singleEvents"] == "true"


async def test_a_series_without_its_time_zone_is_googles_word() -> None:
    given = {**PLANNING, "start": "2026-03-23T10:00:00+01:00", "end": "2026-03-23T10:30:00+01:00"}
    del given["time_zone"]
    async with calendar() as (opened, _):
        error = await opened.refused("google_calendar_create_event", **given, recurrence=["RRULE:FREQ=DAILY"])

    assert isinstance(error, ProviderRejected)
    assert 'Google Calendar says: "Missing time zone definition for start time."' in error.message


async def test_an_event_becomes_all_day_and_gets_a_time_again() -> None:
    days = {"start_date": "2026-07-06", "end_date": "2026-07-11"}
    times = {"start": "2026-07-06T09:00:00+02:00", "end": "2026-07-06T10:00:00+02:00"}
    async with calendar() as (opened, double):
        made = await opened.call("google_calendar_create_event", **PLANNING)
        where = {"event": made.value["id"]}
        whole = await opened.call("google_calendar_update_event", **where, **days, start=None, end=None)
        half = await opened.refused("google_calendar_update_event", **where, **times)
        timed = await opened.call("google_calendar_update_event", **where, **times, start_date=None, end_date=None)

    assert (whole.value["start"], whole.value["end"]) == ("2026-07-06", "2026-07-11")
    assert double.sent("PATCH", f"{EVENTS}/ev0")[0].json["start"] == {"dateTime": None, "date": "2026-07-06"}
    assert isinstance(half, ProviderRejected)
    assert timed.value["start"] == times["start"]
    assert timed.value["title"] == "Planning"


async def test_an_answer_to_an_invitation_leaves_the_others_invited() -> None:
    async with calendar() as (opened, double):
        attendees = [{"email": ME}, {"email": "bob@example.com"}]
        made = await opened.call("google_calendar_create_event", **PLANNING, attendees=attendees)
        answered = await opened.call(
            "google_calendar_respond_to_event", event=made.value["id"], response="declined", comment="Ill"
        )
        whole = await opened.call("google_calendar_get_event", event=made.value["id"])

    assert answered.value["own_response"] == "declined"
    assert [(one["email"], one["response"]) for one in whole.value["attendees"]] == [
        (ME, "declined"), ("bob@example.com", "needsAction"),
    ]  # fmt: skip
    assert double.sent("PATCH", f"{EVENTS}/ev0")[0].json["attendeesOmitted"] is True


async def test_who_is_not_invited_answers_nothing() -> None:
    async with calendar() as (opened, double):
        made = await opened.call("google_calendar_create_event", **PLANNING)
        error = await opened.refused("google_calendar_respond_to_event", event=made.value["id"], response="accepted")

    assert isinstance(error, UnexpectedResponse)
    assert "email" in error.message
    assert double.sent("PATCH", f"{EVENTS}/ev0") == []


async def test_nobody_is_written_to_where_the_agent_says_so() -> None:
    async with calendar() as (opened, double):
        attendees = [{"email": "bob@example.com"}]
        made = await opened.call("google_calendar_create_event", **PLANNING, attendees=attendees, send_updates="none")
        await opened.call("google_calendar_delete_event", event=made.value["id"], send_updates="none")

    assert double.mails == []


async def test_what_is_deleted_is_not_found_and_not_deleted_twice() -> None:
    async with calendar() as (opened, double):
        made = await opened.call("google_calendar_create_event", **PLANNING)
        await opened.call("google_calendar_delete_event", event=made.value["id"])
        error = await opened.refused("google_calendar_delete_event", event=made.value["id"])

    assert isinstance(error, ProviderNotFound)
    assert "Resource has been deleted" in error.message
    assert len(double.sent("DELETE", f"{EVENTS}/ev0")) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<p>Bring <b>numbers</b></p><p>and tea</p>", "Bring numbers\n\nand tea"),
        ("a<br>b", "a\nb"),
        ("first\n  second, x < y", "first\n  second, x < y"),  # plain text keeps its lines
        (None, None),
    ],
)
async def test_a_text_is_read_as_it_was_written(text: str | None, said: str | None) -> None:
    async with calendar() as (opened, double):
        await opened.call("google_calendar_create_event", **PLANNING)
        double.events["ev0"]["description"] = text
        found = await opened.call("google_calendar_get_event", event="ev0")

    assert found.value["description"] == said


async def test_busy_times_are_told_by_calendar_and_one_that_is_not_seen_says_so() -> None:
    async with calendar() as (opened, double):
        timed = {"start": "2026-03-23T10:00:00+01:00", "end": "2026-03-23T11:00:00+01:00"}
        await opened.call("google_calendar_create_event", title="x", **timed)
        await opened.call("google_calendar_create_event", title="y", **timed, further={"transparency": "transparent"})
        found = await opened.call(
            "google_calendar_get_free_busy",
            calendars=["primary", "eve@example.com"],
            start="2026-03-23T00:00:00+01:00",
            end="2026-03-24T00:00:00+01:00",
        )

    assert found.value["calendars"]["primary"]["busy"] == [timed]
    assert found.value["calendars"]["eve@example.com"]["errors"][0]["reason"] == "notFound"
    assert double.last.json["items"] == [{"id": "primary"}, {"id": "eve@example.com"}]


@pytest.mark.parametrize("when", ["2026-03-23", "2026-03-23T10:00", "23.3.2026 10:00", "tomorrow"])
async def test_what_is_no_time_is_never_sent(when: str) -> None:
    async with calendar() as (opened, double):
        error = await opened.refused("google_calendar_create_event", **{**PLANNING, "start": when})

    assert isinstance(error, InvalidArguments)
    assert double.received == []


async def test_who_may_only_look_changes_nothing_and_is_told_before_anything_is_sent() -> None:
    async with calendar(f"{AUTH}calendar.readonly", "openid", "email") as (opened, double):
        error = await opened.refused("google_calendar_create_event", **PLANNING)

    assert isinstance(error, MissingScope)
    assert double.received == []


@pytest.mark.parametrize("reason", ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"])
async def test_a_limit_told_by_403_is_waited_for(reason: str) -> None:
    async with calendar() as (opened, double):
        double.queue.append(failure(403, "PERMISSION_DENIED", "Rate Limit Exceeded", reason))
        found = await opened.call("google_calendar_list_events", start="2026-01-01T00:00:00Z")

    assert found.value == []
    assert len(double.received) == 2
