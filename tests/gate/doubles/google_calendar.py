"""Google Calendar: days or times, series and their dates, patches in which null takes away, mails to who is invited.

https://developers.google.com/workspace/calendar/api/concepts/events-calendars
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.gate.doubles.google import Google, failure, object_of
from tests.gate.doubles.serving import Refused, Reply, Request, one_page, route

HOST = "www.googleapis.com"
EVENTS = "/calendar/v3/calendars/{calendar}/events"
ME = "ann@example.com"
MEMBERS = {
    "summary", "description", "location", "start", "end", "attendees", "attendeesOmitted", "recurrence", "reminders",
    "conferenceData", "visibility", "transparency", "colorId", "guestsCanModify",
}  # fmt: skip
WEEKLY = re.compile(r"RRULE:FREQ=WEEKLY;COUNT=([0-9]+)")
ZONE = "Europe/Berlin"  # of the calendar
READ = ("calendar", "calendar.readonly", "calendar.events", "calendar.events.readonly")


class Calendar(Google):
    """One calendar, `primary`. `mails` are those to whom Google wrote, by event."""

    def __init__(self, *scopes: str) -> None:
        super().__init__(*scopes)
        self.events: dict[str, dict[str, Any]] = {}
        self.deleted: set[str] = set()
        self.mails: list[tuple[str, str]] = []
        self.meetings: set[str] = set()  # ids by which conferences were asked for

    @route("GET", "/calendar/v3/users/me/calendarList", host=HOST)
    def calendars(self, request: Request) -> Reply:
        """The list, of one."""
        self.needs("calendar", "calendar.readonly")
        self.takes(request, {"minAccessRole", "showHidden", "maxResults", "pageToken"})
        return Reply(200, {"items": [_PRIMARY]})

    @route("GET", "/calendar/v3/users/me/calendarList/{calendar}", host=HOST)
    def primary(self, request: Request, calendar: str) -> Reply:
        """A calendar in the list; `primary` is called by its address."""
        self.needs("calendar", "calendar.readonly")
        self.takes(request, ())
        return Reply(200, _PRIMARY) if calendar in ("primary", ME) else _unknown()

    @route("GET", EVENTS, host=HOST)
    def list(self, request: Request, calendar: str) -> Reply:
        """Events between two times, of a series each date where that is asked for."""
        self.needs(*READ)
        self.takes(
            request,
            {"timeMin", "timeMax", "q", "eventTypes", "updatedMin", "timeZone", "singleEvents", "orderBy", "maxResults"}
            | {"pageToken"},
        )
        asked = request.parameters
        is_single = asked.get("singleEvents") == "true"
        if asked.get("orderBy") == "startTime" and not is_single:
            return failure(400, "INVALID_ARGUMENT", "The requested ordering is not available.", "badRequest")
        found = [one for event in self.events.values() for one in (_dates(event) if is_single else [event])]
        first, last = (datetime.fromisoformat(asked[key]) if key in asked else None for key in ("timeMin", "timeMax"))
        found = [
            one
            for one in found
            if (first is None or _moment(one["end"]) > first)
            and (last is None or _moment(one["start"]) < last)
            and asked.get("q", "") in one.get("summary", "")
        ]
        found.sort(key=lambda one: _moment(one["start"]))
        start = int(asked.get("pageToken", "0"))
        page, following = one_page(found, start, self.size(request, "maxResults", 2500))
        more = {} if following is None else {"nextPageToken": str(following)}
        return Reply(200, {"kind": "calendar#events", "timeZone": ZONE, "items": page, **more})

    @route("GET", EVENTS + "/{event}", host=HOST)
    def get(self, request: Request, calendar: str, event: str) -> Reply:
        """One event."""
        self.needs(*READ)
        self.takes(request, {"timeZone"})
        return Reply(200, self._event(event))

    @route("POST", EVENTS, host=HOST)
    def insert(self, request: Request, calendar: str) -> Reply:
        """A new event; a conference is made once for each id, and only where the version is told."""
        self.needs("calendar", "calendar.events")
        self.takes(request, {"sendUpdates", "conferenceDataVersion", "supportsAttachments"})
        number = f"ev{len(self.events)}"
        made = {"id": number, "status": "confirmed", "eventType": "default", "organizer": {"email": ME, "self": True}}
        return self._write(request, made, {})

    @route("PATCH", EVENTS + "/{event}", host=HOST)
    def patch(self, request: Request, calendar: str, event: str) -> Reply:
        """Change what is given; null takes away, a list replaces the list."""
        self.needs("calendar", "calendar.events")
        self.takes(request, {"sendUpdates", "conferenceDataVersion", "supportsAttachments"})
        known = self._event(event)
        return self._write(request, known, known)

    @route("DELETE", EVENTS + "/{event}", host=HOST)
    def delete(self, request: Request, calendar: str, event: str) -> Reply:
        """Gone, which a second time is an error."""
        self.needs("calendar", "calendar.events")
        self.takes(request, {"sendUpdates"})
        self._told(self._event(event), request)
        del self.events[event]
        self.deleted.add(event)
        return Reply(204)

    @route("POST", "/calendar/v3/freeBusy", host=HOST)
    def free_busy(self, request: Request) -> Reply:
        """Busy times of calendars; one that cannot be seen has an error in its place."""
        self.needs("calendar", "calendar.readonly", "calendar.freebusy")
        body = object_of(request, {"timeMin", "timeMax", "timeZone", "items"})
        busy = [
            {"start": one["start"]["dateTime"], "end": one["end"]["dateTime"]}
            for one in self.events.values()
            if "dateTime" in one["start"] and one.get("transparency") != "transparent"
        ]
        unseen = {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}
        seen = {one["id"]: {"busy": busy} if one["id"] in ("primary", ME) else unseen for one in body["items"]}
        return Reply(200, {"timeMin": body["timeMin"], "timeMax": body["timeMax"], "calendars": seen})

    def _write(self, request: Request, made: Mapping[str, Any], before: Mapping[str, Any]) -> Reply:
        body = object_of(request, MEMBERS)
        if body.pop("attendeesOmitted", False):
            answers = {one["email"]: one for one in body["attendees"]}
            body["attendees"] = [{**one, **answers.get(one["email"], {})} for one in before["attendees"]]
        meeting = body.pop("conferenceData", None)
        event: dict[str, Any] = _patched(made, body)
        for key in ("start", "end"):
            if ("date" in event[key]) == ("dateTime" in event[key]):
                raise Refused(failure(400, "INVALID_ARGUMENT", f"Invalid {key} time.", "invalid"))
        if "recurrence" in event and "timeZone" not in event["start"]:
            message = "Missing time zone definition for start time."
            raise Refused(failure(400, "INVALID_ARGUMENT", message, "required"))
        if meeting and request.parameters.get("conferenceDataVersion") == "1":
            number = meeting["createRequest"]["requestId"]
            if number not in self.meetings:  # a second request of the same id is passed over
                event["hangoutLink"] = f"https://meet.google.com/{number[:8]}"
            self.meetings.add(number)
        event["attendees"] = [{"responseStatus": "needsAction", **one} for one in event.get("attendees", [])]
        for one in event["attendees"]:
            if one["email"] == ME:
                one["self"] = True
        self.events[event["id"]] = event
        self._told(event, request)
        return Reply(200, event)

    def _told(self, event: Mapping[str, Any], request: Request) -> None:
        if request.parameters.get("sendUpdates") == "all":
            self.mails += [(event["id"], one["email"]) for one in event.get("attendees", []) if one["email"] != ME]

    def _event(self, event: str) -> dict[str, Any]:
        if event in self.deleted:
            raise Refused(failure(410, "FAILED_PRECONDITION", "Resource has been deleted", "deleted"))
        if event not in self.events:
            raise Refused(_unknown())
        return self.events[event]


_PRIMARY = {
    "kind": "calendar#calendarListEntry", "id": ME, "summary": ME, "timeZone": ZONE, "accessRole": "owner",
    "primary": True, "defaultReminders": [{"method": "popup", "minutes": 10}],
}  # fmt: skip


def _unknown() -> Reply:
    return failure(404, "NOT_FOUND", "Not Found", "notFound")


def _patched(known: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """JSON merge patch (RFC 7396), as Google documents its patch semantics."""
    made = dict(known)
    for key, value in given.items():
        if isinstance(value, dict):
            made[key] = _patched(made.get(key, {}), value)
        elif value is None:
            made.pop(key, None)
        else:
            made[key] = value
    return made


def _moment(when: Mapping[str, str]) -> datetime:
    zone = ZoneInfo(when.get("timeZone", ZONE))
    if "date" in when:
        day = date.fromisoformat(when["date"])
        return datetime(day.year, day.month, day.day, tzinfo=zone)
    found = datetime.fromisoformat(when["dateTime"])
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _dates(event: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The dates of a weekly series, each at the same time of the day whatever summer time does; or the event itself."""
    found = WEEKLY.fullmatch(event.get("recurrence", [""])[0])
    if found is None:
        yield dict(event)
        return
    start, end = _moment(event["start"]), _moment(event["end"])
    for number in range(int(found[1])):
        later = timedelta(weeks=number)
        yield {
            **{key: value for key, value in event.items() if key != "recurrence"},
            "id": f"{event['id']}_{(start + later).astimezone(UTC):%Y%m%dT%H%M%SZ}",
            "recurringEventId": event["id"],
            "start": {"dateTime": (start + later).isoformat(), "timeZone": ZONE},
            "end": {"dateTime": (end + later).isoformat(), "timeZone": ZONE},
        }
